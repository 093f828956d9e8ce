"""Fill a column that is there: with an expression, or with a value of another table, in batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.operations import CannotPlan, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._backfill import backfill_step

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class Backfill:
    """The rows whose `column` is NULL get `expression`; `update` is the same as one statement, for an empty database."""

    kind: ClassVar[str] = "backfill"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("column", "text"),
        Field("expression", "expression", "over the row; another table's value as a subquery in brackets"),
        Field("may_stay_null", "flag", "rows for which the expression is NULL too"),
    )
    table: TableName
    column: str
    expression: str
    update: str
    may_stay_null: bool = False

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.Verbatim(self.update, "data", self.table)

    @classmethod
    def from_change(cls, change: Change) -> Backfill:
        """See Operation."""
        expression = change.expression("expression")
        table, column, engine = change.table(), change.text("column", '"country"'), change.request.engine
        if expression is None:
            raise change.fail(
                "expression", "is missing", "for example lower(email), or (SELECT name FROM c WHERE c.id = c_id)"
            )
        name = engine.quote(column)
        update = f"UPDATE {engine.quote_table(table)} SET {name} = {expression} WHERE {name} IS NULL"
        return cls(table, column, expression, update, change.flag("may_stay_null", default=False))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> Backfill | None:
        """See Operation. An UPDATE is not taken for one: which rows it means to change is for a person to say."""
        return None

    def apply(self, schema: Schema) -> Schema:
        """See Operation. Nothing of the schema changes; the column must be there, and one that can be written."""
        table = schema.table(self.table)
        column = table.column(self.column) if table else None
        if column is None:
            raise ddl.DoesNotApply(f"table {self.table} has no column {self.column}")
        if column.generated is not None:
            raise CannotPlan(
                f"{self.table}.{self.column} is computed by the server",
                field="column",
                way_out="name a column that is written",
            )
        if not column.nullable:
            raise CannotPlan(
                f"{self.table}.{self.column} is NOT NULL, so no row waits for a value: a backfill fills what is NULL, "
                "which "
                "is how it can be run again and cut off",
                field="column",
                way_out="add a column, fill that, and let it take the other's place (split_column, change_type with "
                "using)",
            )
        return schema

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        return (
            backfill_step(
                engine,
                schema,
                self.table,
                self.column,
                self.expression,
                expect="as many as rows that have no such value" if self.may_stay_null else "0",
                undo=f"none: which rows had no {self.column} before is not kept; take it from a backup",
            ),
        )
