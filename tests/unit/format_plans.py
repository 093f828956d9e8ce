"""Plans to render: what the tests of the formats share."""

from __future__ import annotations

from typing import Any

from domain_agents.engines import engine as database
from domain_agents.migrations.formats import ReadFile, framework
from domain_agents.migrations.plan import App, Model, ModelField, Plan, PlannedDeploy, PlannedMigration, Project
from domain_agents.operations import Phase, Query


def migration(slug: str, *statements: str, **changes: Any) -> PlannedMigration:
    """One planned file, with something in every field of its header."""
    values: dict[str, Any] = {
        "order": 1,
        "title": slug.replace("_", " "),
        "slug": slug,
        "phase": Phase.EXPAND,
        "why": "a new column is NULL at first",
        "guards": ("SET lock_timeout = '2s'",),
        "statements": statements,
        "backfill": None,
        "transaction": True,
        "affected_rows": "12,000,000",
        "expected_duration": "a few milliseconds",
        "lock_impact": "ACCESS EXCLUSIVE on users, for milliseconds",
        "free_space": "none",
        "undo": "a new migration: ALTER TABLE users DROP COLUMN locale;",
        "undo_loses_data": True,
    }
    return PlannedMigration(**{**values, **changes})


def plan_of(*steps: PlannedMigration | PlannedDeploy, engine: str = "postgresql", version: str = "16") -> Plan:
    """A plan of those steps."""
    return Plan(engine, version, steps)


PROJECTS = {
    "raw": Project(
        framework="raw", directory="db/migrations", numbering="0001", next_number="0018", head="0017_create_users"
    ),
    "alembic": Project(framework="alembic", directory="alembic/versions", numbering="alembic", head="3f1c0b7a9d24"),
    "django": Project(
        framework="django",
        directory="accounts/migrations",
        numbering="0001",
        next_number="0018",
        head="0017_create_users",
        heads=("0017_create_users",),
        file_template="{number}_{slug}.py",
        schema_sql="CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL);",
        framework_version="5.2",
        apps=(
            App(
                "accounts",
                "accounts/migrations",
                ("0017_create_users",),
                "0018",
                (Model("users", "User", (ModelField("email", "email", "models.TextField()"),)),),
            ),
        ),
    ),
    "rails": Project(
        framework="rails",
        directory="db/migrate",
        numbering="YYYYMMDDHHMMSS",
        next_number="20240101000001",
        head="20240101000000_create_users",
        file_template="{number}_{slug}.rb",
        framework_version="7.2",
        slugs=("create_users", "note_odd_text"),
    ),
    "laravel": Project(
        framework="laravel",
        directory="database/migrations",
        numbering="YYYY_MM_DD_HHMMSS",
        next_number="2024_01_01_000001",
        head="2024_01_01_000000_create_users",
        file_template="{number}_{slug}.php",
    ),
    "doctrine": Project(
        framework="doctrine",
        directory="migrations",
        numbering="YYYYMMDDHHMMSS",
        next_number="20240101000001",
        head="Version20240101000000",
        file_template="Version{number}.php",
        habits=("namespace:App\\Migrations",),
    ),
    "knex": Project(
        framework="knex",
        directory="migrations",
        numbering="YYYYMMDDHHMMSS",
        next_number="20240101000001",
        head="20240101000000_create_users",
        file_template="{number}_{slug}.js",
    ),
    "sequelize": Project(
        framework="sequelize",
        directory="migrations",
        numbering="YYYYMMDDHHMMSS",
        next_number="20240101000001",
        head="20240101000000-create-users",
        file_template="{number}-{slug-dashed}.js",
    ),
    "typeorm": Project(
        framework="typeorm",
        directory="src/migrations",
        numbering="milliseconds",
        next_number="1700000000001",
        head="1700000000000-CreateUsers",
        file_template="{number}-{slug-pascal}.ts",
    ),
    "drizzle": Project(
        framework="drizzle",
        directory="drizzle",
        numbering="0001",
        next_number="0018",
        head="0017_create_users",
        file_template="{number}_{slug}.sql",
        schema_sql="CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL);",
        state=(
            '{"journal": {"version": "7", "dialect": "postgresql", "entries": [{"idx": 0, "version": "7",'
            ' "when": 1700000000000, "tag": "0017_create_users", "breakpoints": true}]}, "snapshot": null}'
        ),
    ),
    "goose": Project(
        framework="goose",
        directory="db/migrations",
        numbering="00001",
        next_number="00018",
        head="00017_create_users",
        file_template="{number}_{slug}.sql",
    ),
    "dbmate": Project(
        framework="dbmate",
        directory="db/migrations",
        numbering="YYYYMMDDHHMMSS",
        next_number="20240101000001",
        head="20240101000000_create_users",
        file_template="{number}_{slug}.sql",
    ),
    "golang-migrate": Project(
        framework="golang-migrate",
        directory="db/migrations",
        numbering="000001",
        next_number="000018",
        head="000017_create_users",
        file_template="{number}_{slug}.up.sql",
        transactions="own",
    ),
    "sqlx": Project(
        framework="sqlx",
        directory="migrations",
        numbering="YYYYMMDDHHMMSS",
        next_number="20240101000001",
        head="20240101000000_create_users",
        file_template="{number}_{slug}.sql",
    ),
    "flyway": Project(
        framework="flyway",
        directory="src/main/resources/db/migration",
        numbering="1",
        next_number="18",
        head="V17__create_users",
        file_template="V{number}__{slug}.sql",
    ),
    "liquibase": Project(
        framework="liquibase",
        directory="db/changelog",
        numbering="001",
        next_number="018",
        head="017_create_users",
        file_template="{number}_{slug}.sql",
    ),
    "sqitch": Project(
        framework="sqitch",
        directory=".",
        head="create_users",
        heads=("create_users",),
        file_template="{slug}.sql",
        schema_from=("deploy/create_users.sql", "deploy/fill_users_locale.sql"),
    ),
    "yoyo": Project(
        framework="yoyo",
        directory="migrations",
        numbering="0001",
        next_number="0018",
        head="0017.create-users",
        heads=("0016.create-teams", "0017.create-users"),
        file_template="{number}.{slug-dashed}.sql",
    ),
    "node-pg-migrate": Project(
        framework="node-pg-migrate",
        directory="migrations",
        numbering="milliseconds",
        next_number="1700000000001",
        head="1700000000000_create-users",
        file_template="{number}_{slug-dashed}.sql",
    ),
    "prisma": Project(
        framework="prisma",
        directory="prisma/migrations",
        numbering="YYYYMMDDHHMMSS",
        next_number="20240101000001",
        head="20240101000000_create_users",
        file_template="{number}_{slug}/migration.sql",
    ),
}
"""A project with a history in each framework."""


