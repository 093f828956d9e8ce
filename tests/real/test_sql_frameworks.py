"""Plans written into projects of other frameworks, run by the frameworks' own tools: the schema asked for, every row kept.

Each project has a history that its tool has applied. What plan_migration then writes is applied twice, and taken back once,
which must fail and change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.real.migration_tools import CREATE, ROWS, Database, found, postgresql, run, sqlite

from domain_agents.tools import Job, Settings
from domain_agents.tools.plan_migration import TOOL, PlanMigration

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from domain_agents.workspace.scratch import PostgresScratch

REQUEST = {
    "sql": (
        "ALTER TABLE users ADD COLUMN locale text NOT NULL; CREATE INDEX users_locale_idx ON users (locale);"
        " ALTER TABLE users ADD COLUMN boss_id bigint; ALTER TABLE users ADD FOREIGN KEY (boss_id) REFERENCES users (id);"
    ),
    "backfill": {"users.locale": "CASE WHEN email LIKE '3%' THEN 'three: 100%;' ELSE ':x' END"},
    "tables": {"users": {"rows": 4}},
    "date": "2026-11-21",
    "write": True,
}


@dataclass(frozen=True)
class Tool:
    """How a framework is driven: its history (path -> text), and the words of its commands."""

    framework: str
    program: str
    history: Callable[[Database], dict[str, str]]
    apply: Callable[[Database], list[str]]
    undo: Callable[[Database], list[str]]
    engines: tuple[str, ...] = ("postgresql", "sqlite")
    installed_by_ci: bool = False


def _dbmate(database: Database) -> dict[str, str]:
    return {
        "db/migrations/20240101000000_create_users.sql": (
            f"-- migrate:up\n{CREATE[database.engine]}\n\n-- migrate:down\nDROP TABLE users;\n"
        ),
        "db/migrations/20240102000000_seed_users.sql": f"-- migrate:up\n{ROWS}\n\n-- migrate:down\n",
    }


TOOLS = (
    Tool(
        "dbmate",
        "dbmate",
        _dbmate,
        lambda _: ["--no-dump-schema", "up"],
        lambda _: ["--no-dump-schema", "rollback"],
        installed_by_ci=True,
    ),
)
CASES = [pytest.param(tool, engine, id=f"{tool.framework}-{engine}") for tool in TOOLS for engine in tool.engines]


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    engine = request.node.callspec.params["engine"]
    if engine == "sqlite":
        return sqlite(tmp_path)
    server: PostgresScratch = request.getfixturevalue("postgres")
    return postgresql(server)


@pytest.mark.parametrize(("tool", "engine"), CASES)
def test_a_written_plan_runs_in_the_frameworks_own_tool(
    tool: Tool, engine: str, database: Database, tmp_path: Path
) -> None:
    program = found(tool.program, installed_by_ci=tool.installed_by_ci)
    root = tmp_path / "project"
    for path, text in tool.history(database).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    first = run([program, *tool.apply(database)], root, database)
    assert first.returncode == 0, first.stdout + first.stderr

    result = TOOL.call(PlanMigration.model_validate({**REQUEST, "engine": engine}), Settings(project=root), Job())
    planned = result.structured
    assert planned["project"]["framework"] == tool.framework
    assert planned["findings"] == []
    assert planned["written"] == [file["path"] for file in planned["files"]]
    for _ in range(2):
        done = run([program, *tool.apply(database)], root, database)
        assert done.returncode == 0, done.stdout + done.stderr
        _assert_is_as_asked(database)
    back = run([program, *tool.undo(database)], root, database)
    assert back.returncode != 0, back.stdout + back.stderr
    _assert_is_as_asked(database)
    again = run([program, *tool.apply(database)], root, database)
    assert again.returncode == 0, again.stdout + again.stderr


def _assert_is_as_asked(database: Database) -> None:
    rows = database.rows("SELECT id, email, locale, boss_id FROM users ORDER BY id")
    expected = [":x", ":x", ":x", "three: 100%;"]
    assert rows == [(n + 1, f"{n}@example.org", locale, None) for n, locale in enumerate(expected)]
    if database.engine == "sqlite":
        columns = database.rows("SELECT name FROM pragma_table_info('users') WHERE \"notnull\" ORDER BY 1")
        indexes = database.rows("SELECT name FROM pragma_index_list('users') WHERE origin = 'c'")
        parents = database.rows("SELECT \"table\" FROM pragma_foreign_key_list('users')")
    else:
        columns = database.rows(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnotnull AND attnum > 0"
            " AND attname <> 'id' ORDER BY 1"
        )
        indexes = database.rows(
            "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE i.indrelid = 'users'::regclass AND NOT i.indisprimary AND i.indisvalid"
        )
        parents = database.rows(
            "SELECT confrelid::regclass::text FROM pg_constraint"
            " WHERE conrelid = 'users'::regclass AND contype = 'f' AND convalidated"
        )
    assert columns == [("email",), ("locale",)]
    assert indexes == [("users_locale_idx",)]
    assert parents == [("users",)]
