"""A live SQLite database: its tables, its schema as comparable facts, its contents as checksums, and rows for it."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from domain_agents.catalog import Schema, TableName
from domain_agents.dialects import dialect, replay
from domain_agents.observations import Contents, Shape, TableContents
from domain_agents.workspace.live import LiveColumn, LiveForeignKey, LiveTable, quoted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from domain_agents.workspace.seeding_recipes import Generator, Recipe

_BATCH: Final = 5_000
_SAMPLE_ROWS: Final = 200


def read_tables(connection: sqlite3.Connection) -> dict[str, LiveTable]:
    """Every ordinary table, by its quoted name."""
    model = read_model(connection)
    names = connection.execute(
        "SELECT name, upper(sql) LIKE '%CREATE VIRTUAL%', EXISTS (SELECT 1 FROM sqlite_schema t WHERE t.type = 'trigger'"
        " AND t.tbl_name = s.name) FROM sqlite_schema s WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    ).fetchall()
    shadows = {row[0] for row in names if row[1]}
    found: dict[str, LiveTable] = {}
    for name, virtual, triggers in sorted(names):
        if virtual or any(name.startswith(f"{shadow}_") for shadow in shadows):
            continue
        table = _table(connection, name, triggers=bool(triggers), model=model)
        found[table.sql] = table
    return found


def read_model(connection: sqlite3.Connection) -> Schema:
    """The schema as its own text says it: what PRAGMAs do not tell, such as checks."""
    rows = connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
    return replay(";\n".join(row[0] for row in rows), dialect("sqlite"))[0]


def _table(connection: sqlite3.Connection, name: str, *, triggers: bool, model: Schema) -> LiveTable:
    info = connection.execute(f"PRAGMA table_xinfo({quoted(name)})").fetchall()
    key = tuple(row[1] for row in sorted((r for r in info if r[5]), key=lambda r: r[5]))
    is_rowid_alias = len(key) == 1 and any(row[1] == key[0] and (row[2] or "").upper() == "INTEGER" for row in info)
    columns = tuple(
        LiveColumn(
            name=row[1],
            number=row[0],
            type=row[2] or "BLOB",
            kind=_kind(row[1], row[2] or ""),
            category=_category(row[2] or ""),
            nullable=not row[3] and not (is_rowid_alias and row[5]),
            default=row[4] or "",
            identity="rowid" if is_rowid_alias and row[5] else "",
            generated=row[6] in (2, 3),
            length=0,
            scale=0,
            labels=(),
            element="",
        )
        for row in info
        if row[6] != 1
    )
    uniques = [key] if key else []
    for _, index, is_unique, *_ in connection.execute(f"PRAGMA index_list({quoted(name)})").fetchall():
        named = [row[2] for row in connection.execute(f"PRAGMA index_info({quoted(index)})").fetchall()]
        if is_unique and None not in named and tuple(named) not in uniques:
            uniques.append(tuple(named))
    known = model.table(TableName(name))
    return LiveTable(
        name=name,
        sql=quoted(name),
        columns=columns,
        key=key,
        uniques=tuple(uniques),
        foreign_keys=_foreign_keys(connection, name),
        checks=tuple(check.expression for check in known.checks) if known else (),
        fires_triggers=triggers,
    )


def _foreign_keys(connection: sqlite3.Connection, name: str) -> tuple[LiveForeignKey, ...]:
    rows = connection.execute(f"PRAGMA foreign_key_list({quoted(name)})").fetchall()
    found: list[LiveForeignKey] = []
    for number in sorted({row[0] for row in rows}):
        own = sorted((row for row in rows if row[0] == number), key=lambda row: row[1])
        parent = own[0][2]
        parent_columns = tuple(row[4] for row in own)
        if None in parent_columns:
            info = connection.execute(f"PRAGMA table_info({quoted(parent)})").fetchall()
            parent_columns = tuple(row[1] for row in sorted((r for r in info if r[5]), key=lambda r: r[5]))
        if len(parent_columns) == len(own):
            found.append(LiveForeignKey(tuple(row[3] for row in own), quoted(parent), parent_columns))
    return tuple(found)


def _category(type_: str) -> str:
    """SQLite's affinity as the letter that PostgreSQL gives the like of it (https://www.sqlite.org/datatype3.html, 3.1)."""
    upper = type_.upper()
    if "INT" in upper:
        return "N"
    return "S" if any(word in upper for word in ("CHAR", "CLOB", "TEXT")) else "N"


def _said(name: str) -> str:
    """What a text is, by its name: SQLite has no type for a day or a moment."""
    lowered = name.lower()
    if "email" in lowered:
        return "email"
    return "moment" if lowered.endswith("_at") else "day" if lowered.endswith(("_on", "_date")) else "text"


def _kind(name: str, type_: str) -> str:
    upper = type_.upper()
    for word, kind in (
        ("INT", "integer"), ("BOOL", "boolean"), ("DATETIME", "datetime"), ("TIMESTAMP", "datetime"), ("DATE", "date"),
        ("JSON", "json"), ("CHAR", "text"), ("CLOB", "text"), ("TEXT", "text"), ("UUID", "text"), ("BLOB", "blob"),
        ("REAL", "real"), ("FLOA", "real"), ("DOUB", "real"),
    ):  # fmt: skip
        if word in upper:
            return _said(name) if kind == "text" else kind
    return "blob" if not upper else "numeric"


