"""Make a column NOT NULL, after filling the rows that have no value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.operations import Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._backfill import backfill_step
from domain_agents.operations._not_null import not_null_steps, undo_not_null

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class SetNotNull:
    """A column that must have a value from now on; `backfill` is the SQL expression for rows that have none."""

    kind: ClassVar[str] = "set_not_null"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("column", "text"),
        Field("backfill", "expression"),
    )
    table: TableName
    column: str
    backfill: str | None = None

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return self.column

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.SetNotNull(self.table, self.column)

    @classmethod
    def from_change(cls, change: Change) -> SetNotNull:
        """See Operation."""
        table, column = change.table(), change.text("column", '"locale"')
        return cls(table, column, change.backfill(table, column))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> SetNotNull | None:
        """See Operation."""
        if not isinstance(statement, ddl.SetNotNull):
            return None
        return cls(statement.table, statement.column, request.backfill_for(statement.table, statement.column))

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        table = schema.table(self.table)
        found = table.column(self.column) if table else None
        if found is not None and not found.nullable:
            raise ddl.DoesNotApply(f"{self.table}.{self.column} is NOT NULL already")
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        if situation.is_new_table or situation.size.rows == 0:
            return (self._direct(engine, schema),)
        deploy = Deploy(
            title=f"no application version writes NULL to {self.table.name}.{self.column} any more",
            why="an INSERT or UPDATE that leaves the column NULL fails from the next step on",
        )
        return (deploy, *self._fill(engine, schema), *not_null_steps(engine, schema, self.table, self.column))

    def _fill(self, engine: Engine, schema: Schema) -> tuple[Migration, ...]:
        if self.backfill is None:
            return ()
        undo = "none: which rows were NULL is not recorded; keep a copy of their keys if that matters"
        return (backfill_step(engine, schema, self.table, self.column, self.backfill, expect="0", undo=undo),)

    def _direct(self, engine: Engine, schema: Schema) -> Migration:
        return Migration(
            title=f"make {self.table.name}.{self.column} NOT NULL",
            slug=f"set_{self.table.name}_{self.column}_not_null",
            phase=Phase.CONTRACT,
            why="the table is empty, so there is nothing to scan",
            statements=(self.statement,),
            transaction=not engine.refuses_transaction(self.statement, schema),
            undo=undo_not_null(engine, schema, self.table, self.column),
        )
