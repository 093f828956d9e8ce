"""Rendered revisions through real Alembic on a real PostgreSQL: what they do is what was planned, to the character."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.util import CommandError
from sqlalchemy.pool import NullPool
from tests.real.alembic_projects import add_plan, configuration, make_project, offline_sql, upgrade
from tests.unit.format_plans import NOT_NULL_COLUMN, migration, plan_of

from domain_agents.migrations.project import recognise
from domain_agents.workspace.files import ProjectFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.workspace.scratch import PostgresScratch

EXAMPLE = Path(__file__).parents[2] / "examples" / "blog-alembic"
NASTY = [
    "100%", "%s %(name)s %%", ":x", "a:x", "::x", "\\:x", "\\\\:x", ":a:b :c", "$1 $$ $q$", ":a$b", "$:a", ":a$:",
    '"', '"""', "'''", "\\", "\\n", "line\nline", "line\r\nline", "\t", "é 😀 \u202e \u2028", "{{ x }}", "{x}", "--",
    ":a$: 5% %s", "/* */", "; DROP TABLE users; --", "?", "@x", "#", "%", "%%", '\\"', "ends with \\", 'ends with "',
]  # fmt: skip


@pytest.fixture
def database(postgres: PostgresScratch) -> Iterator[sa.Engine]:
    name, role = postgres.create_database()

    def connect() -> object:
        connection = postgres.connect(name, role)
        connection.autocommit = False  # the scratch server's connections commit by themselves
        return connection

    made = sa.create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
    yield made
    made.dispose()
    postgres.drop_database(name)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path)


def rows(database: sa.Engine, sql: str) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


@pytest.mark.parametrize("per_migration", [True, False])
def test_a_plan_runs_through_alembic_from_an_existing_history(
    project: Path, database: sa.Engine, per_migration: bool
) -> None:
    upgrade(project, database, per_migration=per_migration)
    revisions = add_plan(project, NOT_NULL_COLUMN)
    upgrade(project, database, per_migration=per_migration)
    assert rows(database, "SELECT version_num FROM alembic_version") == [(revisions[-1],)]
    assert rows(database, "SELECT count(*), count(locale) FROM users") == [(7, 7)]
    assert rows(database, """SELECT indisvalid FROM pg_index WHERE indexrelid = '"users_Locale_idx"'::regclass""") == [
        (True,)
    ]
    assert rows(database, "SELECT convalidated FROM pg_constraint WHERE conname = 'users_locale_not_null'") == [
        (False,)
    ]
    comment = """SELECT col_description(attrelid, attnum) FROM pg_attribute
                 WHERE attname = 'locale' AND attrelid = 'users'::regclass"""
    assert rows(database, comment) == [(r':a 100% \:b " "',)]
    assert rows(database, "SELECT 1 FROM pg_proc WHERE proname = 'fill_locale'") == []


def test_a_second_upgrade_does_nothing(project: Path, database: sa.Engine) -> None:
    add_plan(project, NOT_NULL_COLUMN)
    upgrade(project, database)
    said: list[str] = []
    sa.event.listen(database, "before_cursor_execute", lambda *given: said.append(given[2]))
    upgrade(project, database)
    assert said
    assert all("alembic_version" in sql or sql.startswith(("SELECT", "select", "show")) for sql in said)


def test_an_upgrade_can_stop_before_a_deploy(project: Path, database: sa.Engine) -> None:
    revisions = add_plan(project, NOT_NULL_COLUMN)
    upgrade(project, database, revisions[0])
    assert rows(database, "SELECT count(*), count(locale) FROM users") == [(7, 0)]
    upgrade(project, database, revisions[1])
    assert rows(database, "SELECT count(*), count(locale) FROM users") == [(7, 7)]


def test_a_downgrade_is_refused_with_the_undo_and_changes_nothing(project: Path, database: sa.Engine) -> None:
    revisions = add_plan(project, NOT_NULL_COLUMN)
    upgrade(project, database, revisions[0])
    with pytest.raises(
        CommandError, match=r"forward-only\. Undo plan: a new migration: ALTER TABLE users DROP COLUMN locale;"
    ):
        command.downgrade(configuration(project, database), "-1")
    assert rows(database, "SELECT version_num FROM alembic_version") == [(revisions[0],)]


