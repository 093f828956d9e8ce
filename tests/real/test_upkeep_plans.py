"""Plans that change no schema, proved: backfills, indexes built anew, space given back, SQL written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from domain_agents.tools import Job, Settings, ToolError
from domain_agents.tools._proving import prove
from domain_agents.tools.plan_migration import PlanMigration, planned
from domain_agents.tools.prove_migration import ProveMigration, _prepared

ROWS = 20_000
SCHEMA = """
CREATE TABLE countries (code varchar(20) PRIMARY KEY, name text NOT NULL);
CREATE TABLE "Users" (
    id integer PRIMARY KEY, email text NOT NULL, folded text, land text, country varchar(20) REFERENCES countries (code)
);
CREATE INDEX users_email ON "Users" (email);
"""
FROM_ROW = {"kind": "backfill", "table": "Users", "column": "folded", "expression": "lower(email)"}
FROM_TABLE = {
    "kind": "backfill",
    "table": "Users",
    "column": "land",
    "expression": '(SELECT c.name FROM countries c WHERE c.code = "Users".country)',
    "may_stay_null": True,
}
UPKEEP = [
    {"kind": "reindex", "table": "Users", "name": "users_email"},
    {"kind": "reindex", "table": "Users"},
    {"kind": "reclaim_space", "table": "Users"},
    {"kind": "raw_sql", "query": "DELETE FROM countries WHERE code = 'none'", "why": "no such country", "undo": "none"},
]
both_engines = pytest.mark.parametrize("engine", ["postgresql", "sqlite"])


def proved(request: pytest.FixtureRequest, engine: str, change: dict[str, Any]) -> dict[str, Any]:
    rows = {"Users": ROWS, "countries": 200}
    given = {"engine": engine, "schema": SCHEMA, "changes": [change], "rows": rows}
    given["tables"] = {name: {"rows": count} for name, count in rows.items()}
    prepared = _prepared(ProveMigration.model_validate(given), Settings(project=None), Job())
    scratch = request.getfixturevalue("postgres") if engine == "postgresql" else None
    told = prove(prepared.request, Job(), scratch=scratch, seconds=300).as_json()
    assert told["verdict"] == "proved", told["reasons"]
    assert all(statement["agrees"] for statement in told["statements"])
    return told


@both_engines
@pytest.mark.parametrize("change", [FROM_ROW, FROM_TABLE], ids=["row", "table"])
def test_a_column_is_filled_under_a_running_application(
    request: pytest.FixtureRequest, engine: str, change: dict[str, Any]
) -> None:
    told = proved(request, engine, change)
    assert told["checks"]["rerun"]["result"] == "ok"


@pytest.mark.parametrize("change", UPKEEP, ids=lambda change: f"{change['kind']}-{change.get('name', '')}")
def test_upkeep_passes_under_a_running_application(request: pytest.FixtureRequest, change: dict[str, Any]) -> None:
    proved(request, "postgresql", change)


def plan(**change: Any) -> Any:
    given = {"engine": "postgresql", "schema": SCHEMA, "changes": [change], "tables": {"Users": {"rows": 5_000_000}}}
    return planned(PlanMigration.model_validate(given), Settings(project=None), Job())


def test_sql_by_hand_that_keeps_others_waiting_says_so_first() -> None:
    asked = {"kind": "raw_sql", "query": 'ALTER TABLE "Users" ALTER email TYPE varchar(300)', "why": "x", "undo": "y"}
    with pytest.raises(ToolError, match=r'reads and writes on Users would wait.*"blocks": "reads and writes"'):
        plan(**asked)
    told = plan(**asked, blocks="reads and writes")
    assert any("WAIT" in warning for warning in told.warnings)
    column = told.target.tables[next(name for name in told.target.tables if name.name == "Users")].column("email")
    assert column is not None
    assert column.type == "varchar(300)"


@pytest.mark.parametrize("query", ["SELECT 1; SELECT 2", "DROP NONSENSE", "", ";"])
def test_sql_by_hand_that_is_not_one_statement_is_refused(query: str) -> None:
    with pytest.raises(ToolError, match=r"changes\[0\]\.query: .*Way out: \w+"):
        plan(kind="raw_sql", query=query or " ", why="x", undo="y")


def test_a_backfill_that_takes_long_is_a_job_of_its_own_with_its_reason_and_its_check() -> None:
    given = {"engine": "postgresql", "schema": SCHEMA, "changes": [FROM_ROW]}
    for rows, kinds in ((1_000_000, ["migration", "check"]), (60_000_000, ["job", "migration", "check"])):
        arguments = PlanMigration.model_validate({**given, "tables": {"Users": {"rows": rows}}})
        made = planned(arguments, Settings(project=None), Job())
        assert [getattr(step, "kind", "migration") for step in made.plan.steps] == kinds
    [migration] = made.plan.migrations
    job = made.plan.steps[0]
    assert migration.job == job.order
    assert "12,000 batches" in job.why
    assert migration.validations[0].sql in getattr(job, "wait_for", "")
