"""The undo of every planned change, run on a real server: it leaves the schema that there was."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from tests.every_unit.test_operations import EXAMPLES, MORE_SCHEMA, PLANNED, SCHEMA

from domain_agents.migrations._proof_judging import Outcome
from domain_agents.migrations._proof_undo import judge_undo, walk_back
from domain_agents.tools import Job, Settings
from domain_agents.tools._arguments import parse_arguments
from domain_agents.tools.prove_migration import TOOL, _prepared
from domain_agents.workspace.bench_postgresql import PostgresBench
from domain_agents.workspace.bench_sqlite import SqliteBench
from domain_agents.workspace.watch import Watch

if TYPE_CHECKING:
    from domain_agents.tools.prove_migration import ProveMigration

WITH_AN_UNDO = [(kind, engine) for kind, engine in PLANNED if engine in ("postgresql", "sqlite")]


@pytest.mark.parametrize(("kind", "engine"), WITH_AN_UNDO)
def test_what_is_taken_back_is_as_it_was(request: pytest.FixtureRequest, kind: str, engine: str) -> None:
    tables = ("customers", "orders", "refunds", "moods", "log", "tickets")
    given = {
        "engine": engine,
        "schema": SCHEMA + MORE_SCHEMA.get(kind, ""),
        "changes": [{"kind": kind, **EXAMPLES[kind]}],
        "tables": {name: {"rows": 50_000} for name in tables},
    }
    asked = _prepared(cast("ProveMigration", parse_arguments(TOOL, given)), Settings(project=None), Job()).request
    files = [(file.path, file.plain, () if file.is_backfill else file.undo or ()) for file in asked.files]
    watch = Watch(60, lambda: None)
    bench = PostgresBench(request.getfixturevalue("postgres"), watch) if engine == "postgresql" else SqliteBench(watch)
    try:
        bench.apply_schema(asked.schema)
        check = judge_undo(walk_back(files, *bench.empty_twin()), ())
    finally:
        bench.close()
    assert check.outcome is not Outcome.FAILED, check.why
