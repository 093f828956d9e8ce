"""Plans for tables, indexes and constraints, proved by the product's own kernel while an application reads and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from domain_agents.catalog import Schema, TableName
from domain_agents.ddl import CreateView
from domain_agents.engines import engine as engine_named
from domain_agents.tools import Job, Settings
from domain_agents.tools._arguments import parse_arguments
from domain_agents.tools._proving import prove
from domain_agents.tools.prove_migration import TOOL, _prepared

if TYPE_CHECKING:
    from domain_agents.tools.prove_migration import ProveMigration
    from domain_agents.workspace.scratch import PostgresScratch

ROWS = 20_000
SCHEMA = """
CREATE TABLE users (
    id bigint PRIMARY KEY, email varchar(200) NOT NULL, country varchar(20), age integer,
    CONSTRAINT age_is_human CHECK (age >= 0)
);
CREATE TABLE "Orders" (
    id bigint PRIMARY KEY, user_id bigint NOT NULL, "select" text, number varchar(40) NOT NULL,
    CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT orders_number UNIQUE (number)
);
CREATE INDEX orders_user_id ON "Orders" (user_id);
CREATE INDEX users_country ON users (country);
"""
EVERYTHING = {"applies", "data_kept", "old_app_works", "new_app_works", "converges"}
both_engines = pytest.mark.parametrize("engine", ["postgresql", "sqlite"])


def proved(request: pytest.FixtureRequest, engine: str, *, schema: str = SCHEMA, **arguments: Any) -> dict[str, Any]:
    """The plan for the change, rendered and run on the scratch server: the proof as a client sees it."""
    rows = {"users": ROWS, "Orders": ROWS}
    given = {"engine": engine, "schema": schema, "rows": rows, **arguments}
    given.setdefault("tables", {table: {"rows": count} for table, count in rows.items()})
    prepared = _prepared(cast("ProveMigration", parse_arguments(TOOL, given)), Settings(project=None), Job())
    scratch = request.getfixturevalue("postgres") if engine == "postgresql" else None
    told = prove(prepared.request, Job(), scratch=scratch, seconds=300).as_json()
    assert told["verdict"] == "proved", told["reasons"]
    assert {name for name, check in told["checks"].items() if check["result"] == "ok"} >= EVERYTHING, told["checks"]
    assert all(statement["agrees"] for statement in told["statements"])
    return told


def locks(told: dict[str, Any], words: str) -> set[str]:
    """The modes that the statements which begin with these words took on tables; an index that goes is nobody else's."""
    return {
        lock["mode"]
        for one in told["statements"]
        if one["sql"].startswith(words)
        for lock in one["locks"]
        if lock["relation"] in {"users", "Orders", "notes", "invoices"}
    }


@both_engines
def test_a_table_with_a_foreign_key_is_made_and_changed_freely(request: pytest.FixtureRequest, engine: str) -> None:
    told = proved(
        request,
        engine,
        sql="CREATE TABLE invoices (id integer PRIMARY KEY, user_id bigint REFERENCES users (id), note text);"
        "CREATE INDEX invoices_user ON invoices (user_id); ALTER TABLE invoices ADD COLUMN total integer",
    )
    if engine == "postgresql":
        assert locks(told, "CREATE TABLE") >= {"SHARE ROW EXCLUSIVE"}


@both_engines
def test_an_index_goes_under_a_running_application(request: pytest.FixtureRequest, engine: str) -> None:
    told = proved(request, engine, sql="DROP INDEX users_country")
    if engine == "postgresql":
        assert locks(told, "DROP INDEX") <= {"SHARE UPDATE EXCLUSIVE"}


@both_engines
def test_a_check_is_added_under_a_running_application(request: pytest.FixtureRequest, engine: str) -> None:
    change = {"kind": "add_check", "table": "users", "name": "not_old", "expression": "age < 150"}
    told = proved(request, engine, changes=[change])
    if engine == "postgresql":
        assert locks(told, "ALTER TABLE users VALIDATE") == {"SHARE UPDATE EXCLUSIVE"}
        assert [one["scanned"] for one in told["statements"] if "ADD CONSTRAINT" in one["sql"]] == [[]]


