"""Rows for a live MySQL or MariaDB schema, made inside the server by INSERT ... SELECT from a recursion that counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from domain_agents.observations import Assumptions, Seeding
from domain_agents.workspace.live import LiveColumn, LiveTable, quoted
from domain_agents.workspace.mysql_session import described, driver
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
from domain_agents.workspace.sizes import rows_wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.workspace.mysql_session import Session
    from domain_agents.workspace.watch import Watch

_SAMPLE: Final = (
    "WITH RECURSIVE c AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM c WHERE i < 400),"
    " g AS (SELECT IF(i <= 200, i, (i - 200) * 97) AS n FROM c)"
)
"""Row numbers to try a check with: the first ones, and some up to 20,000."""

_AT_ONCE: Final = 100_000
_DEEPEST: Final = 10_000_000
_INTEGERS: Final = {
    "tinyint": 120,
    "smallint": 32_000,
    "mediumint": 8_000_000,
    "int": 2_000_000_000,
    "bigint": 2 * 10**12,
}
_SIMPLE: Final = {
    "bit": "(({n}) % 2)",
    "float": "((({n}) % 10000) / 4)",
    "double": "(({n}) / 4)",
    "year": "(1970 + ({n}) % 100)",
    "date": "(DATE '2020-01-01' + INTERVAL (({n}) % 1000000) DAY)",
    "datetime": "(TIMESTAMP '2020-01-01 00:00:00' + INTERVAL ({n}) SECOND)",
    "timestamp": "(TIMESTAMP '2020-01-01 00:00:00' + INTERVAL (({n}) % 400000000) SECOND)",
    "time": "SEC_TO_TIME(({n}) % 3000000)",
    "json": "JSON_OBJECT('n', ({n}))",
    # MariaDB takes only what has a version (4) and a variant (8) in it.
    "uuid": "INSERT(INSERT(INSERT(INSERT(INSERT(INSERT(LEFT(SHA2({n}, 256), 32), 13, 1, '4'), 17, 1, '8'), 9, 0, '-'), "
    "14, 0, '-'), 19, 0, '-'), 24, 0, '-')",
    "inet4": "INET_NTOA(167772160 + ({n}) % 16000000)",
    "inet6": "CONCAT('::ffff:', INET_NTOA(167772160 + ({n}) % 16000000))",
    "point": "POINT(({n}), 0)",
    "geometry": "POINT(({n}), 0)",
}


@dataclass(frozen=True, slots=True)
class MysqlValues:
    """See `seeding_recipes.Values`."""

    session: Session

    def generator(self, column: LiveColumn, *, unique: bool) -> Generator | None:
        pattern = _pattern(column, unique=unique)
        return (lambda n: pattern.replace("{n}", n)) if pattern else None

    def distinct(self, column: LiveColumn) -> int | None:
        if column.labels:
            return len(column.labels)
        if column.kind == "decimal":
            return int(10 ** min(column.length, 15)) - 1
        if column.kind in ("char", "varchar", "binary", "varbinary"):
            return int(16 ** min(column.length * (2 if "binary" in column.kind else 1), 12)) - 1
        if column.type.startswith("tinyint(1)"):
            return 2
        known = {"bit": 2, "year": 100, "date": 1_000_000, "time": 3_000_000, "timestamp": 400_000_000}
        return known.get(column.kind) or _INTEGERS.get(column.kind)

    def null(self, column: LiveColumn) -> str:
        return "NULL"

    def divided(self, number: str, by: int) -> str:
        return f"({number} DIV {by})"

    def one_of(self, values: list[str], column: LiveColumn) -> Generator:
        return lambda n: f"ELT(1 + ({n}) % {len(values)}, {', '.join(values)})"

    def holds(self, recipe: Recipe, check: str) -> bool:
        columns = [column for column in recipe.table.columns if not column.generated]
        values = ", ".join(
            f"{recipe.generators[c.name]('n') if c.name in recipe.generators else 'NULL'} AS {quoted(c.name)}"
            for c in columns
        )
        try:
            rows = self.session.execute(
                f"{_SAMPLE} SELECT MIN(COALESCE(({check}), 1)) FROM (SELECT {values} FROM g) AS sample"
            ).rows
        except driver().MySQLError:
            return False
        return bool(rows and rows[0][0])


def _counting(first: int, last: int) -> str:
    return f"WITH RECURSIVE g AS (SELECT {first} AS n UNION ALL SELECT n + 1 FROM g WHERE n < {last})"


def _pattern(column: LiveColumn, *, unique: bool) -> str:
    """The SQL of a value with {n} for the row's number; "" when there is none for the type."""
    kind, length = column.kind, column.length
    if column.labels:
        labels = ", ".join("'" + label.replace("\\", "\\\\").replace("'", "''") + "'" for label in column.labels)
        return f"ELT(1 + ({{n}}) % {len(column.labels)}, {labels})"
    if column.type.startswith("tinyint(1)"):
        return "(({n}) % 2)"
    if kind in _INTEGERS:
        return "({n})" if unique else f"(1 + ({{n}}) % {min(1000, _INTEGERS[kind])})"
    if kind == "decimal":
        step = 10**column.scale
        whole = 10 ** max(0, min(length, 15) - column.scale)
        return f"(({{n}}) / {step})" if unique else f"(({{n}}) % {min(whole, 10_000)})"
    if kind in ("binary", "varbinary"):
        return f"UNHEX(LPAD(HEX({{n}}), {2 * min(length, 16)}, '0'))"
    if kind in ("tinyblob", "blob", "mediumblob", "longblob"):
        return "UNHEX(SHA2({n}, 256))"
    if kind in ("char", "varchar", "tinytext", "text", "mediumtext", "longtext"):
        return _text(column.name, length if kind in ("char", "varchar") else 0, unique=unique)
    return _SIMPLE.get(kind, "")


