"""Plans that change a column: what is warned of, what is refused, what comes before and after which deploy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain_agents.engines._postgresql_types import is_metadata_only
from domain_agents.tools import Job, Settings, ToolError
from domain_agents.tools.plan_migration import PlanMigration, Ready, planned

SCHEMA = """
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, country text DEFAULT 'de', visits int NOT NULL DEFAULT 0,
    UNIQUE (email, country));
CREATE TABLE orders (id bigint PRIMARY KEY, user_email text, note varchar(20),
    total numeric(10,2), shown text GENERATED ALWAYS AS (note || '!') STORED);
CREATE VIEW recent_users AS SELECT id, email FROM users;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.visits := 1; RETURN NEW; END $$;
CREATE TRIGGER stamped BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION stamp();
"""


def ready(sql: str, **arguments: Any) -> Ready:
    given = {"sql": sql, "engine": "postgresql", "version": "16", "schema": SCHEMA, "date": "2026-11-21", **arguments}
    return planned(PlanMigration.model_validate(given), Settings(project=None), Job())


def refused(sql: str, **arguments: Any) -> str:
    with pytest.raises(ToolError) as error:
        ready(sql, **arguments)
    return str(error.value)


def order(made: Ready) -> list[str]:
    return [f"{getattr(step, 'kind', 'migration')}: {step.title}" for step in made.plan.steps]


def statements(made: Ready) -> list[str]:
    return [one.sql for file in made.files for one in file.statements if not one.sql.startswith("SET ")]


# Drop


def test_a_column_goes_after_its_readers_and_then_its_writers() -> None:
    made = ready("ALTER TABLE orders DROP COLUMN total")
    assert made.findings == ()
    assert order(made) == [
        "deploy: the application that does not read orders.total is live everywhere",
        "deploy: the application that does not write orders.total is live everywhere",
        "migration: drop orders.total",
    ]
    assert statements(made) == ["ALTER TABLE orders DROP COLUMN total"]
    assert made.plan.migrations[-1].undo_loses_data


def test_a_required_column_is_loosened_before_anyone_stops_writing_it() -> None:
    made = ready("ALTER TABLE users DROP COLUMN email")
    assert order(made)[0] == "migration: allow rows without users.email"
    assert statements(made)[0] == "ALTER TABLE users ALTER COLUMN email DROP NOT NULL"


def test_a_required_column_with_a_default_needs_no_loosening() -> None:
    assert len(statements(ready("ALTER TABLE users DROP COLUMN visits"))) == 1


@pytest.mark.parametrize(
    ("column", "says"),
    [
        ("email", "view recent_users names users.email"),
        ("email", "unique users_email_country_key goes with users.email"),
        ("visits", "function stamp names users.visits"),
    ],
)
def test_what_a_dropped_column_takes_along_or_breaks_is_said(column: str, says: str) -> None:
    assert any(says in warning for warning in ready(f"ALTER TABLE users DROP COLUMN {column}").warnings)


def test_a_view_that_is_dropped_again_is_no_dependent() -> None:
    made = ready("ALTER TABLE users DROP COLUMN email", schema=f"{SCHEMA}; DROP VIEW recent_users;")
    assert not any("recent_users" in warning for warning in made.warnings)


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("ALTER TABLE users DROP COLUMN id", "part of the primary key"),
        ("ALTER TABLE orders DROP COLUMN note", "shown of orders is computed from note"),
        ("ALTER TABLE orders DROP COLUMN nothing", "has no column nothing"),
        ("ALTER TABLE users DROP COLUMN email CASCADE", "CASCADE"),
    ],
)
def test_a_column_that_others_need_is_not_dropped(sql: str, says: str) -> None:
    assert says in refused(sql)


def test_a_column_that_another_table_refers_to_is_not_dropped() -> None:
    child = "CREATE TABLE mails (address text, CONSTRAINT fk FOREIGN KEY (address) REFERENCES users (email));"
    assert "mails refers to users.email (foreign key fk)" in refused(
        "ALTER TABLE users DROP COLUMN email", schema=SCHEMA + child
    )


def test_a_column_of_an_empty_table_just_goes() -> None:
    made = ready("ALTER TABLE users DROP COLUMN email", tables={"users": {"rows": 0}})
    assert order(made) == ["migration: drop users.email"]


# Defaults


def test_a_new_default_says_that_old_rows_keep_theirs() -> None:
    made = ready("ALTER TABLE users ALTER country SET DEFAULT 'fr'")
    assert statements(made) == ["ALTER TABLE users ALTER COLUMN country SET DEFAULT 'fr'"]
    assert any("keep it ('de')" in warning for warning in made.warnings)
    assert made.plan.migrations[0].undo == "ALTER TABLE users ALTER COLUMN country SET DEFAULT 'de'"


def test_a_default_of_a_required_column_goes_after_a_deploy_that_always_gives_a_value() -> None:
    made = ready("ALTER TABLE users ALTER visits DROP DEFAULT")
    assert order(made)[0].startswith("deploy: the application that gives users.visits a value in every INSERT")
    assert len(order(ready("ALTER TABLE users ALTER country DROP DEFAULT"))) == 1


def test_a_default_as_data_is_the_default_as_ddl() -> None:
    change = {"kind": "set_default", "table": "users", "column": "visits", "default": None}
    given = {"changes": [change], "engine": "postgresql", "version": "16", "schema": SCHEMA, "date": "2026-11-21"}
    made = planned(PlanMigration.model_validate(given), Settings(project=None), Job())
    assert [file.content for file in made.files] == [
        file.content for file in ready("ALTER TABLE users ALTER visits DROP DEFAULT").files
    ]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("ALTER TABLE users ALTER email DROP DEFAULT", "has no default"),
        ("ALTER TABLE users ALTER country SET DEFAULT 'de'", "has the default 'de' already"),
        ("ALTER TABLE orders ALTER shown SET DEFAULT 'x'", "computed by the server"),
        ("ALTER TABLE users ALTER id DROP NOT NULL", "part of the primary key"),
        ("ALTER TABLE users ALTER country DROP NOT NULL", "may hold NULL already"),
    ],
)
def test_what_changes_nothing_or_cannot_be_is_refused(sql: str, says: str) -> None:
    assert says in refused(sql)


# NULL


def test_null_is_allowed_before_the_first_version_writes_one() -> None:
    made = ready("ALTER TABLE users ALTER email DROP NOT NULL")
    assert order(made) == [
        "migration: allow NULL in users.email",
        "deploy: the application that can read NULL in users.email is live everywhere, before any version writes one",
    ]


# Rename


def test_a_rename_lives_under_both_names_and_keeps_what_hangs_on_the_column() -> None:
    made = ready("ALTER TABLE users RENAME COLUMN email TO mail", schema=SCHEMA.split("CREATE VIEW")[0])
    assert made.findings == ()
    assert order(made) == [
        "migration: add users.mail beside email, kept the same by triggers",
        "migration: backfill users.mail",
        "check: backfill users.mail is complete",
        "migration: create unique index users_mail_country_idx, the twin of users_email_country_key",
        "deploy: the application that knows users.mail and no longer email is live everywhere",
        "migration: give users.email its new name mail",
    ]
    assert statements(made)[-4:] == [
        "DROP FUNCTION users_email_sync()",
        "DROP INDEX users_mail_country_idx",
        "ALTER TABLE users DROP COLUMN mail",
        "ALTER TABLE users RENAME COLUMN email TO mail",
    ]
    assert [file.transaction for file in made.files] == [True, False, False, True]


def test_a_rename_warns_of_views_and_function_bodies_that_say_the_old_name() -> None:
    warnings = ready("ALTER TABLE users RENAME COLUMN visits TO visit_count").warnings
    assert any("function stamp names users.visits" in warning for warning in warnings)


def test_a_rename_of_an_empty_table_is_a_rename() -> None:
    made = ready("ALTER TABLE users RENAME COLUMN email TO mail", tables={"users": {"rows": 0}})
    assert statements(made) == ["ALTER TABLE users RENAME COLUMN email TO mail"]


def test_a_required_column_is_loosened_for_a_while_where_no_trigger_can_fill_it_in_time() -> None:
    schema = "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL)"
    made = ready("ALTER TABLE notes RENAME COLUMN title TO heading", engine="sqlite", version="3.40", schema=schema)
    assert made.findings == ()
    titles = order(made)
    assert titles[0] == "migration: allow rows without notes.title for a while"
    assert titles[-1] == "migration: make notes.heading NOT NULL"


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("ALTER TABLE users RENAME COLUMN email TO country", "has a column country already"),
        ("ALTER TABLE users RENAME COLUMN nothing TO x", "has no column nothing"),
        ("ALTER TABLE orders RENAME COLUMN shown TO x", "computed by the server"),
    ],
)
def test_a_rename_that_cannot_be_is_refused(sql: str, says: str) -> None:
    assert says in refused(sql)


def test_a_name_that_is_a_word_of_the_language_is_quoted_in_the_copy_of_an_index() -> None:
    schema = "CREATE TABLE t (id bigint PRIMARY KEY, sort text); CREATE INDEX i ON t (lower(sort)) WHERE sort <> '';"
    made = ready('ALTER TABLE t RENAME COLUMN sort TO "order"', schema=schema)
    assert made.findings == ()
    assert any('((lower("order"))) WHERE "order" <> \'\'' in sql for sql in statements(made))


# Type


def test_a_type_that_only_widens_is_noted_in_one_statement() -> None:
    made = ready("ALTER TABLE orders ALTER total TYPE numeric(14,2)")
    assert made.findings == ()
    assert order(made) == ["migration: change orders.total to numeric(14,2)"]
    assert made.files[0].statements[-1].effect.operation == "change_type_metadata_only"
    assert any("0A000" in warning for warning in made.warnings)


def test_any_other_type_is_filled_beside_and_exchanged_between_two_deploys() -> None:
    made = ready("ALTER TABLE users ALTER visits TYPE bigint")
    assert made.findings == ()
    assert order(made) == [
        "migration: add users.visits_new, which holds visits as bigint",
        "migration: backfill users.visits_new",
        "check: backfill users.visits_new is complete",
        "migration: give users.visits_new the constraints of what it stands in for, not yet validated",
        "migration: validate the constraints of users.visits_new",
        "deploy: the application that copes with users.visits as int and as bigint is live everywhere",
        "migration: exchange users.visits for its stand-in of type bigint",
        "deploy: users.visits works as bigint, and nobody wants to go back",
        "migration: drop users.visits_old",
    ]
    written = statements(made)
    assert not any(" TYPE " in sql for sql in written)
    assert "ALTER TABLE users RENAME COLUMN visits_new TO visits" in written


def test_the_exchange_keeps_constraints_and_indexes_under_their_names() -> None:
    schema = """CREATE TABLE kinds (code text PRIMARY KEY);
    CREATE TABLE t (id bigint PRIMARY KEY, code text NOT NULL DEFAULT 'x' REFERENCES kinds (code), n int,
        CONSTRAINT only_known CHECK (code <> ''), CONSTRAINT one_each UNIQUE (code, n));
    CREATE INDEX by_code ON t (lower(code)) WHERE n > 0;"""
    made = ready("ALTER TABLE t ALTER code TYPE varchar(40)", schema=schema)
    assert made.findings == ()
    swap = next(file for file in made.files if "swap_t_code" in file.path)
    written = [one.sql for one in swap.statements]
    for sql in (
        "ALTER TABLE t RENAME CONSTRAINT t_code_new_check TO only_known",
        "ALTER TABLE t RENAME CONSTRAINT t_code_new_fkey TO t_code_fkey",
        "ALTER TABLE t ADD CONSTRAINT one_each UNIQUE USING INDEX t_code_new_n_idx",
        "ALTER INDEX t_lower_idx RENAME TO by_code",
        "ALTER TABLE t ALTER COLUMN code SET DEFAULT 'x'",
    ):
        assert sql in written
    assert not any(one.effect.is_long for one in swap.statements)


def test_a_check_keeps_a_wider_type_from_being_noted_only() -> None:
    schema = "CREATE TABLE t (id bigint PRIMARY KEY, code varchar(10) CHECK (code <> ''))"
    assert len(ready("ALTER TABLE t ALTER code TYPE varchar(20)", schema=schema).files) > 1


@pytest.mark.parametrize(
    ("before", "after", "noted"),
    [
        ("varchar(10)", "character varying(20)", True),
        ("varchar(20)", "varchar(10)", False),
        ("varchar", "varchar(10)", False),
        ("text", "varchar", True),
        ("numeric(10,2)", "numeric(12,2)", True),
        ("numeric(10,2)", "numeric(12,4)", False),
        ("numeric(10,2)", "numeric(8,2)", False),
        ("numeric(10)", "decimal(12,0)", True),
        ("timestamptz(3)", "timestamp(6) with time zone", True),
        ("timestamptz", "timestamptz(3)", False),
        ("timestamp", "timestamptz", False),
        ("int", "integer", True),
        ("int", "bigint", False),
        ("char(5)", "char(10)", False),
        ("char", "char(1)", True),
        ("inet", "cidr", False),
        ("text[]", "varchar[]", False),
        ("json", "jsonb", False),
    ],
)
def test_what_a_change_of_type_costs_is_decided_as_it_was_measured(before: str, after: str, noted: bool) -> None:
    assert is_metadata_only(before, after) is noted


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("ALTER TABLE orders ALTER total TYPE numeric(10,2)", "has the type numeric(10,2) already"),
        ("ALTER TABLE orders ALTER note TYPE bytea", "shown of orders is computed"),
    ],
)
def test_a_change_of_type_that_cannot_be_is_refused(sql: str, says: str) -> None:
    assert says in refused(sql)


def test_a_table_that_refers_to_the_column_must_have_a_key_to_walk_along() -> None:
    schema = (
        SCHEMA + "ALTER TABLE users ADD UNIQUE (email); CREATE TABLE mails (address text REFERENCES users (email));"
    )
    assert "table mails has no primary key" in refused("ALTER TABLE users ALTER email TYPE varchar(9)", schema=schema)


# Names


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=24)


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
@settings(max_examples=20, deadline=None)
@given(table=names, column=names, other=names)
def test_no_name_can_escape_from_a_plan_that_changes_its_column(
    engine: str, table: str, column: str, other: str
) -> None:
    taken = {"id", column.lower(), f"{column}_new".lower(), f"{column}_old".lower()}
    if column.lower() == "id" or other.lower() in taken or table.lower().startswith("sqlite_"):
        return
    schema = (
        f"CREATE TABLE {quoted(table)} (id integer PRIMARY KEY, {quoted(column)} varchar(9) DEFAULT 'x' NOT NULL,"
        f" CONSTRAINT filled CHECK ({quoted(column)} <> ''), CONSTRAINT single UNIQUE ({quoted(column)}));"
        f"CREATE INDEX found_by ON {quoted(table)} (lower({quoted(column)}));"
    )
    for change in (
        {"kind": "rename_column", "new_name": other},
        {"kind": "change_type", "type": "varchar(5)"},
        {"kind": "drop_not_null"},
        {"kind": "set_default", "default": "'y'"},
        {"kind": "drop_column"},
    ):
        asked = {
            "changes": [{"table": quoted(table), "column": column, **change}],
            "engine": engine,
            "schema": schema,
            "date": "2026-11-21",
            "tables": {table: {"rows": 50_000}},
        }
        made = planned(PlanMigration.model_validate(asked), Settings(project=None), Job())
        assert made.findings == (), change["kind"]
        for file in made.files:
            assert "/" not in file.path.removeprefix("migrations/")
            assert file.path.isascii()
