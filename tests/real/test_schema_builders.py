"""Histories in the schema builders of Laravel, Knex and Sequelize: what is read of them makes the tables that the frameworks make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.real.migration_tools import Database, found, mariadb, over_tcp, postgresql, run
from tests.real.test_sql_frameworks import TOOLS, Tool

from domain_agents.migrations.project import recognise
from domain_agents.workspace.files import ProjectFiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARAVEL = """<?php

use Illuminate\\Database\\Migrations\\Migration;
use Illuminate\\Database\\Schema\\Blueprint;
use Illuminate\\Support\\Facades\\Schema;

return new class extends Migration
{
    public function up(): void
    {
        // the country's
        Schema::create('countries', function (Blueprint $table) {
            $table->id();
            $table->string('code', 2)->unique();
        });
        Schema::create('members', function (Blueprint $table) {
            $table->id();
            $table->string('email')->unique();
            $table->string('nick', 40)->default('new')->index();
            $table->foreignId('country_id')->nullable()->constrained()->cascadeOnDelete();
            $table->unsignedInteger('points')->default(3);
            $table->decimal('credit', 10, 2)->nullable();
            $table->boolean('active')->default(true);
            $table->json('facts')->nullable();
            $table->timestamp('seen_at')->nullable();
            $table->rememberToken();
            $table->softDeletes();
            $table->timestamps();
            $table->unique(['nick', 'points']);
        });
        Schema::table('members', function (Blueprint $table) {
            $table->text('about')->nullable();
            $table->dropColumn('remember_token');
        });
    }
};
"""
KNEX = """exports.up = async (knex) => {
  await knex.schema
    .createTable('countries', (table) => {
      table.increments();
      table.string('code', 2).notNullable().unique();
    })
    .createTable('members', function (t) {
      t.bigIncrements('id').primary();
      t.string('email').notNullable().unique();
      t.string('nick', 40).notNullable().defaultTo("it's").index();
      t.integer('country_id').unsigned().references('id').inTable('countries').onDelete('CASCADE');
      t.decimal('credit', 10, 2);
      t.boolean('active').notNullable().defaultTo(true);
      t.json('facts');
      t.timestamp('seen_at');
      t.unique(['nick', 'active']);
    });
  await knex.schema.alterTable('members', (table) => {
    table.text('about');
    table.dropColumn('seen_at');
  });
};

exports.down = (knex) => knex.schema.dropTable('members');
"""
SEQUELIZE = """'use strict';

module.exports = {
  async up(queryInterface, Sequelize) {
    await queryInterface.createTable('countries', {
      id: { allowNull: false, autoIncrement: true, primaryKey: true, type: Sequelize.INTEGER },
      code: { type: Sequelize.STRING(2), allowNull: false, unique: true },
    });
    await queryInterface.createTable('members', {
      id: { allowNull: false, autoIncrement: true, primaryKey: true, type: Sequelize.BIGINT },
      email: { type: Sequelize.STRING, allowNull: false },
      nick: { type: Sequelize.STRING(40), defaultValue: "it's" },
      countryId: {
        type: Sequelize.INTEGER,
        field: 'country_id',
        references: { model: 'countries', key: 'id' },
        onUpdate: 'CASCADE',
        onDelete: 'SET NULL',
      },
      credit: Sequelize.DECIMAL(10, 2),
      active: { type: Sequelize.BOOLEAN, allowNull: false, defaultValue: true },
      createdAt: { allowNull: false, type: Sequelize.DATE },
    });
    await queryInterface.addColumn('members', 'about', { type: Sequelize.TEXT });
    await queryInterface.addIndex('members', ['email'], { unique: true, name: 'members_by_email' });
    await queryInterface.addIndex('members', ['nick', 'createdAt']);
    await queryInterface.removeColumn('members', 'credit');
  },

  async down(queryInterface) {
    await queryInterface.dropTable('members');
  },
};
"""
SHAPES = {
    "postgresql": (
        "SELECT relname::text, attname::text, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute"
        " JOIN pg_class c ON c.oid = attrelid WHERE relname IN ('members', 'countries') AND attnum > 0"
        " AND NOT attisdropped ORDER BY 1, 2",
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid IN ('members'::regclass, 'countries'::regclass)"
        " AND NOT indisprimary ORDER BY 1",
        "SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype IN ('f', 'u') ORDER BY 1",
    ),
    "mariadb": (
        "SELECT table_name, column_name, column_type, is_nullable, extra FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND table_name IN ('members', 'countries') ORDER BY 1, 2",
        "SELECT table_name, index_name, non_unique, column_name FROM information_schema.statistics"
        " WHERE table_schema = DATABASE() AND table_name IN ('members', 'countries') ORDER BY 1, 2, 4",
        "SELECT constraint_name, referenced_table_name, delete_rule FROM information_schema.referential_constraints"
        " WHERE constraint_schema = DATABASE() ORDER BY 1",
    ),
}


@pytest.fixture(params=["postgresql", "mariadb"])
def databases(request: pytest.FixtureRequest) -> Iterator[tuple[Database, Database]]:
    if request.param == "mariadb":
        server = request.getfixturevalue("mariadb")
        yield mariadb(server), mariadb(server)
        return
    server = request.getfixturevalue("postgres")
    with over_tcp(postgresql(server)) as made:
        yield made, postgresql(server)


@pytest.mark.parametrize(
    ("name", "path", "text"),
    [
        ("laravel", "database/migrations/2024_01_01_000000_create_members.php", LARAVEL),
        ("sequelize", "db/migrations/20240101000000-create-members.js", SEQUELIZE),
        ("knex", "migrations/20240101000000_create_members.js", KNEX),
    ],
)
def test_what_is_read_of_a_builder_makes_the_same_tables(
    name: str, path: str, text: str, databases: tuple[Database, Database], tmp_path: Path
) -> None:
    tool = next(tool for tool in TOOLS if tool.framework == name)
    program = found(tool.program, installed_by_ci=tool.installed_by_ci, needs=tool.needs)
    ours, other = databases
    _write(tool, ours, tmp_path, {path: text})
    done = run([program, *tool.apply(ours)], tmp_path, ours)
    assert done.returncode == 0, done.stdout + done.stderr

    project = recognise(ProjectFiles(tmp_path), engine=ours.engine)
    assert project.unread == ()
    _execute(other, project.schema_sql)
    for query in SHAPES[ours.engine]:
        assert other.rows(query) == ours.rows(query)


def _write(tool: Tool, database: Database, root: Path, files: dict[str, str]) -> None:
    settings = {path: text for path, text in tool.history(database).items() if "migrations/" not in path}
    for path, text in {**settings, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def _execute(database: Database, sql: str) -> None:
    statements = [one.strip() for one in sql.split("\n;\n") if one.strip()]
    if database.engine == "postgresql":
        import psycopg

        with psycopg.connect(database.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)
        return
    import pymysql

    told = database.environment
    with pymysql.connect(unix_socket=told["MARIADB_SOCKET"], user="root", database=told["MARIADB"]) as connection:
        for statement in statements:
            connection.cursor().execute(statement)