def _text(name: str, length: int, *, unique: bool) -> str:
    if length and length < 24:
        # Hexadecimal says more in few characters.
        return f"LPAD(LOWER(HEX({{n}})), {length if unique else min(length, 4)}, '0')"
    if "email" in name.lower():
        return "CONCAT('user', ({n}), '@example.com')"
    prefix = "'" + name[:8].replace("\\", "\\\\").replace("'", "''") + " '"
    return f"CONCAT({prefix}, ({{n}}))" if unique else f"CONCAT({prefix}, ({{n}}) % 1000)"


def seed(
    session: Session,
    tables: Mapping[str, LiveTable],
    rows: Mapping[str, int],
    assumed: Assumptions,
    watch: Watch,
) -> tuple[Seeding, dict[str, Recipe]]:
    """Fill the tables; what could not be filled is told, by table."""
    recipes: dict[str, Recipe] = {}
    there_already: dict[str, Recipe] = {}
    made: dict[str, int] = {}
    failed: dict[str, str] = {}
    depth = session.execute(
        "SHOW VARIABLES WHERE Variable_name IN ('cte_max_recursion_depth', 'max_recursive_iterations')"
    )
    for name, _ in depth.rows:
        session.execute(f"SET SESSION {name} = {_DEEPEST}")
    for table in parents_first(assuming(tables, assumed)):
        watch.check()
        if session.execute(f"SELECT EXISTS (SELECT 1 FROM {table.sql})").rows[0][0]:
            # The schema's own rows: a ledger of migrations, a table of countries. They stay as they are.
            if table.key:
                listed = ", ".join(f"`{name.replace('`', '``')}`" for name in table.key)
                held = session.execute(f"SELECT {listed} FROM {table.sql} LIMIT {MAX_STANDING}").rows
                there_already[table.sql] = standing(table, held)
            continue
        try:
            known = {**recipes, **there_already}
            recipe = recipe_for(MysqlValues(session), table, rows_wanted(table.name, rows), known, assumed.never_null)
            _fill(session, recipe, watch)
        except Unseedable as error:
            failed[table.name] = str(error)
        except driver().MySQLError as error:
            failed[table.name] = described(error)
        else:
            recipes[table.sql] = recipe
            made[table.name] = recipe.rows
    return Seeding(made, failed), recipes


def _fill(session: Session, recipe: Recipe, watch: Watch) -> None:
    columns = tuple(recipe.generators)
    if recipe.rows == 0 or not columns:
        return
    listed = ", ".join(map(quoted, columns))
    # Foreign keys that hold by construction need no check for each row.
    session.execute(f"SET SESSION foreign_key_checks = {0 if recipe.clean else 1}")
    try:
        for first in range(1, recipe.rows + 1, _AT_ONCE):
            last = min(first + _AT_ONCE - 1, recipe.rows)
            watch.execute(
                session,
                f"INSERT INTO {recipe.table.sql} ({listed}) {_counting(first, last)} "
                f"SELECT {recipe.select('n', columns)} FROM g",
            )
    finally:
        session.execute("SET SESSION foreign_key_checks = 1")
    watch.execute(session, f"ANALYZE TABLE {recipe.table.sql}")