def test_every_text_reaches_the_server_as_it_was_written(project: Path, database: sa.Engine) -> None:
    inserts = [
        f"INSERT INTO texts VALUES ({n}, '{text.replace(chr(39), chr(39) * 2)}')" for n, text in enumerate(NASTY)
    ]
    outside = [
        f"INSERT INTO texts VALUES ({n} + 1000, '{text.replace(chr(39), chr(39) * 2)}')" for n, text in enumerate(NASTY)
    ]
    add_plan(
        project,
        plan_of(
            migration("texts", "CREATE TABLE texts (n int PRIMARY KEY, value text)", *inserts),
            migration("more_texts", *outside, transaction=False),
        ),
    )
    upgrade(project, database)
    assert [value for _, value in rows(database, "SELECT n, value FROM texts ORDER BY n")] == NASTY * 2


def test_a_failure_inside_a_revision_leaves_nothing_of_it(project: Path, database: sa.Engine) -> None:
    upgrade(project, database)
    add_plan(project, plan_of(migration("half", "ALTER TABLE users ADD COLUMN half text", "SELECT 1 / 0")))
    with pytest.raises(sa.exc.DataError, match="division by zero"):
        upgrade(project, database)
    assert rows(database, "SELECT version_num FROM alembic_version") == [("3333bbbb4444",)]
    assert rows(database, "SELECT 1 FROM pg_attribute WHERE attname = 'half'") == []


def test_settings_of_a_revision_do_not_reach_the_next_one(project: Path, database: sa.Engine) -> None:
    guards = ("SET statement_timeout = '1234ms'",)
    seen = "INSERT INTO seen SELECT current_setting('statement_timeout')"
    add_plan(
        project,
        plan_of(
            migration("make_seen", "CREATE TABLE seen (value text)"),
            migration("set_inside", seen, guards=guards),
            migration("look", seen, guards=()),
            migration("set_outside", seen, guards=guards, transaction=False),
            migration("look_again", seen, guards=()),
        ),
    )
    upgrade(project, database)
    assert rows(database, "SELECT value FROM seen") == [("1234ms",), ("0",), ("1234ms",), ("0",)]


def test_the_script_that_alembic_writes_offline_holds_the_same_sql(project: Path) -> None:
    revisions = add_plan(project, NOT_NULL_COLUMN)
    script = offline_sql(project, f"3333bbbb4444:{revisions[-1]}")
    assert (
        'COMMIT;\n\nSET lock_timeout = 0;\n\nCREATE INDEX CONCURRENTLY "users_Locale_idx" ON users (locale);' in script
    )
    assert r"':a 100% \:b" in script


def test_the_example_project_takes_a_plan_with_alembics_own_command(tmp_path: Path, postgres: PostgresScratch) -> None:
    root = tmp_path / "blog"
    shutil.copytree(EXAMPLE, root)
    known = recognise(ProjectFiles(root))
    assert (known.engine, known.version, known.framework) == ("postgresql", "17", "alembic")
    name, role = postgres.create_database()
    with postgres.connect(name, role) as connection:
        told = connection.info
        place = {"host": told.host, "port": str(told.port)}
        url = sa.URL.create("postgresql+psycopg", role, told.password, database=name, query=place)
    revisions = add_plan(
        root, plan_of(migration("add_posts_locale", "ALTER TABLE posts ADD COLUMN locale text DEFAULT ':x 5%'"))
    )
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            cwd=root,
            env={"DATABASE_URL": url.render_as_string(hide_password=False), "PATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    with postgres.connect(name, role) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(revisions[0],)]
        default = "SELECT column_default FROM information_schema.columns WHERE column_name = 'locale'"
        assert connection.execute(default).fetchone() == ("':x 5%'::text",)
