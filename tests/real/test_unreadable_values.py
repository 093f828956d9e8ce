"""text becomes a timestamp, json or integer while rows hold what is none: listed, kept, and nobody's write refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from domain_agents.tools import Job, Settings
from domain_agents.tools._proving import prove
from domain_agents.tools.plan_migration import PlanMigration, planned
from domain_agents.tools.prove_migration import ProveMigration, _prepared

if TYPE_CHECKING:
    from domain_agents.workspace.scratch import PostgresScratch

ROWS = 20_000
BAD_ROWS = ROWS // 100
SCHEMA = """CREATE TABLE events (id bigint PRIMARY KEY, value text, note text);
CREATE VIEW seen AS SELECT id, value FROM events"""
KINDS = {
    "timestamptz": ("'2026-01-01T00:00:00Z'", "'yesterday-ish ' || n"),
    "jsonb": ("""'{"n": ' || n || '}'""", "'{broken ' || n"),
    "integer": ("n::text", "'n/a ' || n"),
}


def given(type_: str) -> dict[str, Any]:
    change = {"kind": "change_type", "table": "events", "column": "value", "type": type_, "quarantine": "unreadable"}
    return {"engine": "postgresql", "schema": SCHEMA, "changes": [change], "tables": {"events": {"rows": ROWS}}}


@pytest.mark.parametrize("type_", KINDS)
def test_what_cannot_be_converted_is_listed_and_kept(postgres: PostgresScratch, type_: str) -> None:
    good, bad = KINDS[type_]
    made = planned(PlanMigration.model_validate(given(type_)), Settings(project=None), Job())
    assert made.findings == ()
    request = _prepared(ProveMigration.model_validate(given(type_)), Settings(project=None), Job()).request
    deploy = request.new_application_from or 0
    [listing] = [query for one in made.plan.migrations for query in one.validations if "ORDER BY" in query.sql]
    database, role = postgres.create_database()
    with postgres.connect(database) as connection:
        for sql in SCHEMA.split(";"):
            connection.execute(sql)
        value = f"CASE WHEN n % 100 = 0 THEN {bad} ELSE {good} END"
        connection.execute(f"INSERT INTO events SELECT n, {value} FROM generate_series(1, {ROWS}) n")
        for file in request.files[:deploy]:
            for one in file.statements:
                connection.execute(one.sql)
        listed = connection.execute(listing.sql).fetchall()
        assert len(listed) == BAD_ROWS
        # The old application goes on writing what is none, and repairs one.
        connection.execute(f"INSERT INTO events SELECT n, {bad} FROM generate_series({ROWS + 1}, {ROWS + 1}) n")
        connection.execute(
            f"UPDATE events SET value = {good.replace('n::', 'id::').replace('|| n', '|| id')} WHERE id = 100"
        )
        swap, *others = request.files[deploy:]
        with connection.transaction():
            for one in swap.statements:
                connection.execute(one.sql)
        # The new application writes another column of a row whose value is unreadable, and repairs one.
        connection.execute("UPDATE events SET note = 'looked at' WHERE id = 200")
        connection.execute("UPDATE events SET value = (SELECT value FROM events WHERE id = 1) WHERE id = 300")
        for file in others:
            with connection.transaction():
                for one in file.statements:
                    connection.execute(one.sql)
        before = {key: text for key, text in listed if key not in (100, 300)}
        rows = connection.execute("SELECT id, value FROM unreadable").fetchall()
        kept: dict[object, object] = {row[0]: row[1] for row in rows}
        added = kept.pop(ROWS + 1)
        assert kept == before
        assert added
        assert connection.execute("SELECT count(value), count(*) FROM events").fetchone() == (
            ROWS - len(before),
            ROWS + 1,
        )
    postgres.drop_database(database)
    postgres.drop_role(role)


def test_the_plan_with_a_quarantine_is_proved(postgres: PostgresScratch) -> None:
    arguments = {**given("varchar(20)"), "rows": {"events": ROWS}}
    request = _prepared(ProveMigration.model_validate(arguments), Settings(project=None), Job()).request
    told = prove(request, Job(), scratch=postgres, seconds=300).as_json()
    assert told["verdict"] == "proved", told["reasons"]
    assert all(statement["agrees"] for statement in told["statements"])
