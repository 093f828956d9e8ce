"""Filling a column of SQLite's in batches, from a plain SQL file.

SQL has no loop here, so a temporary trigger holds one batch's work, and each of a fixed number of equal statements sets
it off: every one is its own short transaction, between which other writers come in. Where the walk stands is kept in a
table of its own, so a run that was cut off goes on there, and a second run finds nothing to do.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from domain_agents.catalog import TableName
from domain_agents.engines import CannotSpell
from domain_agents.engines._sqlite_text import enclosed, written_name, written_table

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, Table
    from domain_agents.engines import Backfill

MOST_BATCHES: Final = 400
"""A file with more statements than that is read by nobody; the batches grow instead."""

_ROWS_IF_UNKNOWN: Final = 1_000_000


def backfill_statements(wanted: Backfill, table: Table, rows: int | None, schema: Schema) -> tuple[str, ...]:
    """Statements that fill the column where it is NULL, along the key, to be run outside a transaction.

    The last UPDATE takes what the batches could not: the rows behind the last full batch, rows that came in meanwhile
    when `rows` was too low, and rows whose key holds NULL, which SQLite allows.

    Raises:
        CannotSpell: the table has no such column, or the key cannot be walked along.
    """
    column, expression, key, batch_rows = wanted.column, wanted.expression, wanted.key, wanted.batch_rows
    _refuse(table, column, key, batch_rows)
    known = _ROWS_IF_UNKNOWN if rows is None else rows
    batch = max(batch_rows, math.ceil(known / MOST_BATCHES))
    batches = math.ceil(known / batch)
    walk = TableName(_free_name(f"{table.name.name}_{column}_backfill", schema), table.name.schema)
    keys = [written_name(name) for name in key]
    starts = [f"start_{number}" for number in range(1, len(key) + 1)]
    ends = [f"end_{number}" for number in range(1, len(key) + 1)]
    written, written_walk, name = written_table(table.name), written_table(walk), written_name(column)
    here, bare_walk = written_name(table.name.name), written_name(walk.name)
    fill = f"SET {name} = {enclosed(expression)}"
    order = ", ".join(keys)
    trigger = written_name(walk.name + "_batch")
    present = " AND ".join(f"{one} IS NOT NULL" for one in keys)
    end = f"SELECT {order} FROM {here}\n         WHERE {_row(keys)} >= (SELECT {', '.join(starts)} FROM {bare_walk})"
    create = f"""CREATE TEMP TRIGGER {trigger} AFTER UPDATE OF batch ON {written_walk}
BEGIN
    UPDATE {bare_walk} SET {_row(ends)} = ({end}
         ORDER BY {order} LIMIT 1 OFFSET {batch});
    UPDATE {here} {fill}
     WHERE {_row(keys)} >= (SELECT {", ".join(starts)} FROM {bare_walk})
       AND {_row(keys)} < (SELECT {", ".join(ends)} FROM {bare_walk})
       AND {name} IS NULL;
    UPDATE {bare_walk} SET finished = {ends[0]} IS NULL, {_shift(starts, ends)};
END"""
    places = ", ".join(starts + ends)
    seed = (
        f"INSERT INTO {written_walk} (batch, finished, {', '.join(starts)})\nSELECT 0, 0, {order} FROM {written}"
        f"\n WHERE {present} AND NOT EXISTS (SELECT 1 FROM {written_walk})\n ORDER BY {order} LIMIT 1"
    )
    return (
        f"CREATE TABLE IF NOT EXISTS {written_walk} (batch INTEGER NOT NULL, finished INTEGER NOT NULL, {places})",
        seed,
        f"DROP TRIGGER IF EXISTS temp.{trigger}",
        create,
        *[f"UPDATE {written_walk} SET batch = batch + 1 WHERE NOT finished"] * batches,
        f"UPDATE {written} {fill} WHERE {name} IS NULL",
        f"DROP TRIGGER IF EXISTS temp.{trigger}",
        f"DROP TABLE {written_walk}",
    )


def _refuse(table: Table, column: str, key: tuple[str, ...], batch_rows: int) -> None:
    for name in (column, *key):
        if table.column(name) is None:
            raise CannotSpell(f"table {table.name} has no column {name}")
    if not key:
        raise CannotSpell(f"table {table.name} has no key to walk along; give its CREATE TABLE with the primary key")
    if column in key:
        raise CannotSpell(
            f"{table.name}.{column} is part of the key: filling it would move the rows that are walked along"
        )
    if batch_rows < 1:
        raise CannotSpell("a batch needs at least one row")


def _row(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def _shift(starts: list[str], ends: list[str]) -> str:
    return ", ".join(f"{start} = {end}" for start, end in zip(starts, ends, strict=True))


def _free_name(name: str, schema: Schema) -> str:
    taken = {table.name.lower() for table in schema.tables} | {index.lower() for index in schema.indexes}
    while name.lower() in taken:
        name += "_"
    return name
