"""Recognition: what a project's files say of its database and migrations, each claim with its line, nothing guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain_agents.migrations.plan import Project
from domain_agents.migrations.project import recognise
from domain_agents.migrations.recognition.engines import image_engine
from domain_agents.migrations.recognition.frameworks import _MARKS

if TYPE_CHECKING:
    from collections.abc import Mapping


class Given:
    """A project's files, held in memory."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files

    def paths(self) -> tuple[str, ...]:
        return tuple(sorted(self.files))

    def text(self, path: str) -> str:
        return self.files.get(path, "")


def project(files: Mapping[str, str], **given_: str) -> Project:
    return recognise(Given(files), **given_)


def says(found: Project, file: str) -> list[tuple[int, str]]:
    return [(one.line, one.says) for one in found.evidence if one.file == file]


CREATE = "CREATE TABLE {0} (id int);\n"


def migrations(*names: str) -> dict[str, str]:
    return {f"migrations/{name}.sql": CREATE.format(f"t{n}") for n, name in enumerate(names)}


@pytest.mark.parametrize(
    ("file", "text", "engine", "version", "line"),
    [
        ("docker-compose.yml", "services:\n  db:\n    image: postgres:16.3-alpine\n", "postgresql", "16", 3),
        ("compose.prod.yaml", "    image: 'mariadb:10.11.6'\n", "mariadb", "10.11", 1),
        ("docker-compose.yml", "    image: mysql:8.4\n", "mysql", "8.4", 1),
        (".github/workflows/ci.yml", "\n        image: postgis/postgis:15-3.4\n", "postgresql", "15", 2),
        ("Dockerfile", "FROM postgres:17\n", "postgresql", "17", 1),
        ("mise.toml", '[tools]\npostgres = "14.2"\n', "postgresql", "14", 2),
        (".tool-versions", "nodejs 20\nmysql 8.0.36\n", "mysql", "8.0", 2),
        ("alembic.ini", "[alembic]\nsqlalchemy.url = postgresql+psycopg://u:p@h/d\n", "postgresql", "", 2),
        ("alembic.ini", "# sqlalchemy.url = mysql://x\nsqlalchemy.url = sqlite:///app.db\n", "sqlite", "", 2),
        (".env.example", "A=1\nDATABASE_URL=postgres://u:p@h/d\n", "postgresql", "", 2),
        (".env", "DB_CONNECTION=mysql\n", "mysql", "", 1),
        (
            "app/settings.py",
            "DATABASES = {\n 'default': {'ENGINE': 'django.db.backends.postgresql'}}",
            "postgresql",
            "",
            2,
        ),
        ("config/database.yml", "default:\n  adapter: mysql2\n", "mysql", "", 2),
        ("prisma/schema.prisma", 'datasource db {\n  provider = "sqlite"\n}', "sqlite", "", 2),
        ("drizzle.config.ts", 'export default { dialect: "postgresql" }', "postgresql", "", 1),
        ("knexfile.js", "module.exports = { client: 'pg' }", "postgresql", "", 1),
        ("config/database.php", "'default' => env('DB_CONNECTION', 'mysql'),", "mysql", "", 1),
        ("sqitch.conf", "[core]\n  engine = pg\n", "postgresql", "", 2),
        ("package.json", '{\n  "dependencies": {\n    "better-sqlite3": "^9"\n', "sqlite", "", 3),
        ("package.json", '{\n    "pg": "^8"\n', "postgresql", "", 2),
        ("composer.json", '{\n  "ext-pdo_mysql": "*"\n', "mysql", "", 2),
        ("requirements/base.txt", "flask\nasyncpg==0.29\n", "postgresql", "", 2),
        ("pyproject.toml", 'dependencies = [\n  "aiosqlite>=0.20",\n]', "sqlite", "", 2),
        ("pyproject.toml", 'dependencies = [\n  "psycopg[binary]>=3",\n]', "postgresql", "", 2),
        ("Gemfile", "gem 'rails'\ngem 'pg'\n", "postgresql", "", 2),
        ("go.mod", "require (\n\tgithub.com/jackc/pgx/v5 v5.5\n)", "postgresql", "", 2),
        ("Cargo.toml", 'sqlx = { features = ["sqlite"] }', "sqlite", "", 1),
        ("pom.xml", "<x>\n<groupId>org.postgresql</groupId>", "postgresql", "", 2),
        ("data/app.sqlite3", "", "sqlite", "", 0),
        ("migrations/0001_a.sql", "-- Engine: MariaDB 11\nCREATE TABLE a (id int);", "mariadb", "11", 1),
        ("migrations/0001_a.sql", "\nCREATE TABLE a (x jsonb);", "postgresql", "", 2),
        ("migrations/0001_a.sql", "CREATE TABLE a (id int AUTO_INCREMENT);", "mysql", "", 1),
        ("migrations/0001_a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);", "sqlite", "", 1),
    ],
)
def test_an_engine_is_told_by_its_mark_with_the_line(
    file: str, text: str, engine: str, version: str, line: int
) -> None:
    found = project({file: text})
    assert (found.engine, found.version) == (engine, version)
    assert line in [at for at, _ in says(found, file)]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("postgres", ("postgresql", "")),
        ("docker.io/library/postgres:16@sha256:abc", ("postgresql", "16")),
        ("registry:5000/postgres:15.1", ("postgresql", "15")),
        ("postgres:${PG_VERSION:-13}", ("postgresql", "13")),
        ("postgres:latest", ("postgresql", "")),
        ("timescale/timescaledb:2.14.2-pg16", ("postgresql", "16")),
        ("pgvector/pgvector:pg17", ("postgresql", "17")),
        ("supabase/postgres:15.1.0.147", ("postgresql", "15")),
        ("bitnami/postgresql:16.2.0", ("postgresql", "16")),
        ("percona/percona-server:8.0.35", ("mysql", "8.0")),
        ("mariadb:11", ("mariadb", "11")),
        ("cockroachdb/cockroach:v23.1", None),
        ("redis:7", None),
        ("dpage/pgadmin4:8", None),
        ("postgres-exporter:1.2", None),
    ],
)
def test_an_image_tells_its_engine_and_version(image: str, expected: tuple[str, str] | None) -> None:
    assert image_engine(image) == expected


