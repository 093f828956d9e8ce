"""Attach a table as a partition without reading it under a lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.operations import Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request, table_name
from domain_agents.operations._attaching import Attaching, parent_and_child, require_partitions
from domain_agents.operations._bounds import bound_in

if TYPE_CHECKING:
    from domain_agents.catalog import Bound, Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class AttachPartition:
    """A table that exists becomes a partition of `table`, for the rows of `bound`."""

    kind: ClassVar[str] = "attach_partition"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("partition", "text", "the table that becomes one"),
        Field("bound", "text", "FROM (...) TO (...), IN (...), WITH (MODULUS n, REMAINDER n) or DEFAULT"),
    )
    table: TableName
    partition: TableName
    bound: Bound

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.AttachPartition(self.table, self.partition, self.bound)

    @classmethod
    def from_change(cls, change: Change) -> AttachPartition:
        """See Operation."""
        require_partitions(change.request.engine)
        partition = table_name(change.text("partition", '"events_2026_03"'))
        return cls(change.table(), partition, bound_in(change))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> AttachPartition | None:
        """See Operation."""
        if not isinstance(statement, ddl.AttachPartition):
            return None
        return cls(statement.table, statement.partition, statement.bound)

    def making_way(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See MakesWay: what the server does not give a table that it attaches."""
        parent, child = parent_and_child(schema, self.table, self.partition)
        names = {check.name for check in child.checks}
        nullable = {column.name for column in child.columns if column.nullable}
        return (
            *(
                ddl.SetNotNull(child.name, one.name)
                for one in parent.columns
                if not one.nullable and one.name in nullable
            ),
            *(ddl.AddConstraint(child.name, check) for check in parent.checks if check.name not in names),
        )

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(ddl.apply_all(self.making_way(schema), schema))

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        require_partitions(engine)
        parent, child = parent_and_child(schema, self.table, self.partition)
        work = Attaching(engine, schema, parent, child, self.bound)
        fitting, checks = work.fitting(), work.checks()
        return (*fitting, *checks, self._attach(engine, work))

    def _attach(self, engine: Engine, work: Attaching) -> Migration:
        statements: tuple[ddl.Statement, ...] = (self.statement, *work.helpers)
        back = ddl.DetachPartition(self.table, self.partition)
        count = f"SELECT count(*) FROM {engine.quote_table(self.partition)}"
        return Migration(
            title=f"attach {self.partition.name} to {self.table.name}",
            slug=f"attach_{self.partition.name}",
            phase=Phase.EXPAND,
            why="the checks prove the bound, so no row is read: a note in the catalog; the checks are not needed any more"
            if work.helpers
            else "the rows are read under a lock on the table that is attached",
            statements=statements,
            validations=(Query(count, "as many rows as before", "the rows are found under both names now"),),
            undo="; ".join(engine.spell(back, ddl.apply_all(statements, work.schema))),
            warnings=self._warnings(engine, work),
        )

    def _warnings(self, engine: Engine, work: Attaching) -> tuple[str, ...]:
        found: list[str] = []
        written = engine.quote_table(self.partition)
        if not work.condition:
            found.append(
                f"{written} is read whole while it is attached: the condition of a default partition is that of no other; "
                f"who uses {written} itself waits meanwhile, {engine.quote_table(self.table)} stays free"
            )
        if work.default is not None:
            found.append(
                f"attaching locks the default partition {engine.quote_table(work.default.name)} against reads and writes "
                "for milliseconds; its rows that belong to the new partition must be moved before"
            )
        found += [
            f"attaching takes over the foreign key {key.name} and locks {engine.quote_table(key.parent)} against reads and "
            "writes for milliseconds, once it has the lock"
            for key in work.parent.foreign_keys
        ]
        return tuple(found)
