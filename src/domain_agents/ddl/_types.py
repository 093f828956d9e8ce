"""Statements about enum types of their own, and how a column's type and an expression's casts name one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from domain_agents.catalog import Enum, TableName
from domain_agents.ddl._columns import ChangeType
from domain_agents.ddl._expressions import mentions
from domain_agents.ddl._statement import DoesNotApply, column_in, table_in

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Schema, Table

_PART = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_TYPE = re.compile(rf"(?:({_PART})\s*\.\s*)?({_PART})\s*((?:\[\s*\d*\s*\]|\s+ARRAY)*)", re.IGNORECASE)
_CAST = re.compile(rf"(::\s*|\bAS\s+)(?:({_PART})\s*\.\s*)?({_PART})", re.IGNORECASE)


def _folded(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def named_type(text: str) -> tuple[TableName, bool] | None:
    """The name that a column's type is, and whether it is an array of it; None for a type of several words."""
    found = _TYPE.fullmatch(text.strip())
    if found is None:
        return None
    return TableName(_folded(found[2]), _folded(found[1]) if found[1] else ""), bool(found[3])


def enum_in(schema: Schema, name: TableName) -> Enum:
    found = schema.enum(name)
    if found is None:
        known = ", ".join(sorted(map(str, schema.enums))) or "none"
        raise DoesNotApply(f"there is no enum type {name} (enum types in the schema at hand: {known})")
    return found


def enum_columns(schema: Schema, enum: Enum) -> tuple[tuple[Table, Column], ...]:
    """The columns of that type, arrays of it included."""
    return tuple(
        (table, column)
        for table in schema.tables.values()
        for column in table.columns
        if (named := named_type(column.type)) is not None and schema.enum(named[0]) == enum
    )


def renamed_type(text: str, old: str, new: str) -> str:
    """A column's type with the type's own name exchanged; its schema and brackets stay."""
    found = _TYPE.fullmatch(text.strip())
    if found is None or _folded(found[2]) != old:
        return text
    owner = f"{found[1]}." if found[1] else ""
    return f"{owner}{_written(new)}{found[3]}"


def recast(expression: str, old: str, new: str) -> str:
    """An expression with the type's name exchanged in its casts (`x::old`, `CAST(x AS old)`)."""

    def exchanged(found: re.Match[str]) -> str:
        if _folded(found[3]) != old:
            return found.group()
        owner = f"{found[2]}." if found[2] else ""
        return f"{found[1]}{owner}{_written(new)}"

    return _CAST.sub(exchanged, expression)


def casts_to(expression: str, name: str) -> bool:
    """Whether an expression casts to the type."""
    return any(_folded(found[3]) == name for found in _CAST.finditer(expression))


def _written(name: str) -> str:
    plain = re.fullmatch(r"[a-z_][a-z0-9_$]*", name)
    return name if plain else '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class CreateEnum:
    """CREATE TYPE ... AS ENUM."""

    enum: Enum

    def apply(self, schema: Schema) -> Schema:
        if self.enum.name in schema.enums:
            raise DoesNotApply(f"type {self.enum.name} exists already")
        return replace(schema, enums={**schema.enums, self.enum.name: self.enum})


@dataclass(frozen=True, slots=True)
class AddEnumValue:
    """ALTER TYPE ... ADD VALUE; at the end unless `before` or `after` names its neighbour.

    With a `column`, `enum` is its table, and the values stand in the column's own type.
    """

    enum: TableName
    value: str
    before: str = ""
    after: str = ""
    if_not_exists: bool = False
    column: str = ""

    def apply(self, schema: Schema) -> Schema:
        if self.column:
            return self.as_change(schema).apply(schema)
        enum = enum_in(schema, self.enum)
        if self.value in enum.values and self.if_not_exists:
            return schema
        return _with(schema, replace(enum, values=self._among(enum.values, f"type {enum.name}")))

    def as_change(self, schema: Schema) -> ChangeType:
        """The change of the column's type that it is.

        Raises:
            DoesNotApply: the column has no values of its own, or not the neighbour, or has the value already.
        """
        column, values = enum_values_of_column(schema, self.enum, self.column)
        written = ", ".join(map(_literal, self._among(values, f"{self.enum}.{self.column}")))
        head, _, rest = column.type.partition("(")
        return ChangeType(self.enum, self.column, f"{head}({written}){rest.rpartition(')')[2]}")

    def _among(self, values: tuple[str, ...], whose: str) -> tuple[str, ...]:
        if self.value in values:
            raise DoesNotApply(f"{whose} has a value {self.value!r} already")
        neighbour = self.before or self.after
        if neighbour and neighbour not in values:
            raise DoesNotApply(f"{whose} has no value {neighbour!r}; it has {', '.join(values)}")
        place = values.index(neighbour) + bool(self.after) if neighbour else len(values)
        return (*values[:place], self.value, *values[place:])


