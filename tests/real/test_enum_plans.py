"""Plans for enum types, proved: a value comes, goes and is renamed while two versions of an application are alive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from domain_agents.tools import Job, Settings
from domain_agents.tools._proving import prove
from domain_agents.tools.prove_migration import ProveMigration, _prepared

if TYPE_CHECKING:
    from domain_agents.workspace.scratch import PostgresScratch

ROWS = 20_000
SCHEMA = """
CREATE SCHEMA app;
CREATE TYPE app."State" AS ENUM ('open', 'paid', 'it''s late', 'legacy');
CREATE TABLE orders (
    id bigint PRIMARY KEY, state app."State" NOT NULL DEFAULT 'legacy', note text,
    CONSTRAINT noted CHECK (state <> 'paid' OR note <> '')
);
CREATE TABLE refunds (id bigint PRIMARY KEY, "select" app."State", seen app."State"[]);
CREATE INDEX orders_state ON orders (state, id);
CREATE INDEX orders_open ON orders (id) WHERE state = 'open';
CREATE VIEW states AS SELECT id, state FROM orders;
CREATE VIEW paid AS SELECT id FROM states WHERE state = 'paid';
"""
REMOVE = {"kind": "remove_enum_value", "name": "app.State", "value": "legacy", "replacement": "it's late"}
BOTH_APPLICATIONS = {"applies", "data_kept", "old_app_works", "new_app_works", "converges"}


def prepared(**arguments: Any) -> Any:
    given = {"engine": "postgresql", "schema": SCHEMA, "rows": {"orders": ROWS, "refunds": ROWS}, **arguments}
    given.setdefault("tables", {name: {"rows": ROWS} for name in ("orders", "refunds")})
    return _prepared(ProveMigration.model_validate(given), Settings(project=None), Job()).request


def proved(postgres: PostgresScratch, **arguments: Any) -> dict[str, Any]:
    """The plan, rendered and run on the scratch server: the proof as a client sees it."""
    told = prove(prepared(**arguments), Job(), scratch=postgres, seconds=300).as_json()
    assert told["verdict"] == "proved", told["reasons"]
    assert {name for name, check in told["checks"].items() if check["result"] == "ok"} >= BOTH_APPLICATIONS, told
    return told


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "create_enum", "name": "mood", "values": ["ok", "it's fine", "back\\slash"]},
        {"kind": "add_enum_value", "name": "app.State", "value": "refunded", "after": "paid"},
    ],
    ids=lambda change: change["kind"],
)
def test_an_enum_type_changes_under_a_running_application(postgres: PostgresScratch, change: dict[str, Any]) -> None:
    told = proved(postgres, changes=[change])
    assert all(statement["agrees"] for statement in told["statements"])


def test_a_value_in_use_goes_while_both_applications_write(postgres: PostgresScratch) -> None:
    told = proved(postgres, changes=[REMOVE])
    assert all(statement["agrees"] for statement in told["statements"])
    assert not any(statement["rewrote"] for statement in told["statements"])


def run(connection: Any, request: Any) -> None:
    for file in request.files:
        for one in file.statements:
            connection.execute(one.sql)


def test_rows_defaults_checks_and_views_follow_the_new_name_of_a_value(postgres: PostgresScratch) -> None:
    database, role = postgres.create_database()
    change = {"kind": "rename_enum_value", "name": "app.State", "value": "paid", "new_value": "it's paid"}
    with postgres.connect(database) as connection:
        for sql in SCHEMA.split(";\n"):
            connection.execute(sql)
        connection.execute("INSERT INTO orders VALUES (1, 'paid', 'by card')")
        run(connection, prepared(changes=[change]))
        assert connection.execute("SELECT state::text FROM states").fetchall() == [("it's paid",)]
        assert connection.execute("SELECT id FROM paid").fetchall() == [(1,)]
        [(check,)] = connection.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'noted'")
        assert "it''s paid" in str(check)
    postgres.drop_database(database)
    postgres.drop_role(role)


def test_old_and_new_application_see_the_replacement_and_privileges_stay(postgres: PostgresScratch) -> None:
    database, role = postgres.create_database()
    request = prepared(changes=[REMOVE])
    with postgres.connect(database) as connection:
        for sql in SCHEMA.split(";\n"):
            connection.execute(sql)
        connection.execute("GRANT SELECT ON states TO PUBLIC")
        connection.execute("""INSERT INTO refunds VALUES (1, 'legacy', '{legacy,open}')""")
        before = request.files[: request.new_application_from]
        for file in before:
            for one in file.statements:
                connection.execute(one.sql)
        # The old application goes on writing the value that goes.
        connection.execute("INSERT INTO orders (id) VALUES (1), (2)")
        connection.execute("UPDATE orders SET state = 'legacy' WHERE id = 2")
        swap = request.files[len(before)]
        with connection.transaction():
            for one in swap.statements:
                connection.execute(one.sql)
        assert connection.execute("SELECT DISTINCT state::text FROM states").fetchall() == [("it's late",)]
        assert connection.execute('SELECT "select"::text, seen::text[] FROM refunds').fetchall() == [
            ("it's late", ["it's late", "open"])
        ]
        connection.execute("INSERT INTO orders (id) VALUES (3)")
        # Until the old column goes, it holds what was there, and what is written since.
        kept = connection.execute("SELECT state_old::text FROM orders ORDER BY id").fetchall()
        assert kept == [("legacy",), ("legacy",), ("it's late",)]
        assert connection.execute("SELECT has_table_privilege('public', 'states', 'SELECT')").fetchone() == (True,)
    postgres.drop_database(database)
    postgres.drop_role(role)
