"""Let a column hold NULL, before any application version writes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.engines import Can, Engine
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName


@dataclass(frozen=True, slots=True)
class DropNotNull:
    """A column that may be without a value from now on."""

    kind: ClassVar[str] = "drop_not_null"
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("column", "text"),)
    table: TableName
    column: str

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.DropNotNull(self.table, self.column)

    @classmethod
    def from_change(cls, change: Change) -> DropNotNull:
        """See Operation."""
        return cls(change.table(), change.text("column", '"country"'))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> DropNotNull | None:
        """See Operation."""
        return cls(statement.table, statement.column) if isinstance(statement, ddl.DropNotNull) else None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        after = self.statement.apply(schema)
        table = schema.table(self.table)
        column = table.column(self.column) if table else None
        if column is not None and column.nullable:
            raise ddl.DoesNotApply(f"{self.table}.{self.column} may hold NULL already")
        return after

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        self._refuse(schema)
        name = f"{self.table.name}.{self.column}"
        change = Migration(
            title=f"allow NULL in {name}",
            slug=f"allow_null_{self.table.name}_{self.column}",
            phase=Phase.EXPAND,
            why="the running application writes a value as before and does not notice",
            statements=(self.statement,),
            transaction=not engine.refuses_transaction(self.statement, schema),
            undo=self._undo(engine, schema),
        )
        if situation.is_new_table or situation.size.rows == 0:
            return (change,)
        deploy = Deploy(
            title=f"the application that can read NULL in {name} is live everywhere, before any version writes one",
            why="code, joins, sums and NOT IN (...) that never met a NULL here meet it from the first such row on",
        )
        return (change, deploy)

    def _refuse(self, schema: Schema) -> None:
        table = schema.table(self.table)
        column = table.column(self.column) if table else None
        in_key = table is not None and table.primary_key is not None and self.column in table.primary_key.columns
        if in_key or (column is not None and column.identity):
            raise CannotPlan(
                f"{self.table}.{self.column} is {'part of the primary key' if in_key else 'an identity column'}, "
                "which never holds NULL",
                field="column",
                way_out="leave this change out, or change the key first",
            )

    def _undo(self, engine: Engine, schema: Schema) -> str:
        filled = "once the rows that hold NULL have a value"
        if not engine.can(Can.SET_NOT_NULL):
            written = engine.quote_table(self.table)
            return f"{filled}, a new migration that rebuilds {written} with NOT NULL on {self.column}"
        after = self.statement.apply(schema)
        tighten = "; ".join(engine.spell(ddl.SetNotNull(self.table, self.column), after))
        return f"{tighten}, {filled} (on a big table as set_not_null does it: check, validate, then this)"