def test_a_project_that_says_nothing_is_recognised_as_nothing() -> None:
    assert project({}) == Project()
    found = project({"README.md": "a postgres project", "main.py": "print(1)"})
    assert (found.engine, found.version, found.framework, found.directory, found.head) == ("", "", "", "", "")


def test_no_secret_is_ever_repeated() -> None:
    files = {
        ".env": "DATABASE_URL=postgresql://admin:hunter2@db.internal/prod\nSECRET=hunter2\n",
        "alembic.ini": "[alembic]\nsqlalchemy.url = mysql://root:hunter2@10.0.0.1/x\n",
        ".env.example": "DATABASE_URL=postgres://user:hunter2@h/x",
    }
    assert "hunter2" not in repr(project(files))
    assert "internal" not in repr(project(files))


def test_of_two_claims_the_stronger_wins_and_both_are_told() -> None:
    found = project({"docker-compose.yml": "image: postgres:16", "requirements.txt": "aiosqlite"})
    assert found.engine == "postgresql"
    assert says(found, "docker-compose.yml")
    assert says(found, "requirements.txt") == [(1, "aiosqlite is a driver of SQLite")]


def test_of_two_versions_the_stronger_wins_and_both_are_told() -> None:
    found = project({"docker-compose.yml": "image: postgres:16", ".github/workflows/t.yml": "image: postgres:14"})
    assert found.version == "16"
    assert (1, "the image postgres:14 is PostgreSQL 14; 16 was taken") in says(found, ".github/workflows/t.yml")


