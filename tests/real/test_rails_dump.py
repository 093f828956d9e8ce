"""Rails' db/schema.rb, as Active Record writes it, read as the tables that it was written from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.real.migration_tools import found, postgresql, run

from domain_agents.dialects import dialect, replay
from domain_agents.migrations.recognition.rails_schema import read_schema_rb

if TYPE_CHECKING:
    from pathlib import Path

    from domain_agents.workspace.scratch import PostgresScratch

SCRIPT = """ENV.delete("DATABASE_URL")
require "active_record"

ActiveRecord::Base.establish_connection(
  adapter: "postgresql", host: ENV["PGHOST"], port: ENV["PGPORT"], username: ENV["PGUSER"],
  password: ENV["PGPASSWORD"], database: ENV["PGDATABASE"]
)
ActiveRecord::Schema.define(version: 2024_01_02_000000) do
  create_table(:users) do |t|
    t.string :email, null: false, limit: 190, index: { unique: true }
    t.string :nick, default: 'a "b" it''s', null: false
    t.decimal :credit, precision: 10, scale: 2, default: 0
    t.boolean :active, default: true, null: false
    t.integer :small, limit: 2
    t.string :tags, array: true, default: []
    t.jsonb :facts, default: {}
    t.timestamps
  end
  create_table(:categories, id: :uuid, default: -> { "gen_random_uuid()" }) { |t| t.text :name }
  create_table(:visits, primary_key: [:user_id, :day]) do |t|
    t.references :user, null: false, index: false
    t.date :day, null: false
    t.references :category, type: :uuid, foreign_key: { on_delete: :cascade }
    t.check_constraint "day > '2000-01-01'"
  end
  add_index :users, "lower(nick)", name: "by_nick"
  add_index :users, [:active, :created_at], where: "active", order: { created_at: :desc }, name: "active_users"
  add_index :users, :facts, using: :gin
  add_foreign_key :visits, :users
end
File.open("schema.rb", "w") { |file| ActiveRecord::SchemaDumper.dump(ActiveRecord::Base.connection, file) }
"""


def test_a_dump_is_read_as_the_tables_it_was_written_from(postgres: PostgresScratch, tmp_path: Path) -> None:
    ruby = found("ruby", installed_by_ci=False, needs=("-e", 'require "active_record"; require "pg"'))
    database = postgresql(postgres)
    (tmp_path / "made.rb").write_text(SCRIPT)
    done = run([ruby, "made.rb"], tmp_path, database)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "schema.rb").read_text()

    dump = read_schema_rb(text, "postgresql")
    assert dump.version == "20240102000000"
    assert dump.unread == []
    schema, unread = replay(";\n".join(dump.statements), dialect("postgresql"))
    assert unread == (), text
    tables = {name.name: table for name, table in schema.tables.items()}
    ours = "relname IN ('users', 'categories', 'visits')"
    columns = {(name, column.name, column.nullable) for name, table in tables.items() for column in table.columns}
    assert columns == set(
        database.rows(
            "SELECT relname::text, attname::text, NOT attnotnull FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid"
            f" WHERE {ours} AND attnum > 0"
        )
    )
    types = {(column.name): column.type for column in tables["users"].columns}
    assert types["credit"] == "numeric(10, 2)"
    assert (types["small"], types["tags"], types["email"]) == (
        "smallint",
        "character varying[]",
        "character varying(190)",
    )
    there = database.rows(
        f"SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class c ON c.oid = indrelid WHERE {ours} AND NOT indisprimary"
    )
    assert {index.name for index in schema.indexes.values()} == {str(name) for (name,) in there}
    keys = database.rows(
        f"SELECT conname::text FROM pg_constraint JOIN pg_class c ON c.oid = conrelid WHERE {ours} AND contype = 'f'"
    )
    named = {key.name for table in tables.values() for key in table.foreign_keys}
    assert named == {str(name) for (name,) in keys}
    # What was read makes the same tables on an empty database.
    other = postgresql(postgres)
    import psycopg

    with psycopg.connect(other.url, autocommit=True) as connection:
        for statement in dump.statements:
            connection.execute(statement)
    shape = (
        "SELECT relname::text, attname::text, format_type(atttypid, atttypmod), pg_get_expr(adbin, adrelid)"
        f" FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
        f" WHERE {ours} AND attnum > 0 ORDER BY 1, 2"
    )
    assert other.rows(shape) == database.rows(shape)
