"""Columns computed from each other while two versions of an application are alive, by triggers behind each write.

A trigger of SQLite's cannot change the row before it is written, so it writes the row once more, and that sets off the
others. Each acts only where its own rule does not hold yet, so a chain ends after one round even with recursive_triggers,
and a value that an application wrote is never written over by one computed from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import TableName
from domain_agents.engines import CannotSpell
from domain_agents.engines._sqlite_sync import row_condition
from domain_agents.engines._sqlite_text import written_name, written_table

if TYPE_CHECKING:
    from domain_agents.catalog import Schema
    from domain_agents.engines import Derivation, Relocation

_EVENTS = ("insert", "old", "new", "touch")


def derived(derivation: Derivation, schema: Schema) -> tuple[ddl.Statement, ...]:
    """Four triggers: for a new row, for a write of the old columns, of the new ones, and for a row not computed yet."""
    table, row = written_name(derivation.table.name), row_condition(derivation.table, schema)
    coming, going = derivation.coming, derivation.going

    def over_row(expression: str) -> str:
        return f"(SELECT {expression} FROM {table} WHERE {row})"

    def names(columns: tuple[tuple[str, str], ...]) -> list[str]:
        return [written_name(name) for name, _ in columns]

    def changed(columns: tuple[tuple[str, str], ...]) -> str:
        return "(" + " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in names(columns)) + ")"

    def holds(columns: tuple[tuple[str, str], ...]) -> str:
        return "(" + " AND ".join(f"NEW.{written_name(n)} IS {over_row(e)}" for n, e in columns) + ")"

    def update(columns: tuple[tuple[str, str], ...]) -> str:
        return f"UPDATE {table} SET {', '.join(f'{written_name(n)} = {e}' for n, e in columns)} WHERE {row};"

    given = "(" + " OR ".join(f"NEW.{name} IS NOT NULL" for name in names(coming)) + ")"
    were_empty = " AND ".join(f"OLD.{name} IS NULL" for name in names(coming))
    something = "(" + " OR ".join(f"{over_row(e)} IS NOT NULL" for _, e in coming) + ")"
    old_written = f"UPDATE OF {', '.join(names(going))}"
    new_written = f"UPDATE OF {', '.join(names(coming))}"
    insert, old, new, touch = _names(derivation)
    made = (
        (f"{insert}_new", "INSERT", f"{given} AND NOT {holds(going)}", update(going)),
        (insert, "INSERT", f"NOT {given} AND {something}", update(coming)),
        (
            old,
            old_written,
            f"{changed(going)} AND NOT {changed(coming)} AND NOT {holds(going)} AND NOT {holds(coming)}",
            update(coming),
        ),
        (new, new_written, f"{changed(coming)} AND NOT {holds(coming)} AND NOT {holds(going)}", update(going)),
        (touch, new_written, f"NOT {given} AND {were_empty} AND {something}", update(coming)),
    )
    return tuple(
        ddl.KeepText(
            f"CREATE TRIGGER {written_table(TableName(name, derivation.table.schema))} AFTER {event} ON {table}\n"
            f"WHEN {condition}\nBEGIN\n    {action}\nEND"
        )
        for name, event, condition, action in made
    )


def derived_dropped(derivation: Derivation) -> tuple[ddl.Statement, ...]:
    """The triggers away again."""
    insert, *others = _names(derivation)
    return _dropped(derivation.table, (f"{insert}_new", insert, *others))


def relocated(relocation: Relocation) -> tuple[ddl.Statement, ...]:
    """Triggers on either table that carry a value over when it differs, and so end by themselves."""
    if relocation.table.schema != relocation.to.schema:
        raise CannotSpell("a trigger cannot reach a table of another database file")
    column, twin = written_name(relocation.column), written_name(relocation.new_name)
    source, target = written_name(relocation.table.name), written_name(relocation.to.name)
    matched = " AND ".join(f"{written_name(there)} = NEW.{written_name(here)}" for here, there in relocation.keys)
    returned = " AND ".join(f"{written_name(here)} = NEW.{written_name(there)}" for here, there in relocation.keys)
    keys = ", ".join(written_name(here) for here, _ in relocation.keys)
    new_keys = ", ".join(written_name(there) for _, there in relocation.keys)
    sent = f"UPDATE {target} SET {twin} = NEW.{column} WHERE {matched} AND {twin} IS NOT NEW.{column};"
    taken = f"UPDATE {source} SET {column} = NEW.{twin} WHERE {returned} AND {column} IS NOT NEW.{twin};"
    own = " AND ".join(f"{written_name(here)} = NEW.{written_name(here)}" for here, _ in relocation.keys)
    its = " AND ".join(f"{written_name(there)} = NEW.{written_name(there)}" for _, there in relocation.keys)
    fetched = f"UPDATE {source} SET {column} = (SELECT {twin} FROM {target} WHERE {matched} LIMIT 1) WHERE {own}"
    asked = f"UPDATE {target} SET {twin} = (SELECT {column} FROM {source} WHERE {returned} LIMIT 1) WHERE {its}"
    one, two, three, four, five, six = _moving(relocation)
    made = (
        (one, f"AFTER INSERT ON {source}", f"NEW.{column} IS NOT NULL", sent),
        (two, f"AFTER UPDATE OF {column}, {keys} ON {source}", f"NEW.{column} IS NOT OLD.{column}", sent),
        (three, f"AFTER INSERT ON {target}", f"NEW.{twin} IS NOT NULL", taken),
        (four, f"AFTER UPDATE OF {twin}, {new_keys} ON {target}", f"NEW.{twin} IS NOT OLD.{twin}", taken),
        (five, f"AFTER INSERT ON {target}", f"NEW.{twin} IS NULL", f"{asked} AND {twin} IS NULL;"),
        (six, f"AFTER INSERT ON {source}", f"NEW.{column} IS NULL", f"{fetched} AND {column} IS NULL;"),
    )
    return tuple(
        ddl.KeepText(
            f"CREATE TRIGGER {written_table(TableName(name, relocation.table.schema))} {event}\n"
            f"WHEN {condition}\nBEGIN\n    {action}\nEND"
        )
        for name, event, condition, action in made
    )


def relocated_dropped(relocation: Relocation) -> tuple[ddl.Statement, ...]:
    """The triggers away again."""
    return _dropped(relocation.table, _moving(relocation))


def _dropped(table: TableName, names: tuple[str, ...]) -> tuple[ddl.Statement, ...]:
    return tuple(ddl.KeepText(f"DROP TRIGGER {written_table(TableName(name, table.schema))}") for name in names)


def _names(derivation: Derivation) -> tuple[str, ...]:
    bare = f"{derivation.table.name}_{derivation.going[0][0]}_sync"
    return tuple(f"{bare}_{event}" for event in _EVENTS)


def _moving(relocation: Relocation) -> tuple[str, ...]:
    bare = f"{relocation.table.name}_{relocation.column}_moves"
    return tuple(
        f"{bare}_{event}" for event in ("insert", "update", "back_insert", "back_update", "fetch", "back_fetch")
    )
