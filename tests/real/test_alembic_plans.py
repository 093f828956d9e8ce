"""What plan_migration writes into an Alembic project, run by real Alembic: the schema asked for, and every row kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool
from tests.real.alembic_projects import make_project, upgrade

from domain_agents.tools import Job, Settings
from domain_agents.tools.plan_migration import TOOL, PlanMigration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from domain_agents.workspace.scratch import PostgresScratch

REQUEST = {
    "sql": (
        "ALTER TABLE users ADD COLUMN locale text NOT NULL; CREATE INDEX users_locale_idx ON users (locale);"
        " ALTER TABLE users ADD COLUMN boss_id bigint; ALTER TABLE users ADD FOREIGN KEY (boss_id) REFERENCES users (id);"
    ),
    "backfill": {"users.locale": "CASE WHEN email LIKE '3%' THEN 'three: 100%' ELSE ':x' END"},
    "tables": {"users": {"rows": 7}},
    "date": "2026-11-21",
    "write": True,
}


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request: pytest.FixtureRequest, postgres: PostgresScratch, tmp_path: Path) -> Iterator[sa.Engine]:
    if request.param == "sqlite":
        made = sa.create_engine(f"sqlite:///{tmp_path}/app.db", poolclass=NullPool)
    else:
        name, role = postgres.create_database()

        def connect() -> object:
            connection = postgres.connect(name, role)
            connection.autocommit = False
            return connection

        made = sa.create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
    yield made
    made.dispose()


def test_a_written_plan_runs_to_the_schema_that_was_asked_for(tmp_path: Path, database: sa.Engine) -> None:
    root = make_project(tmp_path / "project")
    upgrade(root, database)
    arguments = PlanMigration.model_validate({**REQUEST, "engine": database.dialect.name})
    result = TOOL.call(arguments, Settings(project=root), Job()).structured
    assert result["findings"] == []
    assert result["written"] == [file["path"] for file in result["files"]]
    for _ in range(2):
        upgrade(root, database)
        inspector = sa.inspect(database)
        columns = {column["name"]: column["nullable"] for column in inspector.get_columns("users")}
        assert columns == {"id": False, "email": False, "locale": False, "boss_id": True}
        assert [index["name"] for index in inspector.get_indexes("users")] == ["ix_users_email", "users_locale_idx"]
        assert [key["referred_table"] for key in inspector.get_foreign_keys("users")] == ["users"]
        with database.connect() as connection:
            rows = connection.exec_driver_sql("SELECT id, email, locale FROM users ORDER BY id").fetchall()
        assert [(n, email) for n, email, _ in rows] == [(n + 1, f"{n}@example.org") for n in range(7)]
        assert [locale for _, _, locale in rows] == [":x", ":x", ":x", "three: 100%", ":x", ":x", ":x"]
