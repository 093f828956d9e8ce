"""Add a value to an enum: to a type of its own, or to the column that lists its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.engines import Can, Engine
from domain_agents.operations import Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._enums import LONGEST_VALUE, TYPE_EXAMPLE, needs_types

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName


@dataclass(frozen=True, slots=True)
class AddEnumValue:
    """A value more, before or after its neighbour, else the last one. `enum` is the type, or the table of the `column`."""

    kind: ClassVar[str] = "add_enum_value"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("name", "text", "the type; or table and column, where a column lists its values"),
        Field("column", "text"),
        Field("value", "text"),
        Field("before", "text", "a neighbour"),
        Field("after", "text"),
    )
    enum: TableName
    value: str
    before: str = ""
    after: str = ""
    column: str = ""

    @property
    def table(self) -> TableName:
        """The column's table, or the type's name where no table changes."""
        return self.enum

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        # A second run finds the value there: the statement commits by itself, and a run may be cut off behind it.
        again = not self.column
        return ddl.AddEnumValue(self.enum, self.value, self.before, self.after, again, self.column)

    @classmethod
    def from_change(cls, change: Change) -> AddEnumValue:
        """See Operation."""
        column, value = change.word("column"), change.text("value", '"refunded"')
        if change.word("before") and change.word("after"):
            raise change.fail("after", "cannot stand beside before", "one neighbour")
        if len(value.encode()) > LONGEST_VALUE:
            raise change.fail("value", f"is longer than {LONGEST_VALUE} bytes", "a shorter name for it")
        engine = change.request.engine
        if column and not engine.can(Can.ENUM_COLUMNS):
            raise change.fail("column", f"lists no values of its own on {engine.name}", "the column's type, as `name`")
        if not column:
            needs_types(engine, (value,))
        enum = change.table("table") if column else change.table("name", TYPE_EXAMPLE)
        return cls(enum, value, change.word("before"), change.word("after"), column)

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> AddEnumValue | None:
        """See Operation."""
        if not isinstance(statement, ddl.AddEnumValue):
            return None
        return cls(statement.enum, statement.value, statement.before, statement.after)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        if self.column:
            return self.statement.apply(schema)
        return ddl.AddEnumValue(self.enum, self.value, self.before, self.after).apply(schema)

    def _added(self, schema: Schema) -> ddl.Statement:
        """Where a column lists its values, it is a change of the column's type."""
        added = ddl.AddEnumValue(self.enum, self.value, self.before, self.after, column=self.column)
        return added.as_change(schema) if self.column else self.statement

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        whose = f"{self.enum}.{self.column}" if self.column else f"enum type {self.enum}"
        label = f"{self.enum.name}_{self.column}" if self.column else self.enum.name
        return (
            Migration(
                title=f"add the value {self.value!r} to {whose}",
                slug=f"add_{label}_{self.value}",
                phase=Phase.EXPAND,
                why="the rows stay as they are"
                if self.column
                else "the rows stay as they are; outside a transaction, because a value that was added cannot be used "
                "before its transaction has committed (55P04)",
                statements=(self._added(schema),),
                transaction=False,
                undo=f"none needed: {self.value!r} does no harm while no row holds it",
            ),
            Deploy(
                title=f"the application that can read {self.value!r} is live everywhere, and only then one writes it",
                why="a version whose own list of values does not hold it fails on the first row that has it; so do "
                "reports and consumers of change events",
            ),
        )
