"""Rows for a live PostgreSQL schema: parents before children, unique where it must be, NULL where it may be.

What a recipe says of a table (an SQL expression per column, in the row's number) fills the table at once by INSERT ...
SELECT generate_series, and later makes the single rows that the application inserts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import psycopg

from domain_agents.observations import Seeding
from domain_agents.workspace.live_postgresql import LiveColumn, LiveForeignKey, LiveTable, quoted
from domain_agents.workspace.seeding_values import Generator, distinct_values, generator, literal
from domain_agents.workspace.sizes import rows_wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from domain_agents.workspace.watch import Watch

_SAMPLE_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a table's rows are made. `generators` has a column's expression by name; `limit` is the last row number that
    unique keys allow (None: no limit); `clean` whether every foreign key is certain to hold."""

    table: LiveTable
    generators: Mapping[str, Generator]
    rows: int
    limit: int | None
    clean: bool = True

    def select(self, n: str, columns: tuple[str, ...]) -> str:
        """The values of some columns for row number `n`, as a select list."""
        return ", ".join(self.generators[name](n) for name in columns)


class Unseedable(Exception):
    """No rows can be made for a table; the message says why."""


def seed(
    connection: psycopg.Connection[Any],
    tables: Mapping[str, LiveTable],
    rows: Mapping[str, int],
    never_null: frozenset[tuple[str, str]],
    watch: Watch,
    *,
    as_superuser: bool,
) -> tuple[Seeding, dict[str, Recipe]]:
    """Fill the tables; what could not be filled is told, by table.

    `never_null` names (table, column) that stay without NULL although they may hold it.
    """
    recipes: dict[str, Recipe] = {}
    made: dict[str, int] = {}
    failed: dict[str, str] = {}
    for table in parents_first(tables):
        watch.check()
        wanted = rows_wanted(table.name, rows)
        there = connection.execute(f"SELECT count(*) FROM {table.sql}").fetchone()
        if there and there[0]:
            # The schema's own rows: a ledger of migrations, a table of countries. They stay as they are.
            continue
        try:
            recipe = recipe_for(connection, table, wanted, recipes, never_null)
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


def parents_first(tables: Mapping[str, LiveTable]) -> Iterator[LiveTable]:
    """The tables, each after those its foreign keys name; tables in a circle come in the order of their names."""
    waiting = dict(sorted(tables.items()))
    while waiting:
        ready = [
            name
            for name, table in waiting.items()
            if not any(fk.parent in waiting and fk.parent != name for fk in table.foreign_keys)
        ]
        for name in ready or [next(iter(waiting))]:
            yield waiting.pop(name)


def recipe_for(
    connection: psycopg.Connection[Any],
    table: LiveTable,
    wanted: int,
    recipes: Mapping[str, Recipe],
    never_null: frozenset[tuple[str, str]],
) -> Recipe:
    """How a table's rows are made, given how its parents' were.

    Raises:
        Unseedable: a column must have a value and none can be made.
    """
    from_parents, limits, clean = _from_parents(table, recipes, wanted)
    distinct, limit = _distinct_columns(table, set(from_parents))
    generators: dict[str, Generator] = {}
    for column in table.columns:
        if column.generated:
            continue
        made = from_parents.get(column.name) or generator(column, unique=column.name in distinct)
        if made is None:
            if column.nullable or column.default:
                continue
            raise Unseedable(f"column {column.name} is of type {column.type}, which no values are made for")
        may_be_null = column.nullable and column.name not in distinct and column.name not in _unique_columns(table)
        if may_be_null and (table.name, column.name) not in never_null and column.name not in table.key:
            made = _sometimes_null(made)
        generators[column.name] = made
    lowest = [value for value in (limit, *limits) if value is not None]
    allowed = min(lowest) if lowest else None
    recipe = Recipe(table, generators, wanted if allowed is None else min(wanted, allowed), allowed, clean)
    return _obeying_checks(connection, recipe)


def _sometimes_null(made: Generator) -> Generator:
    return lambda n: f"CASE WHEN ({n}) % 10 = 3 THEN NULL ELSE {made(n)} END"


def _unique_columns(table: LiveTable) -> set[str]:
    return {name for columns in table.uniques for name in columns}


def _distinct_columns(table: LiveTable, taken: set[str]) -> tuple[set[str], int | None]:
    """The columns whose values must all differ (one for each unique key that has a free one), and the rows they allow."""
    chosen: set[str] = set()
    limits: list[int] = []
    for columns in table.uniques:
        free = [table.column(name) for name in columns if name not in taken]
        able = [column for column in free if column is not None and generator(column, unique=True) is not None]
        if not able or chosen.intersection(columns):
            continue
        best = max(able, key=lambda column: distinct_values(column) or 10**18)
        chosen.add(best.name)
        allowed = distinct_values(best)
        if allowed is not None:
            limits.append(allowed)
    return chosen, min(limits) if limits else None


