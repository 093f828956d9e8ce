"""Planned changes of columns, proved: the old application works until its deploy, the new one from then on."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from domain_agents.tools import Job, Settings
from domain_agents.tools._proving import prove
from domain_agents.tools.plan_migration import PlanMigration, planned
from domain_agents.tools.prove_migration import ProveMigration, _prepared

if TYPE_CHECKING:
    from domain_agents.workspace.scratch import PostgresScratch

ROWS = 20_000
SCHEMA = """
CREATE TABLE countries (code varchar(20) PRIMARY KEY, name text NOT NULL);
CREATE TABLE "Users" (
    id bigint PRIMARY KEY,
    email varchar(200) NOT NULL,
    "select" text NOT NULL,
    country varchar(20) REFERENCES countries (code),
    visits integer NOT NULL DEFAULT 0,
    CONSTRAINT visits_not_negative CHECK (visits >= 0),
    CONSTRAINT users_email UNIQUE (email)
);
CREATE INDEX users_visits ON "Users" (visits, id);
"""


def proved(request: pytest.FixtureRequest, engine: str, **arguments: Any) -> dict[str, Any]:
    """The plan for the change, rendered and run on the scratch server: the proof as a client sees it."""
    given: dict[str, Any] = {"engine": engine, "schema": SCHEMA, "rows": {"Users": ROWS, "countries": 200}, **arguments}
    given.setdefault("tables", {"Users": {"rows": ROWS}})
    prepared = _prepared(ProveMigration.model_validate(given), Settings(project=None), Job())
    scratch = request.getfixturevalue("postgres") if engine == "postgresql" else None
    told = prove(prepared.request, Job(), scratch=scratch, seconds=300).as_json()
    assert told["verdict"] == "proved", told["reasons"]
    assert {name: told["rows"][name] for name in given["rows"]} == given["rows"]
    return told


def worked(told: dict[str, Any]) -> set[str]:
    return {name for name, check in told["checks"].items() if check["result"] == "ok"}


BOTH_APPLICATIONS = {"applies", "data_kept", "old_app_works", "new_app_works", "converges"}
both_engines = pytest.mark.parametrize("engine", ["postgresql", "sqlite"])


@both_engines
def test_a_required_column_goes_without_an_insert_that_fails(request: pytest.FixtureRequest, engine: str) -> None:
    told = proved(request, engine, sql='ALTER TABLE "Users" DROP COLUMN "select"')
    assert worked(told) >= BOTH_APPLICATIONS


@both_engines
def test_a_column_with_keys_and_indexes_goes(request: pytest.FixtureRequest, engine: str) -> None:
    for column in ("country", "visits", "email"):
        told = proved(request, engine, changes=[{"kind": "drop_column", "table": "Users", "column": column}])
        assert worked(told) >= BOTH_APPLICATIONS


@both_engines
@pytest.mark.parametrize(
    "change",
    [
        {"kind": "set_default", "column": "country", "default": "NULL"},
        {"kind": "set_default", "column": "visits", "default": "7"},
        {"kind": "set_default", "column": "visits"},
        {"kind": "drop_not_null", "column": "select"},
        {"kind": "drop_not_null", "column": "email"},
    ],
)
def test_a_default_and_a_not_null_change_under_a_running_application(
    request: pytest.FixtureRequest, engine: str, change: dict[str, Any]
) -> None:
    told = proved(request, engine, changes=[{"table": "Users", **change}])
    assert worked(told) >= BOTH_APPLICATIONS
    assert all(statement["agrees"] for statement in told["statements"])


@pytest.mark.parametrize("change", [{"comment": "it's who signs in"}, {"column": "select", "comment": "a \\ in it"}])
def test_a_comment_keeps_nobody_waiting(request: pytest.FixtureRequest, change: dict[str, Any]) -> None:
    told = proved(request, "postgresql", changes=[{"kind": "set_comment", "table": "Users", **change}])
    assert worked(told) >= BOTH_APPLICATIONS
    assert all(statement["agrees"] for statement in told["statements"])


RENAMES = [
    {"column": "email", "new_name": "mail"},  # NOT NULL, unique
    {"column": "select", "new_name": "Quoted name"},
    {"column": "country", "new_name": "land"},  # a foreign key
    {"column": "visits", "new_name": "order"},  # a default, a check, an index
]


@both_engines
@pytest.mark.parametrize("names", RENAMES, ids=lambda names: names["column"])
def test_a_column_is_renamed_while_both_applications_write(
    request: pytest.FixtureRequest, engine: str, names: dict[str, str]
) -> None:
    told = proved(request, engine, changes=[{"kind": "rename_column", "table": "Users", **names}])
    assert worked(told) >= BOTH_APPLICATIONS | {"rerun", "crash_resume"}
    assert all(statement["agrees"] for statement in told["statements"])
    # The values are those of the column before, found under the new name.
    assert f"Users.{names['column']}" not in told["checks"]["data_kept"]["why"]


WITH_DEPENDENTS = f"""{SCHEMA}
CREATE TABLE mails (id bigint PRIMARY KEY, address varchar(200) REFERENCES "Users" (email));
CREATE VIEW addresses AS SELECT id, email FROM "Users" WHERE email <> '';
"""


@both_engines
def test_what_refers_to_a_column_and_shows_it_follows_its_new_name(request: pytest.FixtureRequest, engine: str) -> None:
    change = {"kind": "rename_column", "table": "Users", "column": "email", "new_name": "mail"}
    rows = {"Users": ROWS, "countries": 200, "mails": 500}
    told = proved(request, engine, changes=[change], schema=WITH_DEPENDENTS, rows=rows)
    assert worked(told) >= BOTH_APPLICATIONS


@both_engines
def test_a_column_that_is_the_key_or_is_referred_to_gets_its_new_name(
    request: pytest.FixtureRequest, engine: str
) -> None:
    schema = (
        SCHEMA if engine == "postgresql" else SCHEMA.replace("code varchar(20) PRIMARY KEY", "code varchar(20) UNIQUE")
    )
    schema = schema.replace("name text NOT NULL)", "name text NOT NULL, number integer)")
    if engine == "sqlite":
        schema = schema.replace("UNIQUE,", "UNIQUE, id INTEGER PRIMARY KEY,")
    change = {"kind": "rename_column", "table": "countries", "column": "code", "new_name": "iso"}
    rows = {"Users": 5_000, "countries": ROWS}
    told = proved(request, engine, changes=[change], schema=schema, rows=rows, tables={"countries": {"rows": ROWS}})
    assert worked(told) >= BOTH_APPLICATIONS


RENAME = {"kind": "rename_column", "table": "Users", "column": "email", "new_name": "mail"}
INSERT = """INSERT INTO "Users" (id, {name}, "select", visits) VALUES ({id}, '{value}', 'x', 1)"""
BOTH_VERSIONS = (
    (INSERT.format(name="email", id=1, value="Old@x"), "Old@x"),
    (INSERT.format(name="mail", id=2, value="new@x"), "new@x"),
    ("""UPDATE "Users" SET email = 'by old' WHERE id = 2""", "by old"),
    ("""UPDATE "Users" SET mail = 'by new' WHERE id = 1""", "by new"),
    ("""UPDATE "Users" SET visits = visits + 1 WHERE id = 1""", "by new"),
    (f"{INSERT.format(name='mail', id=3, value='by new')} ON CONFLICT (mail) DO UPDATE SET mail = 'merged'", "merged"),
    (f"{INSERT.format(name='email', id=3, value='merged')} ON CONFLICT (email) DO UPDATE SET email = 'both'", "both"),
)


def before_the_deploy(engine: str) -> list[str]:
    """The statements of every file that runs before the application that knows the new name is live."""
    given = {"engine": engine, "schema": SCHEMA, "changes": [RENAME], "tables": {"Users": {"rows": 1}}}
    prepared = _prepared(ProveMigration.model_validate(given), Settings(project=None), Job())
    files = prepared.request.files[: prepared.request.new_application_from]
    return [one.sql for file in files for one in file.statements]


def test_old_and_new_names_hold_the_same_whoever_writes_on_postgresql(postgres: PostgresScratch) -> None:
    database, role = postgres.create_database()
    with postgres.connect(database) as connection:
        for sql in (*SCHEMA.split(";\n"), *before_the_deploy("postgresql")):
            connection.execute(sql)
        # What another trigger makes of a value is what both names hold.
        connection.execute(
            "CREATE FUNCTION trimmed() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.email := btrim(NEW.email); RETURN NEW; END $$"
        )
        connection.execute(
            'CREATE TRIGGER trimmed BEFORE INSERT OR UPDATE ON "Users" FOR EACH ROW EXECUTE FUNCTION trimmed()'
        )
        for sql, value in BOTH_VERSIONS:
            connection.execute(sql)
            differ = """SELECT count(*) FROM "Users" WHERE email IS DISTINCT FROM mail"""
            assert connection.execute(differ).fetchone() == (0,)
            assert connection.execute(f"""SELECT count(*) FROM "Users" WHERE mail = '{value}'""").fetchone() == (1,)
    postgres.drop_database(database)
    postgres.drop_role(role)


def test_old_and_new_names_hold_the_same_whoever_writes_on_sqlite() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for sql in (*SCHEMA.split(";\n"), *before_the_deploy("sqlite"), "PRAGMA recursive_triggers = ON"):
        connection.execute(sql)
    for sql, value in BOTH_VERSIONS:
        connection.execute(sql)
        assert connection.execute("""SELECT count(*) FROM "Users" WHERE email IS NOT mail""").fetchone() == (0,)
        assert connection.execute(f"""SELECT count(*) FROM "Users" WHERE mail = '{value}'""").fetchone() == (1,)
    connection.close()


EXCHANGED = [
    {"column": "visits", "type": "bigint"},  # NOT NULL, a default, a check, an index
    {"column": "country", "type": "text"},  # free, with a foreign key
    {"column": "select", "type": "varchar(500)"},
    {"column": "email", "type": "varchar(150)"},  # unique
]


@both_engines
@pytest.mark.parametrize("change", EXCHANGED, ids=lambda change: f"{change['column']}-{change['type']}")
def test_a_column_gets_another_type_while_both_applications_write(
    request: pytest.FixtureRequest, engine: str, change: dict[str, str]
) -> None:
    told = proved(request, engine, changes=[{"kind": "change_type", "table": "Users", **change}])
    assert worked(told) >= BOTH_APPLICATIONS
    assert all(statement["agrees"] for statement in told["statements"])
    if engine == "postgresql":
        assert not any(statement["rewrote"] for statement in told["statements"])
        # Made anew, and every row holds what it held.
        assert f"Users.{change['column']}" not in told["checks"]["data_kept"]["why"]


TYPES = """
CREATE TABLE types (id bigint PRIMARY KEY, short varchar(30), longer varchar(30), unlimited varchar(30), words text,
    amount numeric(10,2), total numeric(10,2), moment timestamptz(3), local timestamp(3), net cidr, plain integer,
    checked varchar(30) CHECK (checked <> ''), folded varchar(30));
