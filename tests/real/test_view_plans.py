"""Plans for views, proved: made, replaced with what reads them, refreshed while they are read, dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from domain_agents.tools import Job, Settings, ToolError
from domain_agents.tools._proving import prove
from domain_agents.tools.plan_migration import PlanMigration, planned
from domain_agents.tools.prove_migration import ProveMigration, _prepared

if TYPE_CHECKING:
    from domain_agents.workspace.scratch import PostgresScratch

ROWS = 20_000
SCHEMA = """
CREATE TABLE "Users" (id bigint PRIMARY KEY, email text, country varchar(10));
CREATE VIEW "e mails" AS SELECT id, email FROM "Users";
CREATE VIEW firms AS SELECT email FROM "e mails" WHERE email LIKE '%@firm';
"""
SUMS = """
CREATE MATERIALIZED VIEW sums AS SELECT country, count(*) AS users FROM "Users" GROUP BY country;
CREATE UNIQUE INDEX sums_country ON sums (country);
"""
VIEW_CHANGES = [
    {"kind": "create_view", "name": "countries", "query": 'SELECT DISTINCT country FROM "Users"'},
    {"kind": "replace_view", "name": "e mails", "query": 'SELECT id, email, country FROM "Users"'},
    {"kind": "drop_view", "name": "firms"},
]
both_engines = pytest.mark.parametrize("engine", ["postgresql", "sqlite"])


def request_for(engine: str, change: dict[str, Any], schema: str = SCHEMA) -> Any:
    given = {"engine": engine, "schema": schema, "changes": [change], "rows": {"Users": ROWS}}
    given["tables"] = {"Users": {"rows": ROWS}}
    return _prepared(ProveMigration.model_validate(given), Settings(project=None), Job()).request


def proved(request: pytest.FixtureRequest, engine: str, change: dict[str, Any], schema: str = SCHEMA) -> dict[str, Any]:
    scratch = request.getfixturevalue("postgres") if engine == "postgresql" else None
    told = prove(request_for(engine, change, schema), Job(), scratch=scratch, seconds=300).as_json()
    assert told["verdict"] == "proved", told["reasons"]
    worked = {name for name, check in told["checks"].items() if check["result"] == "ok"}
    assert worked >= {"applies", "data_kept", "converges"}, told["checks"]
    assert all(statement["agrees"] for statement in told["statements"])
    return told


@both_engines
@pytest.mark.parametrize("change", VIEW_CHANGES, ids=lambda change: change["kind"])
def test_views_change_under_a_running_application(
    request: pytest.FixtureRequest, engine: str, change: dict[str, Any]
) -> None:
    proved(request, engine, change)


def test_a_view_whose_columns_change_takes_what_reads_it_along(
    request: pytest.FixtureRequest, postgres: PostgresScratch
) -> None:
    change = {
        "kind": "replace_view",
        "name": "e mails",
        "query": 'SELECT lower(email) AS email FROM "Users"',
        "columns_change": True,
    }
    proved(request, "postgresql", change)
    database, role = postgres.create_database()
    with postgres.connect(database) as connection:
        for sql in SCHEMA.split(";\n"):
            connection.execute(sql)
        connection.execute('GRANT SELECT ON "e mails", firms TO PUBLIC')
        connection.execute("""INSERT INTO "Users" VALUES (1, 'A@Firm')""")
        with connection.transaction():
            for file in request_for("postgresql", change).files:
                for one in file.statements:
                    connection.execute(one.sql)
        assert connection.execute("SELECT email FROM firms").fetchall() == [("a@firm",)]
        for view in ('"e mails"', "firms"):
            asked = f"SELECT has_table_privilege('public', '{view}', 'SELECT')"
            assert connection.execute(asked).fetchone() == (True,)
    postgres.drop_database(database)
    postgres.drop_role(role)


def test_a_materialized_view_is_made_and_refreshed_while_it_is_read(request: pytest.FixtureRequest) -> None:
    made = {
        "kind": "create_materialized_view",
        "name": "mails",
        "query": 'SELECT id, email FROM "Users"',
        "unique": ["id"],
    }
    proved(request, "postgresql", made)
    told = proved(request, "postgresql", {"kind": "refresh_view", "name": "sums"}, SCHEMA + SUMS)
    assert any("CONCURRENTLY" in statement["sql"] for statement in told["statements"])


def test_a_refresh_that_would_stop_its_readers_is_refused() -> None:
    schema = SCHEMA + SUMS.replace("UNIQUE ", "")
    given = {"engine": "postgresql", "schema": schema, "changes": [{"kind": "refresh_view", "name": "sums"}]}
    with pytest.raises(ToolError, match=r"no unique index on plain columns.*Way out: create_index"):
        planned(PlanMigration.model_validate(given), Settings(project=None), Job())