def test_what_tests_and_examples_say_counts_less() -> None:
    found = project({"tests/docker-compose.yml": "image: mysql:8.0", "docker-compose.yml": "image: postgres:16"})
    assert found.engine == "postgresql"
    assert (
        project({"examples/alembic.ini": "", "migrations/0001_a.sql": CREATE, "db/knexfile.js": ""}).framework == "knex"
    )


def test_what_the_caller_gives_is_taken() -> None:
    files = {"docker-compose.yml": "image: postgres:16", **migrations("0001_a"), "other/07_b.sql": CREATE}
    found = project(files, engine="sqlite", version="3.45", directory="other/")
    assert (found.engine, found.version, found.directory, found.next_number) == ("sqlite", "3.45", "other", "08")


def test_another_directory_or_framework_is_numbered_by_its_own_files() -> None:
    files = {"alembic.ini": "[alembic]\nscript_location = alembic\n", "sql/07_b.sql": CREATE}
    raw = project(files, framework="raw")
    assert (raw.directory, raw.next_number, raw.file_template) == ("sql", "08", "{number}_{slug}.sql")
    empty = project(files, framework="raw", directory="elsewhere")
    assert (empty.directory, empty.next_number, empty.file_template, empty.head) == ("elsewhere", "", "", "")


def test_todays_schema_is_read_wherever_the_project_says_it() -> None:
    alembic = {
        "alembic.ini": "[alembic]\nscript_location = a\n",
        "a/versions/x.py": "revision = 'x'\ndown_revision = None\ndef upgrade():\n op.execute('CREATE TABLE t (id int)')\n",
    }
    assert "CREATE TABLE t" in project(alembic, framework="raw").schema_sql
    assert "CREATE TABLE t0" in project(migrations("0001_a"), framework="alembic").schema_sql
    assert "CREATE TABLE t0" in project(migrations("0001_a"), directory="elsewhere").schema_sql


FRAMEWORKS = {
    "alembic": {"alembic.ini": "[alembic]\nscript_location = alembic\n"},
    "django": {
        "shop/migrations/0001_initial.py": "from django.db import migrations\nclass Migration(migrations.Migration): pass"
    },
    "rails": {"db/migrate/20240101000000_create_users.rb": ""},
    "laravel": {"database/migrations/2024_01_01_000000_create_users_table.php": ""},
    "knex": {"knexfile.ts": ""},
    "prisma": {"prisma/migrations/20240101000000_init/migration.sql": "CREATE TABLE a (id int);"},
    "drizzle": {"drizzle/meta/_journal.json": '{"dialect": "pg"}', "drizzle/0000_x.sql": "CREATE TABLE a (id int);"},
    "sequelize": {"migrations/20240101-a.js": "up(queryInterface) {}"},
    "typeorm": {"src/migrations/1700000000000-A.ts": "class A implements MigrationInterface {}"},
    "golang-migrate": {"migrations/000001_a.up.sql": CREATE, "migrations/000001_a.down.sql": ""},
    "goose": {"migrations/00001_a.sql": "-- +goose Up\nCREATE TABLE a (id int);\n-- +goose Down\nDROP TABLE a;"},
    "dbmate": {"db/migrations/20240101000000_a.sql": "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\n"},
    "sqlx": {
        "Cargo.toml": 'sqlx = { version = "0.7", features = ["migrate"] }',
        "migrations/20240101000000_a.sql": CREATE,
    },
    "flyway": {"src/main/resources/db/migration/V1__a.sql": CREATE},
    "liquibase": {"changelog/a.xml": "<databaseChangeLog>"},
    "doctrine": {"migrations/Version20240101000000.php": "final class X extends AbstractMigration"},
    "sqitch": {"sqitch.plan": "%project=x\n", "deploy/a.sql": "CREATE TABLE a (id int);"},
    "node-pg-migrate": {"migrations/1700000000000_a.js": "exports.up = (pgm) => {}"},
    "yoyo": {"yoyo.ini": ""},
    "diesel": {"migrations/2024-01-01-000000_a/up.sql": CREATE},
    "ecto": {"priv/repo/migrations/20240101000000_a.exs": ""},
    "entity-framework": {"Migrations/20240101000000_A.Designer.cs": ""},
    "atlas": {"atlas.sum": "", "migrations/20240101000000.sql": CREATE},
    "phinx": {"phinx.php": ""},
    "mikro-orm": {"migrations/Migration20240101000000.ts": "import { Migration } from '@mikro-orm/migrations'"},
    "tern": {"tern.conf": ""},
    "raw": migrations("0001_a", "0002_b"),
}


