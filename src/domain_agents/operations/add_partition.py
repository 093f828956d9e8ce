"""Add an empty partition: made as a table first and then attached, for PARTITION OF locks the whole parent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import Check, TableName
from domain_agents.engines import Can, Engine
from domain_agents.operations import Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request, table_name
from domain_agents.operations._attaching import Attaching, parent_and_child, require_partitions
from domain_agents.operations._bounds import bound_in

if TYPE_CHECKING:
    from domain_agents.catalog import Bound, PartitionKey, Schema


@dataclass(frozen=True, slots=True)
class AddPartition:
    """A new partition of `table`, for the rows of `bound`."""

    kind: ClassVar[str] = "add_partition"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("partition", "text", "the new one's name"),
        Field(
            "bound", "text", "FROM (...) TO (...), IN (...), WITH (MODULUS n, REMAINDER n), LESS THAN (...) or DEFAULT"
        ),
    )
    table: TableName
    partition: TableName
    bound: Bound
    partitioned_by: PartitionKey | None = None
    in_table: bool = False

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        if self.in_table:
            return ddl.AddPartition(self.table, self.partition.name, self.bound)
        return ddl.CreatePartition(self.table, self.partition, self.bound, self.partitioned_by)

    @classmethod
    def from_change(cls, change: Change) -> AddPartition:
        """See Operation."""
        engine, table = change.request.engine, change.table()
        if engine.can(Can.PARTITIONS_IN_TABLE):
            name = change.text("partition", '"p2027"')
            return cls(table, table_name(name), bound_in(change), in_table=True)
        require_partitions(engine)
        partition = table_name(change.text("partition", '"events_2026_03"'))
        if table.schema and not partition.schema:
            partition = replace(partition, schema=table.schema)
        return cls(table, partition, bound_in(change))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> AddPartition | None:
        """See Operation. IF NOT EXISTS is left out: it would take any table of that name for the partition."""
        if isinstance(statement, ddl.AddPartition):
            return cls(statement.table, TableName(statement.name), statement.bound, in_table=True)
        if not isinstance(statement, ddl.CreatePartition):
            return None
        return cls(statement.table, statement.partition, statement.bound, statement.partitioned_by)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        after = self.apply(schema)
        if self.in_table:
            return (self._in_text(engine, after),)
        require_partitions(engine)
        undo = "; ".join(engine.spell(ddl.DropTable(self.partition), after))
        if situation.is_new_table or situation.size.rows == 0 or not engine.can(Can.CONCURRENT_WRITES):
            direct = Migration(
                title=f"add partition {self.partition.name} to {self.table.name}",
                slug=f"add_{self.partition.name}",
                phase=Phase.EXPAND,
                why="there is no row yet that anybody waits for",
                statements=(self.statement,),
                undo=undo,
                undo_loses_data=True,
            )
            return (direct,)
        parent = schema.table(self.table)
        including = ["DEFAULTS", "CONSTRAINTS"]
        including += ["GENERATED"] if parent and any(one.generated is not None for one in parent.columns) else []
        made = ddl.CreateTableLike(self.partition, self.table, tuple(sorted(including)), self.partitioned_by)
        parent, child = parent_and_child(made.apply(schema), self.table, self.partition)
        work = Attaching(engine, schema, parent, child, self.bound)
        guarding, statements = self._beside_default(work, made) if work.default is not None else ((), (made,))
        attach = ddl.AttachPartition(self.table, self.partition, self.bound)
        return (
            *guarding,
            Migration(
                title=f"add partition {self.partition.name} to {self.table.name}",
                slug=f"add_{self.partition.name}",
                phase=Phase.EXPAND,
                why="made as a table of its own and then attached: readers and writers of the parent pass, which PARTITION "
                "OF would keep waiting; its indexes, keys and constraints are made while it is attached, with no row in it",
                statements=(*statements, attach, *work.helpers),
                undo=undo,
                undo_loses_data=True,
                warnings=self._warnings(engine, work),
            ),
        )

    def _in_text(self, engine: Engine, after: Schema) -> Migration:
        """A partition that stands in its table's own text."""
        beyond = (
            f"a row beyond the last partition of {engine.quote_table(self.table)} is refused (1526): let a job add the "
            "next one in time"
        )
        return Migration(
            title=f"add partition {self.partition.name} to {self.table.name}",
            slug=f"add_partition_{self.partition.name}",
            phase=Phase.EXPAND,
            why="an empty partition behind the others: nothing is copied, readers and writers wait for a moment at most",
            statements=(self.statement,),
            undo="; ".join(engine.spell(ddl.DropPartition(self.table, self.partition.name), after)),
            undo_loses_data=True,
            warnings=(beyond,),
        )

    def _beside_default(
        self, work: Attaching, made: ddl.CreateTableLike
    ) -> tuple[tuple[Migration, ...], tuple[ddl.Statement, ...]]:
        """A check on the default partition beforehand, and one on the new table with its making: nothing is read then."""
        guarding: list[Migration] = []
        at_once: list[ddl.Statement] = [made]
        work.schema = made.apply(work.schema)
        for step in work.checks():
            here = tuple(one for one in step.statements if _table(one) == self.partition)
            there = tuple(one for one in step.statements if _table(one) != self.partition)
            at_once += [
                replace(one, constraint=replace(one.constraint, validated=True))
                for one in here
                if isinstance(one, ddl.AddConstraint) and isinstance(one.constraint, Check)
            ]
            if there:
                undo = step.undo
                if any(isinstance(one, ddl.AddConstraint) for one in there):
                    away = [one for one in work.helpers if one.table != self.partition]
                    undo = "; ".join(sql for one in away for sql in work.engine.spell(one, work.schema))
                guarding.append(replace(step, statements=there, prechecks=step.prechecks[-1:], undo=undo))
        return tuple(guarding), tuple(at_once)

    def _warnings(self, engine: Engine, work: Attaching) -> tuple[str, ...]:
        found = [
            f"the foreign key {key.name} of the new partition locks {engine.quote_table(key.parent)} against writes for "
            "milliseconds, once it has the lock"
            for key in work.parent.foreign_keys
        ]
        if work.default is not None:
            found.append(
                f"attaching locks the default partition {engine.quote_table(work.default.name)} against reads and writes "
                "for milliseconds; its rows that belong to the new partition must be moved before"
            )
        return tuple(found)


def _table(statement: ddl.Statement) -> TableName | None:
    return getattr(statement, "table", None)
