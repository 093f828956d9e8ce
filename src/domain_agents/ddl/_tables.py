"""Statements about tables, and the views and triggers on them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from domain_agents.catalog import Schema, Table, TableName
from domain_agents.ddl._brought import with_brought_indexes
from domain_agents.ddl._statement import DoesNotApply, table_in


@dataclass(frozen=True, slots=True)
class CreateTable:
    """CREATE TABLE, with every constraint written in it; `indexes` are those the statement itself declares."""

    table: Table
    if_not_exists: bool = False

    def apply(self, schema: Schema) -> Schema:
        if self.table.name in schema.tables:
            if self.if_not_exists:
                return schema
            raise DoesNotApply(f"table {self.table.name} exists already")
        return with_brought_indexes(schema.with_table(self.table), self.table.name, self.table.foreign_keys)


@dataclass(frozen=True, slots=True)
class DropTable:
    """DROP TABLE."""

    table: TableName
    if_exists: bool = False

    def apply(self, schema: Schema) -> Schema:
        table = schema.table(self.table)
        if table is None:
            if self.if_exists:
                return schema
            raise DoesNotApply(f"there is no table {self.table}")
        return schema.without_table(table.name)


@dataclass(frozen=True, slots=True)
class RenameTable:
    """ALTER TABLE ... RENAME TO; `new_name` has no schema, the table stays in its own.

    `follow_references` False leaves other tables' foreign keys at the old name (SQLite's legacy_alter_table).
    """

    table: TableName
    new_name: str
    follow_references: bool = True

    def apply(self, schema: Schema) -> Schema:
        table = table_in(schema, self.table)
        old, new = table.name, TableName(self.new_name, table.name.schema)
        if new in schema.tables:
            raise DoesNotApply(f"table {new} exists already")
        if table.partition_of is not None:
            return _partition_renamed(schema, table, new)
        moved = {
            (new if key == old else key): replace(
                t,
                name=new if key == old else t.name,
                foreign_keys=tuple(
                    replace(fk, parent=new) if self.follow_references and fk.parent in (old, self.table) else fk
                    for fk in t.foreign_keys
                ),
            )
            for key, t in schema.tables.items()
        }
        after = replace(schema, tables=moved, indexes={})
        for index in schema.indexes.values():
            after = after.with_index(replace(index, table=new) if index.table == old else index)
        return after


def _partition_renamed(schema: Schema, table: Table, new: TableName) -> Schema:
    parent = table_in(schema, table.partition_of or table.name)
    partitions = tuple(
        replace(one, own=replace(one.own, name=new)) if one.name == table.name else one for one in parent.partitions
    )
    after = schema.with_table(replace(parent, partitions=partitions))
    for index in schema.indexes_of(table.name):
        after = after.with_index(replace(index, table=new))
    return after


@dataclass(frozen=True, slots=True)
class CreateView:
    """A view that shows all of `table` under another name, with the privileges there are on the table."""

    table: TableName
    view: TableName
    columns: tuple[str, ...]

    def apply(self, schema: Schema) -> Schema:
        table_in(schema, self.table)
        if self.view in schema.tables:
            raise DoesNotApply(f"table {self.view} exists already")
        return schema


@dataclass(frozen=True, slots=True)
class CreateTrigger:
    """CREATE TRIGGER, kept as text like everything the catalog has no noun for; its table is known, for the locks."""

    table: TableName
    name: str
    text: str

    def apply(self, schema: Schema) -> Schema:
        return replace(schema, extras=(*schema.extras, self.text))


@dataclass(frozen=True, slots=True)
class DropTrigger:
    """DROP TRIGGER."""

    table: TableName
    name: str
    text: str

    def apply(self, schema: Schema) -> Schema:
        return replace(schema, extras=(*schema.extras, self.text))