@pytest.mark.parametrize("name", sorted(FRAMEWORKS))
def test_a_framework_is_told_by_the_files_that_only_it_has(name: str) -> None:
    assert project(FRAMEWORKS[name]).framework == name


def test_every_framework_with_a_mark_is_tested() -> None:
    assert {mark.framework for mark in _MARKS} | {"raw"} == set(FRAMEWORKS)


def test_a_query_builder_among_the_dependencies_does_not_make_sql_files_its_own() -> None:
    found = project({"package.json": '{\n"knex": "^3"\n}', **migrations("0001_a")})
    assert found.framework == "raw"
    assert says(found, "package.json")


def test_rust_projects_with_paired_files_are_not_taken_for_golang_migrate() -> None:
    files = {
        "Cargo.toml": 'sqlx = { features = ["migrate"] }',
        "migrations/1_a.up.sql": CREATE,
        "migrations/1_a.down.sql": "",
    }
    assert project(files).framework == "sqlx"


@pytest.mark.parametrize(
    ("names", "numbering", "free", "template"),
    [
        (["0001_a", "0002_b"], "0001", "0003", "{number}_{slug}.sql"),
        (["0001_a", "0007_b", "0003_c"], "0001", "0008", "{number}_{slug}.sql"),
        (["001_a", "099_b"], "001", "100", "{number}_{slug}.sql"),
        (["1_a", "9_b", "10_c"], "1", "11", "{number}_{slug}.sql"),
        (["01-add-users", "02-add-orders"], "01", "03", "{number}-{slug-dashed}.sql"),
        (["0001", "0002"], "0001", "0003", "{number}_{slug}.sql"),
        (["m0001_a"], "0001", "0002", "m{number}_{slug}.sql"),
        (["migration-5-x"], "1", "6", "migration-{number}-{slug}.sql"),
        (["20240101120000_a", "20240301120000_b"], "YYYYMMDDHHMMSS", "20240301120001", "{number}_{slug}.sql"),
        (["20240101_a"], "YYYYMMDD", "20240102", "{number}_{slug}.sql"),
        (["202401011200_a"], "YYYYMMDDHHMM", "202401011201", "{number}_{slug}.sql"),
        (["2024-01-15-a"], "YYYY-MM-DD", "2024-01-16", "{number}-{slug}.sql"),
        (["2024_01_15_120000_a"], "YYYY_MM_DD_HHMMSS", "2024_01_15_120001", "{number}_{slug}.sql"),
        (["20240115-1200_a"], "YYYYMMDD-HHMM", "20240115-1201", "{number}_{slug}.sql"),
        (["1700000000_a"], "seconds", "1700000001", "{number}_{slug}.sql"),
        (["1700000000000_a"], "milliseconds", "1700000000001", "{number}_{slug}.sql"),
        (["0001_a", "0002_b", "20240101120000_c"], "YYYYMMDDHHMMSS", "20240101120001", "{number}_{slug}.sql"),
        (["1_a", "2_b", "0003_c", "0004_d", "0005_e", "0006_f", "0007_g"], "0001", "0008", "{number}_{slug}.sql"),
    ],
)
def test_files_are_numbered_on_in_the_style_of_the_newest(
    names: list[str], numbering: str, free: str, template: str
) -> None:
    found = project(migrations(*names))
    assert (found.numbering, found.next_number, found.file_template) == (numbering, free, template)


