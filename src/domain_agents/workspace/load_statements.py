"""What an application says to the tables of a live schema, in the SQL that PostgreSQL and SQLite share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain_agents.workspace.live import LiveTable, quoted
from domain_agents.workspace.load import AppTable

if TYPE_CHECKING:
    from domain_agents.workspace.seeding_recipes import Recipe


def app_table(recipe: Recipe, placeholder: str) -> AppTable:
    """The statements of an application that knows the table as the recipe does: every column by name, none of later."""
    table = recipe.table
    listed = ", ".join(quoted(column.name) for column in table.columns)
    writes = all(name in recipe.generators for name in table.key) and bool(table.key)

    def read(n: int) -> str:
        return f"SELECT {listed} FROM {table.sql}{_where(recipe, n) if writes else ' LIMIT 1'}"

    return AppTable(
        name=table.sql,
        rows=recipe.rows,
        limit=recipe.limit,
        read=read,
        update=_update(recipe) if writes and not table.fires_triggers else None,
        insert=_insert(recipe) if writes else None,
        delete=_delete(table, placeholder) if writes else None,
    )


def _where(recipe: Recipe, n: int) -> str:
    return " WHERE " + " AND ".join(f"{quoted(name)} = {recipe.generators[name](str(n))}" for name in recipe.table.key)


def _update(recipe: Recipe) -> Any:
    unique = {name for columns in recipe.table.uniques for name in columns}
    numbered = {column.name for column in recipe.table.columns if column.fills_itself}
    plain = [name for name in recipe.generators if name not in unique | numbered]
    # A column is set to itself: the row is written and locked, and what it says can still be compared afterwards.
    column = quoted(plain[-1] if plain else recipe.table.key[0])
    return lambda n: f"UPDATE {recipe.table.sql} SET {column} = {column}{_where(recipe, n)}"


def _insert(recipe: Recipe) -> Any:
    table = recipe.table
    given = tuple(
        column.name for column in table.columns if column.name in recipe.generators and not column.fills_itself
    )
    listed = ", ".join(map(quoted, given))
    key = ", ".join(map(quoted, table.key))

    def insert(n: int) -> str:
        if not given:
            return f"INSERT INTO {table.sql} DEFAULT VALUES RETURNING {key}"
        return f"INSERT INTO {table.sql} ({listed}) VALUES ({recipe.select(str(n), given)}) RETURNING {key}"

    return insert


def _delete(table: LiveTable, placeholder: str) -> Any:
    def written(name: str) -> str:
        # A driver with %s as its placeholder takes a name's own % for one.
        return name.replace("%", "%%") if placeholder == "%s" else name

    where = " AND ".join(f"{written(quoted(name))} = {placeholder}" for name in table.key)
    return lambda key: (f"DELETE FROM {written(table.sql)} WHERE {where}", key)
