"""Rows for a live PostgreSQL schema, made inside the server by INSERT ... SELECT generate_series."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg

from domain_agents.observations import Assumptions, Seeding
from domain_agents.workspace.live import LiveColumn, LiveTable, quoted
from domain_agents.workspace.seeding_recipes import (
    MAX_STANDING,
    Generator,
    Recipe,
    Unseedable,
    assuming,
    parents_first,
    recipe_for,
    standing,
)
from domain_agents.workspace.seeding_values import distinct_values, generator, literal
from domain_agents.workspace.sizes import rows_wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.workspace.watch import Watch

_SAMPLE_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class PostgresValues:
    """See `seeding_recipes.Values`."""

    connection: psycopg.Connection[Any]

    def generator(self, column: LiveColumn, *, unique: bool) -> Generator | None:
        return generator(column, unique=unique)

    def distinct(self, column: LiveColumn) -> int | None:
        return distinct_values(column)

    def null(self, column: LiveColumn) -> str:
        return f"NULL::{column.type}"

    def divided(self, number: str, by: int) -> str:
        return f"({number} / {by})"

    def one_of(self, values: list[str], column: LiveColumn) -> Generator:
        listed = ", ".join(values)
        return lambda n: f"(ARRAY[{listed}]::{column.type}[])[1 + ({n}) % {len(values)}]"

    def holds(self, recipe: Recipe, check: str) -> bool:
        columns = [column for column in recipe.table.columns if not column.generated]
        values = ", ".join(
            f"{recipe.generators[c.name]('n') if c.name in recipe.generators else self.null(c)} AS {quoted(c.name)}"
            for c in columns
        )
        try:
            row = self.connection.execute(
                f"SELECT bool_and(coalesce(({check}), true)) FROM (SELECT {values} "
                f"FROM generate_series(1::bigint, {_SAMPLE_ROWS}) AS g(n)) AS sample"
            ).fetchone()
        except psycopg.Error:
            return False
        return bool(row and row[0])


def seed(
    connection: psycopg.Connection[Any],
    tables: Mapping[str, LiveTable],
    rows: Mapping[str, int],
    assumed: Assumptions,
    watch: Watch,
    *,
    as_superuser: bool,
) -> tuple[Seeding, dict[str, Recipe]]:
    """Fill the tables; what could not be filled is told, by table."""
    recipes: dict[str, Recipe] = {}
    there_already: dict[str, Recipe] = {}
    made: dict[str, int] = {}
    failed: dict[str, str] = {}
    for table in parents_first(assuming(tables, assumed)):
        watch.check()
        wanted = rows_wanted(table.name, rows)
        there = connection.execute(f"SELECT count(*) FROM {table.sql}").fetchone()
        if there and there[0]:
            # The schema's own rows: a ledger of migrations, a table of countries. They stay as they are.
            if table.key:
                listed = ", ".join(map(quoted, table.key))
                held = connection.execute(f"SELECT {listed} FROM {table.sql} LIMIT {MAX_STANDING}").fetchall()
                there_already[table.sql] = standing(table, held)
            continue
        try:
            recipe = recipe_for(
                PostgresValues(connection), table, wanted, {**recipes, **there_already}, assumed.never_null
            )
            _fill(connection, recipe, watch, skip_triggers=as_superuser and recipe.clean)
        except Unseedable as error:
            failed[table.name] = str(error)
        except psycopg.Error as error:
            if isinstance(error, psycopg.errors.QueryCanceled):
                raise
            failed[table.name] = (error.diag.message_primary or "the server refused the rows").strip()
        else:
            recipes[table.sql] = recipe
            made[table.name] = recipe.rows
    watch.execute(connection, "ANALYZE")
    return Seeding(made, failed), recipes


def _fill(connection: psycopg.Connection[Any], recipe: Recipe, watch: Watch, *, skip_triggers: bool) -> None:
    columns = tuple(recipe.generators)
    if recipe.rows == 0 or not columns:
        return
    # Foreign keys that hold by construction need no check for each row, and the people's own triggers do not belong here.
    if skip_triggers:
        connection.execute("SET session_replication_role = replica")
    try:
        watch.execute(
            connection,
            f"INSERT INTO {recipe.table.sql} ({', '.join(map(quoted, columns))}) OVERRIDING SYSTEM VALUE "
            f"SELECT {recipe.select('n', columns)} FROM generate_series(1::bigint, {recipe.rows}) AS g(n)",
        )
    finally:
        if skip_triggers:
            connection.execute("RESET session_replication_role")
    for column in recipe.table.columns:
        if column.fills_itself and column.name in recipe.generators:
            _advance_sequence(connection, recipe, column)


def _advance_sequence(connection: psycopg.Connection[Any], recipe: Recipe, column: LiveColumn) -> None:
    named = re.search(r"nextval\('((?:[^']|'')+)'::regclass\)", column.default)
    sequence = (
        f"'{named.group(1)}'"
        if named
        else f"pg_get_serial_sequence({literal(recipe.table.sql)}, {literal(column.name)})"
    )
    connection.execute(f"SELECT setval({sequence}, {recipe.rows})")
