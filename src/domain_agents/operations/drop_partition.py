"""Drop a partition with its rows, without holding up those who use the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import TableName
from domain_agents.engines import Can, Engine
from domain_agents.operations import Deploy, Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request, table_name
from domain_agents.operations._attaching import no_partitions
from domain_agents.operations.drop_table import DropTable

if TYPE_CHECKING:
    from domain_agents.catalog import Schema


@dataclass(frozen=True, slots=True)
class DropPartition:
    """A partition that goes with its rows; where it is a table (`is_table`), it is detached before it is dropped."""

    kind: ClassVar[str] = "drop_partition"
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("partition", "text"),)
    table: TableName
    partition: TableName
    is_table: bool

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        if self.is_table:
            return ddl.DropTable(self.partition)
        return ddl.DropPartition(self.table, self.partition.name)

    @classmethod
    def from_change(cls, change: Change) -> DropPartition:
        """See Operation."""
        engine = change.request.engine
        if not (engine.can(Can.PARTITIONS_ARE_TABLES) or engine.can(Can.PARTITIONS_IN_TABLE)):
            raise no_partitions(engine)
        partition = table_name(change.text("partition", '"events_2025_01"'))
        return cls(change.table(), partition, engine.can(Can.PARTITIONS_ARE_TABLES))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> DropPartition | None:
        """See Operation."""
        if not isinstance(statement, ddl.DropPartition):
            return None
        return cls(statement.table, TableName(statement.name), is_table=False)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        found = schema.table(self.partition)
        if self.is_table and (found is None or found.partition_of is None):
            raise ddl.DoesNotApply(f"{self.partition} is no partition of {self.table}")
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        if self.is_table:
            return DropTable(self.partition).steps(engine, schema, situation)
        table = schema.table(self.table)
        bound = (
            next((one.bound for one in table.partitions if one.name.name == self.partition.name), None)
            if table
            else None
        )
        after = self.apply(schema)
        is_last = table is not None and bool(table.partitions) and table.partitions[-1].name.name == self.partition.name
        again = (
            engine.spell(ddl.AddPartition(self.table, self.partition.name, bound), after) if bound and is_last else ()
        )
        written, name = engine.quote_table(self.table), engine.quote(self.partition.name)
        return (
            Deploy(
                title=f"no application version looks for the rows of partition {self.partition.name} of {self.table.name}",
                why="they are gone from the next step on; new rows of that range go to the next partition, if there is one",
            ),
            Migration(
                title=f"drop partition {self.partition.name} of {self.table.name}",
                slug=f"drop_partition_{self.partition.name}",
                phase=Phase.CONTRACT,
                why="the partition's file goes, and no row is deleted one by one",
                statements=(self.statement,),
                prechecks=(
                    Query(
                        f"SELECT count(*) FROM {written} PARTITION ({name})", "as many as may be lost", "they are lost"
                    ),
                ),
                undo="; ".join(again)
                or "a new migration that reorganises the partition behind it; the rows come from a backup",
                undo_loses_data=True,
                warnings=(f"the rows of partition {name} are lost for good: copy or exchange them first",),
            ),
        )
