"""The nouns of a schema: tables, columns, keys, indexes. Frozen data, no engine's dialect in it.

Names are kept as the catalog of a server would show them: already folded, never quoted. Types, defaults and expressions
are the text a person wrote, because a normalised text is no longer theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT_SCHEMA: Final = ""
"""The schema of a name that was written without one: the first of the search path, `main` in SQLite."""

_Thing = TypeVar("_Thing")
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
    comment: str = ""
    """What COMMENT ON COLUMN says, where that is a statement of its own."""


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
    set_columns: tuple[str, ...] = ()
    """Which of `columns` ON DELETE SET NULL empties (PostgreSQL 15); empty means all of them."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An exclusion constraint; `definition` is what stands behind EXCLUDE: USING gist (room WITH =, during WITH &&)."""

    definition: str
    name: str = ""


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
    is_brought: bool = field(default=False, compare=False)
    """Whether a foreign key made it for itself, where the engine does so (InnoDB)."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The plain columns among the keys, in order."""
        return tuple(key.text for key in self.keys if not key.is_expression)


@dataclass(frozen=True, slots=True)
class PartitionKey:
    """How a table's rows are dealt out: `method` is range, list, hash, or the engine's own word (key, range columns).

    `count` is the number of partitions where only that is said (MySQL: PARTITIONS 8). `written` is the clause as a person
    wrote it, behind PARTITION BY, where an engine's partitions stand in it.
    """

    method: str
    keys: tuple[IndexKey, ...]
    count: int = 0
    written: str = field(default="", compare=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The plain columns among the keys, in order."""
        return tuple(key.text for key in self.keys if not key.is_expression)

    def __str__(self) -> str:
        keys = ", ".join(f"({key.text})" if key.is_expression else key.text for key in self.keys)
        return f"{self.method.upper()} ({keys})"


@dataclass(frozen=True, slots=True)
class Bound:
    """Which rows a partition takes; the values are SQL as it was written, MINVALUE and MAXVALUE among them.

    `kind` is range (`lower` up to, not including, `upper`; an empty `lower` where the engine only says VALUES LESS THAN),
    list (`values`), hash (`modulus`, `remainder`) or default: what no other takes.
    """

    kind: str
    lower: tuple[str, ...] = ()
    upper: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    modulus: int = 0
    remainder: int = 0


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition. `own` is its name and what it does not have from its parent: constraints, other defaults, partitions.

    `indexes` pairs an index or key of the parent with the partition's own name for its part of it, where one is known.
    `is_table` is False where a partition has a name within its table only, and no statement of its own (MySQL).
    """

    own: Table
    bound: Bound
    indexes: tuple[tuple[str, str], ...] = ()
    is_table: bool = True

    @property
    def name(self) -> TableName:
        """The partition's name."""
        return self.own.name


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `definition` is the CREATE TABLE text where an engine rebuilds from it (SQLite), else empty."""

    name: TableName
    columns: tuple[Column, ...]
    primary_key: PrimaryKey | None = None
    uniques: tuple[Unique, ...] = ()
    checks: tuple[Check, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    partitioned_by: PartitionKey | None = None
    partitions: tuple[Partition, ...] = ()
    """Its partitions, which stand behind it: they are no tables of the schema, and found by name all the same."""
    unfinished: tuple[str, ...] = ()
    """Indexes and keys made ON ONLY this table, which not every partition has attached its own to: not valid yet."""
    partition_of: TableName | None = None
    """The parent, where a partition is looked at as a table."""
    definition: str = ""
    comment: str = ""
    options: str = ""
    """What stands behind the definitions, in the engine's words: ENGINE=InnoDB DEFAULT CHARSET=utf8mb4."""

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def with_column(self, changed: Column) -> Table:
        """This table with the column of the same name replaced."""
        return replace(self, columns=tuple(changed if c.name == changed.name else c for c in self.columns))


@dataclass(frozen=True, slots=True)
class Enum:
    """An enum type of its own, with its values in their order."""

    name: TableName
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A view; `definition` is the whole statement that made it, as it was written."""

    name: TableName
    definition: str
    materialized: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """A whole schema: what a replay of DDL arrives at, and what a change starts from.

    `extras` keeps the text of what the model has no noun for (views, triggers, functions, types), in order, so that an
    engine that must recreate them can, and so that nothing read is lost.
    """

    tables: Mapping[TableName, Table] = field(default_factory=dict)
    indexes: Mapping[str, Index] = field(default_factory=dict)
    extras: tuple[str, ...] = ()
    enums: Mapping[TableName, Enum] = field(default_factory=dict)
    views: Mapping[TableName, View] = field(default_factory=dict)
    """The views by name; their texts stand among the extras too, in the order in which they were made."""
    indexes_by_table: bool = False
    """Whether an index's name belongs to its table (MySQL): the keys of `indexes` are then "table.name"."""
    names_ignore_case: frozenset[str] = frozenset()
    """Which names are the same in upper and lower case: "columns", "indexes", "tables"."""
    _grouped: dict[TableName, tuple[Index, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The indexes by their tables, from the first time that they are asked for."""

    def table(self, name: TableName) -> Table | None:
        """The table of that name.

        A name without a schema also finds the only table of that name in any schema, and the schema that an engine looks
        in by itself (`public`, `main`) also finds a table that was written without one.
        """
        return _named(self.tables, name) or self._partition(name)

    def _partition(self, name: TableName) -> Table | None:
        """A partition of that name, as a table: what it has from its parent, and its own."""
        waiting = [table for table in self.tables.values() if table.partitions]
        while waiting:
            parent = waiting.pop()
            for partition in (one for one in parent.partitions if one.is_table):
                found = partition_table(parent, partition)
                if partition.name == name or (not name.schema and partition.name.name == name.name):
                    return found
                waiting += [found] if found.partitions else []
        return None

    def enum(self, name: TableName) -> Enum | None:
        """The enum type of that name, found as a table is."""
        return _named(self.enums, name)

    def view(self, name: TableName) -> View | None:
        """The view of that name, found as a table is."""
        return _named(self.views, name)

    def indexes_of(self, table: TableName) -> tuple[Index, ...]:
        """The indexes on a table, in the order of their names."""
        if not self._grouped and self.indexes:
            # Asked for each table in turn: looking through all of them each time would cost the square of their number.
            grouped: dict[TableName, list[Index]] = {}
            for _, index in sorted(self.indexes.items()):
                grouped.setdefault(index.table, []).append(index)
            self._grouped.update((name, tuple(found)) for name, found in grouped.items())
        return self._grouped.get(table, ())

    def with_table(self, table: Table) -> Schema:
        """This schema with a table added or replaced; what a partition has of its own is kept with its parent."""
        parent = self.table(table.partition_of) if table.partition_of is not None else None
        if parent is None:
            return replace(self, tables={**self.tables, table.name: table})
        partitions = tuple(
            replace(one, own=_own(parent, table)) if one.name == table.name else one for one in parent.partitions
        )
        return self.with_table(replace(parent, partitions=partitions))

    def without_table(self, name: TableName) -> Schema:
        """This schema without a table, its partitions and their indexes."""
        found = self.table(name)
        gone = {name, *_partition_names(found)} if found is not None else {name}
        indexes = {key: index for key, index in self.indexes.items() if index.table not in gone}
        parent = self.table(found.partition_of) if found is not None and found.partition_of is not None else None
        if found is not None and parent is not None:
            left = tuple(one for one in parent.partitions if one.name != found.name)
            return replace(self.with_table(replace(parent, partitions=left)), indexes=indexes)
        tables = {key: table for key, table in self.tables.items() if key != name}
        return replace(self, tables=tables, indexes=indexes)

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

    @property
    def keys_bring_indexes(self) -> bool:
        """Whether a foreign key makes the index that it needs: where names of indexes belong to tables, so it is."""
        return self.indexes_by_table

    def index_key(self, name: str, table: TableName | None = None) -> str:
        """What an index is found by in `indexes`."""
        if not self.indexes_by_table or table is None:
            return name
        found = self.table(table)
        return f"{found.name if found else table}.{name}"


def partition_table(parent: Table, partition: Partition) -> Table:
    """A partition as a table: the columns and constraints of its parent, and its own."""
    own = partition.own
    differing = {column.name: column for column in own.columns}
    constraints: tuple[Unique | Check | ForeignKey, ...] = (*own.uniques, *own.checks, *own.foreign_keys)
    named = {*(one.name for one in constraints if one.name), *parent.unfinished}
    key = parent.primary_key
    return replace(
        own,
        columns=tuple(differing.get(column.name, column) for column in parent.columns),
        primary_key=own.primary_key or (key if key and key.name not in parent.unfinished else None),
        uniques=(*(one for one in parent.uniques if one.name not in named), *own.uniques),
        checks=(*(one for one in parent.checks if one.name not in named), *own.checks),
        foreign_keys=(*(one for one in parent.foreign_keys if one.name not in named), *own.foreign_keys),
        partition_of=parent.name,
    )


def _own(parent: Table, table: Table) -> Table:
    """What a partition that is looked at as a table does not have from its parent."""
    return replace(
        table,
        columns=tuple(column for column in table.columns if column not in parent.columns),
        primary_key=None if table.primary_key == parent.primary_key else table.primary_key,
        uniques=tuple(one for one in table.uniques if one not in parent.uniques),
        checks=tuple(one for one in table.checks if one not in parent.checks),
        foreign_keys=tuple(one for one in table.foreign_keys if one not in parent.foreign_keys),
        partition_of=None,
    )


def _partition_names(table: Table) -> set[TableName]:
    """The names of all partitions below a table."""
    found: set[TableName] = set()
    for partition in table.partitions:
        found |= {partition.name, *_partition_names(partition.own)}
    return found


def _named(things: Mapping[TableName, _Thing], name: TableName) -> _Thing | None:
    found = things.get(name)
    if found is None and name.schema in _IMPLIED_SCHEMAS:
        return things.get(TableName(name.name))
    if found is not None or name.schema:
        return found
    same = [thing for key, thing in things.items() if key.name == name.name]
    return same[0] if len(same) == 1 else None


def schema_of(tables: Iterable[Table], indexes: Iterable[Index] = ()) -> Schema:
    """A schema from its parts."""
    return Schema({table.name: table for table in tables}, {index.name: index for index in indexes})
