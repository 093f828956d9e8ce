"""The nouns of a schema: tables, columns, keys, indexes. Frozen data, no engine's dialect in it.

Names are kept as the catalog of a server would show them: already folded, never quoted. Types, defaults and expressions
are the text a person wrote, because a normalised text is no longer theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT_SCHEMA: Final = ""
"""The schema of a name that was written without one: the first of the search path, `main` in SQLite."""

_IMPLIED_SCHEMAS: Final = frozenset({"public", "main"})


@dataclass(frozen=True, slots=True, order=True)
class TableName:
    """A table's name, with its schema when one was written."""

    name: str
    schema: str = DEFAULT_SCHEMA

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    `default`, `generated` and `check` hold expressions; `identity` is "always" or "by default", else empty.
    """

    name: str
    type: str
    nullable: bool = True
    default: str | None = None
    identity: str = ""
    generated: str | None = None
    collation: str | None = None
    virtual: bool = False
    """Of a generated column: computed when it is read, never stored."""
    attributes: tuple[str, ...] = ()
    """What else its definition says, in the engine's words: ON UPDATE CURRENT_TIMESTAMP, COMMENT 'text'."""


@dataclass(frozen=True, slots=True)
class PrimaryKey:
    """The primary key; `name` is empty when the server chooses it."""

    columns: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Unique:
    """A unique constraint."""

    columns: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A check constraint; `validated` is False while existing rows have not been tested (NOT VALID)."""

    expression: str
    name: str = ""
    validated: bool = True


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key; `references` empty columns mean the parent's primary key."""

    columns: tuple[str, ...]
    parent: TableName
    parent_columns: tuple[str, ...] = ()
    name: str = ""
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    deferrable: str = ""
    validated: bool = True


@dataclass(frozen=True, slots=True)
class IndexKey:
    """One key of an index: a column's name, or an expression (then `is_expression`)."""

    text: str
    is_expression: bool = False
    descending: bool = False
    suffix: str = ""
    """What was written behind the key: collation, operator class, NULLS FIRST."""

    @property
    def label(self) -> str:
        """What the key adds to an index's default name: its column, its function, or "expr"."""
        if not self.is_expression:
            return self.text
        function, bracket, _ = self.text.partition("(")
        return function.strip() if bracket and function.strip().isidentifier() else "expr"


@dataclass(frozen=True, slots=True)
class Index:
    """An index on `table`; `method` empty is the engine's default (B-tree)."""

    name: str
    table: TableName
    keys: tuple[IndexKey, ...]
    unique: bool = False
    method: str = ""
    include: tuple[str, ...] = ()
    where: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The plain columns among the keys, in order."""
        return tuple(key.text for key in self.keys if not key.is_expression)


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `definition` is the CREATE TABLE text where an engine rebuilds from it (SQLite), else empty."""

    name: TableName
    columns: tuple[Column, ...]
    primary_key: PrimaryKey | None = None
    uniques: tuple[Unique, ...] = ()
    checks: tuple[Check, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    partitioned_by: str = ""
    definition: str = ""

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def with_column(self, changed: Column) -> Table:
        """This table with the column of the same name replaced."""
        return replace(self, columns=tuple(changed if c.name == changed.name else c for c in self.columns))


@dataclass(frozen=True, slots=True)
class Schema:
    """A whole schema: what a replay of DDL arrives at, and what a change starts from.

    `extras` keeps the text of what the model has no noun for (views, triggers, functions, types), in order, so that an
    engine that must recreate them can, and so that nothing read is lost.
    """

    tables: Mapping[TableName, Table] = field(default_factory=dict)
    indexes: Mapping[str, Index] = field(default_factory=dict)
    extras: tuple[str, ...] = ()
    indexes_by_table: bool = False
    """Whether an index's name belongs to its table (MySQL): the keys of `indexes` are then "table.name"."""

    def table(self, name: TableName) -> Table | None:
        """The table of that name.

        A name without a schema also finds the only table of that name in any schema, and the schema that an engine looks
        in by itself (`public`, `main`) also finds a table that was written without one.
        """
        found = self.tables.get(name)
        if found is None and name.schema in _IMPLIED_SCHEMAS:
            return self.tables.get(TableName(name.name))
        if found is not None or name.schema:
            return found
        same = [table for key, table in self.tables.items() if key.name == name.name]
        return same[0] if len(same) == 1 else None

    def indexes_of(self, table: TableName) -> tuple[Index, ...]:
        """The indexes on a table, in the order of their names."""
        return tuple(index for _, index in sorted(self.indexes.items()) if index.table == table)

    def with_table(self, table: Table) -> Schema:
        """This schema with a table added or replaced."""
        return replace(self, tables={**self.tables, table.name: table})

    def without_table(self, name: TableName) -> Schema:
        """This schema without a table and its indexes."""
        return replace(
            self,
            tables={key: table for key, table in self.tables.items() if key != name},
            indexes={key: index for key, index in self.indexes.items() if index.table != name},
        )

    def with_index(self, index: Index) -> Schema:
        """This schema with an index added or replaced."""
        return replace(self, indexes={**self.indexes, self.index_key(index.name, index.table): index})

    def without_index(self, name: str, table: TableName | None = None) -> Schema:
        """This schema without an index."""
        gone = self.index_key(name, table)
        return replace(self, indexes={key: index for key, index in self.indexes.items() if key != gone})

    def index(self, name: str, table: TableName | None = None) -> Index | None:
        """The index of that name; `table` is needed where names belong to their table."""
        return self.indexes.get(self.index_key(name, table))

    def index_key(self, name: str, table: TableName | None = None) -> str:
        """What an index is found by in `indexes`."""
        if not self.indexes_by_table or table is None:
            return name
        found = self.table(table)
        return f"{found.name if found else table}.{name}"


def schema_of(tables: Iterable[Table], indexes: Iterable[Index] = ()) -> Schema:
    """A schema from its parts."""
    return Schema({table.name: table for table in tables}, {index.name: index for index in indexes})