@pytest.mark.parametrize(
    ("names", "numbering", "free", "head"),
    [
        (["V1__a", "V2__b"], "1", "3", "V2__b"),
        (["V1_9__a", "V1_10__b", "U1_10__b", "R__views"], "1_1", "1_11", "V1_10__b"),
        (["V1.2.9__a", "V1.10__b"], "1.1", "1.11", "V1.10__b"),
        (["V20240101120000__a"], "YYYYMMDDHHMMSS", "20240101120001", "V20240101120000__a"),
    ],
)
def test_a_flyway_version_has_parts(names: list[str], numbering: str, free: str, head: str) -> None:
    found = project({f"db/migration/{name}.sql": CREATE for name in names})
    assert (found.numbering, found.next_number, found.head) == (numbering, free, head)
    assert found.file_template == "V{number}__{slug}.sql"


def test_a_history_in_several_languages_is_one_history() -> None:
    node = project(
        {
            "migrations/1700000000000_a.sql": f"-- Up Migration\n{CREATE}\n-- Down Migration\nDROP TABLE t;",
            "migrations/1700000000001_b.js": "exports.up = (pgm) => {};",
        }
    )
    assert (node.framework, node.next_number, node.head) == ("node-pg-migrate", "1700000000002", "1700000000001_b")
    yoyo = project(
        {
            "yoyo.ini": "[DEFAULT]\nsources = %(here)s/db/steps\n",
            "db/steps/0001.a.sql": CREATE,
            "db/steps/0001.a.rollback.sql": "DROP TABLE t;",
            "db/steps/0002.b.py": "from yoyo import step\n__depends__ = {'0001.a'}",
            "db/steps/0002.c.sql": "-- depends: 0001.a\n",
        }
    )
    assert (yoyo.directory, yoyo.next_number, yoyo.heads) == ("db/steps", "0003", ("0002.b", "0002.c"))
    assert any("2 ends: 0002.b, 0002.c" in one.says for one in yoyo.evidence)
    assert "DROP" not in yoyo.schema_sql


def test_a_sqitch_history_is_what_its_plan_says_in_that_order() -> None:
    person = "2024-01-01T00:00:00Z Ada <ada@example.org>"
    found = project(
        {
            "sqitch.conf": "[core]\n\tengine = pg\n\ttop_dir = db\n",
            "db/sqitch.plan": f"%syntax-version=1.0.0\n%project=shop\n\nusers {person} # a\n@v1 {person} # tag\n"
            f"orders [users] {person} # b\n",
            "db/deploy/orders.sql": "CREATE TABLE orders (id int);",
            "db/deploy/users.sql": "CREATE TABLE users (id int);",
            "db/deploy/left_over.sql": "CREATE TABLE left_over (id int);",
        }
    )
    assert (found.directory, found.head, found.ledger) == ("db", "orders", "sqitch.changes")
    assert found.schema_from == ("db/deploy/users.sql", "db/deploy/orders.sql")


def test_a_prisma_history_is_a_directory_of_directories() -> None:
    found = project({f"prisma/migrations/2024010{n}000000_{n}/migration.sql": CREATE for n in (1, 2)})
    assert (found.directory, found.head) == ("prisma/migrations", "20240102000000_2")
    assert found.file_template == "{number}_{slug}/migration.sql"


def test_the_directory_with_the_migrations_wins_and_the_others_are_told() -> None:
    files = {
        **migrations("0001_a"),
        **{f"queries/0{n}_report.sql": "SELECT 1;" for n in range(1, 6)},
        "services/billing/migrations/0001_x.sql": CREATE,
        "tests/fixtures/migrations/0001_x.sql": CREATE,
        "tests/fixtures/migrations/0002_x.sql": CREATE,
    }
    found = project(files)
    assert (found.directory, found.head) == ("migrations", "0001_a")
    assert says(found, "services/billing/migrations") == [(0, "numbered SQL files lie here too; migrations was taken")]


