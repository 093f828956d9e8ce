"""Every rule's examples on a real server: both are SQL that it takes, unless the refusal itself is the harm."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import psycopg
import pytest

from domain_agents.dialects import dialect
from domain_agents.migrations.rules import rule, rule_names

if TYPE_CHECKING:
    from domain_agents.workspace.scratch import PostgresScratch

REFUSED = {"concurrently_in_transaction", "required_column_without_default", "refused_column"}
"""Where the bad example's harm is that the server takes it not, or not on a table with rows."""
ON_POSTGRESQL = [name for name in rule_names() if rule(name).example_engine == "postgresql"]
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
    with pytest.raises((psycopg.errors.NotNullViolation, psycopg.errors.ActiveSqlTransaction)):
        run(postgres, one.given, rows, one.bad)


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
