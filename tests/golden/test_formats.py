"""Rendered migration files, kept as a person approved them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain_agents.engines import engine
from domain_agents.migrations.formats import framework
from domain_agents.migrations.plan import Project
from domain_agents.operations import CannotPlan
from tests.golden import same_as_golden
from tests.unit.format_plans import NOT_NULL_COLUMN, PROJECTS, migration, plan_of, rendered

PROJECTS = {
    **PROJECTS,
    "raw": Project(
        framework="raw",
        directory="db/migrations",
        numbering="0001",
        next_number="0018",
        head="0017_create_users",
        ledger="schema_migrations",
        ledger_insert="INSERT INTO schema_migrations (name, applied_at) VALUES ('{stem}', now())",
        transactions="own",
    ),
}
FOR_POSTGRESQL = frozenset({"node-pg-migrate"})
TABLE_REBUILD = plan_of(
    migration(
        "set_notes_title_not_null",
        "PRAGMA foreign_keys = OFF",
        "BEGIN IMMEDIATE",
        'ALTER TABLE "notes" RENAME TO "notes_old"',
        'CREATE TABLE "notes" (\n    id INTEGER PRIMARY KEY,\n    title TEXT NOT NULL\n)',
        'INSERT INTO "notes" SELECT id, title FROM "notes_old"',
        'DROP TABLE "notes_old"',
        "COMMIT",
        "PRAGMA foreign_keys = ON",
        guards=("PRAGMA busy_timeout = 5000",),
        transaction=False,
        lock_impact="the database is locked for writers while the table is copied",
    ),
    migration("add_notes_locale", "ALTER TABLE notes ADD COLUMN locale TEXT", guards=("PRAGMA busy_timeout = 5000",)),
    engine="sqlite",
    version="3.40",
)


@pytest.mark.parametrize("name", sorted(PROJECTS))
@pytest.mark.parametrize("plan", [NOT_NULL_COLUMN, TABLE_REBUILD], ids=["postgresql", "sqlite"])
def test_a_plans_files_are_the_approved_ones(name: str, plan: object) -> None:
    assert isinstance(plan, type(NOT_NULL_COLUMN))
    if name in FOR_POSTGRESQL and plan.engine != "postgresql":
        with pytest.raises(CannotPlan, match="is for PostgreSQL"):
            rendered(name, plan, PROJECTS[name])
        return
    files = rendered(name, plan, PROJECTS[name], author="Ada Example")
    for number, (path, content) in enumerate(files.items(), start=1):
        ending = path.rpartition(".")[2]
        same_as_golden(f"formats/{name}_{plan.engine}_{number}.{ending}.txt", f"{path}\n\n{content}")


def test_a_file_for_a_runner_that_opens_the_transaction_is_the_approved_one() -> None:
    project = replace(PROJECTS["raw"], transactions="runner")
    plan = plan_of(NOT_NULL_COLUMN.migrations[0])
    ((path, content),) = (
        framework("raw").render(plan, project, engine("postgresql"), author="", date="2026-11-21").items()
    )
    same_as_golden("formats/raw_postgresql_runner.sql.txt", f"{path}\n\n{content}")
