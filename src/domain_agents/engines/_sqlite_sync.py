"""Two columns kept the same while application versions that write one and that write the other are both alive.

A trigger of SQLite's cannot change the row before it is written, so it writes the row once more. It does so only while the
two differ, and makes them equal, so it sets itself off at most once even with recursive_triggers on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import TableName
from domain_agents.engines import CannotSpell
from domain_agents.engines._sqlite_text import definition_of, written_name, written_table

if TYPE_CHECKING:
    from domain_agents.catalog import Schema
    from domain_agents.engines import Sync


def sync_statements(sync: Sync, schema: Schema) -> tuple[ddl.Statement, ...]:
    """The triggers, one for INSERT and one for UPDATE.

    Raises:
        CannotSpell: the table is not known, or the columns are not copies of each other.
    """
    if not sync.both_ways:
        raise CannotSpell("SQLite's triggers keep two columns the same here, they compute none")
    column, twin, table = written_name(sync.column), written_name(sync.twin), written_name(sync.table.name)
    row = row_condition(sync.table, schema)
    written = f"coalesce(NEW.{twin}, NEW.{column})"
    changed = f"CASE WHEN NEW.{twin} IS NOT OLD.{twin} THEN NEW.{twin} ELSE NEW.{column} END"
    found: list[ddl.Statement] = []
    for name, event, value in zip(
        _names(sync), ("INSERT", f"UPDATE OF {column}, {twin}"), (written, changed), strict=True
    ):
        found.append(
            ddl.KeepText(
                f"CREATE TRIGGER {written_table(name)} AFTER {event} ON {table}\n"
                f"WHEN NEW.{twin} IS NOT NEW.{column}\nBEGIN\n"
                f"    UPDATE {table} SET {column} = {value}, {twin} = {value} WHERE {row};\nEND"
            )
        )
    return tuple(found)


def drop_statements(sync: Sync) -> tuple[ddl.Statement, ...]:
    """The triggers away again."""
    return tuple(ddl.KeepText(f"DROP TRIGGER {written_table(name)}") for name in _names(sync))


def _names(sync: Sync) -> tuple[TableName, TableName]:
    bare = f"{sync.table.name}_{sync.column}_sync"
    return TableName(f"{bare}_insert", sync.table.schema), TableName(f"{bare}_update", sync.table.schema)


def row_condition(name: TableName, schema: Schema) -> str:
    """The condition that finds the row that was just written."""
    table = schema.table(name)
    if table is None:
        raise CannotSpell(f"there is no table {name}")
    taken = {column.name.lower() for column in table.columns}
    rowid = next((one for one in ("rowid", "_rowid_", "oid") if one not in taken), "")
    if rowid and not definition_of(table).without_rowid:
        return f"{rowid} = NEW.{rowid}"
    if table.primary_key is None:
        raise CannotSpell(f"{table.name} has neither a primary key nor a rowid to find a row by")
    return " AND ".join(f"{written_name(one)} IS NEW.{written_name(one)}" for one in table.primary_key.columns)
