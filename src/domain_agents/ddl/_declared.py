"""Names as they were declared, where the engine finds them in any case: MySQL's columns and indexes, all of SQLite's.

A statement is turned into one with the declared names before it is applied, so that nothing behind has to compare names
in more than one way.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from domain_agents.catalog import Column, ForeignKey, Index, IndexKey, Schema, Table, TableName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from domain_agents.ddl._statement import Statement

_NEW = frozenset({"new_name", "text", "type", "using", "default", "kind", "schema", "collation", "comment"})
"""Fields that hold no name of something that is there."""


def as_declared(statement: Statement, schema: Schema) -> Statement:
    """The statement with every name of something that is there as it was declared."""
    if not schema.names_ignore_case:
        return statement
    made: Statement = _Names(schema, getattr(statement, "table", None), getattr(statement, "index", None)).whole(
        statement
    )
    return made


def declared_fields(fields: Mapping[str, Any], table: TableName | None, schema: Schema) -> dict[str, Any]:
    """The fields of a change given as data, with the names in them as declared; what is new stays as it is."""
    names = _Names(schema, table, None)
    made = dict(fields)
    if not schema.names_ignore_case:
        return made
    if names.table is not None and table is not None and names.table.name.name != table.name:
        made["table"] = str(names.table.name)
    for name, value in fields.items():
        if name == "column" and isinstance(value, str):
            made[name] = names.column(value)
        elif name in {"columns", "include"} and isinstance(value, list):
            made[name] = [names.index_key(one) if isinstance(one, str) else one for one in value]
        elif name == "name" and isinstance(value, str):
            made[name] = names.constraint(names.index(value))
    return made


class _Names:
    """The names that a statement may mean."""

    def __init__(self, schema: Schema, table: object, index: object) -> None:
        self.schema = schema
        named = table if isinstance(table, TableName) else index.table if isinstance(index, Index) else None
        self.table: Table | None = schema.table(self.table_name(named)) if named is not None else None

    def table_name(self, name: TableName) -> TableName:
        if "tables" not in self.schema.names_ignore_case or self.schema.table(name) is not None:
            return name
        same = [one for one in self.schema.tables if str(one).lower() == str(name).lower()]
        return same[0] if len(same) == 1 else name

    def column(self, name: str, table: Table | None = None) -> str:
        found = table or self.table
        return _among(name, (column.name for column in found.columns)) if found is not None else name

    def index_key(self, text: str) -> str:
        """A key as it is written in data: a column, a column with DESC, or an expression, which stays as it is."""
        name, space, direction = text.strip().partition(" ")
        return f"{self.column(name)}{space}{direction}"

    def index(self, name: str) -> str:
        if self.table is None:
            return _among(name, (one.name for one in self.schema.indexes.values()))
        unique = (one.name for one in self.table.uniques)
        return _among(name, (*(one.name for one in self.schema.indexes_of(self.table.name)), *unique))

    def constraint(self, name: str) -> str:
        if self.table is None:
            return name
        table = self.table
        keys = (table.primary_key,) if table.primary_key else ()
        return _among(name, (one.name for one in (*keys, *table.uniques, *table.checks, *table.foreign_keys)))

    def whole(self, value: Any) -> Any:
        """A statement, or a part of one, with its names as declared."""
        if isinstance(value, TableName):
            return self.table_name(value)
        if isinstance(value, Table) or not is_dataclass(value) or isinstance(value, type):
            return value  # a new table's names are its own
        changes: dict[str, Any] = {}
        for one in fields(value):
            if one.name in _NEW:
                continue
            before = getattr(value, one.name)
            after = self._part(value, one.name, before)
            if after != before:
                changes[one.name] = after
        return replace(value, **changes) if changes else value

    def _part(self, owner: object, name: str, value: Any) -> Any:
        match name, value:
            case ("column" | "old_name" | "twin", str()):
                return self.column(value)
            case ("columns" | "include", tuple()) if all(isinstance(one, str) for one in value):
                return tuple(map(self.column, value))
            case ("parent_columns", tuple()) if isinstance(owner, ForeignKey):
                parent = self.schema.table(self.table_name(owner.parent))
                return tuple(self.column(one, parent) for one in value) if parent is not None else value
            case ("index", str()):
                return self.index(value)
            case ("name", str()) if isinstance(owner, Column):
                return self.column(value)
            case ("name", str()) if isinstance(owner, Index):
                return self.index(value)
            case ("name", str()):
                return self.constraint(value)
            case ("text", str()) if isinstance(owner, IndexKey):
                return value
            case (_, tuple()):
                return tuple(self._key(one) for one in value)
        return self.whole(value)

    def _key(self, value: Any) -> Any:
        if isinstance(value, IndexKey) and not value.is_expression:
            return replace(value, text=self.column(value.text))
        return self.whole(value)


def _among(name: str, names: Iterable[str]) -> str:
    """The one name that differs in case alone; the name itself where it is there, or none is."""
    known = tuple(names)
    if name in known:
        return name
    same = [one for one in known if one.lower() == name.lower()]
    return same[0] if len(same) == 1 else name