def arranged(name: str, plan: Plan, project: Project | None = None) -> Plan:
    """The plan as the framework can run it."""
    return framework(name).arrange(plan, project or PROJECTS[name], database(plan.engine))


def rendered(name: str, plan: Plan, project: Project | None = None, **given: str) -> dict[str, str]:
    """Everything that is rendered for a plan: the migrations, and what goes with them."""
    chosen = project or PROJECTS[name]
    return dict(
        framework(name).render(
            arranged(name, plan, chosen),
            chosen,
            database(plan.engine),
            author=given.get("author", ""),
            date=given.get("date", "2026-11-21"),
        )
    )


def migrations(name: str, contents: dict[str, str]) -> dict[str, str]:
    """The migrations among what was rendered."""
    return {path: text for path, text in contents.items() if not framework(name).is_companion(path)}


def read_back(name: str, contents: dict[str, str], on: str = "postgresql") -> list[ReadFile]:
    """Every migration, read with what lies beside it."""
    form = framework(name).beside(contents)
    return [form.read(path, text, on) for path, text in migrations(name, contents).items()]


PROCEDURE = """CREATE PROCEDURE fill_locale()
LANGUAGE plpgsql AS $body$
BEGIN
    LOOP
        UPDATE users SET locale = 'en' WHERE id IN (SELECT id FROM users WHERE locale IS NULL LIMIT 2);
        EXIT WHEN NOT FOUND;
        COMMIT;
    END LOOP;
END
$body$"""

NOT_NULL_COLUMN = plan_of(
    migration("add_locale_to_users", "ALTER TABLE users ADD COLUMN locale text"),
    PlannedDeploy(2, "deploy", "the application writes users.locale", "rows written meanwhile need a value"),
    migration(
        "fill_users_locale",
        PROCEDURE,
        "CALL fill_locale()",
        "DROP PROCEDURE fill_locale",
        phase=Phase.MIGRATE,
        guards=("SET statement_timeout = 0",),
        transaction=False,
        why="rows from before the deploy have no locale",
        validations=(Query("SELECT count(*) FROM users WHERE locale IS NULL", "0", "nothing is left over"),),
    ),
    migration(
        "add_users_locale_not_null_check",
        "ALTER TABLE users ADD CONSTRAINT users_locale_not_null CHECK (locale IS NOT NULL) NOT VALID",
        phase=Phase.CONTRACT,
    ),
    migration(
        "index_users_locale",
        'CREATE INDEX CONCURRENTLY "users_Locale_idx" ON users (locale)',
        guards=("SET lock_timeout = 0",),
        transaction=False,
        undo="a new migration: DROP INDEX CONCURRENTLY\n  users_locale_idx;",
        undo_loses_data=False,
        prechecks=(Query("SELECT 1", "1", "the server answers"),),
    ),
    migration("note_odd_text", r"""COMMENT ON COLUMN users.locale IS ':a 100% \:b " "' """.strip(), guards=()),
)
