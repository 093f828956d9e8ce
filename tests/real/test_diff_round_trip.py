"""diff_schema: what it finds, planned and run on a real server, arrives; and a live schema says what its file says."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from tests.real.schema_pairs import MARIADB, POSTGRESQL, SQLITE

from domain_agents.dialects import dialect
from domain_agents.migrations.formats import framework
from domain_agents.tools import Job, Settings
from domain_agents.tools._arguments import parse_arguments
from domain_agents.tools.diff_schema import TOOL as DIFF
from domain_agents.tools.plan_migration import TOOL as PLAN
from domain_agents.workspace.introspect_mysql import read_ddl as read_mysql
from domain_agents.workspace.introspect_postgresql import read_ddl as read_postgresql
from domain_agents.workspace.introspection import PREFIX, read_database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.mariadb_server import MariaDB

    from domain_agents.tools import Tool
    from domain_agents.workspace.scratch import PostgresScratch

NOWHERE = Settings(project=None)


def call(tool: Tool, **arguments: Any) -> dict[str, Any]:
    return tool.call(parse_arguments(tool, arguments), NOWHERE, Job()).structured


def changes(engine: str, before: str, after: str) -> list[dict[str, Any]]:
    found = call(DIFF, **{"from": before, "to": after, "engine": engine})
    assert found["unread"] == []
    assert found["not_expressed"] == []
    return list(found["changes"])


def runs(execute: Callable[[Any], object]) -> Callable[[str], None]:
    """A server's `execute` as what runs one statement."""

    def run(sql: str) -> None:
        execute(sql)

    return run


def travel(
    engine: str, version: str, pair: tuple[str, str], run: Callable[[str], None], live: Callable[[], str]
) -> None:
    """From the one to the other on a server, with a look at both ends."""
    before, after = pair
    for statement in dialect(engine).read(before):
        run(statement.sql)
    assert changes(engine, before, live()) == []
    assert changes(engine, live(), before) == []
    planned = call(
        PLAN, changes=changes(engine, live(), after), schema=live(), engine=engine, version=version, framework="raw"
    )
    assert planned["findings"] == []
    for file in planned["files"]:
        for written in framework("raw").read(file["path"], file["content"], engine).statements:
            run(written.sql)
    assert changes(engine, live(), after) == []
    assert changes(engine, after, live()) == []


@pytest.mark.parametrize("name", POSTGRESQL)
def test_postgresql_arrives(name: str, postgres: PostgresScratch) -> None:
    database, _ = postgres.create_database()
    with postgres.connect(database) as connection:
        travel(
            "postgresql",
            postgres.facts.version.partition(".")[0],
            POSTGRESQL[name],
            runs(lambda sql: connection.execute(sql.encode())),
            lambda: read_postgresql(connection),
        )


@pytest.mark.parametrize("name", MARIADB)
def test_mariadb_arrives(name: str, mariadb: MariaDB) -> None:
    database = mariadb.database()
    with mariadb.connect(database.name) as connection:

        def run(sql: str) -> None:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                while cursor.nextset():
                    pass

        travel("mariadb", "10.11", MARIADB[name], run, lambda: read_mysql(connection, database.name))


@pytest.mark.parametrize("name", SQLITE)
def test_sqlite_arrives(name: str, tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        travel(
            "sqlite",
            "3.40",
            SQLITE[name],
            runs(connection.execute),
            lambda: read_database("live", "sqlite", {f"{PREFIX}LIVE": f"sqlite:///{path}"}),
        )
    finally:
        connection.close()
