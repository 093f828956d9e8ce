"""How a table's rows are made, whatever the engine: parents before children, unique where it must be, NULL where it may be.

What a recipe says of a table (an SQL expression per column, in the row's number) fills the table at once, and later makes
the single rows that the application inserts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from domain_agents.workspace.live import LiveForeignKey, quoted
from domain_agents.workspace.seeding_partitions import partition_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from domain_agents.observations import Assumptions
    from domain_agents.workspace.live import LiveColumn, LiveTable


MAX_STANDING: Final = 100
"""Of the rows that a schema brings with it, those that made-up rows refer to."""

Generator = Callable[[str], str]
"""From the SQL of a row's number to the SQL of a value."""


class Values(Protocol):
    """One engine's values."""

    def generator(self, column: LiveColumn, *, unique: bool) -> Generator | None:
        """Values for a column (all different when it is `unique`), or None when its type is not one we can make."""
        ...

    def distinct(self, column: LiveColumn) -> int | None:
        """How many different values a column's generator has; None is as many as are asked for."""
        ...

    def null(self, column: LiveColumn) -> str:
        """NULL of the column's type."""
        ...

    def divided(self, number: str, by: int) -> str:
        """A whole number divided, without its rest."""
        ...

    def one_of(self, values: list[str], column: LiveColumn) -> Generator:
        """One of some literals for each row."""
        ...

    def holds(self, recipe: Recipe, check: str) -> bool:
        """Whether a sample of rows made by the recipe passes a check."""
        ...


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


def under_new_names(recipes: Mapping[str, Recipe], going: Mapping[tuple[str, str], str]) -> dict[str, Recipe]:
    """The recipes with each value also under the column that stands in for its own: rows that refer to it look there."""

    def renamed(recipe: Recipe) -> Recipe:
        names = recipe.table.stand_ins(going)
        added = {new: recipe.generators[old] for old, new in names.items() if new and old in recipe.generators}
        return replace(recipe, generators={**recipe.generators, **added}) if added else recipe

    return {name: renamed(recipe) for name, recipe in recipes.items()}


class Unseedable(Exception):
    """No rows can be made for a table; the message says why."""


def assuming(tables: Mapping[str, LiveTable], assumed: Assumptions) -> dict[str, LiveTable]:
    """The tables with the keys and checks that are taken for granted as if they had them."""
    by_name = {name: table for table in tables.values() for name in (table.name.rpartition(".")[2], table.name)}
    found = dict(tables)
    for child, columns, parent, parent_columns in sorted(assumed.references):
        table, referenced = by_name.get(child), by_name.get(parent)
        if table is None or referenced is None:
            continue
        key = LiveForeignKey(columns, referenced.sql, parent_columns or referenced.key)
        if len(key.parent_columns) == len(columns):
            current = found[table.sql]
            found[table.sql] = replace(current, foreign_keys=(*current.foreign_keys, key))
    for name, columns in sorted(assumed.uniques):
        if name in by_name and all(by_name[name].column(column) for column in columns):
            current = found[by_name[name].sql]
            found[current.sql] = replace(current, uniques=(*current.uniques, columns))
    for name, condition in sorted(assumed.checks):
        if name in by_name:
            current = found[by_name[name].sql]
            found[current.sql] = replace(current, checks=(*current.checks, condition))
    return found


def as_the_new_application(tables: Mapping[str, LiveTable], assumed: Assumptions) -> dict[str, LiveTable]:
    """The tables with what is taken for granted, and without the numbers that the new application gives itself."""
    found = assuming(tables, assumed)
    for sql, table in found.items():
        bare = table.name.rpartition(".")[2]
        said = {column for name, column in assumed.numbered_no_more if name in (table.name, bare)}
        columns = tuple(replace(one, identity="", default="") if one.name in said else one for one in table.columns)
        found[sql] = replace(table, columns=columns) if said else table
    return found


def parents_first(tables: Mapping[str, LiveTable]) -> Iterator[LiveTable]:
    """The tables, each after those its foreign keys name; tables in a circle come in the order of their names."""
    waiting = dict(sorted(tables.items()))
    while waiting:
        ready = [
            name
            for name, table in waiting.items()
            if not any(fk.parent in waiting and fk.parent != name for fk in table.foreign_keys)
        ]
        for name in ready or [_in_circle(waiting)]:
            yield waiting.pop(name)


def _in_circle(waiting: Mapping[str, LiveTable]) -> str:
    """Which of the tables in a circle comes first: one whose rows may do without those that are not there yet."""

    def can_wait(table: LiveTable) -> bool:
        awaited = {
            name for fk in table.foreign_keys if fk.parent in waiting and fk.parent != table.sql for name in fk.columns
        }
        return all(column.nullable for column in table.columns if column.name in awaited)

    return next((name for name, table in waiting.items() if can_wait(table)), next(iter(waiting)))


