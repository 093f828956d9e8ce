"""Plans written into projects of other frameworks, run by the frameworks' own tools: the schema asked for, every row kept.

Each project has a history that its tool has applied. What plan_migration then writes is applied twice, and taken back once,
which must fail and change nothing.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.real.migration_tools import CREATE, ROWS, Database, found, mariadb, over_tcp, postgresql, run, sqlite

from domain_agents.tools import Job, Settings
from domain_agents.tools.plan_migration import TOOL, PlanMigration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from domain_agents.workspace.scratch import PostgresScratch

REQUEST = {
    "sql": (
        "ALTER TABLE users ADD COLUMN locale text NOT NULL; CREATE INDEX users_locale_idx ON users (locale);"
        " ALTER TABLE users ADD COLUMN boss_id bigint; ALTER TABLE users ADD FOREIGN KEY (boss_id) REFERENCES users (id);"
    ),
    "backfill": {"users.locale": "CASE WHEN email LIKE '3%' THEN 'three? 100%;' ELSE ':x' END"},
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
    undo: Callable[[Database, str], list[str]] | None
    engines: tuple[str, ...] = ("postgresql", "sqlite")
    refuses: str = "forward-only: undo it by a new migration"
    installed_by_ci: bool = False
    needs: tuple[str, ...] = ()
    """What the program is asked before: without it the framework is not installed."""
    called: str = ""
    """What it is called, where the program's name does not tell."""


def _dbmate(database: Database) -> dict[str, str]:
    return {
        "db/migrations/20240101000000_create_users.sql": (
            f"-- migrate:up\n{CREATE[database.engine]}\n\n-- migrate:down\nDROP TABLE users;\n"
        ),
        "db/migrations/20240102000000_seed_users.sql": f"-- migrate:up\n{ROWS}\n\n-- migrate:down\n",
    }


def _yoyo(database: Database) -> dict[str, str]:
    return {
        "yoyo.ini": "[DEFAULT]\nsources = %(here)s/migrations\n",
        "migrations/20240101_01_aB3dE-create-users.sql": f"-- create users\n-- depends:\n\n{CREATE[database.engine]}\n",
        "migrations/20240102_01_Zx9yW-seed-users.sql": f"-- depends: 20240101_01_aB3dE-create-users\n\n{ROWS}\n",
    }


def _yoyo_url(database: Database) -> str:
    if database.engine == "sqlite":
        return f"sqlite:///{database.file}"
    told = database.environment
    return f"postgresql+psycopg://{told['PGUSER']}:{told['PGPASSWORD']}@/{told['PGDATABASE']}?host={told['PGHOST']}"


def _node_pg_migrate(database: Database) -> dict[str, str]:
    return {
        "package.json": '{\n  "dependencies": {\n    "node-pg-migrate": "9.0.0"\n  }\n}\n',
        "migrations/1704067200000_create-users.sql": (
            f"-- Up Migration\n{CREATE[database.engine]}\n-- Down Migration\nDROP TABLE users;\n"
        ),
        "migrations/1704153600000_seed-users.sql": f"-- Up Migration\n{ROWS}\n",
    }


def _sqitch(database: Database) -> dict[str, str]:
    client = "pg" if database.engine == "postgresql" else "sqlite"
    person = "Ada <ada@example.org>"
    return {
        "sqitch.conf": f"[core]\n\tengine = {client}\n[user]\n\tname = Ada\n\temail = ada@example.org\n",
        "sqitch.plan": (
            "%syntax-version=1.0.0\n%project=shop\n\n"
            f"create_users 2024-01-01T00:00:00Z {person} # users\n"
            f"seed_users [create_users] 2024-01-02T00:00:00Z {person} # rows\n"
        ),
        "deploy/create_users.sql": f"-- Deploy create_users\nBEGIN;\n{CREATE[database.engine]}\nCOMMIT;\n",
        "deploy/seed_users.sql": f"-- Deploy seed_users\nBEGIN;\n{ROWS}\nCOMMIT;\n",
        "revert/create_users.sql": "DROP TABLE users;\n",
        "revert/seed_users.sql": "DELETE FROM users;\n",
    }


def _sqitch_target(database: Database) -> str:
    return "db:pg:" if database.engine == "postgresql" else f"db:sqlite:{database.file}"


def _liquibase(database: Database) -> dict[str, str]:
    first = "--liquibase formatted sql\n\n--changeset ada:"
    return {
        "db/changelog/root.yaml": "databaseChangeLog:\n  - includeAll:\n      path: db/changelog/changes\n",
        "db/changelog/changes/001_create_users.sql": f"{first}001_create_users\n{CREATE[database.engine]}\n",
        "db/changelog/changes/002_seed_users.sql": f"{first}002_seed_users\n{ROWS}\n--rollback DELETE FROM users;\n",
    }