def test_the_way_down_is_no_part_of_the_history() -> None:
    found = project({"db/0001_a.up.sql": CREATE.format("a"), "db/0001_a.down.sql": "DROP TABLE a;", "go.mod": ""})
    assert found.schema_sql.strip() == "CREATE TABLE a (id int);"
    assert found.head == "0001_a"
    goose = project(FRAMEWORKS["goose"])
    assert "DROP" not in goose.schema_sql


LEDGERS = {
    "INSERT INTO migrations (version) VALUES ('{number}')": "INSERT INTO migrations (version) VALUES ('{number}')",
    "insert into migrations (id, name, at) values ({integer}, '{slug}', now())": (
        "insert into migrations (id, name, at) values ({integer}, '{slug}', now())"
    ),
    "INSERT INTO done\n  (file)\nVALUES\n  ('{file}')": "INSERT INTO done\n  (file)\nVALUES\n  ('{file}')",
    "INSERT INTO migrations VALUES ('{stem}', '2024-01-01')": "INSERT INTO migrations VALUES ('{stem}', '{date}')",
    "INSERT INTO applied VALUES ('db/{file}') ON CONFLICT DO NOTHING": (
        "INSERT INTO applied VALUES ('db/{file}') ON CONFLICT DO NOTHING"
    ),
}


@pytest.mark.parametrize(("statement", "form"), LEDGERS.items())
def test_the_ledger_statement_keeps_the_projects_own_form(statement: str, form: str) -> None:
    files = {}
    for number, slug in (("0001", "add_users"), ("0002", "add_orders"), ("0003", "it; has")):
        stem = f"{number}_{slug}"
        values = {"number": number, "integer": str(int(number)), "slug": slug, "stem": stem, "file": f"{stem}.sql"}
        files[f"migrations/{stem}.sql"] = f"{CREATE.format('t' + number)}\n{statement.format(**values)};\n"
    found = project(files)
    assert found.ledger_insert == form
    assert found.ledger in form
    assert (3, f"the file records itself in {found.ledger}") in [
        (one.line, one.says) for one in found.evidence if one.file.endswith("it; has.sql")
    ]


def test_a_ledger_whose_values_cannot_be_worked_out_is_said_and_not_invented() -> None:
    files = {
        f"migrations/000{n}_a{n}.sql": f"{CREATE}INSERT INTO migrations VALUES ('000{n}_a{n}', '{n}f00ba4deadbeef{n}');\n"
        for n in range(1, 4)
    }
    found = project(files)
    assert found.ledger == "migrations"
    assert found.ledger_insert == ""
    assert "cannot be worked out" in found.unread[0].says


def test_ordinary_data_is_not_taken_for_a_ledger() -> None:
    files = {
        f"migrations/000{n}_a.sql": "INSERT INTO countries (id, name) VALUES (1, 'Chad'), (2, 'Peru');\n"
        for n in range(1, 4)
    }
    assert project(files).ledger_insert == ""


def test_files_that_no_longer_record_themselves_do_not_start_again() -> None:
    old = {f"migrations/000{n}_a.sql": f"INSERT INTO schema_migrations VALUES ('000{n}_a');\n" for n in range(1, 4)}
    new = {f"migrations/000{n}_a.sql": CREATE for n in range(4, 10)}
    assert project({**old, **new}).ledger_insert == ""


