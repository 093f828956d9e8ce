"""Rendered revisions through real Alembic on SQLite, where Alembic opens no transaction of its own."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool
from tests.real.alembic_projects import add_plan, make_project, upgrade
from tests.unit.format_plans import migration, plan_of

from domain_agents import ddl
from domain_agents.catalog import Column, TableName
from domain_agents.dialects import dialect, replay
from domain_agents.engines import engine
from domain_agents.migrations.project import recognise
from domain_agents.workspace.files import ProjectFiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from domain_agents.migrations.plan import Plan, PlannedMigration

GUARDS = ("PRAGMA busy_timeout = 5000",)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sa.Engine]:
    made = sa.create_engine(f"sqlite:///{tmp_path}/app.db", poolclass=NullPool)
    yield made
    made.dispose()


def planned(*steps: PlannedMigration) -> Plan:
    return plan_of(*steps, engine="sqlite", version="3.40")


def rows(database: sa.Engine, sql: str) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


def rebuild(project: Path) -> tuple[str, ...]:
    """SQLite's own way to a NOT NULL column, as the engine spells it for the schema that Alembic's history says."""
    known = recognise(ProjectFiles(project), engine="sqlite")
    schema, unread = replay(known.schema_sql, dialect("sqlite"))
    assert not unread
    users = TableName("users")
    added = ddl.AddColumn(users, Column("locale", "TEXT", default="'en'"))
    return engine("sqlite").spell(ddl.SetNotNull(users, "locale"), added.apply(schema))


def test_a_plan_runs_through_alembic_twice_from_an_existing_history(project: Path, database: sa.Engine) -> None:
    upgrade(project, database)
    steps = (
        migration("add_locale", "ALTER TABLE users ADD COLUMN locale TEXT DEFAULT 'en'", guards=GUARDS),
        migration("odd", "UPDATE users SET locale = ':x 5% \\:y' WHERE id = 1", guards=GUARDS),
        migration("not_null", *rebuild(project), guards=GUARDS, transaction=False),
    )
    revisions = add_plan(project, planned(*steps))
    for _ in range(2):
        upgrade(project, database)
        assert rows(database, "SELECT version_num FROM alembic_version") == [(revisions[-1],)]
        assert rows(database, "SELECT count(*), count(locale) FROM users") == [(7, 7)]
        assert rows(database, "SELECT locale FROM users WHERE id = 1") == [(":x 5% \\:y",)]
        assert rows(database, "SELECT \"notnull\" FROM pragma_table_info('users') WHERE name = 'locale'") == [(1,)]
        assert rows(database, "SELECT name FROM sqlite_schema WHERE name = 'ix_users_email'") == [("ix_users_email",)]


def test_a_failure_inside_a_revision_leaves_nothing_of_it(project: Path, database: sa.Engine) -> None:
    upgrade(project, database)
    half = ("ALTER TABLE users ADD COLUMN half TEXT", "UPDATE users SET half = 'x'", "INSERT INTO nowhere VALUES (1)")
    add_plan(project, planned(migration("half", *half, guards=GUARDS)))
    with pytest.raises(sa.exc.OperationalError, match="nowhere"):
        upgrade(project, database)
    assert rows(database, "SELECT 1 FROM pragma_table_info('users') WHERE name = 'half'") == []
    assert rows(database, "SELECT version_num FROM alembic_version") == [("3333bbbb4444",)]


def test_a_rebuild_that_fails_half_way_keeps_the_table(project: Path, database: sa.Engine) -> None:
    upgrade(project, database)
    with database.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE users ADD COLUMN locale TEXT DEFAULT 'en'")
        connection.exec_driver_sql("UPDATE users SET locale = NULL WHERE id = 3")
    add_plan(project, planned(migration("not_null", *rebuild(project), guards=GUARDS, transaction=False)))
    with pytest.raises(sa.exc.IntegrityError, match="NOT NULL"):
        upgrade(project, database)
    assert rows(database, "SELECT count(*), count(locale) FROM users") == [(7, 6)]
    assert rows(database, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'users%' AND type = 'table'") == [(1,)]


def test_every_batch_commits_by_itself(project: Path, database: sa.Engine, tmp_path: Path) -> None:
    upgrade(project, database)
    with database.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE seen (n INTEGER)")
    steps = ("UPDATE users SET email = email || '.' WHERE id = 1", "INSERT INTO seen VALUES (1)", "SELECT broken")
    add_plan(project, planned(migration("batches", *steps, guards=GUARDS, transaction=False)))
    with pytest.raises(sa.exc.OperationalError, match="broken"):
        upgrade(project, database)
    # What ran before the failure is there: nothing held it back in a transaction.
    other = sqlite3.connect(tmp_path / "app.db")
    assert other.execute("SELECT n FROM seen").fetchall() == [(1,)]
    assert other.execute("SELECT email FROM users WHERE id = 1").fetchone()[0].endswith(".")
    other.close()