def _liquibase_words(database: Database, *words: str) -> list[str]:
    told = database.environment
    address = f"jdbc:postgresql://127.0.0.1:{database.port}/{told['PGDATABASE']}"
    who = [f"--username={told['PGUSER']}", f"--password={told['PGPASSWORD']}"]
    return ["--changeLogFile=db/changelog/root.yaml", f"--url={address}", *who, *words]


RUNS_RAILS = """url = ENV.delete("DATABASE_URL")
require "active_record"

if ENV["MARIADB"]
  ActiveRecord::Base.establish_connection(
    adapter: "mysql2", socket: ENV["MARIADB_SOCKET"], username: "root", database: ENV["MARIADB"]
  )
elsif ENV["PGDATABASE"]
  ActiveRecord::Base.establish_connection(
    adapter: "postgresql", host: ENV["PGHOST"], port: ENV["PGPORT"], username: ENV["PGUSER"],
    password: ENV["PGPASSWORD"], database: ENV["PGDATABASE"]
  )
else
  ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: url.delete_prefix("sqlite:"))
end
migrations = ActiveRecord::MigrationContext.new("db/migrate", ActiveRecord::SchemaMigration)
ARGV.include?("down") ? migrations.rollback(1) : migrations.migrate
File.open("db/schema.rb", "w") { |file| ActiveRecord::SchemaDumper.dump(ActiveRecord::Base.connection, file) }
"""


def _rails(database: Database) -> dict[str, str]:
    def made(name: str, *lines: str) -> str:
        text = "".join(f"    {line}\n" for line in lines)
        return f"class {name} < ActiveRecord::Migration[6.1]\n  def up\n{text}  end\nend\n"

    return {
        "migrate.rb": RUNS_RAILS,
        "db/migrate/20240101000000_create_users.rb": made(
            "CreateUsers", "create_table(:users) { |t| t.string :email, null: false }"
        ),
        "db/migrate/20240102000000_seed_users.rb": made("SeedUsers", f'execute "{ROWS}"'),
    }


RUNS_LARAVEL = """<?php
foreach (['Support', 'Container', 'Database', 'Events', 'Filesystem'] as $part) {
    require_once "Illuminate/$part/autoload.php";
}
use Illuminate\\Container\\Container;
use Illuminate\\Database\\Capsule\\Manager;
use Illuminate\\Database\\Migrations\\{DatabaseMigrationRepository, Migrator};
use Illuminate\\Support\\Facades\\Facade;

$pg = getenv('PGDATABASE');
$container = new Container();
$manager = new Manager($container);
$manager->addConnection(getenv('MARIADB')
    ? ['driver' => 'mysql', 'unix_socket' => getenv('MARIADB_SOCKET'), 'database' => getenv('MARIADB'),
       'username' => 'root', 'password' => '', 'host' => 'localhost', 'charset' => 'utf8mb4']
    : ($pg ? ['driver' => 'pgsql', 'host' => getenv('PGHOST'), 'port' => getenv('PGPORT'), 'database' => $pg,
       'username' => getenv('PGUSER'), 'password' => getenv('PGPASSWORD'), 'charset' => 'utf8']
    : ['driver' => 'sqlite', 'database' => substr(getenv('DATABASE_URL'), strlen('sqlite:'))]));
if (!$pg && !getenv('MARIADB') && !file_exists(substr(getenv('DATABASE_URL'), 7))) {
    touch(substr(getenv('DATABASE_URL'), 7));
}
$container->instance('db', $manager->getDatabaseManager());
Facade::setFacadeApplication($container);
$resolver = $manager->getDatabaseManager();
$repository = new DatabaseMigrationRepository($resolver, 'migrations');
if (!$repository->repositoryExists()) {
    $repository->createRepository();
}
$migrator = new Migrator($repository, $resolver, new Illuminate\\Filesystem\\Filesystem());
$argv[1] === 'down'
    ? $migrator->rollback(['database/migrations'], ['step' => 1])
    : $migrator->run(['database/migrations']);
"""


