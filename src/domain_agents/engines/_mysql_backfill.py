"""A backfill as MySQL and MariaDB run it: a procedure that fills one batch along the key, commits, sleeps, and goes on.

The place it has reached, and the place the batch ends, are two rows of a small table. Its key columns are made by a query
of the table itself, so that they have the very types and collations of the key, and no variable has to. A batch and its
place commit together: a run that was cut off goes on there, and a second run finds nothing to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.engines import CannotSpell

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain_agents.catalog import Column, Table
    from domain_agents.engines import Backfill


def backfill_statements(
    fill: Backfill,
    *,
    quote: Callable[[str], str],
    table: Table,
    written_table: str,
    progress: str,
    procedure: str,
) -> tuple[str, ...]:
    """The statements of a backfill file, in order; each commits by itself.

    READ COMMITTED keeps a batch from locking the gaps between its rows, so that others insert meanwhile; the server
    then needs row-based replication, which is the default (with binlog_format STATEMENT it refuses, and nothing happens).

    Raises:
        CannotSpell: the key is not there, or is what the backfill would change.
    """
    column, expression, key = fill.column, fill.expression, fill.key
    if not key or any(table.column(name) is None for name in key):
        raise CannotSpell(f"table {table.name} has no primary key to walk along; a backfill needs one")
    for found in table.columns:
        if found.name in key and found.type.lower().startswith(("enum", "set(", "set ")):
            raise CannotSpell(
                f"{table.name}.{found.name} is an enum or set, which sorts by position and compares by text: no walk along "
                "it ends where it should; fill the column by a job of your own"
            )
    if column in key:
        raise CannotSpell(f"{table.name}.{column} is part of the key that the backfill walks along")
    prefix = _free_prefix({found.name.lower() for found in table.columns})
    place, filled = f"{prefix}place", f"{prefix}rows_filled"
    places = [f"{prefix}key_{number}" for number in range(1, len(key) + 1)]
    names = [quote(name) for name in key]
    ours = [f"{written_table}.{name}" for name in names]
    here = [f"{prefix}here.{name}" for name in places]
    end = [f"{prefix}end.{name}" for name in places]
    order, listed = ", ".join(ours), ", ".join(places)
    is_last = f"{prefix}is_last"
    update = f"UPDATE {written_table} JOIN {progress} AS {prefix}here ON {prefix}here.{place} = 0"
    # A column that follows every UPDATE keeps its value only when it is set to it.
    following = [quote(one.name) for one in table.columns if one.name != column and _follows_updates(one)]
    kept = "".join(f", {written_table}.{name} = {written_table}.{name}" for name in following)
    setting = f"SET {written_table}.{quote(column)} = {expression}{kept}"
    unfilled = f"AND {written_table}.{quote(column)} IS NULL"
    body = f"""BEGIN
    DECLARE {is_last} boolean DEFAULT false;
    DECLARE {prefix}count bigint DEFAULT 0;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
        ROLLBACK;
        RESIGNAL;
    END;
    COMMIT;
    INSERT INTO {progress} ({place}, {listed})
    SELECT 0, {order} FROM {written_table}
     WHERE NOT EXISTS (SELECT 1 FROM {progress} AS {prefix}begun) ORDER BY {order} LIMIT 1;
    COMMIT;
    {prefix}batches: LOOP
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        START TRANSACTION;
        -- The row lock keeps a second run of this procedure out until the batch is committed.
        SELECT count(*) INTO {prefix}count FROM {progress} WHERE {place} = 0 FOR UPDATE;
        IF {prefix}count = 0 THEN
            COMMIT;
            LEAVE {prefix}batches;
        END IF;
        INSERT INTO {progress} ({place}, {listed})
        SELECT 1, {order} FROM {written_table} JOIN {progress} AS {prefix}here ON {prefix}here.{place} = 0
         WHERE {_from(ours, here)}
         ORDER BY {order} LIMIT {fill.batch_rows}, 1;
        SET {is_last} = ROW_COUNT() = 0;
        IF {is_last} THEN
            {update}
               {setting}
             WHERE {_from(ours, here)} {unfilled};
            DELETE FROM {progress} WHERE {place} = 0;
        ELSE
            {update}
              JOIN {progress} AS {prefix}end ON {prefix}end.{place} = 1
               {setting}
             WHERE {_from(ours, here)} AND {_before(ours, end)} {unfilled};
            SET {prefix}count = ROW_COUNT();
            UPDATE {progress} AS {prefix}end JOIN {progress} AS {prefix}here ON {prefix}here.{place} = 0
               SET {prefix}end.{filled} = {prefix}here.{filled} + {prefix}count
             WHERE {prefix}end.{place} = 1;
            DELETE FROM {progress} WHERE {place} = 0;
            UPDATE {progress} SET {place} = 0 WHERE {place} = 1;
        END IF;
        COMMIT;
        IF {is_last} THEN
            LEAVE {prefix}batches;
        END IF;
        DO SLEEP({fill.pause_seconds:g});
    END LOOP;
END"""
    made = ", ".join(f"{name} AS {one}" for name, one in zip(names, places, strict=True))
    return (
        f"""CREATE TABLE IF NOT EXISTS {progress} (
    {place} tinyint NOT NULL DEFAULT 0 PRIMARY KEY,
    {filled} bigint NOT NULL DEFAULT 0
) ENGINE=InnoDB AS SELECT {made} FROM {written_table} LIMIT 0""",
        f"DROP PROCEDURE IF EXISTS {procedure}",
        f"CREATE PROCEDURE {procedure}()\nMODIFIES SQL DATA\n{body}",
        f"CALL {procedure}()",
        f"DROP PROCEDURE {procedure}",
        f"DROP TABLE {progress}",
    )


def _follows_updates(column: Column) -> bool:
    return any(attribute.upper().startswith("ON UPDATE") for attribute in column.attributes)


def _from(ours: list[str], theirs: list[str]) -> str:
    """At or behind a place. Not as rows, (a, b) >= (x, y): the server would not use the key for that."""
    return _compared(ours, theirs, ">", ">=")


def _before(ours: list[str], theirs: list[str]) -> str:
    return _compared(ours, theirs, "<", "<")


def _compared(ours: list[str], theirs: list[str], strict: str, last: str) -> str:
    pairs = list(zip(ours, theirs, strict=True))
    text = f"{pairs[-1][0]} {last} {pairs[-1][1]}"
    for one, other in reversed(pairs[:-1]):
        text = f"{one} {strict}= {other} AND ({one} {strict} {other} OR ({text}))"
    return text if len(pairs) == 1 else f"({text})"


def _free_prefix(taken: set[str]) -> str:
    """A prefix that no column of the table begins with, so that neither a variable nor a place is taken for a column."""
    prefix = "backfill_"
    while any(name.startswith(prefix) for name in taken):
        prefix = f"b{prefix}"
    return prefix
