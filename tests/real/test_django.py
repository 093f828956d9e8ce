"""Plans in a Django project, run by Django itself on PostgreSQL and SQLite: the tables and the models arrive together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.real.django_project import PEOPLE, assert_done, make_project, manage
from tests.real.migration_tools import Database, mariadb, postgresql, sqlite

from domain_agents.dialects import dialect, replay
from domain_agents.migrations.formats import framework
from domain_agents.migrations.project import recognise
from domain_agents.tools import Job, Settings
from domain_agents.tools.plan_migration import TOOL, PlanMigration
from domain_agents.workspace.files import ProjectFiles

if TYPE_CHECKING:
    from pathlib import Path

    from domain_agents.workspace.scratch import PostgresScratch

REQUEST = {
    "sql": (
        "ALTER TABLE users ADD COLUMN locale varchar(12) NOT NULL; CREATE INDEX users_locale_idx ON users (locale);"
        " ALTER TABLE users ADD COLUMN boss_id bigint; ALTER TABLE users ADD FOREIGN KEY (boss_id) REFERENCES users (id);"
        " ALTER TABLE users ADD CONSTRAINT users_nick_locale UNIQUE (nick, locale); ALTER TABLE users ALTER nick DROP NOT NULL;"
    ),
    "backfill": {"users.locale": "CASE WHEN email LIKE '3%' THEN 'three: 100%' ELSE '%(x)s' END"},
    "tables": {"users": {"rows": 4}},
    "date": "2026-11-21",
    "write": True,
}
WANTED = (
    PEOPLE.replace(
        "    friends",
        '    locale = models.CharField(max_length=12)\n    boss = models.ForeignKey("self", models.DO_NOTHING, null=True, db_index=False)\n'
        "    friends",
    )
    .replace(
        "    class Meta:",
        '    class Meta:\n        indexes = [models.Index(fields=["locale"], name="users_locale_idx")]\n'
        '        constraints = [models.UniqueConstraint(fields=["nick", "locale"], name="users_nick_locale")]',
    )
    .replace("max_length=40, ", "max_length=40, null=True, ")
)


@pytest.fixture(params=["postgresql", "sqlite", "mariadb"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        return sqlite(tmp_path)
    if request.param == "mariadb":
        return mariadb(request.getfixturevalue("mariadb"))
    server: PostgresScratch = request.getfixturevalue("postgres")
    return postgresql(server)


def test_a_plan_runs_in_django_and_leaves_its_models_nothing_to_do(database: Database, tmp_path: Path) -> None:
    root = tmp_path / "project"
    make_project(root, database)
    assert_done(manage(root, database, "migrate"))
    _assert_read_as_made(database, root)

    request = dict(REQUEST)
    if database.engine == "mariadb":
        request["sql"] = str(REQUEST["sql"]).replace("ALTER nick DROP NOT NULL", "MODIFY nick varchar(40)")
        # Django's settings name MySQL for both.
        request |= {"engine": "mariadb", "version": "10.11"}
    asked = PlanMigration.model_validate(request)
    planned = TOOL.call(asked, Settings(project=root), Job()).structured
    assert planned["project"]["framework"] == "django"
    assert planned["project"]["directory"] == "people/migrations"
    assert planned["findings"] == []
    assert planned["written"][0].startswith("people/migrations/0004_")
    for _ in range(2):
        assert_done(manage(root, database, "migrate"))
        _assert_is_as_asked(database)
    (root / "people" / "models.py").write_text(WANTED)
    assert_done(manage(root, database, "makemigrations", "--check", "--dry-run"))
    again = recognise(ProjectFiles(root), engine=database.engine, directory="people/migrations")
    assert again.head == planned["written"][-1].rpartition("/")[2].removesuffix(".py")
    assert again.unread == ()
    schema, unread = replay(again.schema_sql, dialect(database.engine))
    assert unread == ()
    users = next(table for name, table in schema.tables.items() if name.name == "users")
    assert {column.name: column.nullable for column in users.columns} == {
        "id": False, "email": False, "nick": True, "locale": False, "boss_id": True
    }  # fmt: skip

    back = manage(root, database, "migrate", "people", "0003")
    assert back.returncode != 0
    assert "is not reversible" in back.stderr
    _assert_is_as_asked(database)


def _assert_read_as_made(database: Database, root: Path) -> None:
    """Tables, columns, indexes and keys by the names that Django has chosen."""
    project = recognise(ProjectFiles(root), engine="mariadb" if database.engine == "mariadb" else "")
    assert project.unread == ()
    schema, unread = replay(project.schema_sql, dialect(database.engine))
    assert unread == ()
    tables = {name.name: table for name, table in schema.tables.items()}
    if database.engine == "sqlite":
        there = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name NOT LIKE 'auth%'"
        keys = {(index.name,) for index in schema.indexes.values()}
        columns = "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'"
    elif database.engine == "mariadb":
        of_ours = "table_schema = DATABASE() AND table_name REGEXP '^(users|shop)'"
        there = (
            f"SELECT constraint_name FROM information_schema.referential_constraints"
            " WHERE constraint_schema = DATABASE() AND table_name REGEXP '^(users|shop)'"
            f" UNION SELECT index_name FROM information_schema.statistics WHERE {of_ours} AND index_name <> 'PRIMARY'"
        )
        keys = {(index.name,) for index in schema.indexes.values()}
        keys |= {(key.name,) for table in tables.values() for key in table.foreign_keys}
        keys |= {(key.name,) for table in tables.values() for key in table.uniques}
        columns = f"SELECT table_name, column_name FROM information_schema.columns WHERE {of_ours}"
    else:
        of_ours = "::regclass::text ~ '^(users|shop)'"
        there = (
            f"SELECT conname::text FROM pg_constraint WHERE conrelid{of_ours} AND contype IN ('f', 'u', 'c')"
            f" UNION SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid{of_ours} AND NOT indisprimary"
        )
        keys = {(index.name,) for index in schema.indexes.values()}
        keys |= {(key.name,) for table in tables.values() for key in table.foreign_keys if key.name}
        keys |= {(key.name,) for table in tables.values() for key in table.uniques if key.name}
        keys |= {(check.name,) for table in tables.values() for check in table.checks if check.name}
        keys |= {(f"{name}_{one.columns[0]}_key",) for name, t in tables.items() for one in t.uniques if not one.name}
        keys |= {("shop_product_stock_check",)}
        columns = (
            f"SELECT attrelid::regclass::text, attname::text FROM pg_attribute WHERE attrelid{of_ours} AND attnum > 0"
        )
        columns += " AND attrelid IN (SELECT oid FROM pg_class WHERE relkind = 'r')"
    made = set(database.rows(there))
    assert {row for row in made if not str(row[0]).startswith(("django", "auth"))} == keys
    named = {row for row in database.rows(columns) if not str(row[0]).startswith(("django", "auth", "sqlite"))}
    assert named == {(name, column.name) for name, table in tables.items() for column in table.columns}


def _assert_is_as_asked(database: Database) -> None:
    rows = database.rows("SELECT id, email, nick, locale, boss_id FROM users ORDER BY id")
    locales = ["%(x)s", "%(x)s", "%(x)s", "three: 100%"]
    assert rows == [(n + 1, f"{n}@example.org", f"u{n}", locale, None) for n, locale in enumerate(locales)]


MORE = """from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0003_nick")]
    operations = [
        migrations.AddField("user", "plan", models.CharField(max_length=10, default="free")),
        migrations.AddField("user", "points", models.IntegerField(null=True, db_index=True)),
        migrations.AlterField("user", "nick", models.CharField(max_length=80, db_index=True, null=True)),
        migrations.AddIndex("user", models.Index(fields=["-plan", "nick"], name="by_plan")),
        migrations.AddConstraint("user", models.UniqueConstraint(fields=["nick", "plan"], name="nick_plan")),
        migrations.AddConstraint("user", models.CheckConstraint(condition=models.Q(("points__gte", 0)), name="some")),
        migrations.RenameField("user", "email", "mail"),
        migrations.AlterUniqueTogether("user", {("mail", "points")}),
        migrations.RemoveIndex("user", "by_plan"),
        migrations.CreateModel("Pet", [("id", models.AutoField(primary_key=True)), ("name", models.TextField(unique=True))]),
    ]