def _laravel(database: Database) -> dict[str, str]:
    def made(*statements: str) -> str:
        calls = "".join(f"        DB::unprepared(<<<'SQL'\n{sql}\nSQL);\n" for sql in statements)
        imports = "use Illuminate\\Database\\Migrations\\Migration;\nuse Illuminate\\Support\\Facades\\DB;\n"
        return (
            f"<?php\n{imports}return new class extends Migration {{\n    public function up()\n    {{\n{calls}    }}\n"
            "    public function down()\n    {\n    }\n};\n"
        )

    return {
        "migrate.php": RUNS_LARAVEL,
        "database/migrations/2024_01_01_000000_create_users.php": made(CREATE[database.engine]),
        "database/migrations/2024_01_02_000000_seed_users.php": made(ROWS),
    }


def _knex(database: Database) -> dict[str, str]:
    return {
        "knexfile.js": (
            "const mariadb = process.env.MARIADB;\n"
            "const connection = mariadb\n"
            "  ? { socketPath: process.env.MARIADB_SOCKET, user: 'root', database: mariadb }\n  : {};\n"
            "module.exports = { client: mariadb ? 'mysql2' : 'pg', connection, pool: { min: 2, max: 5 } };\n"
        ),
        "migrations/20240101000000_create_users.js": (
            f"exports.up = (knex) => knex.raw(`{CREATE[database.engine]}`);\n\nexports.down = () => {{}};\n"
        ),
        "migrations/20240102000000_seed_users.js": (
            f"exports.up = (knex) => knex.raw(`{ROWS}`);\n\nexports.down = () => {{}};\n"
        ),
    }


def _sequelize(database: Database) -> dict[str, str]:
    def made(sql: str) -> str:
        query = f"    await queryInterface.sequelize.query(`{sql}`);\n"
        return f"module.exports = {{\n  async up(queryInterface) {{\n{query}  }},\n\n  async down() {{}},\n}};\n"

    return {
        ".sequelizerc": "module.exports = { config: './config.js', 'migrations-path': './db/migrations' };\n",
        "config.js": (
            "const { PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, MARIADB, MARIADB_SOCKET } = process.env;\n"
            "module.exports = MARIADB ? { dialect: 'mysql', username: 'root', password: null, database: MARIADB,"
            " dialectOptions: { socketPath: MARIADB_SOCKET } } : { dialect: 'postgres', host: PGHOST, port: PGPORT, username: PGUSER, password: PGPASSWORD,"
            " database: PGDATABASE };\n"
        ),
        "db/migrations/20240101000000-create-users.js": made(CREATE[database.engine]),
        "db/migrations/20240102000000-seed-users.js": made(ROWS),
    }


def _typeorm(database: Database) -> dict[str, str]:
    def made(name: str, sql: str) -> str:
        query = f"    await queryRunner.query(`{sql}`);\n"
        return (
            f"module.exports = class {name} {{\n  name = '{name}';\n\n  async up(queryRunner) {{\n{query}  }}\n\n"
            "  async down() {}\n};\n"
        )

    return {
        "package.json": '{\n  "dependencies": {\n    "typeorm": "1.1.1"\n  }\n}\n',
        "data-source.js": (
            "const { DataSource } = require('typeorm');\n"
            "const { PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, MARIADB, MARIADB_SOCKET } = process.env;\n"
            "module.exports = new DataSource(MARIADB ? { type: 'mariadb', socketPath: MARIADB_SOCKET, username: 'root',"
            " database: MARIADB, migrations: ['migrations/*.js'] } : { type: 'postgres', host: PGHOST, port: Number(PGPORT), username: PGUSER,"
            " password: PGPASSWORD, database: PGDATABASE, migrations: ['migrations/*.js'] });\n"
        ),
        "migrations/1704067200000-CreateUsers.js": made("CreateUsers1704067200000", CREATE[database.engine]),
        "migrations/1704153600000-SeedUsers.js": made("SeedUsers1704153600000", ROWS),
    }


def _drizzle(database: Database) -> dict[str, str]:
    told = database.environment
    address = f"postgresql://{told['PGUSER']}:{told['PGPASSWORD']}@127.0.0.1:{database.port}/{told['PGDATABASE']}"
    tags = ("0000_create_users", "0001_seed_users")
    entries = [
        {"idx": n, "version": "7", "when": 1704067200000 + n, "tag": tag, "breakpoints": True}
        for n, tag in enumerate(tags)
    ]
    journal = {"version": "7", "dialect": "postgresql", "entries": entries}
    return {
        "drizzle.config.json": json.dumps(
            {"dialect": "postgresql", "out": "drizzle", "schema": "schema.ts", "dbCredentials": {"url": address}}
        ),
        "drizzle/0000_create_users.sql": CREATE[database.engine],
        "drizzle/0001_seed_users.sql": ROWS,
        "drizzle/meta/_journal.json": json.dumps(journal),
    }