@dataclass(frozen=True, slots=True)
class SqliteValues:
    """See `seeding_recipes.Values`."""

    connection: sqlite3.Connection

    def generator(self, column: LiveColumn, *, unique: bool) -> Generator | None:
        prefix = "'" + column.name[:8].replace("'", "''") + " '"
        some: dict[str, str] = {
            "integer": "({n})" if unique else "(1 + ({n}) % 1000)",
            "numeric": "({n})" if unique else "(1 + ({n}) % 1000)",
            "boolean": "(({n}) % 2)",
            "datetime": "datetime('2020-01-01', ({n}) || ' seconds')",
            "date": "date('2020-01-01', (({n}) % 2900000) || ' days')",
            "moment": "strftime('%Y-%m-%dT%H:%M:%fZ', '2020-01-01', ({n}) || ' seconds')",
            "day": "date('2020-01-01', (({n}) % 2900000) || ' days')",
            "json": "json_object('n', {n})",
            "text": f"{prefix} || ({{n}})" if unique else f"{prefix} || (({{n}}) % 1000)",
            "email": "'user' || ({n}) || '@example.com'",
            "blob": "CAST(({n}) AS BLOB)",
            "real": "(({n}) / 4.0)",
        }
        pattern = some[column.kind]
        return lambda n: pattern.replace("{n}", n)

    def distinct(self, column: LiveColumn) -> int | None:
        return {"boolean": 2, "date": 2_900_000}.get(column.kind)

    def null(self, column: LiveColumn) -> str:
        return "NULL"

    def divided(self, number: str, by: int) -> str:
        return f"({number} / {by})"

    def one_of(self, values: list[str], column: LiveColumn) -> Generator:
        cases = " ".join(f"WHEN {number} THEN {value}" for number, value in enumerate(values))
        return lambda n: f"CASE ({n}) % {len(values)} {cases} END"

    def holds(self, recipe: Recipe, check: str) -> bool:
        columns = [column for column in recipe.table.columns if not column.generated]
        values = ", ".join(
            f"{recipe.generators[c.name]('n') if c.name in recipe.generators else 'NULL'} AS {quoted(c.name)}"
            for c in columns
        )
        try:
            row = self.connection.execute(
                f"WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {_SAMPLE_ROWS}) "
                f"SELECT min(coalesce(({check}), 1)) FROM (SELECT {values} FROM g)"
            ).fetchone()
        except Exception as error:
            if "interrupted" in str(error):
                raise
            return False
        return bool(row and row[0])


def read_contents(connection: sqlite3.Connection, tables: Iterable[LiveTable], check: Any) -> Contents:
    """Rows, and for each column the number of its values and a checksum over them in the order of the key."""
    found: dict[str, TableContents] = {}
    for table in tables:
        names = [column.name for column in table.columns]
        order = ", ".join(map(quoted, table.key)) or "rowid"
        listed = ", ".join(map(quoted, names))
        cursor = connection.execute(f"SELECT {listed} FROM {table.sql} ORDER BY {order}")
        rows, sums, counts = 0, [0] * len(names), [0] * len(names)
        while batch := cursor.fetchmany(_BATCH):
            check()
            rows += len(batch)
            for position, values in enumerate(zip(*batch, strict=True)):
                sums[position] = zlib.crc32(repr(values).encode(), sums[position])
                counts[position] += len(values) - values.count(None)
        found[table.name] = TableContents(rows, {name: f"{counts[i]}:{sums[i]}" for i, name in enumerate(names)})
    return found


def read_shape(connection: sqlite3.Connection) -> frozenset[Shape]:
    """Columns, keys, checks, indexes, triggers and views."""
    model = read_model(connection)
    found: set[Shape] = set()
    for table in read_tables(connection).values():
        for row in connection.execute(f"PRAGMA table_xinfo({table.sql})").fetchall():
            told = [row[1], (row[2] or "").upper(), "NOT NULL" if row[3] else "", f"DEFAULT {row[4]}" if row[4] else ""]
            told += [f"KEY {row[5]}" if row[5] else "", f"GENERATED {row[6]}" if row[6] else ""]
            found.add(Shape("column", table.name, " ".join(filter(None, told)), row[1]))
        for row in connection.execute(f"PRAGMA foreign_key_list({table.sql})").fetchall():
            found.add(
                Shape(
                    "foreign key",
                    table.name,
                    f"{row[3]} -> {row[2]} {row[4]} ON DELETE {row[6]} ON UPDATE {row[5]}",
                    "",
                )
            )
        for columns in table.uniques:
            found.add(Shape("unique", table.name, ", ".join(columns), ""))
        known = model.table(TableName(table.name))
        for check in known.checks if known else ():
            found.add(Shape("check", table.name, _plain(check.expression), check.name))
    rows = connection.execute(
        "SELECT type, tbl_name, sql, name FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL"
    ).fetchall()
    for kind, table_name, sql, name in rows:
        definition = re.sub(rf"\b{re.escape(name)}\b", "", _plain(sql)) if kind == "index" else _plain(sql)
        found.add(Shape(kind, table_name, " ".join(definition.split()), name))
    return frozenset(found)


def _plain(sql: str) -> str:
    """One spelling for what differs only in white space, quotes around plain names, and IF NOT EXISTS."""
    flat = re.sub(r'"(\w+)"', r"\1", " ".join(sql.split()))
    flat = re.sub(r"\bIF NOT EXISTS\b", "", flat, flags=re.IGNORECASE)
    return re.sub(r"\s*([(),])\s*", r"\1", flat)
