"""What an application says to the tables of a live MySQL or MariaDB, in a session that has ANSI_QUOTES on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain_agents.workspace.live import LiveTable, quoted
from domain_agents.workspace.load_statements import app_table as shared

if TYPE_CHECKING:
    from domain_agents.workspace.load import AppTable
    from domain_agents.workspace.seeding_recipes import Recipe


def app_table(recipe: Recipe) -> AppTable:
    """As for the other engines, but an INSERT has no RETURNING: the key is asked for after it."""
    table = shared(recipe, "%s")
    if table.insert is None:
        return table
    return replace(table, insert=_insert(recipe), delete=_delete(recipe.table), key=_key(recipe))


def _insert(recipe: Recipe) -> Any:
    given = tuple(c.name for c in recipe.table.columns if c.name in recipe.generators and not c.fills_itself)
    listed = ", ".join(map(quoted, given))
    return lambda n: f"INSERT INTO {recipe.table.sql} ({listed}) VALUES ({recipe.select(str(n), given)})"


def _key(recipe: Recipe) -> Any:
    counted = {column.name for column in recipe.table.columns if column.fills_itself}

    def key(n: int) -> str:
        values = ("LAST_INSERT_ID()" if k in counted else recipe.generators[k](str(n)) for k in recipe.table.key)
        return f"SELECT {', '.join(values)}"

    return key


def _delete(table: LiveTable) -> Any:
    # Beside values the driver takes a percent sign for the place of one.
    where = " AND ".join(f"{quoted(name).replace('%', '%%')} = %s" for name in table.key)
    name = table.sql.replace("%", "%%")
    return lambda key: (f"DELETE FROM {name} WHERE {where}", key)
