"""Plans in projects of SQL frameworks, through the tools: the project's form is continued, and read as the framework does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from domain_agents.migrations.formats import framework_names
from domain_agents.tools import Job, Settings, ToolError
from domain_agents.tools.plan_migration import TOOL, PlanMigration
from domain_agents.tools.prove_migration import ProveMigration, _prepared

if TYPE_CHECKING:
    from pathlib import Path

    from domain_agents.migrations.prove import ProofFile

CREATE = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
DJANGO = """from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = []
    operations = [
        migrations.CreateModel(
            "User",
            [("id", models.BigAutoField(primary_key=True)), ("email", models.TextField(null=True))],
            {"db_table": "users"},
        ),
    ]
"""
RAILS = """class Init < ActiveRecord::Migration[7.1]
  def change
    create_table :users do |t|
      t.string :email
    end
  end
end
"""
DUMP = """ActiveRecord::Schema[7.1].define(version: 2024_01_01_000000) do
  create_table "users", force: :cascade do |t|
    t.string "email"
  end
end
"""
LARAVEL = f"""<?php

use Illuminate\\Database\\Migrations\\Migration;

return new class extends Migration
{{
    public function up(): void
    {{
        DB::statement('{CREATE}');
    }}

    public function down(): void
    {{
        DB::statement('DROP TABLE users');
    }}
}};
"""
DOCTRINE = f"""<?php

namespace App\\Migrations;

