"""Change a column's type: noted in the catalog where the engine can, else by a stand-in that takes its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.engines import Can, Engine
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._dependents import breakage_warnings
from domain_agents.operations._stand_in import StandIn

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Schema, Table, TableName


@dataclass(frozen=True, slots=True)
class ChangeType:
    """Another type for a column; `using` computes the new value from the row, else the old value is cast."""

    kind: ClassVar[str] = "change_type"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("column", "text"),
        Field("type", "text", "the new one"),
        Field("using", "expression", "from the old value; a cast when left out"),
    )
    table: TableName
    column: str
    type: str
    using: str | None = None

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.ChangeType(self.table, self.column, self.type, self.using)

    @classmethod
    def from_change(cls, change: Change) -> ChangeType:
        """See Operation."""
        return cls(
            change.table(),
            change.text("column", '"total"'),
            change.text("type", '"bigint"').strip(),
            change.expression("using"),
        )

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> ChangeType | None:
        """See Operation."""
        if not isinstance(statement, ddl.ChangeType):
            return None
        return cls(statement.table, statement.column, statement.type, statement.using)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        after = self.statement.apply(schema)
        if after == schema and self.using is None:
            raise ddl.DoesNotApply(f"{self.table}.{self.column} has the type {self.type} already")
        return after

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        table, column = self._found(schema)
        computed = [c.name for c in table.columns if c.generated and ddl.mentions(c.generated, self.column)]
        if computed or column.generated is not None:
            raise CannotPlan(
                f"{', '.join(computed) or self.column} of {self.table} is computed, which keeps the type as it is",
                field="column",
                way_out="drop the generated column first, and add it again after the change",
            )
        if situation.is_new_table or situation.size.rows == 0:
            return (self._direct(engine, schema, column, Phase.EXPAND, "there is no row to convert"),)
        if not engine.effect(self.statement, schema, situation.size).is_long:
            why = "every old value is a value of the new type: the change is noted in the catalog, no row is read"
            return (self._direct(engine, schema, column, Phase.EXPAND, why),)
        cope = Deploy(
            title=f"the application that copes with {self._label} as {column.type} and as {self.type} is live everywhere",
            why="what it reads, compares and writes changes in the next step, in the middle of its work",
        )
        if not engine.can(Can.CONCURRENT_WRITES):
            return (
                cope,
                self._direct(engine, schema, column, Phase.CONTRACT, "the rows are converted as they are copied"),
            )
        self._refuse(schema, table, column)
        # Read before the first step: what comes after it names the column too.
        warnings = breakage_warnings(schema, table.name, self.column, verb="is exchanged for one of the new type")
        stand_in = StandIn(engine, schema, table, column, self.type, self.using, warnings)
        return (*stand_in.beside(), cope, *stand_in.in_place())

    @property
    def _label(self) -> str:
        return f"{self.table.name}.{self.column}"

    def _found(self, schema: Schema) -> tuple[Table, Column]:
        table = schema.table(self.table)
        column = table.column(self.column) if table else None
        if table is None or column is None:
            raise ddl.DoesNotApply(f"table {self.table} has no column {self.column}")
        return table, column

    def _direct(self, engine: Engine, schema: Schema, column: Column, phase: Phase, why: str) -> Migration:
        back = ddl.ChangeType(self.table, self.column, column.type)
        return Migration(
            title=f"change {self._label} to {self.type}",
            slug=f"change_{self.table.name}_{self.column}_type",
            phase=phase,
            why=why,
            statements=(self.statement,),
            transaction=not engine.refuses_transaction(self.statement, schema),
            undo=f"a new change of {self._label} back to {back.type}; values that do not fit it stop that change",
            warnings=breakage_warnings(schema, self.table, self.column, verb="changes its type"),
        )

    def _refuse(self, schema: Schema, table: Table, column: Column) -> None:
        """What a stand-in cannot take over yet."""
        fault = ""
        if table.primary_key and self.column in table.primary_key.columns:
            fault = "is part of the primary key"
        elif column.identity or "nextval" in (column.default or "").lower() or "serial" in column.type.lower():
            fault = "is numbered by a sequence"
        elif table.partitioned_by:
            fault = "stands in a partitioned table"
        for child in schema.tables.values():
            for key in child.foreign_keys:
                if schema.table(key.parent) == table and self.column in key.parent_columns:
                    fault = f"is what {child.name} refers to"
        if fault:
            raise CannotPlan(
                f"{self._label} {fault}: changing its type to {self.type} writes the whole table anew while nobody can "
                "read it, and the steps that avoid it are not written by this tool yet",
                field="column",
                way_out="add a column of the new type, keep it filled by a trigger, and exchange the keys by hand",
            )
