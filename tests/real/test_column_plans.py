"""Planned changes of columns, proved: the old application works until its deploy, the new one from then on."""

from __future__ import annotations

from typing import Any

import pytest

from domain_agents.tools import Job, Settings
from domain_agents.tools._proving import prove
from domain_agents.tools.prove_migration import ProveMigration, _prepared

ROWS = 20_000
SCHEMA = """
CREATE TABLE countries (code varchar(20) PRIMARY KEY, name text NOT NULL);
CREATE TABLE "Users" (
    id bigint PRIMARY KEY,
    email varchar(200) NOT NULL,
    "select" text NOT NULL,
    country varchar(20) REFERENCES countries (code),
    visits integer NOT NULL DEFAULT 0,
    CONSTRAINT visits_not_negative CHECK (visits >= 0),
    CONSTRAINT users_email UNIQUE (email)
);
CREATE INDEX users_visits ON "Users" (visits, id);
"""


def proved(request: pytest.FixtureRequest, engine: str, *, rows: int = ROWS, **arguments: Any) -> dict[str, Any]:
    """The plan for the change, rendered and run on the scratch server: the proof as a client sees it."""
    given = {"engine": engine, "schema": SCHEMA, "rows": {"Users": rows, "countries": 200}, **arguments}
    given.setdefault("tables", {"Users": {"rows": rows}})
    prepared = _prepared(ProveMigration.model_validate(given), Settings(project=None), Job())
    scratch = request.getfixturevalue("postgres") if engine == "postgresql" else None
    told = prove(prepared.request, Job(), scratch=scratch, seconds=300).as_json()
    assert told["verdict"] == "proved", told["reasons"]
    return told


def worked(told: dict[str, Any]) -> set[str]:
    return {name for name, check in told["checks"].items() if check["result"] == "ok"}


BOTH_APPLICATIONS = {"applies", "data_kept", "old_app_works", "new_app_works", "converges"}
both_engines = pytest.mark.parametrize("engine", ["postgresql", "sqlite"])


@both_engines
def test_a_required_column_goes_without_an_insert_that_fails(request: pytest.FixtureRequest, engine: str) -> None:
    told = proved(request, engine, sql='ALTER TABLE "Users" DROP COLUMN "select"')
    assert worked(told) >= BOTH_APPLICATIONS


@both_engines
def test_a_column_with_keys_and_indexes_goes(request: pytest.FixtureRequest, engine: str) -> None:
    for column in ("country", "visits", "email"):
        told = proved(request, engine, changes=[{"kind": "drop_column", "table": "Users", "column": column}])
        assert worked(told) >= BOTH_APPLICATIONS


@both_engines
@pytest.mark.parametrize(
    "change",
    [
        {"kind": "set_default", "column": "country", "default": "NULL"},
        {"kind": "set_default", "column": "visits", "default": "7"},
        {"kind": "set_default", "column": "visits"},
        {"kind": "drop_not_null", "column": "select"},
        {"kind": "drop_not_null", "column": "email"},
    ],
)
def test_a_default_and_a_not_null_change_under_a_running_application(
    request: pytest.FixtureRequest, engine: str, change: dict[str, Any]
) -> None:
    told = proved(request, engine, changes=[{"table": "Users", **change}])
    assert worked(told) >= BOTH_APPLICATIONS
    assert all(statement["agrees"] for statement in told["statements"])