final class Version20240101000000 extends AbstractMigration
{{
    public function up(Schema $schema): void
    {{
        $this->addSql(<<<SQL
            {CREATE}
        SQL);
    }}

    public function down(Schema $schema): void
    {{
        $this->addSql('DROP TABLE users');
    }}
}}
"""
HISTORIES = {
    "drizzle": {
        "drizzle.config.ts": "export default { dialect: 'postgresql', schema: './schema.ts', out: './src/drizzle' };\n",
        "src/drizzle/0000_init.sql": CREATE,
        "src/drizzle/meta/_journal.json": (
            '{"version": "7", "dialect": "postgresql", "entries": [{"idx": 0, "version": "7", "when": 1704067200000,'
            ' "tag": "0000_init", "breakpoints": true}]}'
        ),
    },
    "knex": {
        "package.json": '{\n  "dependencies": {\n    "knex": "3.3.0"\n  }\n}\n',
        "db/knexfile.js": "module.exports = { client: 'pg' };\n",
        "db/migrations/20240101000000_init.js": (
            f"exports.up = (knex) => knex.raw('{CREATE}');\nexports.down = (knex) => knex.raw('DROP TABLE users');\n"
        ),
    },
    "sequelize": {
        "migrations/20240101000000-init.js": (
            f"module.exports = {{\n  up: (queryInterface) => queryInterface.sequelize.query('{CREATE}'),\n"
            "  down: (queryInterface) => queryInterface.sequelize.query('DROP TABLE users'),\n};\n"
        ),
    },
    "typeorm": {
        "src/db/migrations/1704067200000-Init.ts": (
            "import { MigrationInterface, QueryRunner } from 'typeorm';\n\n"
            "export class Init1704067200000 implements MigrationInterface {\n"
            f"  public async up(queryRunner: QueryRunner): Promise<void> {{\n    await queryRunner.query(`{CREATE}`);\n  }}\n\n"
            "  public async down(queryRunner: QueryRunner): Promise<void> {\n    await queryRunner.query(`DROP TABLE users`);\n  }\n}\n"
        ),
    },
    "laravel": {"database/migrations/2024_01_01_000000_init.php": LARAVEL},
    "doctrine": {
        "config/packages/doctrine_migrations.yaml": (
            "doctrine_migrations:\n    migrations_paths:\n        'App\\Migrations': '%kernel.project_dir%/src/Migrations'\n"
        ),
        "src/Migrations/Version20240101000000.php": DOCTRINE,
    },
    "rails": {"db/migrate/20240101000000_init.rb": RAILS, "db/schema.rb": DUMP},
    "django": {"manage.py": "", "accounts/models.py": "", "accounts/migrations/0001_initial.py": DJANGO},
    "goose": {"db/migrations/00001_init.sql": f"-- +goose Up\n{CREATE}\n-- +goose Down\nDROP TABLE users;\n"},
    "dbmate": {
        "db/migrations/20240101000000_init.sql": f"-- migrate:up\n{CREATE}\n-- migrate:down\nDROP TABLE users;\n"
    },
    "golang-migrate": {
        "sql/000001_init.up.sql": CREATE,
        "sql/000001_init.down.sql": "DROP TABLE users;",
    },
    "sqlx": {
        "Cargo.toml": '[dependencies]\nsqlx = { version = "0.8", features = ["migrate", "postgres"] }\n',
        "migrations/20240101000000_init.up.sql": CREATE,
        "migrations/20240101000000_init.down.sql": "DROP TABLE users;",
    },
    "flyway": {"src/main/resources/db/migration/V1_9__init.sql": CREATE},
    "liquibase": {
        "db/changelog/root.yaml": "databaseChangeLog:\n  - includeAll:\n      path: db/changelog/changes\n",
        "db/changelog/changes/001-init.sql": f"--liquibase formatted sql\n\n--changeset ada:1\n{CREATE}\n",
    },
    "sqitch": {
        "db/sqitch.plan": "%project=shop\n\nusers 2024-01-01T00:00:00Z Ada <ada@example.org> # users\n",
        "db/deploy/users.sql": f"BEGIN;\n{CREATE}\nCOMMIT;\n",
    },
    "yoyo": {
        "yoyo.ini": "[DEFAULT]\nsources = db/steps\n",
        "db/steps/20240101_01_aB3dE-init.sql": f"-- depends:\n\n{CREATE}\n",
    },
    "node-pg-migrate": {
        "migrations/1704067200000_init.sql": f"-- Up Migration\n{CREATE}\n-- Down Migration\nDROP TABLE users;\n"
    },
    "prisma": {"prisma/schema.prisma": "", "prisma/migrations/20240101000000_init/migration.sql": CREATE},
}
SLUG, DASHED = "create_users_email_idx", "create-users-email-idx"
WRITTEN = {
    "drizzle": [
        *(f"src/drizzle/0001_{SLUG}.sql", "src/drizzle/meta/_journal_0001.json", "src/drizzle/meta/0001_snapshot.json"),
    ],
    "knex": [f"db/migrations/20261121000000_{SLUG}.js"],
    "sequelize": [f"migrations/20261121000000-{DASHED}.js"],
    "typeorm": ["src/db/migrations/1795219200000-CreateUsersEmailIdx.ts"],
    "laravel": [f"database/migrations/2026_11_21_000000_{SLUG}.php"],
    "doctrine": ["src/Migrations/Version20261121000000.php"],
    "rails": [f"db/migrate/20261121000000_{SLUG}.rb"],
    "django": [f"accounts/migrations/0002_{SLUG}.py"],
    "goose": [f"db/migrations/00002_{SLUG}.sql"],
    "dbmate": [f"db/migrations/20261121000000_{SLUG}_1.sql", f"db/migrations/20261121000001_{SLUG}_2.sql"],
    "golang-migrate": [
        *(f"sql/000002_{SLUG}_1.up.sql", f"sql/000002_{SLUG}_1.down.sql"),
        *(f"sql/000003_{SLUG}_2.up.sql", f"sql/000003_{SLUG}_2.down.sql"),
    ],
    "sqlx": [
        *(f"migrations/20261121000000_{SLUG}_1.up.sql", f"migrations/20261121000000_{SLUG}_1.down.sql"),
        *(f"migrations/20261121000001_{SLUG}_2.up.sql", f"migrations/20261121000001_{SLUG}_2.down.sql"),
    ],
    "flyway": [f"src/main/resources/db/migration/V1_10__{SLUG}.sql{ending}" for ending in ("", ".conf")],
    "liquibase": [f"db/changelog/changes/002-{SLUG}.sql"],
    "sqitch": [f"db/{folder}/{SLUG}.sql" for folder in ("deploy", "revert", "verify")],
    "yoyo": [f"db/steps/20261121_01_43e19-{DASHED}{ending}" for ending in (".sql", ".rollback.sql")],
    "node-pg-migrate": [f"migrations/1795219200000_{SLUG}.cjs"],
    "prisma": [
        f"prisma/migrations/20261121000000_{SLUG}_1/migration.sql",
        f"prisma/migrations/20261121000001_{SLUG}_2/migration.sql",
    ],
}
INDEX = {
    "sql": "CREATE INDEX users_email_idx ON users (email)",
    "engine": "postgresql",
    "date": "2026-11-21",
    "write": True,
}


def project(root: Path, name: str) -> Settings:
    for path, text in HISTORIES[name].items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return Settings(project=root)


def plan(settings: Settings, **more: Any) -> dict[str, Any]:
    return TOOL.call(PlanMigration.model_validate({**INDEX, **more}), settings, Job()).structured


def proof_files(settings: Settings, paths: list[str]) -> tuple[ProofFile, ...]:
    arguments = ProveMigration.model_validate({"paths": paths, "engine": "postgresql"})
    return _prepared(arguments, settings, Job()).request.files


def test_every_framework_but_raw_and_alembic_is_tried_here() -> None:
    assert {*HISTORIES, "raw", "alembic"} == set(framework_names())


@pytest.mark.parametrize("name", sorted(HISTORIES))
def test_a_project_is_continued_in_its_own_form(name: str, tmp_path: Path) -> None:
    settings = project(tmp_path, name)
    made = plan(settings)
    assert made["project"]["framework"] == name
    assert made["findings"] == []
    assert made["written"] == WRITTEN[name]
    assert all((tmp_path / path).read_text() for path in WRITTEN[name])
    assert any("new migration" in text or "new change" in text or "new one" in text for text in made["warnings"])


@pytest.mark.parametrize("name", sorted(HISTORIES))
def test_a_proof_runs_what_the_framework_would_and_never_the_way_back(name: str, tmp_path: Path) -> None:
    settings = project(tmp_path, name)
    made = plan(settings)
    files = proof_files(settings, [step["file"] for step in made["steps"]])
    done = [one for file in files for one in file.statements if not one.sql.startswith(("SET", "RESET"))]
    assert [one.sql.split()[:3] for one in done] == [
        ["DROP", "INDEX", "CONCURRENTLY"],
        ["CREATE", "INDEX", "CONCURRENTLY"],
    ]
    assert [one.transaction for one in done] == [0, 0]


@pytest.mark.parametrize("name", sorted(HISTORIES))
def test_todays_schema_is_read_from_the_way_up_alone(name: str, tmp_path: Path) -> None:
    made = plan(project(tmp_path, name), sql="ALTER TABLE users DROP COLUMN email", write=False)
    assert made["findings"] == []


@pytest.mark.parametrize("name", ["dbmate", "golang-migrate", "prisma", "sqlx"])
def test_what_only_the_connection_can_be_told_is_said(name: str, tmp_path: Path) -> None:
    made = plan(project(tmp_path, name))
    text = " ".join(made["files"][-1 if name in {"dbmate", "prisma"} else -2]["content"].replace("\n--", "").split())
    assert "the connection must be made with lock_timeout = 0, statement_timeout = 0" in text
    assert "after a failure of this file run DROP INDEX CONCURRENTLY IF EXISTS users_email_idx; by hand first" in text


def test_a_way_back_is_no_migration_to_prove(tmp_path: Path) -> None:
    settings = project(tmp_path, "golang-migrate")
    with pytest.raises(ToolError, match="only goes with a migration of golang-migrate"):
        proof_files(settings, ["sql/000001_init.down.sql"])


def test_golang_migrate_on_sqlite_says_what_it_cannot_run(tmp_path: Path) -> None:
    settings = project(tmp_path, "golang-migrate")
    with pytest.raises(ToolError, match="x-no-tx-wrap"):
        plan(
            settings,
            engine="sqlite",
            sql="ALTER TABLE users ALTER COLUMN email SET NOT NULL",
            backfill={"users.email": "''"},
        )


def test_a_statement_that_a_framework_would_take_for_its_own_annotation_is_refused(tmp_path: Path) -> None:
    settings = project(tmp_path, "goose")
    with pytest.raises(ToolError, match="annotation"):
        plan(settings, sql="ALTER TABLE users ADD COLUMN a text DEFAULT 'x\n-- +goose Down\n'")
