"""A backfill as PostgreSQL runs it: a procedure that fills one batch along the key, commits, sleeps, and goes on.

The place it has reached is a row in a small table, so a run that was cut off continues there; the batch and its place
commit together, so no row is done twice and none is left out. The table goes with the procedure at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.engines import CannotSpell
from domain_agents.engines._postgresql_types import stored_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain_agents.catalog import Table
    from domain_agents.engines import Backfill

_LAG_SECONDS = 5
_MOST_WAITS = 600
"""Seconds of replication lag from which a backfill rests, and how many seconds it rests at most before it gives up."""


def backfill_statements(
    fill: Backfill,
    *,
    quote: Callable[[str], str],
    table: Table,
    written_table: str,
    progress: str,
    procedure: str,
    write: tuple[str, str] | None = None,
) -> tuple[str, ...]:
    """The statements of a backfill file, in order; they run outside a transaction.

    `write` is what a batch does instead of filling the column: its text before the condition, and behind it.

    Raises:
        CannotSpell: the key is not there.
    """
    column, expression, key = fill.column, fill.expression, fill.key
    columns = [table.column(name) for name in key]
    if not columns or any(found is None for found in columns):
        raise CannotSpell(f"table {table.name} has no primary key to walk along; a backfill needs one")
    types = [stored_type(found.type) for found in columns if found is not None]
    prefix = _free_prefix({found.name for found in table.columns})
    numbers = range(1, len(key) + 1)
    names = [quote(name) for name in key]
    places = [f"next_{number}" for number in numbers]
    lower = [f"{prefix}from_{number}" for number in numbers]
    upper = [f"{prefix}to_{number}" for number in numbers]
    declared = "\n".join(
        f"    {name} {type_};" for pair in (lower, upper) for name, type_ in zip(pair, types, strict=True)
    )
    update = f"UPDATE {written_table}\n               SET {quote(column)} = {expression}\n             WHERE "
    unfilled = f"\n               AND {quote(column)} IS NULL;"
    if write is not None:
        update, unfilled = write
    body = f"""
#variable_conflict use_column
DECLARE
{declared}
    {prefix}is_last boolean;
    {prefix}filled bigint;
    {prefix}total bigint;
    {prefix}waits integer;
BEGIN
    INSERT INTO {progress} ({", ".join(places)})
    SELECT {", ".join(names)} FROM {written_table} ORDER BY {", ".join(names)} LIMIT 1
    ON CONFLICT DO NOTHING;
    COMMIT;
    LOOP
        -- The row lock keeps a second run of this procedure out until the batch is committed.
        SELECT {", ".join(places)} INTO {", ".join(lower)} FROM {progress} FOR UPDATE;
        EXIT WHEN NOT FOUND;
        SELECT {", ".join(names)} INTO {", ".join(upper)}
          FROM {written_table}
         WHERE {_row(names)} >= {_row(lower)}
         ORDER BY {", ".join(names)}
        OFFSET {fill.batch_rows} LIMIT 1;
        {prefix}is_last := NOT FOUND;
        IF {prefix}is_last THEN
            {update}{_row(names)} >= {_row(lower)}{unfilled}
        ELSE
            {update}{_row(names)} >= {_row(lower)} AND {_row(names)} < {_row(upper)}{unfilled}
        END IF;
        GET DIAGNOSTICS {prefix}filled = ROW_COUNT;
        IF {prefix}is_last THEN
            DELETE FROM {progress} RETURNING rows_filled + {prefix}filled INTO {prefix}total;
            COMMIT;
            RAISE NOTICE 'backfill finished: % rows filled', {prefix}total;
            EXIT;
        END IF;
        UPDATE {progress}
           SET {", ".join(f"{place} = {value}" for place, value in zip(places, upper, strict=True))},
               rows_filled = rows_filled + {prefix}filled,
               updated_at = clock_timestamp()
        RETURNING rows_filled INTO {prefix}total;
        COMMIT;
        RAISE NOTICE 'backfill: % rows filled', {prefix}total;
        PERFORM pg_sleep({fill.pause_seconds:g});
        -- Replicas that fall behind are waited for, where they can be seen (with pg_monitor), but not for ever.
        {prefix}waits := 0;
        WHILE (SELECT max(replay_lag) > interval '{_LAG_SECONDS} seconds' FROM pg_stat_replication) LOOP
            {prefix}waits := {prefix}waits + 1;
            IF {prefix}waits > {_MOST_WAITS} THEN
                RAISE EXCEPTION 'replicas stay more than {_LAG_SECONDS} seconds behind: run this file again later';
            END IF;
            COMMIT;
            PERFORM pg_sleep(1);
        END LOOP;
    END LOOP;
END
"""
    tag = _free_tag(body)
    place_columns = "\n".join(f"    {place} {type_} NOT NULL," for place, type_ in zip(places, types, strict=True))
    return (
        f"""CREATE TABLE IF NOT EXISTS {progress} (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
{place_columns}
    rows_filled bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
)""",
        f"CREATE OR REPLACE PROCEDURE {procedure}()\nLANGUAGE plpgsql AS {tag}{body}{tag}",
        f"CALL {procedure}()",
        f"DROP PROCEDURE {procedure}()",
        f"DROP TABLE {progress}",
    )


def _row(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"({', '.join(values)})"


def _free_prefix(taken: set[str]) -> str:
    """A prefix that no column of the table begins with, so that a variable can never be read as a column."""
    prefix = "v_"
    while any(name.startswith(prefix) for name in taken):
        prefix = f"v{prefix}"
    return prefix


def _free_tag(body: str) -> str:
    tag, number = "$backfill$", 0
    while tag in body:
        number += 1
        tag = f"$backfill_{number}$"
    return tag
