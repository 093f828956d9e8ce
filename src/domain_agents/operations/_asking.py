"""How a request becomes an operation: from the fields of a change given as data, or from the statement that says it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from domain_agents.catalog import Column, IndexKey, TableName
from domain_agents.operations import CannotPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from domain_agents.ddl import Statement
    from domain_agents.engines import Engine


_COLLATED: Final = re.compile(r"""(.+?)\s+COLLATE\s+([\w.$]+|"[^"]+"|`[^`]+`)\Z""", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a change given as data: the tool's input schema is made of these.

    `kind` is what it holds; "expression" is SQL text that must be one expression, "names" a list of texts, "columns" a
    list of columns, each {name, type, nullable, default}, "query" a SELECT or other long text, "parts" a list of columns
    that are computed, each {name, type, expression, nullable}.
    """

    name: str
    kind: Literal["text", "flag", "names", "expression", "columns", "query", "parts"]
    says: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A column that is computed: its type (empty when it is there already) and its value, an expression over the row."""

    name: str
    type: str
    expression: str
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Expressions:
    """What a dialect knows of an expression's text, handed in from the floor that reads SQL."""

    fault: Callable[[str], str]
    is_volatile: Callable[[str], bool]
    read: Callable[[str], tuple[tuple[Statement, ...], str]]
    """What one statement is, and why it is not understood."""


@dataclass(frozen=True, slots=True)
class Request:
    """What every operation of a request is read with: the engine, its expressions, the values for existing rows."""

    engine: Engine
    expressions: Expressions
    backfills: Mapping[str, str] = field(default_factory=dict)

    def backfill_for(self, table: TableName, column: str) -> str | None:
        """The expression for existing rows of that column, by the table's full name or its own."""
        return self.backfills.get(f"{table}.{column}", self.backfills.get(f"{table.name}.{column}"))


class Change:
    """One change given as data, read field by field; `where` is its place in the request."""

    def __init__(self, fields: Mapping[str, Any], where: str, request: Request) -> None:
        self.fields = fields
        self.where = where
        self.request = request

    def fail(self, name: str, fault: str, way_out: str) -> CannotPlan:
        """The error for one field."""
        return CannotPlan(f"{self.where}.{name}: {fault}", field=f"{self.where}.{name}", way_out=way_out)

    def with_fields(self, **fields: object) -> Change:
        """The same change with other values."""
        return Change({**self.fields, **fields}, self.where, self.request)

    def text(self, name: str, example: str) -> str:
        """A text that must be there."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not value:
            raise self.fail(name, "is missing", f"for example {example}")
        return value

    def names(self, name: str, example: str) -> tuple[str, ...]:
        """A list that must hold something."""
        value = self.fields.get(name)
        if not value:
            raise self.fail(name, "is missing", f"for example {example}")
        if not all(isinstance(one, str) for one in value):
            raise self.fail(name, f"takes names in {self.fields.get('kind')}", f"for example {example}")
        return tuple(value)

    def columns(self, name: str, example: str) -> tuple[Column, ...]:
        """A list of columns that must hold something.

        Raises:
            CannotPlan: it is missing, holds something else than columns, or a default is not one expression.
        """
        value = self.fields.get(name)
        if not value or not all(isinstance(one, dict) and one.get("name") and one.get("type") for one in value):
            raise self.fail(name, "must be a list of columns with name and type", f"for example {example}")
        return tuple(self._column(name, one) for one in value)

    def _column(self, name: str, fields: Mapping[str, Any]) -> Column:
        default = fields.get("default")
        return Column(
            name=fields["name"],
            type=fields["type"].strip(),
            nullable=bool(fields.get("nullable", True)),
            default=self.checked(name, default.strip()) if isinstance(default, str) else None,
        )

    def parts(self, name: str, example: str) -> tuple[Part, ...]:
        """A list of columns with an expression each, which must hold something.

        Raises:
            CannotPlan: it is missing, holds something else, names a column twice, or an expression is none.
        """
        value = self.fields.get(name)
        if not value or not all(isinstance(one, dict) and one.get("name") and one.get("expression") for one in value):
            raise self.fail(name, "must be a list of columns with name and expression", f"for example {example}")
        found = tuple(
            Part(
                one["name"],
                str(one.get("type") or "").strip(),
                self.checked(name, one["expression"].strip()),
                bool(one.get("nullable", True)),
            )
            for one in value
        )
        names = [part.name for part in found]
        twice = sorted({one for one in names if names.count(one) > 1})
        if twice:
            raise self.fail(name, f"{twice[0]} stands there twice", "each column once")
        return found

    def optional_names(self, name: str) -> tuple[str, ...]:
        """A list that may be left out."""
        return tuple(self.fields.get(name) or ())

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        return bool(self.fields.get(name, default))

    def word(self, name: str) -> str:
        """A text that may be left out: then empty."""
        return str(self.fields.get(name) or "")

    def table(self, name: str = "table", example: str = '"users" or "public.users"') -> TableName:
        """A table's name, or that of a type or view, which looks the same."""
        return table_name(self.text(name, example))

    def expression(self, name: str) -> str | None:
        """An SQL expression that may be left out.

        Raises:
            CannotPlan: it is not exactly one expression.
        """
        value = self.fields.get(name)
        if not isinstance(value, str):
            return None
        return self.checked(name, value.strip())

    def checked(self, name: str, expression: str) -> str:
        """An expression from inside a field.

        Raises:
            CannotPlan: it is not exactly one expression.
        """
        fault = self.request.expressions.fault(expression)
        if fault:
            raise self.fail(name, fault, "write one SQL expression, such as 'en' with its quotes, or lower(email)")
        return expression

    def backfill(self, table: TableName, column: str) -> str | None:
        """The value for existing rows: of this change, or of the whole request."""
        return self.expression("backfill") or self.request.backfill_for(table, column)


def table_name(text: str) -> TableName:
    """A table's name from text: "users", "app.users", or quoted parts where a name holds a dot."""
    if text.startswith('"') and text.endswith('"') and text.count('"') > 1:
        parts = [part.replace('""', '"') for part in text[1:-1].split('"."')]
        if len(parts) <= len(("schema", "name")):
            return TableName(parts[-1], parts[0] if len(parts) > 1 else "")
    schema_name, dot, name = text.partition(".")
    return TableName(name, schema_name) if dot and name and schema_name else TableName(text)


def index_key(text: str) -> IndexKey:
    """A key as people write it: a column, a column with DESC, or an expression with brackets."""
    stripped = text.strip()
    upper = stripped.upper()
    descending = upper.endswith(" DESC")
    if descending or upper.endswith(" ASC"):
        stripped = stripped.rpartition(" ")[0].strip()
    collated = _COLLATED.match(stripped)
    if collated is not None:
        return replace(index_key(collated[1]), suffix=f"COLLATE {collated[2]}", descending=descending)
    is_expression = "(" in stripped
    if stripped.startswith("(") and stripped.endswith(")"):
        stripped = stripped[1:-1].strip()
    return IndexKey(stripped, is_expression, descending)