"""


def test_operations_are_read_as_the_sql_that_django_makes_of_them(postgres: PostgresScratch, tmp_path: Path) -> None:
    database = postgresql(postgres)
    make_project(tmp_path, database)
    path = "people/migrations/0004_more.py"
    (tmp_path / path).write_text(MORE)
    assert_done(manage(tmp_path, database, "migrate"))
    shown = manage(tmp_path, database, "sqlmigrate", "people", "0004")
    assert_done(shown)
    lines = [line.rstrip(";") for line in shown.stdout.splitlines() if line and not line.startswith("--")]
    contents = {
        one: (tmp_path / one).read_text() for one in ProjectFiles(tmp_path).paths() if "people/migrations" in one
    }
    read = framework("django").beside(contents).read(path, MORE, "postgresql")
    assert read.unread == ()
    assert read.transaction
    ours = [" ".join(one.sql.split()).replace("( ", "(").replace(" )", ")") for one in read.statements]
    left, right = {_spelled(one) for one in ours}, {_spelled(one) for one in lines[1:-1]}
    assert left - right == set()
    assert right - left == set()


def _spelled(sql: str) -> str:
    """Without the order of a column's words, and blanks that mean nothing."""
    return " ".join(sorted(sql.replace("(", " ( ").replace(")", " ) ").replace(",", " ").split()))
