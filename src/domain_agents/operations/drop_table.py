"""Drop a table, after every application version has stopped using it and nothing refers to it any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.engines import Can, TableSize
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Query, Situation, Step
from domain_agents.operations._dependents import dependents_of_table
from domain_agents.operations.detach_partition import DetachPartition
from domain_agents.operations.drop_constraint import DropConstraint

if TYPE_CHECKING:
    from domain_agents.catalog import ForeignKey, Schema, Table, TableName
    from domain_agents.engines import Engine
    from domain_agents.operations._asking import Change, Field, Request


@dataclass(frozen=True, slots=True)
class DropTable:
    """A table that goes with its rows, its indexes and the foreign keys to it."""

    kind: ClassVar[str] = "drop_table"
    FIELDS: ClassVar[tuple[Field, ...]] = ()
    table: TableName

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.DropTable(self.table)

    @classmethod
    def from_change(cls, change: Change) -> DropTable:
        """See Operation."""
        return cls(change.table())

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> DropTable | None:
        """See Operation. IF EXISTS is left out: a table that is not there has another name."""
        return cls(statement.table) if isinstance(statement, ddl.DropTable) else None

    def making_way(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See MakesWay.

        Raises:
            CannotPlan: a foreign key to the table has no name to drop it by.
        """
        table = self._found(schema)
        keys = self._keys_to(schema, table)
        for child, key in keys:
            if not key.name:
                raise CannotPlan(
                    f"{child.name} refers to {table.name} by a foreign key without a name",
                    field="schema",
                    way_out=f"first drop the column of {child.name} that holds the key, or build {child.name} anew",
                )
        return tuple(ddl.DropConstraint(child.name, key.name) for child, key in keys)

    def apply(self, schema: Schema) -> Schema:
        """See Operation. The foreign keys to it go first, each with its own statement."""
        return self.statement.apply(ddl.apply_all(self.making_way(schema), schema))

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        table = self._found(schema)
        if table.partition_of is not None and not situation.is_new_table:
            return self._detached_first(engine, schema, table, table.partition_of)
        steps: list[Step] = []
        if not situation.is_new_table:
            steps.append(
                Deploy(
                    title=f"no application version, job or report reads or writes {table.name.name} any more",
                    why="every statement that names the table fails once it is gone; give the version before time to end",
                )
            )
        for child, key in self._keys_to(schema, table):
            dropped = DropConstraint(child.name, key.name).steps(engine, schema, situation)
            steps += [step for step in dropped if isinstance(step, Migration)]
            schema = ddl.DropConstraint(child.name, key.name).apply(schema)
        return (*steps, self._drop(engine, schema, table, situation))

    def _detached_first(self, engine: Engine, schema: Schema, table: Table, parent: TableName) -> tuple[Step, ...]:
        """A partition leaves its table first: dropped as one, it would lock all of it while it waits for its own lock."""
        leaving = DetachPartition(parent, table.name, engine.can(Can.DETACH_CONCURRENTLY))
        steps = leaving.steps(engine, schema, Situation(TableSize()))
        # What the server leaves on it goes with it.
        first = next(place for place, step in enumerate(steps) if isinstance(step, Migration))
        kept = steps[: first + 1]
        alone = ddl.apply_all((one for step in kept if isinstance(step, Migration) for one in step.statements), schema)
        found = alone.table(table.name)
        return (*kept, self._drop(engine, alone, found or table, Situation(TableSize())))

    def _found(self, schema: Schema) -> Table:
        table = schema.table(self.table)
        if table is None:
            raise ddl.DoesNotApply(f"there is no table {self.table}")
        return table

    @staticmethod
    def _keys_to(schema: Schema, table: Table) -> tuple[tuple[Table, ForeignKey], ...]:
        """The foreign keys of other tables that refer to it."""
        return tuple(
            (child, key)
            for _, child in sorted(schema.tables.items())
            if child.name != table.name
            for key in child.foreign_keys
            if schema.table(key.parent) == table
        )

    def _drop(self, engine: Engine, schema: Schema, table: Table, situation: Situation) -> Migration:
        written = engine.quote_table(self.table)
        after = self.statement.apply(schema)
        made: list[ddl.Statement] = [ddl.CreateTable(table)]
        made += [ddl.CreateIndex(index) for index in schema.indexes_of(table.name)]
        undo: list[str] = []
        for statement in made:
            undo += engine.spell(statement, after)
            after = statement.apply(after)
        usage = engine.table_usage_query(table.name)
        is_used = "a table that is still read or written is not ready to go; ask on every replica too"
        return Migration(
            title=f"drop table {table.name.name}",
            slug=f"drop_{table.name.name}",
            phase=Phase.CONTRACT,
            why="nothing uses the table any more",
            statements=(self.statement,),
            prechecks=(Query(usage, "the same numbers as some days before", is_used),)
            if usage and not situation.is_new_table
            else (),
            undo=";\n".join(undo) + ";\n-- the rows come from a backup, or are lost",
            undo_loses_data=True,
            warnings=() if situation.is_new_table else self._warnings(schema, table, written),
        )

    def _warnings(self, schema: Schema, table: Table, written: str) -> tuple[str, ...]:
        lost = f"the rows of {written} are lost for good: keep a copy of them before this step"
        later = (
            f"to be able to go back for some days, first rename {written} to {table.name.name}_deprecated: whoever still "
            "uses it fails at once, and renaming it back takes milliseconds"
        )
        named = (
            f"{label} names {table.name}: change or drop it first; a view makes the server refuse, a function or trigger "
            "fails only when it runs"
            for label in dependents_of_table(schema, table.name)
        )
        return (lost, later, *named)
