"""A backfill on SQLite fills every row once, in short transactions, and goes on where it was cut off."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain_agents.catalog import TableName
from domain_agents.dialects import dialect, replay
from domain_agents.engines import Backfill, CannotSpell, engine

if TYPE_CHECKING:
    from pathlib import Path

    from domain_agents.catalog import Schema

READER = dialect("sqlite")
T = TableName("t")
TABLES = {
    "rowid": "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, filled TEXT)",
    "text": "CREATE TABLE t (id TEXT PRIMARY KEY COLLATE NOCASE, a INT, filled TEXT)",
    "text without rowid": "CREATE TABLE t (id TEXT PRIMARY KEY, a INT, filled TEXT) WITHOUT ROWID",
    "composite": "CREATE TABLE t (id TEXT, a INT, filled TEXT, PRIMARY KEY (a, id))",
    "composite without rowid": "CREATE TABLE t (id TEXT, a INT, filled TEXT, PRIMARY KEY (id, a)) WITHOUT ROWID, STRICT",
    "composite descending": "CREATE TABLE t (id TEXT, a INT, filled TEXT, PRIMARY KEY (a DESC, id))",
}


def read(sql: str) -> Schema:
    schema, unread = replay(sql, READER)
    assert not unread
    return schema


def connect(path: str = ":memory:") -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=0)


def backfill(sql: str, *, rows: int | None, batch_rows: int = 10, expression: str = "'v' || a") -> tuple[str, ...]:
    schema = read(sql)
    key = schema.tables[T].primary_key
    assert key is not None
    return engine("sqlite").spell_backfill(
        Backfill(T, "filled", expression, key.columns, batch_rows, 0.1), rows, schema
    )


def fill(connection: sqlite3.Connection, count: int) -> None:
    connection.execute("BEGIN")
    rows = ((number, number % 7, "own" if number % 5 == 0 else None) for number in range(count))
    connection.executemany("INSERT INTO t (id, a, filled) VALUES (?, ?, ?)", rows)
    connection.execute("COMMIT")


def counted(connection: sqlite3.Connection) -> list[int]:
    """Give the connection a function `seen`, and what it was called with."""
    calls: list[int] = []

    def seen(value: int) -> str:
        calls.append(value)
        return f"v{value}"

    connection.create_function("seen", 1, seen, deterministic=True)
    return calls


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("rows", [103, 20, None])
def test_every_row_without_a_value_gets_it_and_no_other(kind: str, rows: int | None) -> None:
    connection = connect()
    connection.execute(TABLES[kind])
    fill(connection, 103)
    statements = backfill(TABLES[kind], rows=rows)
    for _ in range(2):
        for statement in statements:
            connection.execute(statement)
        assert connection.execute("SELECT count(*) FROM t WHERE filled = 'v' || a").fetchone() == (82,)
        assert connection.execute("SELECT count(*) FROM t WHERE filled = 'own'").fetchone() == (21,)
    assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").fetchone() == (1,)
    assert connection.execute("SELECT count(*) FROM sqlite_temp_schema").fetchone() == (0,)
    connection.close()


@pytest.mark.parametrize("kind", TABLES)
def test_each_batch_walks_the_key_and_reads_nothing_twice(kind: str) -> None:
    connection = connect()
    connection.execute(TABLES[kind])
    fill(connection, 103)
    statements = backfill(TABLES[kind], rows=103)
    step = statements[5]
    assert step.endswith("WHERE NOT finished")
    for statement in statements[: statements.index(step)]:
        connection.execute(statement)
    filled = []
    for _ in range(11):
        before = connection.execute("SELECT count(*) FROM t WHERE filled IS NULL").fetchone()[0]
        connection.execute(step)
        filled.append(before - connection.execute("SELECT count(*) FROM t WHERE filled IS NULL").fetchone()[0])
    assert max(filled) <= 10
    assert sum(filled) >= 82 - 10
    trigger = statements[3]
    body = trigger[trigger.index("BEGIN") + 5 :].split(";")
    plans = [
        row[3] for part in body[:2] for row in connection.execute(f"EXPLAIN QUERY PLAN {part}") if " t " in f"{row[3]} "
    ]
    assert plans
    assert all("SEARCH" in plan and ("USING" in plan) for plan in plans), plans
    connection.close()


@pytest.mark.parametrize("kind", TABLES)
def test_a_run_that_was_cut_off_goes_on_where_it_stopped(kind: str, tmp_path: Path) -> None:
    statements = backfill(TABLES[kind], rows=103)
    for cut in range(1, len(statements), 2):
        path = str(tmp_path / f"{cut}.db")
        first = connect(path)
        first.execute(TABLES[kind])
        fill(first, 103)
        for statement in statements[:cut]:
            first.execute(statement)
        walked = first.execute("SELECT batch FROM t_filled_backfill").fetchone() if cut < len(statements) - 1 else (0,)
        first.close()
        second = connect(path)
        calls = counted(second)
        for statement in backfill(TABLES[kind], rows=103, expression="seen(a)"):
            second.execute(statement)
        assert second.execute("SELECT count(*) FROM t WHERE filled IS NULL").fetchone() == (0,)
        assert second.execute("SELECT count(*) FROM t WHERE filled = 'v' || a").fetchone() == (82,)
        assert len(calls) <= 82 - 7 * (walked[0] if walked else 0)
        second.close()


def test_another_writer_comes_in_between_two_batches(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    connection, other = connect(path), connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(TABLES["rowid"])
    fill(connection, 103)
    for number, statement in enumerate(backfill(TABLES["rowid"], rows=103)):
        connection.execute(statement)
        other.execute("INSERT INTO t (id, a, filled) VALUES (?, 1, 'new')", (1000 + number,))
        other.execute("UPDATE t SET a = a + 1 WHERE id = 1")
    assert other.execute("SELECT count(*) FROM t WHERE filled IS NULL").fetchone() == (0,)
    connection.close()
    other.close()


def test_a_row_whose_key_holds_null_is_filled_too() -> None:
    connection = connect()
    connection.execute(TABLES["composite"])
    fill(connection, 30)
    connection.execute("INSERT INTO t VALUES (NULL, NULL, NULL), ('x', NULL, NULL)")
    for statement in backfill(TABLES["composite"], rows=30, expression="'w'"):
        connection.execute(statement)
    assert connection.execute("SELECT count(*) FROM t WHERE filled IS NULL").fetchone() == (0,)
    connection.close()


def test_an_empty_table_is_no_obstacle() -> None:
    connection = connect()
    connection.execute(TABLES["rowid"])
    for statement in backfill(TABLES["rowid"], rows=0):
        connection.execute(statement)
    assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (1,)
    connection.close()


def test_a_very_big_table_gets_bigger_batches_rather_than_an_endless_file() -> None:
    statements = backfill(TABLES["rowid"], rows=50_000_000, batch_rows=5_000)
    assert len(statements) < 450
    assert "OFFSET 125000" in statements[3]


@pytest.mark.parametrize(
    ("column", "key", "says"),
    [
        ("nope", ("id",), "no column nope"),
        ("filled", ("nope",), "no column nope"),
        ("filled", (), "no key"),
        ("id", ("id",), "part of the key"),
    ],
)
def test_a_walk_that_is_not_possible_is_refused(column: str, key: tuple[str, ...], says: str) -> None:
    with pytest.raises(CannotSpell, match=says):
        engine("sqlite").spell_backfill(Backfill(T, column, "1", key, 10, 0), None, read(TABLES["rowid"]))


NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: not name.lower().startswith("sqlite_")
)


@given(st.lists(NAMES, min_size=3, max_size=3, unique_by=lambda name: name.casefold()))
@settings(max_examples=50, deadline=None)
def test_no_name_can_escape(names: list[str]) -> None:
    table, key, column = names
    made_by = engine("sqlite")
    q = made_by.quote
    sql = f"CREATE TABLE {q(table)} ({q(key)} INTEGER PRIMARY KEY, {q(column)} TEXT)"
    connection = connect()
    connection.execute(sql)
    connection.executemany(f"INSERT INTO {q(table)} VALUES (?, NULL)", [(number,) for number in range(25)])
    for statement in made_by.spell_backfill(
        Backfill(TableName(table), column, f"{q(key)} || 'x'", (key,), 10, 0), 25, read(sql)
    ):
        assert [one.problem for one in READER.read(statement)] == [""]
        connection.execute(statement)
    assert connection.execute(f"SELECT count(*) FROM {q(table)} WHERE {q(column)} = {q(key)} || 'x'").fetchone() == (
        25,
    )
    assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (1,)
    connection.close()


def test_the_file_read_back_leaves_the_schema_as_it_was() -> None:
    schema = read(TABLES["composite"])
    after, unread = replay(";\n".join(backfill(TABLES["composite"], rows=103)), READER, schema)
    assert not unread
    assert after == schema
