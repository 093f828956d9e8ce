"""Migrations that are programs, as somebody else has written them: read as far as they can be, and never raised about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain_agents.migrations.formats import framework
from domain_agents.migrations.project import recognise
from domain_agents.tools import Job, Settings, ToolError
from domain_agents.tools.plan_migration import TOOL, PlanMigration
from domain_agents.workspace.files import ProjectFiles
from tests.real.django_project import PEOPLE_FIRST
from tests.real.test_rails_dump import SCRIPT
from tests.real.test_schema_builders import KNEX, LARAVEL, SEQUELIZE
from tests.unit.test_framework_files import DOCTRINE, RAILS

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = {
    "django": PEOPLE_FIRST,
    "rails": RAILS + SCRIPT,
    "laravel": LARAVEL,
    "doctrine": DOCTRINE,
    "knex": KNEX,
    "sequelize": SEQUELIZE,
    "typeorm": KNEX.replace("knex", "queryRunner"),
}
INDEX = {"sql": "CREATE INDEX ON members (nick)", "engine": "postgresql", "date": "2026-11-21"}


def made(root: Path, files: dict[str, str], **more: Any) -> dict[str, Any]:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return TOOL.call(PlanMigration.model_validate({**INDEX, **more}), Settings(project=root), Job()).structured


@settings(max_examples=60)
@given(
    name=st.sampled_from(sorted(TEXTS)),
    engine=st.sampled_from(["postgresql", "sqlite", "mysql", "mariadb"]),
    cut=st.tuples(st.integers(0, 2500), st.integers(0, 60)),
    put=st.text(st.sampled_from(list("'\"`()[]{};,.$#\\/\n\0 aé:?-><")), max_size=8),
)
def test_a_damaged_file_is_read_as_far_as_it_can_be(name: str, engine: str, cut: tuple[int, int], put: str) -> None:
    text = TEXTS[name]
    damaged = text[: cut[0]] + put + text[cut[0] + cut[1] :]
    read = framework(name).read("migrations/1_x", damaged, engine)
    lines = damaged.count("\n") + 1
    places = [one.line for one in read.statements] + [one.line for one in read.unread]
    assert all(0 <= line <= lines for line in places)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("laravel", "database/migrations/2024_01_01_000000_create_members.php"),
        ("knex", "migrations/20240101000000_create_members.js"),
        ("sequelize", "migrations/20240101000000-create-members.js"),
    ],
)
def test_todays_schema_comes_from_the_schema_builder(name: str, path: str, tmp_path: Path) -> None:
    planned = made(tmp_path, {path: TEXTS[name]})
    assert planned["project"]["framework"] == name
    assert planned["project"]["schema_from"] == [path]
    assert planned["findings"] == []


def test_a_builder_that_only_code_tells_is_said_with_its_line(tmp_path: Path) -> None:
    odd = LARAVEL.replace("$table->rememberToken();", "$table->addColumn(config('x'), 'y');\n$table->string($name);")
    planned = made(tmp_path, {"database/migrations/2024_01_01_000000_create_members.php": odd})
    said = [text.partition("create_members.php:")[2] for text in planned["warnings"] if "create_members.php:" in text]
    line = odd[: odd.index("$table->addColumn")].count("\n") + 1
    assert [text.partition(": the")[0] for text in said] == [f"{line}: addColumn", f"{line + 1}: string"]
    # The column that one of them makes is dropped later on: that the drop found nothing is said as well.
    assert any("could not be read" in text and "remember_token" in text for text in planned["warnings"])


def test_a_rails_project_that_has_strong_migrations_gets_its_statements_assured(tmp_path: Path) -> None:
    dump = 'ActiveRecord::Schema[7.1].define(version: 2024_01_01_000000) do\n  create_table "members" do |t|\n'
    files = {
        "Gemfile": "gem 'rails'\ngem 'strong_migrations'\n",
        "db/migrate/20240101000000_init.rb": RAILS.replace("7.1", "7.0"),
        "db/schema.rb": dump + '    t.string "nick"\n  end\nend\n',
    }
    content = made(tmp_path, files)["files"][0]["content"]
    assert '    safety_assured do\n      execute "SET' in content
    assert "< ActiveRecord::Migration[7.0]" in content
    assert "disable_ddl_transaction!" in content


def test_a_dump_that_is_older_than_the_history_is_said(tmp_path: Path) -> None:
    dump = 'ActiveRecord::Schema[7.1].define(version: 2023_01_01_000000) do\n  create_table "members" do |t|\n'
    files = {"db/migrate/20240101000000_init.rb": RAILS, "db/schema.rb": dump + '    t.string "nick"\n  end\nend\n'}
    assert any("run db:migrate" in text for text in made(tmp_path, files)["warnings"])


def test_no_class_of_the_history_is_named_twice(tmp_path: Path) -> None:
    dump = 'ActiveRecord::Schema[7.1].define(version: 2024_01_01_000000) do\n  create_table "members" do |t|\n'
    files = {
        "db/migrate/20240101000000_create_members_nick_idx.rb": RAILS,
        "db/schema.rb": dump + '    t.string "nick"\n  end\nend\n',
    }
    planned = made(tmp_path, files)
    assert planned["files"][0]["path"] == "db/migrate/20261121000000_create_members_nick_idx_2.rb"
    assert "class CreateMembersNickIdx2 <" in planned["files"][0]["content"]


def test_typescript_and_modules_are_continued_as_they_are(tmp_path: Path) -> None:
    text = "import type { Knex } from 'knex';\n\nexport async function up(knex: Knex): Promise<void> {\n"
    text += "  await knex.schema.createTable('members', (t) => {\n    t.text('nick');\n  });\n}\n"
    planned = made(
        tmp_path, {"knexfile.ts": "", "db/migrations/20240101000000_init.ts": text}, directory="db/migrations"
    )
    (file,) = planned["files"]
    assert file["path"] == "db/migrations/20261121000000_create_members_nick_idx.ts"
    assert "export async function up(knex: Knex): Promise<void> {" in file["content"]
    assert "export const config = { transaction: false };" in file["content"]


def test_a_question_mark_that_knex_would_change_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="Knex loses a backslash"):
        made(tmp_path, {"knexfile.js": ""}, sql="CREATE TABLE a (b text DEFAULT '\\?')", framework="knex")


def test_a_monorepo_keeps_its_packages_apart(tmp_path: Path) -> None:
    files = {
        "apps/api/package.json": '{\n  "dependencies": {\n    "knex": "3"\n  }\n}\n',
        "apps/api/knexfile.js": "module.exports = { client: 'pg' };\n",
        "apps/api/migrations/20240101000000_create_members.js": KNEX,
        "apps/web/package.json": "{}",
    }
    planned = made(tmp_path, files)
    assert planned["files"][0]["path"].startswith("apps/api/migrations/20261121")
    inner = made(tmp_path, {}, project="apps/api")
    assert inner["files"][0]["path"].startswith("migrations/20261121")
    assert recognise(ProjectFiles(tmp_path)).engine == "postgresql"
