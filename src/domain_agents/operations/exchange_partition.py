"""Exchange a partition for a table: in one transaction, so that nobody sees neither of them or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.operations import Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request, table_name
from domain_agents.operations._attaching import Attaching, parent_and_child, require_partitions
from domain_agents.operations.attach_partition import AttachPartition

if TYPE_CHECKING:
    from domain_agents.catalog import Bound, Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class ExchangePartition:
    """The table `replacement` takes the place of `partition`, which becomes a table of its own; both keep their names."""

    kind: ClassVar[str] = "exchange_partition"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("partition", "text"),
        Field("replacement", "text", "the table that takes its place"),
    )
    table: TableName
    partition: TableName
    replacement: TableName

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.ExchangePartition(self.table, self.partition, self.replacement)

    @classmethod
    def from_change(cls, change: Change) -> ExchangePartition:
        """See Operation."""
        require_partitions(change.request.engine)
        partition = table_name(change.text("partition", '"events_2026_03"'))
        return cls(change.table(), partition, table_name(change.text("replacement", '"events_2026_03_new"')))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> ExchangePartition | None:
        """See Operation."""
        if not isinstance(statement, ddl.ExchangePartition):
            return None
        return cls(statement.table, statement.partition, statement.replacement)

    def making_way(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See MakesWay."""
        return AttachPartition(self.table, self.replacement, self._bound(schema)).making_way(schema)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(ddl.apply_all(self.making_way(schema), schema))

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        require_partitions(engine)
        self.apply(schema)
        parent, child = parent_and_child(schema, self.table, self.replacement)
        bound = self._bound(schema)
        work = Attaching(engine, schema, parent, child, bound)
        before = (*work.fitting(), *work.checks())
        out, in_ = ddl.DetachPartition(self.table, self.partition), ddl.AttachPartition(self.table, child.name, bound)
        statements: tuple[ddl.Statement, ...] = (out, in_, *work.helpers)
        after = ddl.apply_all(statements, work.schema)
        back: tuple[ddl.Statement, ...] = (
            ddl.DetachPartition(self.table, child.name),
            ddl.AttachPartition(self.table, self.partition, bound),
        )
        undo: list[str] = []
        for one in back:
            undo += engine.spell(one, after)
            after = one.apply(after)
        count = f"SELECT count(*) FROM {engine.quote_table(self.replacement)}"
        return (
            *before,
            Migration(
                title=f"exchange {self.partition.name} for {self.replacement.name} in {self.table.name}",
                slug=f"exchange_{self.partition.name}",
                phase=Phase.CONTRACT,
                why="one transaction of notes in the catalog: nobody finds neither of them in the parent, or both; the "
                "checks prove the bound, so no row is read",
                statements=statements,
                validations=(Query(count, "as many rows as before", "they are the partition's now"),),
                undo="; ".join(undo),
                warnings=self._warnings(engine),
                accepts=("blocking_partition_change",),  # both or neither: CONCURRENTLY would show the gap
            ),
        )

    def _warnings(self, engine: Engine) -> tuple[str, ...]:
        waiting = (
            f"reads and writes of {engine.quote_table(self.table)} wait for milliseconds, and behind a long transaction "
            "until lock_timeout ends the attempt: run the file again then"
        )
        written = (
            f"what is written to {engine.quote_table(self.partition)} after its rows were copied is not in "
            f"{engine.quote_table(self.replacement)}: let nobody write to that range meanwhile, or copy the rest in this "
            "transaction"
        )
        return (waiting, written)

    def _bound(self, schema: Schema) -> Bound:
        parent, part = parent_and_child(schema, self.table, self.partition)
        found = next((one.bound for one in parent.partitions if one.name == part.name), None)
        if found is None:
            raise ddl.DoesNotApply(f"{part.name} is no partition of {parent.name}")
        return found