@both_engines
def test_a_unique_constraint_is_added_under_a_running_application(request: pytest.FixtureRequest, engine: str) -> None:
    for columns in (["email"], ["age", "country"]):
        told = proved(request, engine, changes=[{"kind": "add_unique", "table": "users", "columns": columns}])
        if engine == "postgresql":
            assert locks(told, "ALTER TABLE users ADD CONSTRAINT") == {"ACCESS EXCLUSIVE"}
            assert [one["scanned"] for one in told["statements"] if "USING INDEX" in one["sql"]] == [[]]


@both_engines
@pytest.mark.parametrize(
    ("table", "name"), [("Orders", "orders_user"), ("Orders", "orders_number"), ("users", "age_is_human")]
)
def test_a_constraint_goes_under_a_running_application(
    request: pytest.FixtureRequest, engine: str, table: str, name: str
) -> None:
    told = proved(request, engine, changes=[{"kind": "drop_constraint", "table": table, "name": name}])
    if engine == "postgresql":
        assert locks(told, "ALTER TABLE") >= {"ACCESS EXCLUSIVE"}


def test_a_constraint_is_validated_under_a_running_application(request: pytest.FixtureRequest) -> None:
    schema = (
        SCHEMA
        + """
    ALTER TABLE users ADD CONSTRAINT has_mail CHECK (email <> '') NOT VALID;
    CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint);
    ALTER TABLE notes ADD CONSTRAINT notes_user FOREIGN KEY (user_id) REFERENCES users NOT VALID;
    """
    )
    for table, name in (("users", "has_mail"), ("notes", "notes_user")):
        change = {"kind": "validate_constraint", "table": table, "name": name}
        told = proved(request, "postgresql", schema=schema, changes=[change])
        assert locks(told, "ALTER TABLE") <= {"SHARE UPDATE EXCLUSIVE", "ROW SHARE", "ACCESS SHARE"}


@both_engines
def test_a_table_goes_after_the_application_that_does_without_it(request: pytest.FixtureRequest, engine: str) -> None:
    told = proved(request, engine, changes=[{"kind": "drop_table", "table": "users"}])
    assert not [one for one in told["statements"] if one["rewrote"] and engine == "postgresql"]


@both_engines
def test_a_table_is_renamed_under_applications_that_know_either_name(
    request: pytest.FixtureRequest, engine: str
) -> None:
    for table, new_name in (("users", "people"), ("Orders", "select")):
        told = proved(request, engine, changes=[{"kind": "rename_table", "table": table, "new_name": new_name}])
        assert not any(one["rewrote"] or one["scanned"] for one in told["statements"] if engine == "postgresql")


@both_engines
@pytest.mark.parametrize(
    "change",
    [
        {"kind": "rename_index", "table": "users", "name": "users_country", "new_name": "by country"},
        {"kind": "rename_constraint", "table": "Orders", "name": "orders_number", "new_name": "select"},
        {"kind": "rename_constraint", "table": "users", "name": "age_is_human", "new_name": "human"},
    ],
)
def test_an_index_and_a_constraint_get_another_name(
    request: pytest.FixtureRequest, engine: str, change: dict[str, Any]
) -> None:
    proved(request, engine, changes=[change])


def test_what_is_granted_on_a_renamed_table_is_granted_on_the_view_that_stands_in(postgres: PostgresScratch) -> None:
    made = engine_named("postgresql", "18").spell(
        CreateView(TableName("Per'son", "a b"), TableName("Old\\name", "a b"), ("id", "select")), Schema()
    )
    with postgres.connect("postgres") as admin, admin.transaction(force_rollback=True):
        for sql in (
            'CREATE ROLE "Re\'ader"',
            'CREATE SCHEMA "a b"',
            'CREATE TABLE "a b"."Per\'son" (id int PRIMARY KEY, "select" text)',
            'GRANT SELECT, UPDATE ON "a b"."Per\'son" TO "Re\'ader"',
            'GRANT SELECT ON "a b"."Per\'son" TO PUBLIC',
            *made,
        ):
            admin.execute(sql)
        query = "SELECT unnest(relacl)::text FROM pg_class WHERE relname = 'Old\\name' AND relkind = 'v'"
        listed = [str(row[0]).partition("/")[0] for row in admin.execute(query).fetchall()]
        assert "=r" in listed
        assert any(one.endswith("=rw") and "Re'ader" in one for one in listed)
