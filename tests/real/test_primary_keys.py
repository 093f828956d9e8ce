"""A table gets a primary key, or another one, while an application reads and writes: proved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from domain_agents.tools import Job, Settings
from domain_agents.tools._arguments import parse_arguments
from domain_agents.tools._proving import prove
from domain_agents.tools.prove_migration import TOOL, _prepared

if TYPE_CHECKING:
    from domain_agents.tools.prove_migration import ProveMigration

ROWS = 20_000
SCHEMA = """
CREATE TABLE tenants (id bigint PRIMARY KEY, name text);
CREATE TABLE users (
    id bigint NOT NULL, tenant_id bigint NOT NULL, code varchar(40), name varchar(60) NOT NULL,
    CONSTRAINT users_key PRIMARY KEY (id)
);
CREATE TABLE mails (
    id bigint PRIMARY KEY, user_id bigint, CONSTRAINT mails_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE TABLE "Log" (happened bigint, code varchar(40) NOT NULL, note text);
"""
SIZES = {"tenants": 100, "users": ROWS, "mails": ROWS, "Log": ROWS}


def proved(request: pytest.FixtureRequest, engine: str, change: dict[str, Any], **given: Any) -> dict[str, Any]:
    """The plan for the change, rendered and run on the scratch server: the proof as a client sees it."""
    given = {"engine": engine, "schema": SCHEMA, "rows": SIZES, "changes": [change], **given}
    given.setdefault("tables", {table: {"rows": count} for table, count in SIZES.items()})
    prepared = _prepared(cast("ProveMigration", parse_arguments(TOOL, given)), Settings(project=None), Job())
    scratch = request.getfixturevalue("postgres") if engine == "postgresql" else None
    told = prove(prepared.request, Job(), scratch=scratch, seconds=300).as_json()
    assert told["verdict"] == "proved", told["reasons"]
    passed = {name for name, check in told["checks"].items() if check["result"] == "ok"}
    assert passed >= {"applies", "data_kept", "converges"}, told["checks"]
    return told


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
@pytest.mark.parametrize("columns", [["happened"], ["code", "happened"]], ids="-".join)
def test_a_table_gets_a_primary_key(request: pytest.FixtureRequest, engine: str, columns: list[str]) -> None:
    told = proved(request, engine, {"kind": "add_primary_key", "table": "Log", "columns": columns})
    if engine == "postgresql":
        # The index is built and the columns are read while writers pass; the key itself reads nothing.
        assert [one["scanned"] for one in told["statements"] if "USING INDEX" in one["sql"]] == [[]]
        assert all(one["agrees"] for one in told["statements"])


@pytest.mark.parametrize("columns", [["tenant_id", "id"], ["code"]], ids="-".join)
@pytest.mark.parametrize("keep", [False, True])
def test_a_primary_key_is_exchanged_though_another_table_refers_to_it(
    request: pytest.FixtureRequest, columns: list[str], keep: bool
) -> None:
    change = {"kind": "change_primary_key", "table": "users", "columns": columns, "keep_unique": keep}
    told = proved(request, "postgresql", change)
    assert {"old_app_works", "new_app_works"} <= {n for n, check in told["checks"].items() if check["result"] == "ok"}
    assert not any(one["rewrote"] for one in told["statements"])
    swapped = [one for one in told["statements"] if "USING INDEX" in one["sql"] or "NOT VALID" in one["sql"]]
    assert [one["scanned"] for one in swapped] == [[]] * len(swapped)