CREATE INDEX types_short ON types (short);
CREATE INDEX types_amount ON types (amount);
CREATE INDEX types_folded ON types (id) WHERE folded <> '';
"""
NOTED_ONLY = [
    ("short", "varchar(60)"), ("longer", "text"), ("unlimited", "character varying"), ("words", "varchar"),
    ("amount", "numeric(14,2)"), ("total", "decimal"), ("moment", "timestamp with time zone"), ("local", "timestamp(6)"),
    ("net", "inet"), ("plain", "int4"),
]  # fmt: skip


def run_as_written(postgres: PostgresScratch, changes: list[tuple[str, str]]) -> list[dict[str, Any]]:
    sql = "".join(f"ALTER TABLE types ALTER COLUMN {column} TYPE {type_};\n" for column, type_ in changes)
    given = {
        "engine": "postgresql",
        "version": "18",
        "schema": TYPES,
        "sql": sql,
        "rows": {"types": ROWS},
        "load": False,
    }
    prepared = _prepared(ProveMigration.model_validate(given), Settings(project=None), Job())
    told: list[dict[str, Any]] = prove(prepared.request, Job(), scratch=postgres).as_json()["statements"]
    return told


def test_what_is_said_to_be_noted_only_reads_and_writes_no_row(postgres: PostgresScratch) -> None:
    told = run_as_written(postgres, NOTED_ONLY)
    assert len(told) == len(NOTED_ONLY)
    for statement in told:
        assert not statement.get("error"), statement
        assert (statement["rewrote"], statement["scanned"], statement["agrees"]) == ([], [], True), statement["sql"]


def test_a_check_and_a_partial_index_make_a_wider_type_read_the_table(postgres: PostgresScratch) -> None:
    checked, folded = run_as_written(postgres, [("checked", "varchar(60)"), ("folded", "varchar(60)")])
    assert (checked["rewrote"], checked["scanned"]) == ([], ["types"])
    assert (folded["rewrote"], folded["scanned"]) == ([], ["types"])


def test_a_value_that_cannot_be_converted_is_listed_and_refuses_nothing(postgres: PostgresScratch) -> None:
    schema = "CREATE TABLE events (id bigint PRIMARY KEY, happened text)"
    change = {"kind": "change_type", "table": "events", "column": "happened", "type": "timestamptz"}
    given = {"engine": "postgresql", "schema": schema, "changes": [change], "tables": {"events": {"rows": 3}}}
    made = planned(PlanMigration.model_validate(given), Settings(project=None), Job())
    prepared = _prepared(ProveMigration.model_validate(given), Settings(project=None), Job())
    deploy = prepared.request.new_application_from or 0
    database, role = postgres.create_database()
    with postgres.connect(database) as connection:
        connection.execute(schema)
        connection.execute("INSERT INTO events VALUES (1, '2026-01-01 00:00Z'), (2, 'yesterday-ish')")
        for file in prepared.request.files[:deploy]:
            for one in file.statements:
                connection.execute(one.sql)
        connection.execute("INSERT INTO events VALUES (3, 'soon')")
        validation, _listing = made.plan.migrations[1].validations
        assert connection.execute(validation.sql).fetchone() == (2,)
        connection.execute("UPDATE events SET happened = '2026-02-02 00:00Z' WHERE id > 1")
        assert connection.execute(validation.sql).fetchone() == (0,)
        swap, end = prepared.request.files[deploy:]
        for one in swap.statements:
            connection.execute(one.sql)
        connection.execute("UPDATE events SET happened = '2027-03-03 00:00Z' WHERE id = 3")
        years = (
            "SELECT extract(year FROM happened), extract(year FROM happened_old::timestamptz) FROM events WHERE id = 3"
        )
        assert connection.execute(years).fetchone() == (2027, 2027)
        for one in end.statements:
            connection.execute(one.sql)
        assert connection.execute("SELECT count(happened) FROM events").fetchone() == (3,)
    postgres.drop_database(database)
    postgres.drop_role(role)
