"""Merge several columns into one while the old application still writes them, and the new one already writes the one."""

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
    """[{"name": "first_name", "expression": "split_part(name, ' ', 1)"}, """
    """{"name": "last_name", "expression": "nullif(substr(name, strpos(name, ' ') + 1), '')"}]"""
)


@dataclass(frozen=True, slots=True)
class MergeColumns:
    """Columns that become one, the `column`; each part has the expression of its value from that one."""

    kind: ClassVar[str] = "merge_columns"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("column", "text", "the new one"),
        Field("type", "text"),
        Field("expression", "expression", "its value from the old columns"),
        Field("parts", "parts", "name of an old column, expression over the new one"),
        Field("nullable", "flag"),
    )
    table: TableName
    column: str
    type: str
    expression: str
    parts: tuple[Part, ...]
    nullable: bool = True

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def _reshaping(self) -> Reshaping:
        coming = ((Column(self.column, self.type, self.nullable), self.expression),)
        return Reshaping(self.table, coming, tuple((part.name, part.expression) for part in self.parts))

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return self._reshaping.statement

    @classmethod
    def from_change(cls, change: Change) -> MergeColumns:
        """See Operation."""
        expression = change.expression("expression")
        if expression is None:
            raise change.fail(
                "expression", "is missing", "the new value from the old ones, such as \"first || ' ' || last\""
            )
        return cls(
            change.table(),
            change.text("column", '"name"'),
            change.text("type", '"text"').strip(),
            expression,
            change.parts("parts", _EXAMPLE),
            change.flag("nullable", default=True),
        )

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> MergeColumns | None:
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