def test_a_ledger_that_a_runner_fills_is_named_from_its_table() -> None:
    found = project(
        {"migrations/0001_a.sql": "CREATE TABLE IF NOT EXISTS schema_migrations (v text);", **migrations("0002_b")}
    )
    assert (found.ledger, found.ledger_insert) == ("schema_migrations", "")


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"migrations/0002_b.sql": "BEGIN;\nALTER TABLE t0 ADD x int;\nCOMMIT;\n"}, "own"),
        ({"migrations/0002_b.sql": "CREATE INDEX CONCURRENTLY i ON t0 (id);"}, "nobody"),
        ({"bin/migrate": "psql $URL -f $file\n"}, "nobody"),
        ({"Makefile": "migrate:\n\tpsql --single-transaction -f $(F)\n"}, "runner"),
        ({"scripts/up.sh": "psql -v ON_ERROR_STOP=1 -1 -f x.sql"}, "runner"),
        ({"app/db.py": "connection.executescript(text)"}, "nobody"),
        ({}, "unclear"),
    ],
)
def test_who_opens_a_transaction_is_told_from_the_files(extra: dict[str, str], expected: str) -> None:
    assert project({**migrations("0001_a"), **extra}).transactions == expected


def test_a_procedure_body_is_not_taken_for_a_transaction() -> None:
    body = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN 1;\nEND $$;\n"
    assert project({"migrations/0001_a.sql": body}).transactions == "unclear"


def test_a_schema_file_that_is_up_to_date_is_todays_schema() -> None:
    found = project(
        {"schema.sql": "CREATE TABLE t0 (id int);\nCREATE TABLE t1 (id int);\n", **migrations("0001_a", "0002_b")}
    )
    assert found.schema_from == ("schema.sql",)


def test_a_schema_file_that_was_left_behind_is_not_today() -> None:
    found = project({"schema.sql": "CREATE TABLE t0 (id int);\n", **migrations("0001_a", "0002_b")})
    assert found.schema_from == ("migrations/0001_a.sql", "migrations/0002_b.sql")
    assert says(found, "schema.sql") == [
        (0, "the migrations bring t1, which this file does not mention: the migrations are read instead")
    ]


def test_a_schema_file_that_the_migrations_build_on_is_read_before_them() -> None:
    found = project(
        {"schema.sql": "CREATE TABLE users (id int)", "migrations/0001_a.sql": "ALTER TABLE users ADD COLUMN x int;"}
    )
    assert found.schema_from == ("schema.sql", "migrations/0001_a.sql")
    assert found.schema_sql.split() == [
        "CREATE",
        "TABLE",
        "users",
        "(id",
        "int)",
        ";",
        "ALTER",
        "TABLE",
        "users",
        "ADD",
        "COLUMN",
        "x",
        "int;",
    ]


def test_a_column_that_came_and_went_does_not_make_a_schema_file_old() -> None:
    history = {
        "migrations/0001_a.sql": "CREATE TABLE a (id int);",
        "migrations/0002_b.sql": "ALTER TABLE a ADD COLUMN x int;",
        "migrations/0003_c.sql": "ALTER TABLE a DROP COLUMN x;",
    }
    assert project({"db/schema.sql": "CREATE TABLE a (id int);", **history}).schema_from == ("db/schema.sql",)


def test_a_file_without_its_last_semicolon_does_not_run_into_the_next() -> None:
    files = {"migrations/0001_a.sql": "CREATE TABLE a (id int)", "migrations/0002_b.sql": "CREATE TABLE b (id int)"}
    assert project(files).schema_sql.count(";") == 2


NAMES = [
    "docker-compose.yml", "alembic.ini", ".env", "pyproject.toml", "alembic/versions/a.py", "migrations/0001_a.sql",
    "migrations/2_b.up.sql", "schema.sql", "package.json", "migrations/x.js", "a.sqlite", "alembic/env.py",
]  # fmt: skip
TEXTS = st.text(st.sampled_from(list("abepq:/=-'\"\n \\$%([{;0123\0é")), max_size=60)
STARTS = st.sampled_from(
    ["[alembic]\nscript_location = ", "down_revision = (", "revision = 'a'\ndown_revision = None\n"]
)


@given(st.dictionaries(st.sampled_from(NAMES), TEXTS | STARTS))
def test_nothing_that_files_contain_makes_recognition_fail(files: dict[str, str]) -> None:
    found = project(files)
    assert isinstance(found, Project)
    assert all(one.file for one in found.evidence)
