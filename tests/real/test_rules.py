"""Every rule's examples on a real server: both are SQL that it takes, unless the refusal itself is the harm."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import psycopg
import pymysql
import pytest
from tests.unit.lint_cases import SAFE, TABLES

from domain_agents.dialects import dialect
from domain_agents.migrations.rules import rule, rule_names

if TYPE_CHECKING:
    from tests.real.mariadb_server import MariaDB

    from domain_agents.workspace.scratch import PostgresScratch

REFUSED = {
    "concurrently_in_transaction", "required_column_without_default", "refused_column", "enum_value_used_in_transaction",
    "concurrently_on_partitions", "column_shown_by_view", "refused_algorithm",
}  # fmt: skip
"""Where the bad example's harm is that the server takes it not, or not on a table with rows."""
ON_POSTGRESQL = [name for name in rule_names() if rule(name).example_engine == "postgresql"]
ON_MYSQL = [name for name in rule_names() if rule(name).example_engine == "mysql"]
ON_SQLITE = [name for name in rule_names() if rule(name).example_engine == "sqlite"]


def run(scratch: PostgresScratch, *texts: str) -> None:
    """Each statement by itself, as psql sends them."""
    database, role = scratch.create_database()
    try:
        with scratch.connect(database, role) as connection:
            connection.autocommit = True
            for text in texts:
                for statement in dialect("postgresql").read(text):
                    connection.execute(statement.sql.encode())
    finally:
        scratch.drop_database(database)


@pytest.mark.parametrize("name", ON_POSTGRESQL)
def test_what_is_written_instead_runs_on_postgresql(name: str, postgres: PostgresScratch) -> None:
    run(postgres, rule(name).given, rule(name).good)


@pytest.mark.parametrize("name", ON_POSTGRESQL)
def test_what_hurts_is_what_postgresql_would_run(name: str, postgres: PostgresScratch) -> None:
    one = rule(name)
    if name not in REFUSED:
        run(postgres, one.given, one.bad)
        return
    rows = "INSERT INTO users VALUES (1);" if name == "required_column_without_default" else ""
    with pytest.raises(psycopg.Error) as refusal:
        run(postgres, one.given, rows, one.bad)
    assert refusal.value.sqlstate in {"23502", "25001", "55P04", "0A000"}


@pytest.mark.parametrize("name", ON_SQLITE)
def test_the_examples_for_sqlite_do_on_sqlite_what_the_rule_says(name: str) -> None:
    one = rule(name)
    sqlite3.connect(":memory:", isolation_level=None).executescript(one.given + one.good)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    if name in REFUSED:
        with pytest.raises(sqlite3.OperationalError):
            connection.executescript(one.given + one.bad)
    else:
        connection.executescript(one.given + one.bad)
    connection.close()


def run_on_mariadb(server: MariaDB, *texts: str) -> None:
    database = server.database()
    for text in texts:
        database.run(*(statement.sql for statement in dialect("mariadb").read(text)))


@pytest.mark.parametrize("name", ON_MYSQL)
def test_the_examples_for_mysql_do_on_mariadb_what_the_rule_says(name: str, mariadb: MariaDB) -> None:
    one = rule(name)
    run_on_mariadb(mariadb, one.given, one.good)
    if name not in REFUSED:
        run_on_mariadb(mariadb, one.given, one.bad)
        return
    with pytest.raises(pymysql.err.OperationalError, match="1846"):
        run_on_mariadb(mariadb, one.given, one.bad)


def test_an_alter_of_a_domain_locks_its_tables_as_the_rule_says(postgres: PostgresScratch) -> None:
    one = rule("scanning_domain")
    database, role = postgres.create_database()
    try:
        with postgres.connect(database, role) as connection:
            connection.autocommit = True
            connection.execute(one.given.encode())
            connection.execute(b"BEGIN")
            connection.execute(one.bad.encode())
            modes = connection.execute(b"SELECT mode FROM pg_locks WHERE relation = 'users'::regclass").fetchall()
            connection.execute(b"ROLLBACK")
    finally:
        postgres.drop_database(database)
    assert ("ShareLock",) in modes


@pytest.mark.parametrize("sql", [sql for name, sql in SAFE if name == "postgresql"])
def test_what_raises_no_alarm_runs_on_postgresql(sql: str, postgres: PostgresScratch) -> None:
    run(postgres, TABLES, sql)


@pytest.mark.parametrize("sql", [sql for name, sql in SAFE if name == "mariadb"])
def test_what_raises_no_alarm_runs_on_mariadb(sql: str, mariadb: MariaDB) -> None:
    run_on_mariadb(mariadb, TABLES, sql)


@pytest.mark.parametrize("sql", [sql for name, sql in SAFE if name == "sqlite"])
def test_what_raises_no_alarm_runs_on_sqlite(sql: str) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(TABLES + sql)
    connection.close()
