"""Which indexes and constraints serve which columns: what a foreign key needs on either side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.operations import Query

if TYPE_CHECKING:
    from domain_agents.catalog import Check, ForeignKey, Schema, Table, TableName
    from domain_agents.ddl import Constraint
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


def orphans(engine: Engine, schema: Schema, table: TableName, key: ForeignKey) -> tuple[Query, ...]:
    """The rows that a foreign key refuses; no query where the parent's key is not known."""
    parent = schema.table(key.parent)
    columns = key.parent_columns or (parent.primary_key.columns if parent and parent.primary_key else ())
    if not columns:
        return ()
    pairs = list(zip(key.columns, columns, strict=False))
    join = " AND ".join(f"p.{engine.quote(theirs)} = c.{engine.quote(ours)}" for ours, theirs in pairs)
    present = " AND ".join(f"c.{engine.quote(ours)} IS NOT NULL" for ours, _ in pairs)
    sql = (
        f"SELECT count(*) FROM {engine.quote_table(table)} c "
        f"LEFT JOIN {engine.quote_table(key.parent)} p ON {join} "
        f"WHERE {present} AND p.{engine.quote(pairs[0][1])} IS NULL"
    )
    return (Query(sql, "0", "rows without a parent make the validation fail; repair or delete them first"),)


def violations(engine: Engine, table: TableName, check: Check, what: str) -> Query:
    """The rows that a check refuses, which `what` says the consequence of; a NULL condition refuses none."""
    # On a line of its own the bracket is not swallowed by a comment at the end of the condition.
    condition = f"{check.expression}\n" if "--" in check.expression else check.expression
    sql = f"SELECT count(*) FROM {engine.quote_table(table)} WHERE NOT ({condition})"
    return Query(sql, "0", f"rows that break the condition {what}; repair them first")


def constraint_of(table: Table, name: str) -> Constraint | None:
    """The table's constraint of that name."""
    keys = (table.primary_key,) if table.primary_key else ()
    return next((one for one in (*keys, *table.uniques, *table.checks, *table.foreign_keys) if one.name == name), None)


def holder_of(schema: Schema, name: str) -> Table | None:
    """The table with a unique constraint or primary key of that name, whose index has the name as well."""
    for table in schema.tables.values():
        key = table.primary_key
        if any(unique.name == name for unique in table.uniques) or (key is not None and key.name == name):
            return table
    return None