@dataclass(frozen=True, slots=True)
class RenameEnumValue:
    """ALTER TYPE ... RENAME VALUE: the rows that hold it show the new name."""

    enum: TableName
    value: str
    new_value: str

    def apply(self, schema: Schema) -> Schema:
        enum = enum_in(schema, self.enum)
        if self.value not in enum.values:
            raise DoesNotApply(f"type {enum.name} has no value {self.value!r}; it has {', '.join(enum.values)}")
        if self.new_value in enum.values:
            raise DoesNotApply(f"type {enum.name} has a value {self.new_value!r} already")
        values = tuple(self.new_value if one == self.value else one for one in enum.values)
        after = _with(schema, replace(enum, values=values))
        # The servers keep the value itself in defaults and checks, not its name.
        for table, column in enum_columns(schema, enum):
            changed = after.table(table.name) or table
            checks = tuple(
                replace(check, expression=self._followed(check.expression))
                if mentions(check.expression, column.name)
                else check
                for check in changed.checks
            )
            default = self._followed(column.default) if column.default is not None else None
            after = after.with_table(replace(changed, checks=checks).with_column(replace(column, default=default)))
        return after

    def _followed(self, expression: str) -> str:
        return expression.replace(_literal(self.value), _literal(self.new_value))


@dataclass(frozen=True, slots=True)
class RemoveEnumValue:
    """A value that goes, for which no engine has a statement; rows and defaults that hold it get `replacement`."""

    enum: TableName
    value: str
    replacement: str = ""

    def apply(self, schema: Schema) -> Schema:
        enum = enum_in(schema, self.enum)
        for one in (self.value, *([self.replacement] if self.replacement else [])):
            if one not in enum.values:
                raise DoesNotApply(f"type {enum.name} has no value {one!r}; it has {', '.join(enum.values)}")
        if self.replacement == self.value:
            raise DoesNotApply(f"{self.value!r} cannot take its own place")
        after = _with(schema, replace(enum, values=self.left(enum)))
        for table, column in enum_columns(schema, enum):
            if column.default is not None and says_value(column.default, self.value) and self.replacement:
                default = column.default.replace(_literal(self.value), _literal(self.replacement))
                changed = after.table(table.name) or table
                after = after.with_table(changed.with_column(replace(column, default=default)))
        return after

    def left(self, enum: Enum) -> tuple[str, ...]:
        """The values without it."""
        return tuple(one for one in enum.values if one != self.value)

    def value_from(self, column: str, *, is_array: bool) -> str:
        """The new value of a column as text; `column` is its name as SQL."""
        old, new = _literal(self.value), _literal(self.replacement)
        if is_array:
            return f"array_replace(CAST({column} AS text[]), {old}, {new})"
        text = f"CAST({column} AS text)"
        return f"CASE {text} WHEN {old} THEN {new} ELSE {text} END" if self.replacement else text


@dataclass(frozen=True, slots=True)
class RenameType:
    """ALTER TYPE ... RENAME TO, followed into columns and casts; what is no enum known here is kept as text."""

    enum: TableName
    new_name: str
    text: str = field(default="", compare=False)

    def apply(self, schema: Schema) -> Schema:
        enum = schema.enum(self.enum)
        if enum is None:
            return replace(schema, extras=(*schema.extras, self.text)) if self.text else schema
        new = replace(enum, name=replace(enum.name, name=self.new_name))
        if new.name in schema.enums:
            raise DoesNotApply(f"type {new.name} exists already")
        for table, _ in enum_columns(schema, enum):
            now = schema.table(table.name) or table
            columns = tuple(
                replace(
                    column,
                    type=renamed_type(column.type, enum.name.name, self.new_name),
                    default=recast(column.default, enum.name.name, self.new_name) if column.default else column.default,
                )
                if (named := named_type(column.type)) and schema.enum(named[0]) == enum
                else column
                for column in now.columns
            )
            schema = schema.with_table(replace(now, columns=columns))
        kept = {key: one for key, one in schema.enums.items() if key != enum.name}
        return replace(schema, enums={**kept, new.name: new})


@dataclass(frozen=True, slots=True)
class DropType:
    """DROP TYPE; what is no enum known here is kept as text."""

    enum: TableName
    if_exists: bool = False
    text: str = field(default="", compare=False)

    def apply(self, schema: Schema) -> Schema:
        enum = schema.enum(self.enum)
        if enum is None:
            return replace(schema, extras=(*schema.extras, self.text)) if self.text else schema
        used = [f"{table.name}.{column.name}" for table, column in enum_columns(schema, enum)]
        if used:
            raise DoesNotApply(f"type {enum.name} is the type of {', '.join(used)}")
        return replace(schema, enums={key: one for key, one in schema.enums.items() if key != enum.name})


def enum_values_of_column(schema: Schema, table: TableName, name: str) -> tuple[Column, tuple[str, ...]]:
    """A column whose type lists its values, ENUM ('a', 'b'), and the values.

    Raises:
        DoesNotApply: there is no such column, or its type lists none.
    """
    column = column_in(table_in(schema, table), name)
    if re.match(r"enum\s*\(", column.type, re.IGNORECASE) is None:
        raise DoesNotApply(f"{table}.{name} is a {column.type}, whose type lists no values")
    found = re.findall(r"'((?:[^']|'')*)'", column.type)
    return column, tuple(value.replace("''", "'") for value in found)


def says_value(expression: str, value: str) -> bool:
    """Whether an expression holds the value as a literal."""
    return _literal(value) in expression


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _with(schema: Schema, enum: Enum) -> Schema:
    return replace(schema, enums={**schema.enums, enum.name: enum})
