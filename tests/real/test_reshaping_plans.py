"""A column split, merged or moved, proved: the old application writes the old shape and the new one the new, side by side."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from domain_agents.tools import Job, Settings
from domain_agents.tools._proving import prove
from domain_agents.tools.prove_migration import ProveMigration, _prepared

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain_agents.workspace.scratch import PostgresScratch

ROWS = 20_000
SCHEMA = """
CREATE TABLE people (id integer PRIMARY KEY, "full name" varchar(100) NOT NULL, a text, b text NOT NULL DEFAULT 'x');
CREATE INDEX people_name ON people ("full name");
CREATE TABLE profiles (person integer PRIMARY KEY REFERENCES people (id), motto text);
"""
POSITION = {"postgresql": "strpos", "sqlite": "instr"}
BACK = "first || coalesce(' ' || \"last\", '')"
BOTH_APPLICATIONS = {"applies", "data_kept", "old_app_works", "new_app_works", "converges"}
both_engines = pytest.mark.parametrize("engine", ["postgresql", "sqlite"])


def split(engine: str) -> dict[str, Any]:
    at = f"{POSITION[engine]}(\"full name\" || ' ', ' ')"
    return {
        "kind": "split_column",
        "table": "people",
        "column": "full name",
        "parts": [
            {"name": "first", "type": "text", "nullable": False, "expression": f'substr("full name", 1, {at} - 1)'},
            {"name": "last", "type": "text", "expression": f"nullif(substr(\"full name\", {at} + 1), '')"},
        ],
        "expression": BACK,
    }


def merge(engine: str) -> dict[str, Any]:
    at = f"{POSITION[engine]}(ab || '/', '/')"
    return {
        "kind": "merge_columns",
        "table": "people",
        "column": "ab",
        "type": "text",
        "expression": "coalesce(a, '') || '/' || b",
        "parts": [
            {"name": "a", "expression": f"nullif(substr(ab, 1, {at} - 1), '')"},
            {"name": "b", "expression": f"substr(ab, {at} + 1)"},
        ],
    }


def request_for(engine: str, change: dict[str, Any]) -> Any:
    rows = {"people": ROWS, "profiles": ROWS}
    given = {"engine": engine, "schema": SCHEMA, "changes": [change], "rows": rows}
    given["tables"] = {name: {"rows": count} for name, count in rows.items()}
    return _prepared(ProveMigration.model_validate(given), Settings(project=None), Job()).request


@both_engines
@pytest.mark.parametrize("change", [split, merge])
def test_columns_change_their_shape_while_both_applications_write(
    request: pytest.FixtureRequest, engine: str, change: Callable[[str], dict[str, Any]]
) -> None:
    scratch = request.getfixturevalue("postgres") if engine == "postgresql" else None
    told = prove(request_for(engine, change(engine)), Job(), scratch=scratch, seconds=300).as_json()
    assert told["verdict"] == "proved", told["reasons"]
    worked = {name for name, check in told["checks"].items() if check["result"] == "ok"}
    assert worked >= BOTH_APPLICATIONS | {"rerun", "crash_resume"}, told["checks"]
    assert all(statement["agrees"] for statement in told["statements"])


MOVE = {
    "kind": "move_column", "table": "people", "column": "a", "to": "profiles", "new_name": "motto2", "type": "text",
    "columns": ["id"], "to_columns": ["person"],
}  # fmt: skip


@both_engines
def test_a_column_moves_to_another_table_while_both_applications_write(
    request: pytest.FixtureRequest, engine: str
) -> None:
    scratch = request.getfixturevalue("postgres") if engine == "postgresql" else None
    told = prove(request_for(engine, MOVE), Job(), scratch=scratch, seconds=300).as_json()
    assert told["verdict"] == "proved", told["reasons"]
    worked = {name for name, check in told["checks"].items() if check["result"] == "ok"}
    assert worked >= BOTH_APPLICATIONS, told["checks"]


MOVING = (
    ("INSERT INTO people (id, \"full name\", a) VALUES (3, 'x', 'old first')", 3, ("old first", None)),
    ("INSERT INTO profiles (person) VALUES (3)", 3, ("old first", "old first")),
    ("UPDATE people SET a = 'by old' WHERE id = 3", 3, ("by old", "by old")),
    ("UPDATE profiles SET motto2 = 'by new' WHERE person = 3", 3, ("by new", "by new")),
    ("UPDATE profiles SET motto2 = NULL WHERE person = 3", 3, (None, None)),
    ("UPDATE people SET b = 'y' WHERE id = 1", 1, ("before", "before")),
    ("UPDATE profiles SET motto = 'y' WHERE person = 1", 1, ("before", "before")),
)


def moving(engine: str, execute: Callable[[str], Any]) -> None:
    request = request_for(engine, MOVE)
    for sql in SCHEMA.split(";\n"):
        execute(sql)
    execute("INSERT INTO people (id, \"full name\", a) VALUES (1, 'x', 'before')")
    execute("INSERT INTO profiles (person) VALUES (1)")
    for file in request.files[: request.new_application_from]:
        for one in file.statements:
            execute(one.sql)
    for sql, key, expected in MOVING:
        execute(sql)
        both = f"SELECT a, motto2 FROM people LEFT JOIN profiles ON person = id WHERE id = {key}"
        assert execute(both).fetchone() == expected, sql


def test_a_moving_column_is_the_same_in_both_tables_on_postgresql(postgres: PostgresScratch) -> None:
    database, role = postgres.create_database()
    with postgres.connect(database) as connection:
        moving("postgresql", connection.execute)
    postgres.drop_database(database)
    postgres.drop_role(role)


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_a_moving_column_is_the_same_in_both_tables_on_sqlite(recursive: str) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(f"PRAGMA recursive_triggers = {recursive}")
    moving("sqlite", connection.execute)
    connection.close()


INSERT = "INSERT INTO people (id, {names}) VALUES ({id}, {values})"
TWO_VERSIONS = (
    # Who writes, and what both sides hold then.
    (INSERT.format(names='"full name"', id=10, values="'Ada  King Lovelace'"), 10, ("Ada  King Lovelace", "Ada", " King Lovelace")),
    (INSERT.format(names='first, "last"', id=11, values="'Mary Ann', 'Evans'"), 11, ("Mary Ann Evans", "Mary Ann", "Evans")),
    # What does not touch the name leaves both sides alone, though the name would be split in another way today.
    ("UPDATE people SET a = 'seen' WHERE id = 11", 11, ("Mary Ann Evans", "Mary Ann", "Evans")),
    ("UPDATE people SET \"full name\" = 'George Eliot' WHERE id = 11", 11, ("George Eliot", "George", "Eliot")),
    ("UPDATE people SET \"last\" = 'Byron' WHERE id = 10", 10, ("Ada Byron", "Ada", "Byron")),
    ("UPDATE people SET \"last\" = NULL WHERE id = 10", 10, ("Ada", "Ada", None)),
    ("UPDATE people SET \"full name\" = 'Plato' WHERE id = 11", 11, ("Plato", "Plato", None)),
)  # fmt: skip


def two_versions(engine: str, execute: Callable[[str], Any]) -> None:
    request = request_for(engine, split(engine))
    for sql in SCHEMA.split(";\n"):
        execute(sql)
    execute("INSERT INTO people (id, \"full name\") VALUES (1, 'Grace Hopper'), (2, 'Aristotle')")
    for file in request.files[: request.new_application_from]:
        for one in file.statements:
            execute(one.sql)
    filled = execute('SELECT first, "last" FROM people ORDER BY id').fetchall()
    assert filled == [("Grace", "Hopper"), ("Aristotle", None)]
    for sql, key, expected in TWO_VERSIONS:
        execute(sql)
        found = execute(f'SELECT "full name", first, "last" FROM people WHERE id = {key}').fetchone()
        assert found == expected, sql


def test_either_application_reads_what_the_other_wrote_on_postgresql(postgres: PostgresScratch) -> None:
    database, role = postgres.create_database()
    with postgres.connect(database) as connection:
        two_versions("postgresql", connection.execute)
    postgres.drop_database(database)
    postgres.drop_role(role)


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_either_application_reads_what_the_other_wrote_on_sqlite(recursive: str) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(f"PRAGMA recursive_triggers = {recursive}")
    two_versions("sqlite", connection.execute)
    connection.close()