TOOLS = (
    Tool(
        "drizzle",
        "drizzle-kit",
        _drizzle,
        lambda _: ["migrate", "--config=drizzle.config.json"],
        None,
        engines=("postgresql",),
        installed_by_ci=True,
    ),
    Tool(
        "knex",
        "knex",
        _knex,
        lambda _: ["migrate:latest"],
        lambda _, __: ["migrate:down"],
        engines=("postgresql", "mariadb"),
        refuses="is forward-only",
        installed_by_ci=True,
    ),
    Tool(
        "sequelize",
        "sequelize-cli",
        _sequelize,
        lambda _: ["db:migrate"],
        lambda _, __: ["db:migrate:undo"],
        engines=("postgresql", "mariadb"),
        refuses="is forward-only",
        installed_by_ci=True,
    ),
    Tool(
        "typeorm",
        "typeorm",
        _typeorm,
        lambda _: ["migration:run", "-d", "data-source.js", "--transaction", "each"],
        lambda _, __: ["migration:revert", "-d", "data-source.js", "--transaction", "each"],
        engines=("postgresql", "mariadb"),
        refuses="is forward-only",
        installed_by_ci=True,
    ),
    Tool(
        "laravel",
        "php",
        _laravel,
        lambda _: ["migrate.php", "up"],
        lambda _, __: ["migrate.php", "down"],
        refuses="is forward-only",
        engines=("postgresql", "sqlite", "mariadb"),
        needs=(
            "-r",
            "require 'Illuminate/Database/autoload.php';"
            " exit(extension_loaded('pdo_pgsql') && extension_loaded('pdo_mysql') ? 0 : 1);",
        ),
        called="illuminate/database",
    ),
    Tool(
        "rails",
        "ruby",
        _rails,
        lambda _: ["migrate.rb"],
        lambda _, __: ["migrate.rb", "down"],
        refuses="is forward-only",
        engines=("postgresql", "sqlite", "mariadb"),
        needs=("-e", 'require "active_record"; require "pg"; require "sqlite3"; require "mysql2"'),
        called="Active Record",
    ),
    Tool(
        "dbmate",
        "dbmate",
        _dbmate,
        lambda _: ["--no-dump-schema", "up"],
        lambda _, __: ["--no-dump-schema", "rollback"],
        installed_by_ci=True,
    ),
    Tool(
        "yoyo",
        "yoyo",
        _yoyo,
        lambda database: ["apply", "--batch", "--no-config-file", "-d", _yoyo_url(database), "migrations"],
        lambda database, newest: [
            *("rollback", "--batch", "--no-config-file", "-d", _yoyo_url(database)),
            *("-r", newest, "migrations"),
        ],
        installed_by_ci=True,
    ),
    Tool(
        "node-pg-migrate",
        "node-pg-migrate",
        _node_pg_migrate,
        lambda _: ["up", "--no-lock"],
        lambda _, __: ["down", "--no-lock"],
        engines=("postgresql",),
        refuses="User has disabled down migration",
        installed_by_ci=True,
    ),
    Tool(
        "sqitch",
        "sqitch",
        _sqitch,
        lambda database: ["deploy", _sqitch_target(database)],
        lambda database, _: ["revert", "-y", "--to", "@HEAD^", _sqitch_target(database)],
    ),
    Tool(
        "liquibase",
        "liquibase",
        _liquibase,
        lambda database: _liquibase_words(database, "update"),
        lambda database, _: _liquibase_words(database, "rollbackCount", "1"),
        engines=("postgresql",),
        refuses="No inverse to",
    ),
)
CASES = [pytest.param(tool, engine, id=f"{tool.framework}-{engine}") for tool in TOOLS for engine in tool.engines]


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    engine = request.node.callspec.params["engine"]
    if engine == "sqlite":
        yield sqlite(tmp_path)
        return
    if engine == "mariadb":
        yield mariadb(request.getfixturevalue("mariadb"))
        return
    server: PostgresScratch = request.getfixturevalue("postgres")
    with over_tcp(postgresql(server)) as made:
        yield made


