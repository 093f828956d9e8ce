"""A table that is kept as another one: by a trigger for what is written, by batches for what is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain_agents.ddl._statement import DoesNotApply, table_in

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName


@dataclass(frozen=True, slots=True)
class MirrorTable:
    """Every row that is written to `table` is written to `mirror` too, found there by `key`.

    `fixed` are those of the columns that no UPDATE may name.
    """

    table: TableName
    mirror: TableName
    key: tuple[str, ...]
    columns: tuple[str, ...]
    fixed: tuple[str, ...] = ()

    def apply(self, schema: Schema) -> Schema:
        table_in(schema, self.table)
        table_in(schema, self.mirror)
        return schema


@dataclass(frozen=True, slots=True)
class DropMirror:
    """The end of that."""

    table: TableName
    mirror: TableName

    def apply(self, schema: Schema) -> Schema:
        table_in(schema, self.table)
        return schema


@dataclass(frozen=True, slots=True)
class CopyRows:
    """The rows of `table` that `into` does not have yet, in batches along `key`, each of which commits."""

    table: TableName
    into: TableName
    key: tuple[str, ...]
    columns: tuple[str, ...]
    batch_rows: int = 5_000
    pause_seconds: float = 0.1

    def apply(self, schema: Schema) -> Schema:
        table_in(schema, self.table)
        table_in(schema, self.into)
        return schema


@dataclass(frozen=True, slots=True)
class CopyPrivileges:
    """Who may do what with `source` may do it with `table`."""

    table: TableName
    source: TableName

    def apply(self, schema: Schema) -> Schema:
        table_in(schema, self.table)
        return schema


@dataclass(frozen=True, slots=True)
class PartitionedNow:
    """That a table is partitioned: what many statements together arrive at, for no engine has one for it."""

    table: TableName

    def apply(self, schema: Schema) -> Schema:
        if table_in(schema, self.table).partitioned_by is None:
            raise DoesNotApply(f"table {self.table} is not partitioned")
        return schema
