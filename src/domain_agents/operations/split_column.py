"""Split a column into several while the old application still writes the one, and the new one already writes the parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents.catalog import Column
from domain_agents.operations._asking import Change, Field, Part, Request
from domain_agents.operations._reshaping import Reshaping

if TYPE_CHECKING:
    from domain_agents import ddl
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine
    from domain_agents.operations import Situation, Step

_EXAMPLE = (
    """[{"name": "first_name", "type": "text", "expression": "split_part(name, ' ', 1)"}, """
    """{"name": "last_name", "type": "text", "expression": "nullif(substr(name, strpos(name, ' ') + 1), '')"}]"""
)


@dataclass(frozen=True, slots=True)
class SplitColumn:
    """A column whose parts become columns; `expression` puts the old value together from them."""

    kind: ClassVar[str] = "split_column"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("column", "text"),
        Field("parts", "parts", "name, type, expression over the old column"),
        Field("expression", "expression", "the old value from the parts"),
    )
    table: TableName
    column: str
    parts: tuple[Part, ...]
    expression: str

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def _reshaping(self) -> Reshaping:
        coming = tuple((Column(part.name, part.type, part.nullable), part.expression) for part in self.parts)
        return Reshaping(self.table, coming, ((self.column, self.expression),))

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return self._reshaping.statement

    @classmethod
    def from_change(cls, change: Change) -> SplitColumn:
        """See Operation."""
        column, parts = change.text("column", '"name"'), change.parts("parts", _EXAMPLE)
        untyped = next((part.name for part in parts if not part.type), "")
        if untyped:
            raise change.fail("parts", f"{untyped} has no type", f"for example {_EXAMPLE}")
        expression = change.expression("expression")
        if expression is None:
            names = " || ' ' || ".join(part.name for part in parts)
            raise change.fail(
                "expression",
                f"is missing: while the new application writes the parts, the old one still reads {column}",
                f'the old value from the parts, such as "{names}"',
            )
        return cls(change.table(), column, parts, expression)

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> SplitColumn | None:
        """See Operation. No statement says it."""
        return None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        if situation.is_new_table or situation.size.rows == 0:
            return (self._reshaping.direct(schema),)
        return self._reshaping.steps(engine, schema)