@pytest.mark.parametrize(("tool", "engine"), CASES)
def test_a_written_plan_runs_in_the_frameworks_own_tool(
    tool: Tool, engine: str, database: Database, tmp_path: Path
) -> None:
    program = found(tool.program, installed_by_ci=tool.installed_by_ci, needs=tool.needs)
    root = tmp_path / "project"
    for path, text in tool.history(database).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    first = run([program, *tool.apply(database)], root, database)
    assert first.returncode == 0, first.stdout + first.stderr

    asked = {**REQUEST, "engine": engine}
    if engine == "mariadb":
        asked |= {"sql": str(REQUEST["sql"]).replace("locale text", "locale varchar(40)"), "version": "10.11"}
    result = TOOL.call(PlanMigration.model_validate(asked), Settings(project=root), Job())
    planned = result.structured
    assert planned["project"]["framework"] == tool.framework
    assert planned["findings"] == []
    assert planned["written"] == [file["path"] for file in planned["files"]]
    _enter_in_the_plan(tool, planned["files"], program, root, database)
    for _ in range(2):
        done = run([program, *tool.apply(database)], root, database)
        assert done.returncode == 0, done.stdout + done.stderr
        _assert_is_as_asked(database)
    if tool.undo is None:
        return
    newest = planned["steps"][-1]["file"].rpartition("/")[2].removesuffix(".sql")
    back = run([program, *tool.undo(database, newest)], root, database)
    assert back.returncode != 0, back.stdout + back.stderr
    assert tool.refuses in back.stdout + back.stderr
    _assert_is_as_asked(database)
    again = run([program, *tool.apply(database)], root, database)
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_query_of_several_statements_is_one_transaction_with_settings_of_its_own(postgres: PostgresScratch) -> None:
    """What dbmate, golang-migrate, sqlx and Prisma leave to the server; the formats of these rest on it."""
    import psycopg

    name, role = postgres.create_database()
    with postgres.connect(name, role) as connection:
        connection.execute("CREATE TABLE users (id int)")
        send = connection.pgconn.exec_
        said = send(b"SET LOCAL lock_timeout = '7s'; SELECT current_setting('lock_timeout')")
        assert said.get_value(0, 0) == b"7s"
        assert send(b"SHOW lock_timeout").get_value(0, 0) == b"0"
        refused = send(b"SET lock_timeout = '7s'; CREATE INDEX CONCURRENTLY users_id ON users (id)")
        assert refused.status == psycopg.pq.ExecStatus.FATAL_ERROR
        alone = send(b"-- a comment is no statement\nCREATE INDEX CONCURRENTLY users_id ON users (id);\n")
        assert alone.status == psycopg.pq.ExecStatus.COMMAND_OK


def _enter_in_the_plan(tool: Tool, files: list[dict[str, str]], program: str, root: Path, database: Database) -> None:
    """What a person does with Sqitch and Drizzle: the commands that the files name, word for word."""
    for file in files:
        for words in re.findall(r"^-- Enter with: (cp .*)", file["content"], re.MULTILINE):
            subprocess.run(shlex.split(words), cwd=root, check=True)
        lines = [line.removeprefix("--").strip() for line in file["content"].splitlines()]
        for line, more in zip(lines, [*lines[1:], ""], strict=True):
            if tool.framework == "sqitch" and line.startswith("Enter with: "):
                command = line.removeprefix("Enter with: sqitch ")
                command += "" if more.startswith("Apply with") else f" {more}"
                done = run([program, *shlex.split(command)], root, database)
                assert done.returncode == 0, done.stdout + done.stderr
                assert (root / file["path"]).read_text() == file["content"]


def _assert_is_as_asked(database: Database) -> None:
    rows = database.rows("SELECT id, email, locale, boss_id FROM users ORDER BY id")
    expected = [":x", ":x", ":x", "three? 100%;"]
    assert rows == [(n + 1, f"{n}@example.org", locale, None) for n, locale in enumerate(expected)]
    if database.engine == "sqlite":
        columns = database.rows("SELECT name FROM pragma_table_info('users') WHERE \"notnull\" AND NOT pk ORDER BY 1")
        indexes = database.rows("SELECT name FROM pragma_index_list('users') WHERE origin = 'c'")
        parents = database.rows("SELECT \"table\" FROM pragma_foreign_key_list('users')")
    elif database.engine == "mariadb":
        here = "table_schema = DATABASE() AND table_name = 'users'"
        columns = database.rows(
            f"SELECT column_name FROM information_schema.columns WHERE {here} AND is_nullable = 'NO'"
            " AND column_name <> 'id' ORDER BY 1"
        )
        indexes = database.rows(
            f"SELECT index_name FROM information_schema.statistics WHERE {here} AND column_name = 'locale'"
        )
        parents = database.rows(
            f"SELECT referenced_table_name FROM information_schema.key_column_usage WHERE {here}"
            " AND referenced_table_name IS NOT NULL"
        )
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