def standing(table: LiveTable, rows: Sequence[Sequence[object]]) -> Recipe:
    """A table that brings its rows with it, for those that refer to them; `rows` are the values of its key."""

    def values(place: int) -> Generator:
        texts = [str(row[place]) if isinstance(row[place], int) else _literal(str(row[place])) for row in rows]
        cases = " ".join(f"WHEN {number} THEN {text}" for number, text in enumerate(texts, start=1))
        return lambda n: f"(CASE {n} {cases} END)"

    return Recipe(table, {name: values(place) for place, name in enumerate(table.key)}, len(rows), len(rows))


def known_as(recipes: Mapping[str, Recipe], table: LiveTable, moved: Mapping[str, str]) -> tuple[str, Recipe | None]:
    """The recipe of a table and the name it is known by: that of the start, where the table has another one now."""
    bare = table.name.rpartition(".")[2]
    for name, recipe in recipes.items():
        old = recipe.table.name
        if any(new == bare and old in (was, was.rpartition(".")[2]) for was, new in moved.items()):
            return name, recipe
    return table.sql, recipes.get(table.sql)


def recipe_for(
    values: Values,
    table: LiveTable,
    wanted: int,
    recipes: Mapping[str, Recipe],
    never_null: frozenset[tuple[str, str]],
) -> Recipe:
    """How a table's rows are made, given how its parents' were.

    Raises:
        Unseedable: a column must have a value and none can be made.
    """
    from_parents, limits, clean = _from_parents(values, table, recipes)
    placed = _in_partitions(values, table, set(from_parents))
    from_parents |= placed
    distinct, limit = _distinct_columns(values, table, set(from_parents))
    generators: dict[str, Generator] = {}
    for column in table.columns:
        if column.generated:
            continue
        made = from_parents.get(column.name) or values.generator(column, unique=column.name in distinct)
        if made is None:
            if column.nullable or column.default:
                continue
            raise Unseedable(f"column {column.name} is of type {column.type}, which no values are made for")
        free = column.name not in distinct and column.name not in placed
        may_be_null = column.nullable and free and column.name not in _unique_columns(table)
        if may_be_null and (table.name, column.name) not in never_null and column.name not in table.key:
            made = _sometimes_null(made)
        generators[column.name] = made
    lowest = [value for value in (limit, *limits) if value is not None]
    allowed = min(lowest) if lowest else None
    recipe = Recipe(table, generators, wanted if allowed is None else min(wanted, allowed), allowed, clean)
    return _obeying_checks(values, recipe)


def _in_partitions(values: Values, table: LiveTable, taken: set[str]) -> dict[str, Generator]:
    """Values for the partition key, one after the other from each partition."""
    made: dict[str, Generator] = {}
    for name, listed in partition_values(table).items():
        column = table.column(name)
        if column is not None and name not in taken:
            made[name] = values.one_of(listed, column)
    return made


def _sometimes_null(made: Generator) -> Generator:
    return lambda n: f"CASE WHEN ({n}) % 10 = 3 THEN NULL ELSE {made(n)} END"


def _unique_columns(table: LiveTable) -> set[str]:
    return {name for columns in table.uniques for name in columns}


def _distinct_columns(values: Values, table: LiveTable, taken: set[str]) -> tuple[set[str], int | None]:
    """The columns whose values must all differ (one for each unique key that has a free one), and the rows they allow."""
    chosen: set[str] = set()
    limits: list[int] = []
    for columns in table.uniques:
        free = [table.column(name) for name in columns if name not in taken]
        able = [column for column in free if column is not None and values.generator(column, unique=True) is not None]
        if not able or chosen.intersection(columns):
            continue
        best = max(able, key=lambda column: values.distinct(column) or 10**18)
        chosen.add(best.name)
        allowed = values.distinct(best)
        if allowed is not None:
            limits.append(allowed)
    return chosen, min(limits) if limits else None


