"""Which indexes and constraints serve which columns: what a foreign key needs on either side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.operations import Query

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, Table, TableName
    from domain_agents.engines import Engine


def has_index_on(schema: Schema, table: Table, columns: tuple[str, ...]) -> bool:
    """Whether an index for all rows begins with these columns, in any order among themselves."""
    leading = [index.columns[: len(columns)] for index in schema.indexes_of(table.name) if index.where is None]
    leading += [unique.columns[: len(columns)] for unique in table.uniques]
    if table.primary_key:
        leading.append(table.primary_key.columns[: len(columns)])
    return any(set(found) == set(columns) for found in leading)


def has_unique_on(schema: Schema, table: Table, columns: tuple[str, ...]) -> bool:
    """Whether something keeps exactly these columns unique for all rows: what a foreign key may refer to."""
    unique = [
        index.columns
        for index in schema.indexes_of(table.name)
        if index.unique and index.where is None and len(index.columns) == len(index.keys)
    ]
    unique += [constraint.columns for constraint in table.uniques]
    if table.primary_key:
        unique.append(table.primary_key.columns)
    return any(set(found) == set(columns) for found in unique)


def duplicates(engine: Engine, table: TableName, columns: tuple[str, ...]) -> Query:
    """The keys that more than one row has; a row with a NULL among them has none."""
    keys = ", ".join(map(engine.quote, columns))
    present = " AND ".join(f"{engine.quote(column)} IS NOT NULL" for column in columns)
    sql = (
        f"SELECT {keys}, count(*) FROM {engine.quote_table(table)} WHERE {present} "
        f"GROUP BY {keys} HAVING count(*) > 1 LIMIT 20"
    )
    return Query(sql, "no rows", "duplicates make the build fail: merge or delete them first")
