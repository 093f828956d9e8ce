"""The indexes that foreign keys bring along, where the engine makes them (InnoDB).

As seen on MariaDB 10.11.19: a foreign key whose columns no index begins with gets one, by the key's name, or by its first
column's. It stays when the key goes, and goes without a word when an index that begins with the same columns is made, or
another key on them, which brings its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.catalog import Index, IndexKey

if TYPE_CHECKING:
    from domain_agents.catalog import ForeignKey, Schema, TableName


def with_brought_indexes(schema: Schema, table: TableName, keys: tuple[ForeignKey, ...]) -> Schema:
    """The schema with an index for each of the table's keys that needs one."""
    if not schema.keys_bring_indexes:
        return schema
    for key in keys:
        if _begins(schema, table, key.columns):
            continue
        for one in schema.indexes_of(table):
            if one.is_brought and one.columns == key.columns:
                schema = schema.without_index(one.name, table)
        name, number = key.name or key.columns[0], 1
        while schema.index(name, table) is not None:
            number += 1
            name = f"{key.name or key.columns[0]}_{number}"
        keyed = tuple(IndexKey(column) for column in key.columns)
        schema = schema.with_index(Index(name, table, keyed, is_brought=True))
    return schema


def without_replaced(schema: Schema, index: Index) -> Schema:
    """The schema without the brought indexes that another one makes needless, or that has the name of."""
    if not schema.keys_bring_indexes:
        return schema
    for one in schema.indexes_of(index.table):
        covered = index.columns[: len(one.columns)] == one.columns
        if one.is_brought and (covered or one.name == index.name):
            schema = schema.without_index(one.name, one.table)
    return schema


def _begins(schema: Schema, table: TableName, columns: tuple[str, ...]) -> bool:
    found = schema.table(table)
    if found is None:
        return True
    leading = [index.columns for index in schema.indexes_of(found.name) if not index.method and not index.is_brought]
    leading += [unique.columns for unique in found.uniques]
    leading += [found.primary_key.columns] if found.primary_key else []
    return any(one[: len(columns)] == columns for one in leading)