def _from_parents(
    table: LiveTable, recipes: Mapping[str, Recipe], wanted: int
) -> tuple[dict[str, Generator], list[int | None], bool]:
    """Values for the columns of foreign keys: those their parents have. Also the rows this allows, and whether every
    foreign key is certain to hold."""
    made: dict[str, Generator] = {}
    limits: list[int | None] = []
    clean = True
    spread = 1
    for key in sorted(table.foreign_keys, key=lambda fk: (-len(fk.columns), fk.columns)):
        missing = [name for name in key.columns if name not in made]
        if not missing:
            continue
        if len(missing) < len(key.columns):
            clean = False
        alone = any(set(columns) <= set(key.columns) for columns in table.uniques)
        together = any(
            set(columns) > set(key.columns) and set(columns) <= {c for fk in table.foreign_keys for c in fk.columns}
            for columns in table.uniques
        )
        if key.parent == table.sql:
            made.update(_from_itself(table, key))
            continue
        parent = recipes.get(key.parent)
        if parent is None or parent.rows == 0:
            made.update(_without_parent(table, missing))
            continue
        row = _parent_row(parent.rows, spread if together else 1)
        if together:
            spread *= parent.rows
            limits.append(spread)
        elif alone:
            limits.append(parent.rows)
        for name, parent_column in zip(key.columns, key.parent_columns, strict=True):
            if name not in made:
                made[name] = _through(parent.generators[parent_column], row)
    # A key made of several foreign keys has as many rows as its parents' rows multiplied, not the first parent's alone.
    combined = [limit for limit in limits if limit is not None]
    return made, [max(combined)] if spread > 1 and combined else list(limits), clean and wanted >= 0


def _through(made: Generator, row: Generator) -> Generator:
    return lambda n: made(row(n))


def _parent_row(parent_rows: int, spread: int) -> Generator:
    return lambda n: f"(1 + ((({n}) - 1) / {spread}) % {parent_rows})"


def _from_itself(table: LiveTable, key: LiveForeignKey) -> dict[str, Generator]:
    """A table that refers to itself: every row has an earlier one (or itself) as parent."""
    made: dict[str, Generator] = {}
    for name, parent_name in zip(key.columns, key.parent_columns, strict=True):
        parent_column = table.column(parent_name)
        values = generator(parent_column, unique=True) if parent_column else None
        if values is None:
            raise Unseedable(f"column {name} refers to a column of the same table that no values are made for")
        made[name] = _through(values, lambda n: f"(1 + (({n}) - 1) / 10)")
    return made


def _without_parent(table: LiveTable, names: list[str]) -> dict[str, Generator]:
    columns = [column for column in table.columns if column.name in names]
    required = [column.name for column in columns if not column.nullable]
    if required:
        raise Unseedable(f"column {required[0]} needs a row in a table that holds none")
    return {column.name: _null(column) for column in columns}


def _null(column: LiveColumn) -> Generator:
    return lambda _n: f"NULL::{column.type}"


def _obeying_checks(connection: psycopg.Connection[Any], recipe: Recipe) -> Recipe:
    """The recipe, with other values for the columns of checks that its first ones break; at best effort."""
    for check in recipe.table.checks:
        if _holds(connection, recipe, check):
            continue
        for changed in _other_values(recipe, check):
            if _holds(connection, changed, check):
                recipe = changed
                break
    return recipe


def _holds(connection: psycopg.Connection[Any], recipe: Recipe, check: str) -> bool:
    columns = [column for column in recipe.table.columns if not column.generated]
    values = ", ".join(
        f"{recipe.generators[c.name]('n') if c.name in recipe.generators else f'NULL::{c.type}'} AS {quoted(c.name)}"
        for c in columns
    )
    try:
        row = connection.execute(
            f"SELECT bool_and(coalesce(({check}), true)) FROM (SELECT {values} "
            f"FROM generate_series(1::bigint, {_SAMPLE_ROWS}) AS g(n)) AS sample"
        ).fetchone()
    except psycopg.Error:
        return False
    return bool(row and row[0])


def _other_values(recipe: Recipe, check: str) -> Iterator[Recipe]:
    """The recipe with a column of the check taking values that the check itself mentions, or numbers beside them."""
    texts = re.findall(r"'((?:[^']|'')*)'", check)
    numbers = [int(text) for text in re.findall(r"(?<![\w.'])-?\d+(?![\w.'])", re.sub(r"'[^']*'", "", check))]
    unique = _unique_columns(recipe.table)
    for column in recipe.table.columns:
        named = re.search(rf"(?<![\w\"]){re.escape(column.name)}(?![\w\"])|{re.escape(quoted(column.name))}", check)
        if column.name not in recipe.generators or not named or column.name in unique:
            continue
        lists: list[list[str]] = [[literal(text.replace("''", "'")) for text in texts]] if texts else []
        lists += [[text] for text in lists[0]] if lists else []
        near = sorted({value + step for value in (*numbers, 0) for step in (0, 1, -1)})
        if column.category == "N":
            lists += [[str(value) for value in numbers], *([str(value)] for value in near)] if numbers else []
        elif column.category == "S":
            lists += [[literal("x" * value)] for value in near if 0 < value <= 1000]
        if column.nullable:
            lists.append(["NULL"])
        for values in lists:
            yield replace(recipe, generators={**recipe.generators, column.name: _one_of(values, column.type)})


def _one_of(values: list[str], type_: str) -> Generator:
    listed = ", ".join(values)
    return lambda n: f"(ARRAY[{listed}]::{type_}[])[1 + ({n}) % {len(values)}]"


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
