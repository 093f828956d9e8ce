"""What a design promises beyond its tables holds on the servers: tenants apart, history kept, hidden rows out of the way."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from domain_agents.engines import engine
from domain_agents.schemas.design import design
from domain_agents.schemas.spec import read_spec
from domain_agents.schemas.writing import write_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.mariadb_server import MariaDB

    from domain_agents.workspace.scratch import PostgresScratch

EXAMPLES = Path(__file__).parents[2] / "examples" / "schemas"
NOTES: dict[str, Any] = {
    "name": "notes",
    "settings": {"audit": "history_table"},
    "entities": [
        {
            "name": "Note",
            "lifecycle": "soft_delete",
            "attributes": [{"name": "slug", "kind": "slug", "unique": "yes"}, {"name": "body", "kind": "text"}],
        }
    ],
}


def sql_of(spec: dict[str, Any], name: str, version: str = "") -> str:
    return write_sql(design(read_spec(spec), engine(name, version)))


@pytest.fixture(scope="module")
def billing(postgres: PostgresScratch) -> Iterator[tuple[PostgresScratch, str, str]]:
    """The billing example with two organisations, and a role that may not go around row-level security."""
    database, role = postgres.create_database()
    spec = json.loads((EXAMPLES / "billing.json").read_text(encoding="utf-8"))
    with postgres.connect(database) as owner:
        owner.execute(sql_of(spec, "postgresql", "18"))
        owner.execute("INSERT INTO organizations (name, slug, country) VALUES ('A', 'a', 'DE'), ('B', 'b', 'FR')")
        owner.execute(
            "INSERT INTO users (organization_id, email, full_name) SELECT id, 'Ada@example.org', 'Ada' FROM organizations"
        )
        owner.execute(f'GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO "{role}"')
    yield postgres, database, role
    postgres.drop_database(database)


def test_a_tenant_sees_and_writes_its_own_rows_only(billing: tuple[PostgresScratch, str, str]) -> None:
    import psycopg

    postgres, database, role = billing
    with postgres.connect(database) as owner:
        mine, other = [row[0] for row in owner.execute("SELECT id FROM organizations ORDER BY slug").fetchall()]
    with postgres.connect(database, role) as application:
        assert application.execute("SELECT count(*) FROM users").fetchone() == (0,)
        application.execute(f"SET app.tenant_id = '{mine}'")
        assert application.execute("SELECT count(*), min(organization_id::text) FROM users").fetchone() == (
            1,
            str(mine),
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute(
                f"INSERT INTO users (organization_id, email, full_name) VALUES ('{other}', 'x@example.org', 'X')"
            )


def test_no_row_points_to_another_tenants(billing: tuple[PostgresScratch, str, str]) -> None:
    import psycopg

    postgres, database, _ = billing
    with postgres.connect(database) as owner:
        mine, other = [row[0] for row in owner.execute("SELECT id FROM organizations ORDER BY slug").fetchall()]
        owner.execute("INSERT INTO plans (code, name, monthly_price, currency) VALUES ('s', 'Small', 9, 'EUR')")
        owner.execute(
            f"INSERT INTO subscriptions (organization_id, plan_id, current_period_start, current_period_end) "
            f"SELECT '{mine}', id, now(), now() + interval '1 month' FROM plans"
        )
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            owner.execute(
                f"INSERT INTO invoices (organization_id, subscription_id, number, total, currency) "
                f"SELECT '{other}', id, '1', 9, 'EUR' FROM subscriptions"
            )
        owner.execute(
            f"INSERT INTO invoices (organization_id, subscription_id, number, total, currency) "
            f"SELECT '{mine}', id, '1', 9, 'EUR' FROM subscriptions"
        )
        owner.execute("DELETE FROM subscriptions")
        kept = owner.execute("SELECT organization_id, subscription_id FROM invoices").fetchone()
        assert kept == (mine, None)


def test_postgresql_keeps_the_history_and_lets_a_hidden_rows_name_be_used_again(postgres: PostgresScratch) -> None:
    import psycopg

    database, _ = postgres.create_database()
    with postgres.connect(database) as connection:
        connection.execute(sql_of(NOTES, "postgresql", "18"))
        connection.execute("SET app.actor = 'ada'")
        connection.execute("INSERT INTO notes (slug, body) VALUES ('a', 'one')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO notes (slug, body) VALUES ('a', 'two')")
        connection.execute("UPDATE notes SET deleted_at = now()")
        connection.execute("INSERT INTO notes (slug, body) VALUES ('a', 'two')")
        moved = connection.execute("SELECT updated_at > created_at FROM notes WHERE deleted_at IS NOT NULL").fetchone()
        assert moved == (True,)
        log = connection.execute(
            "SELECT operation, changed_by, new_row ->> 'body' FROM change_log ORDER BY id"
        ).fetchall()
        assert log == [("insert", "ada", "one"), ("update", "ada", "one"), ("insert", "ada", "two")]
    postgres.drop_database(database)


def test_mariadb_keeps_the_history_and_lets_a_hidden_rows_name_be_used_again(mariadb: MariaDB) -> None:
    import pymysql

    database = mariadb.database()
    assert database.run_file(sql_of(NOTES, "mariadb", "10.11")) == ""
    database.run("INSERT INTO notes (slug, body) VALUES ('a', 'one')")
    with pytest.raises(pymysql.err.IntegrityError):
        database.run("INSERT INTO notes (slug, body) VALUES ('A', 'two')")
    database.run(
        "UPDATE notes SET deleted_at = now(6)",
        "INSERT INTO notes (slug, body) VALUES ('a', 'two')",
        "UPDATE notes SET deleted_at = now(6)",
    )
    log = database.rows("SELECT operation, json_value(new_row, '$.body') FROM change_log ORDER BY id")
    assert log == [("insert", "one"), ("update", "one"), ("insert", "two"), ("update", "one"), ("update", "two")]


def test_sqlite_keeps_the_history_once_and_lets_a_hidden_rows_name_be_used_again() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(sql_of(NOTES, "sqlite", "3.40"))
    connection.execute("INSERT INTO notes (slug, body, updated_at) VALUES ('a', 'one', '2026-01-01T00:00:00.000Z')")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO notes (slug, body) VALUES ('a', 'two')")
    connection.execute("UPDATE notes SET deleted_at = '2026-01-02T00:00:00.000Z'")
    connection.execute("INSERT INTO notes (slug, body) VALUES ('a', 'two')")
    (touched,) = connection.execute("SELECT updated_at FROM notes WHERE deleted_at IS NOT NULL").fetchone()
    assert touched > "2026-01-01T00:00:00.000Z"
    log = connection.execute("SELECT operation, new_row ->> '$.body' FROM change_log ORDER BY id").fetchall()
    assert log == [("insert", "one"), ("update", "one"), ("insert", "two")]
    connection.close()


def test_months_are_made_ahead_and_old_ones_dropped_whole(postgres: PostgresScratch) -> None:
    database, _ = postgres.create_database()
    spec = json.loads((EXAMPLES / "telemetry.json").read_text(encoding="utf-8"))
    parts = "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = 'readings'::regclass"
    with postgres.connect(database) as connection:
        connection.execute(sql_of(spec, "postgresql", "18"))
        made = {row[0] for row in connection.execute(parts).fetchall()}
        assert len(made) == 5
        connection.execute("SELECT readings_add_partitions(4)")
        assert len(connection.execute(parts).fetchall()) == 6
        connection.execute(
            "CREATE TABLE readings_2020_01 PARTITION OF readings FOR VALUES FROM ('2020-01-01') TO ('2020-02-01')"
        )
        connection.execute("SELECT readings_drop_partitions()")
        left = {row[0] for row in connection.execute(parts).fetchall()}
        assert "readings_2020_01" not in left
        assert made < left
    postgres.drop_database(database)