def _from_parents(
    values: Values, table: LiveTable, recipes: Mapping[str, Recipe]
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
            made.update(_from_itself(values, table, key, spread=1 if alone else 10))
            continue
        parent = recipes.get(key.parent)
        if parent is None or parent.rows == 0:
            made.update(_without_parent(values, table, missing))
            continue
        row = _parent_row(values, parent.rows, spread if together else 1)
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
    return made, [max(combined)] if spread > 1 and combined else list(limits), clean


def _through(made: Generator, row: Generator) -> Generator:
    return lambda n: made(row(n))


def _parent_row(values: Values, parent_rows: int, spread: int) -> Generator:
    return lambda n: f"(1 + {values.divided(f'(({n}) - 1)', spread)} % {parent_rows})"


def _from_itself(values: Values, table: LiveTable, key: LiveForeignKey, spread: int) -> dict[str, Generator]:
    """A table that refers to itself: every `spread` rows have an earlier one (or themselves) as parent."""
    made: dict[str, Generator] = {}
    for name, parent_name in zip(key.columns, key.parent_columns, strict=True):
        parent_column = table.column(parent_name)
        own = values.generator(parent_column, unique=True) if parent_column else None
        if own is None:
            raise Unseedable(f"column {name} refers to a column of the same table that no values are made for")
        made[name] = _through(own, lambda n: f"(1 + {values.divided(f'(({n}) - 1)', spread)})")
    return made


def _without_parent(values: Values, table: LiveTable, names: list[str]) -> dict[str, Generator]:
    columns = [column for column in table.columns if column.name in names]
    required = [column.name for column in columns if not column.nullable]
    if required:
        raise Unseedable(f"column {required[0]} needs a row in a table that holds none")
    return {column.name: _always(values.null(column)) for column in columns}


def _always(text: str) -> Generator:
    return lambda _n: text


_DAYS: Final = tuple(f"2026-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29, 3))
_TEXTS: Final[list[list[str]]] = [
    ["'{}'"],
    [f"'{day}'" for day in _DAYS],
    [f"'{day}T00:00:00.000Z'" for day in _DAYS],
    ["'2099-12-31'"],
    ["'2099-12-31T00:00:00.000Z'"],
    ["'12:00:00'"],
]
"""What a text is when it is held to a form: a document, a day, a moment, a time of day; a late one for what ends."""


def _obeying_checks(values: Values, recipe: Recipe) -> Recipe:
    """The recipe, with other values for the columns of checks that its first ones break; at best effort."""
    obeyed: list[str] = []
    for check in recipe.table.checks:
        if not values.holds(recipe, check):
            candidates = _other_values(values, recipe, check)
            found = next((one for one in candidates if all(values.holds(one, c) for c in (check, *obeyed))), None)
            if found is None:
                continue
            recipe = found
        obeyed.append(check)
    return recipe


def _other_values(values: Values, recipe: Recipe, check: str) -> Iterator[Recipe]:
    """The recipe with a column of the check taking values that the check itself mentions, or numbers beside them."""
    texts = re.findall(r"'((?:[^']|'')*)'", check)
    numbers = [int(text) for text in re.findall(r"(?<![\w.'])-?\d+(?![\w.'])", re.sub(r"'[^']*'", "", check))]
    unique, _ = _distinct_columns(values, recipe.table, set())
    for column in recipe.table.columns:
        named = re.search(rf"(?<![\w\"]){re.escape(column.name)}(?![\w\"])|{re.escape(quoted(column.name))}", check)
        if column.name not in recipe.generators or not named:
            continue
        if column.category == "S":
            for other in _other_texts(recipe.generators[column.name], numbers):
                yield replace(recipe, generators={**recipe.generators, column.name: other})
        if column.name in unique:
            continue
        lists: list[list[str]] = [[_literal(text.replace("''", "'")) for text in texts]] if texts else []
        lists += [[text] for text in lists[0]] if lists else []
        near = sorted({value + step for value in (*numbers, 0) for step in (0, 1, -1)})
        if column.category == "N":
            lists += [[str(value) for value in numbers], *([str(value)] for value in near)] if numbers else []
        elif column.category == "S":
            lists += [[_literal("x" * value)] for value in near if 0 < value <= 1000]
            lists += _TEXTS
        elif column.category == "D":
            lists.append(["'2099-12-31'"])
        if column.nullable:
            lists.append(["NULL"])
        for listed in lists:
            made = values.one_of(listed, column)
            yield replace(recipe, generators={**recipe.generators, column.name: made})


def _other_texts(made: Generator, numbers: list[int]) -> Iterator[Generator]:
    """The same text in another case, and as short as a number of the check says."""
    yield lambda n: f"upper({made(n)})"
    yield lambda n: f"lower({made(n)})"
    for size in sorted({number for number in numbers if 0 < number <= 1000}, reverse=True):
        yield lambda n, size=size: f"substr({made(n)}, 1, {size})"  # type: ignore[misc]  # its one argument is n
        yield lambda n, size=size: f"upper(substr({made(n)}, 1, {size}))"  # type: ignore[misc]  # as above


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
