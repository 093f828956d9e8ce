"""Plans for tables, their indexes and constraints: what is written, in which order, what is said, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain_agents.engines import Blocks
from domain_agents.migrations.plan import PlannedMigration
from domain_agents.tools import Job, Settings, ToolError
from domain_agents.tools.plan_migration import PlanMigration, Ready, planned

SCHEMA = """
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, country text);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL, note text);
CREATE INDEX orders_user ON orders (user_id);
"""
both_engines = pytest.mark.parametrize("engine", ["postgresql", "sqlite"])


def ready(**arguments: Any) -> Ready:
    given = {"engine": "postgresql", "version": "16", "schema": SCHEMA, "date": "2026-11-21", **arguments}
    if given["engine"] == "sqlite" and "version" not in arguments:
        given["version"] = "3.40"
    made = planned(PlanMigration.model_validate(given), Settings(project=None), Job())
    assert made.findings == ()
    return made


def refused(**arguments: Any) -> str:
    with pytest.raises(ToolError) as error:
        ready(**arguments)
    return str(error.value)


def statements(made: Ready) -> list[str]:
    """What the files say, without settings and transactions."""
    silent = ("SET ", "RESET ", "PRAGMA ", "BEGIN", "COMMIT")
    return [
        statement.sql for file in made.files for statement in file.statements if not statement.sql.startswith(silent)
    ]


def steps(made: Ready) -> list[tuple[str, str]]:
    """(phase or kind, title) of each step."""
    return [
        (step.phase.value if isinstance(step, PlannedMigration) else step.kind, step.title) for step in made.plan.steps
    ]


ID = {"name": "id", "type": "int"}
NEW: dict[str, Any] = {"kind": "create_table", "table": "a", "columns": [ID]}
names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=24)


# Creating a table


def test_a_table_is_created_with_all_its_constraints_by_name() -> None:
    made = ready(
        sql="CREATE TABLE invoices (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number text UNIQUE,"
        " total numeric(12, 2) NOT NULL CHECK (total >= 0), user_id bigint REFERENCES users ON DELETE SET NULL)"
    )
    assert "\n".join(statements(made)) == (
        "CREATE TABLE invoices (\n"
        "    id bigint GENERATED ALWAYS AS IDENTITY,\n"
        "    number text,\n"
        "    total numeric(12, 2) NOT NULL,\n"
        "    user_id bigint,\n"
        "    CONSTRAINT invoices_pkey PRIMARY KEY (id),\n"
        "    CONSTRAINT invoices_number_key UNIQUE (number),\n"
        "    CONSTRAINT invoices_total_check CHECK (total >= 0),\n"
        "    CONSTRAINT invoices_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE SET NULL\n"
        ")"
    )
    assert "SHARE ROW EXCLUSIVE on users" in made.plan.migrations[0].lock_impact
    assert any("locks users against writes" in warning for warning in made.warnings)
    assert made.plan.migrations[0].undo == "DROP TABLE invoices"
    assert made.plan.migrations[0].undo_loses_data


def test_a_table_from_data_is_the_table_from_ddl() -> None:
    change = {
        "kind": "create_table",
        "table": "invoices",
        "columns": [
            {"name": "id", "type": "bigint"},
            {"name": "number", "type": "text", "nullable": False},
            {"name": "state", "type": "text", "default": "'draft'"},
        ],
        "primary_key": ["id"],
    }
    sql = (
        "CREATE TABLE invoices (id bigint, number text NOT NULL, state text DEFAULT 'draft', CONSTRAINT invoices_pkey"
        " PRIMARY KEY (id))"
    )
    assert ready(changes=[change]).files == ready(sql=sql).files
    assert [file.transaction for file in ready(changes=[change], engine="sqlite").files] == [True]


def test_what_the_same_request_created_is_changed_directly() -> None:
    made = ready(
        sql="CREATE TABLE invoices (id bigint PRIMARY KEY, user_id bigint, note text);"
        "CREATE INDEX invoices_user ON invoices (user_id);"
        "ALTER TABLE invoices ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users;"
        "ALTER TABLE invoices ALTER COLUMN note SET NOT NULL; ALTER TABLE invoices ADD COLUMN total int NOT NULL"
    )
    assert statements(made)[1:] == [
        "CREATE INDEX invoices_user ON invoices (user_id)",
        "ALTER TABLE invoices ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users",
        "ALTER TABLE invoices ALTER COLUMN note SET NOT NULL",
        "ALTER TABLE invoices ADD COLUMN total int NOT NULL",
    ]
    assert all(file.transaction for file in made.files)
    assert {kind for kind, _ in steps(made)} <= {"expand", "contract"}
    assert made.plan.questions == ()


def test_a_table_that_was_there_before_is_not_new_because_another_one_is() -> None:
    made = ready(
        sql="CREATE TABLE invoices (id bigint PRIMARY KEY); CREATE INDEX orders_note ON orders (note);"
        "CREATE INDEX invoices_id ON invoices (id)"
    )
    built = [sql for sql in statements(made) if sql.startswith("CREATE INDEX")]
    assert built == [
        "CREATE INDEX CONCURRENTLY orders_note ON orders (note)",
        "CREATE INDEX invoices_id ON invoices (id)",
    ]


def test_a_new_table_of_sqlite_keeps_what_was_written_in_it() -> None:
    written = (
        "CREATE TABLE invoices (id INTEGER PRIMARY KEY, -- the number\n total REAL NOT NULL) STRICT, WITHOUT ROWID"
    )
    assert statements(ready(engine="sqlite", sql=written)) == [written]


@both_engines
def test_a_table_without_a_primary_key_is_warned_about(engine: str) -> None:
    made = ready(engine=engine, sql="CREATE TABLE log (message text)")
    assert any("log has no primary key" in warning for warning in made.warnings)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"sql": "CREATE TABLE IF NOT EXISTS users (id int)"}, "table users exists already"),
        ({"sql": "CREATE TABLE a (id int REFERENCES gone)"}, "there is no table gone"),
        ({"sql": "CREATE TABLE a (id int REFERENCES users (nope))"}, "has no column nope"),
        ({"sql": "CREATE TABLE a (id int, id text)"}, "column id is written twice"),
        ({"sql": "CREATE TABLE a (id int, UNIQUE (nope))"}, "has no column nope"),
        ({"sql": "CREATE TEMPORARY TABLE a (id int)"}, "would lose TEMPORARY"),
        ({"sql": "CREATE UNLOGGED TABLE a (id int)"}, "would lose UNLOGGED"),
        ({"sql": "CREATE TABLE a (id int) WITH (fillfactor = 70)"}, "would lose WITH (...)"),
        ({"sql": "CREATE TABLE a AS SELECT 1"}, "line 1"),
        ({"changes": [{"kind": "create_index", "table": "users", "columns": [ID]}]}, "takes names"),
        ({"changes": [{**NEW, "columns": []}]}, "changes[0].columns"),
        ({"changes": [{**NEW, "columns": ["id"]}]}, "columns with name and type"),
        ({"changes": [{**NEW, "columns": [{"name": "id", "type": "int) --"}]}]}, "changes[0]"),
        ({"changes": [{**NEW, "columns": [{**ID, "default": "1; DROP TABLE x"}]}]}, "changes[0].columns"),
        ({"changes": [{**NEW, "primary_key": ["x"]}]}, "x is none of the columns"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_made_says_why(arguments: dict[str, Any], says: str) -> None:
    assert says in refused(**arguments)


@given(table=names, column=names, parent=names)
def test_no_name_of_a_new_table_can_escape(table: str, column: str, parent: str) -> None:
    change = {"kind": "create_table", "columns": [{"name": column, "type": "text"}], "primary_key": [column]}
    for engine in ("postgresql", "sqlite"):
        made = ready(engine=engine, schema="", changes=[{**change, "table": '"' + table.replace('"', '""') + '"'}])
        assert len(made.files) == 1
        assert len(statements(made)) == 1


def test_the_lock_on_the_whole_file_is_not_said_to_be_harmless_for_a_new_table() -> None:
    made = ready(engine="sqlite", sql="CREATE TABLE a (id int PRIMARY KEY); CREATE INDEX i ON a (id)")
    building = [one for file in made.files for one in file.statements if one.sql.startswith("CREATE INDEX")]
    assert [one.effect.blocks for one in building] == [Blocks.WRITES]
    assert "writes wait for milliseconds" in made.plan.migrations[1].lock_impact


# Dropping an index


def test_an_index_is_dropped_concurrently_and_can_be_dropped_twice() -> None:
    made = ready(sql="DROP INDEX orders_user")
    assert statements(made) == ["DROP INDEX CONCURRENTLY IF EXISTS orders_user"]
    assert not made.files[0].transaction
    migration = made.plan.migrations[0]
    assert "idx_scan" in migration.prechecks[0].sql
    assert migration.undo == "CREATE INDEX CONCURRENTLY orders_user ON orders (user_id)"
    assert not migration.undo_loses_data


@both_engines
def test_dropping_an_index_from_ddl_and_from_data_is_the_same(engine: str) -> None:
    change = {"kind": "drop_index", "table": "orders", "name": "orders_user"}
    assert ready(engine=engine, changes=[change]).files == ready(engine=engine, sql="DROP INDEX orders_user").files


def test_what_an_index_was_good_for_is_said_when_it_goes() -> None:
    schema = (
        "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
        "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id));"
        "CREATE UNIQUE INDEX users_email ON users (lower(email)); CREATE INDEX orders_user ON orders (user_id)"
    )
    unique = ready(schema=schema, sql="DROP INDEX users_email")
    assert any("nothing keeps ((lower(email))) of users unique" in warning for warning in unique.warnings)
    child = ready(schema=schema, sql="DROP INDEX orders_user")
    assert any("no index of orders begins with (user_id) any more" in warning for warning in child.warnings)
    served = ready(schema=f"{schema}; CREATE INDEX two ON orders (user_id, id)", sql="DROP INDEX orders_user")
    assert served.warnings == ()


def test_an_index_of_a_partitioned_table_is_dropped_plainly_and_that_is_said() -> None:
    schema = "CREATE TABLE events (id bigint, at date) PARTITION BY RANGE (at); CREATE INDEX events_at ON events (at)"
    made = ready(schema=schema, sql="DROP INDEX events_at")
    assert statements(made) == ["DROP INDEX events_at"]
    assert any("cannot be dropped concurrently" in warning for warning in made.warnings)


def test_an_index_of_a_table_of_the_same_request_is_dropped_plainly() -> None:
    made = ready(sql="CREATE TABLE a (id int PRIMARY KEY, b int); CREATE INDEX i ON a (b); DROP INDEX i")
    assert statements(made)[-1] == "DROP INDEX i"


@pytest.mark.parametrize(
    ("schema", "arguments", "says"),
    [
        ("", {"sql": "DROP INDEX IF EXISTS nope"}, "there is no index nope"),
        ("", {"sql": "DROP INDEX users_pkey"}, "is the index of a constraint of users"),
        ("", {"sql": "DROP INDEX orders_user CASCADE"}, "would lose CASCADE"),
        ("", {"changes": [{"kind": "drop_index", "table": "users", "name": "orders_user"}]}, "is on table orders, not on users"),
        ("", {"changes": [{"kind": "drop_index", "table": "users"}]}, "changes[0].name"),
        (
            "CREATE UNIQUE INDEX users_email ON users (email);"
            "CREATE TABLE logins (email text REFERENCES users (email));",
            {"sql": "DROP INDEX users_email"},
            "the foreign key logins_email_fkey of logins needs users_email",
        ),
    ],
)  # fmt: skip
def test_an_index_that_must_stay_says_why(schema: str, arguments: dict[str, Any], says: str) -> None:
    assert says in refused(schema=SCHEMA + schema, **arguments)


# Adding a check


CHECK: dict[str, Any] = {"kind": "add_check", "table": "users", "name": "has_mail", "expression": "email LIKE '%@%'"}


def test_a_check_is_added_unvalidated_and_validated_in_a_file_of_its_own() -> None:
    made = ready(changes=[CHECK])
    assert statements(made) == [
        "ALTER TABLE users ADD CONSTRAINT has_mail CHECK (email LIKE '%@%') NOT VALID",
        "ALTER TABLE users VALIDATE CONSTRAINT has_mail",
    ]
    assert steps(made) == [
        ("deploy", "no application version writes rows to users that break email LIKE '%@%'"),
        ("contract", "add check has_mail, not yet validated"),
        ("contract", "validate check has_mail"),
    ]
    first, second = made.plan.migrations
    assert first.prechecks[0].sql == "SELECT count(*) FROM users WHERE NOT (email LIKE '%@%')"
    assert second.prechecks[0].why.startswith("rows that break the condition make the validation fail")
    assert first.undo == "ALTER TABLE users DROP CONSTRAINT has_mail"
    assert not any(
        statement.effect.is_long and statement.effect.blocks is not Blocks.NONE
        for file in made.files
        for statement in file.statements
    )


@both_engines
def test_a_check_from_ddl_and_from_data_is_the_same(engine: str) -> None:
    sql = "ALTER TABLE users ADD CONSTRAINT has_mail CHECK (email LIKE '%@%')"
    assert ready(engine=engine, changes=[CHECK]).files == ready(engine=engine, sql=sql).files


def test_a_check_that_is_written_not_valid_stays_so_and_that_is_said() -> None:
    made = ready(sql="ALTER TABLE users ADD CONSTRAINT has_mail CHECK (email <> '') NOT VALID")
    assert len(statements(made)) == 1
    assert any("existing rows are never tested" in warning for warning in made.warnings)


def test_a_check_without_a_name_gets_the_servers() -> None:
    assert (
        "ADD CONSTRAINT users_email_check CHECK"
        in statements(ready(sql="ALTER TABLE users ADD CHECK (email <> '')"))[0]
    )


@both_engines
def test_a_check_on_a_new_or_empty_table_is_added_at_once(engine: str) -> None:
    new = ready(
        engine=engine,
        sql="CREATE TABLE a (id int PRIMARY KEY, b int); ALTER TABLE a ADD CONSTRAINT positive CHECK (b > 0)",
    )
    assert [kind for kind, _ in steps(new)] == ["expand", "expand"]
    empty = ready(engine=engine, changes=[CHECK], tables={"users": {"rows": 0}})
    assert [kind for kind, _ in steps(empty)] == ["deploy", "contract"]
    assert not any("NOT VALID" in sql for sql in statements(empty))


def test_sqlite_builds_the_table_anew_or_alters_it_as_its_version_can() -> None:
    old = ready(engine="sqlite", changes=[CHECK])
    assert any("users_before_rebuild" in sql for sql in statements(old))
    assert any("WAIT" in warning for warning in old.warnings)
    assert "rebuilds users without check has_mail" in old.plan.migrations[0].undo
    new = ready(engine="sqlite", version="3.53", changes=[CHECK])
    assert statements(new) == ["ALTER TABLE users ADD CONSTRAINT has_mail CHECK (email LIKE '%@%')"]
    assert new.plan.migrations[0].undo == "ALTER TABLE users DROP CONSTRAINT has_mail"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"changes": [{**CHECK, "expression": "email <> ''; DROP TABLE users"}]}, "changes[0].expression"),
        ({"changes": [{"kind": "add_check", "table": "users", "name": "c"}]}, "changes[0].expression"),
        ({"changes": [{**CHECK, "name": ""}]}, "name"),
        ({"changes": [{**CHECK, "table": "nope"}]}, "there is no table nope"),
        ({"changes": [CHECK, CHECK]}, "has a constraint has_mail already"),
        ({"sql": "ALTER TABLE users ADD CHECK (id > 0) NO INHERIT"}, "would lose NO INHERIT"),
    ],
)
def test_a_check_that_cannot_be_planned_says_why(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises((ToolError, ValueError)) as error:
        ready(**arguments)
    assert says in str(error.value)


# Adding a unique constraint


UNIQUE: dict[str, Any] = {"kind": "add_unique", "table": "users", "columns": ["email"]}


def test_a_unique_constraint_takes_over_an_index_that_was_built_concurrently() -> None:
    made = ready(changes=[UNIQUE])
    assert [sql for sql in statements(made) if not sql.startswith("SELECT")] == [
        "DROP INDEX CONCURRENTLY IF EXISTS users_email_key",
        "CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON users (email)",
        "ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key",
    ]
    assert [file.transaction for file in made.files] == [False, True]
    assert [kind for kind, _ in steps(made)] == ["deploy", "expand", "expand"]
    precheck = made.plan.migrations[0].prechecks[0]
    assert precheck.sql == (
        "SELECT email, count(*) FROM users WHERE email IS NOT NULL GROUP BY email HAVING count(*) > 1 LIMIT 20"
    )
    assert "indisvalid" in made.plan.migrations[0].validations[0].sql


@both_engines
@pytest.mark.parametrize("name", ["", "mail_once"])
def test_a_unique_constraint_from_ddl_and_from_data_is_the_same(engine: str, name: str) -> None:
    change = {**UNIQUE, "name": name} if name else UNIQUE
    sql = f"ALTER TABLE users ADD {f'CONSTRAINT {name} ' if name else ''}UNIQUE (email)"
    assert ready(engine=engine, changes=[change]).files == ready(engine=engine, sql=sql).files


def test_a_unique_constraint_of_sqlite_is_a_unique_index_and_that_is_said() -> None:
    made = ready(engine="sqlite", changes=[UNIQUE])
    assert statements(made) == ["CREATE UNIQUE INDEX users_email_key ON users (email)"]
    assert any("becomes a unique index, not a constraint" in warning for warning in made.warnings)
    assert any("WAIT" in warning for warning in made.warnings)


def test_an_index_that_is_there_becomes_the_constraint() -> None:
    made = ready(
        schema=f"{SCHEMA} CREATE UNIQUE INDEX mail ON users (email);",
        sql="ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX mail",
    )
    assert statements(made) == ["ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX mail"]
    table = next(iter(made.target.tables.values()))
    assert [one.columns for one in table.uniques] == [("email",)]
    assert "mail" not in made.target.indexes


def test_a_unique_constraint_on_a_new_table_is_added_at_once() -> None:
    made = ready(sql="CREATE TABLE a (id int PRIMARY KEY, b int); ALTER TABLE a ADD CONSTRAINT once UNIQUE (b)")
    assert statements(made)[-1] == "ALTER TABLE a ADD CONSTRAINT once UNIQUE (b)"
    assert [kind for kind, _ in steps(made)] == ["expand", "expand"]


@pytest.mark.parametrize(
    ("schema", "arguments", "says"),
    [
        ("", {"changes": [{**UNIQUE, "columns": ["nope"]}]}, "has no column nope"),
        ("", {"changes": [UNIQUE, UNIQUE]}, "already"),
        ("", {"changes": [{**UNIQUE, "columns": []}]}, "columns"),
        ("", {"sql": "ALTER TABLE users ADD UNIQUE NULLS NOT DISTINCT (country)"}, "would lose NULLS NOT DISTINCT"),
        ("", {"sql": "ALTER TABLE users ADD UNIQUE (country) DEFERRABLE"}, "would lose DEFERRABLE"),
        ("", {"sql": "ALTER TABLE users ADD UNIQUE USING INDEX nope"}, "there is no index nope"),
        ("", {"sql": "ALTER TABLE orders ADD UNIQUE USING INDEX orders_user"}, "cannot become a constraint"),
        (
            "CREATE TABLE events (id bigint, at date) PARTITION BY RANGE (at);",
            {"sql": "ALTER TABLE events ADD UNIQUE (id, at)"},
            "is partitioned",
        ),
    ],
)  # fmt: skip
def test_a_unique_constraint_that_cannot_be_planned_says_why(schema: str, arguments: dict[str, Any], says: str) -> None:
    assert says in refused(schema=SCHEMA + schema, **arguments)


# Dropping and validating a constraint

CONSTRAINED = """
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL CONSTRAINT mail_once UNIQUE, age int);
CREATE TABLE orders (
    id bigint PRIMARY KEY, user_id bigint, state text, CONSTRAINT has_state CHECK (state <> ''),
    CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
"""
UNVALIDATED = """
ALTER TABLE users ADD CONSTRAINT grown CHECK (age >= 18) NOT VALID;
ALTER TABLE orders ADD CONSTRAINT by_mail FOREIGN KEY (state) REFERENCES users (email) NOT VALID;
"""


@pytest.mark.parametrize(
    ("table", "name", "deploy", "warning", "undo"),
    [
        (
            "orders",
            "has_state",
            "",
            "nobody refuses rows of orders that break state <> ''",
            "ALTER TABLE orders ADD CONSTRAINT has_state CHECK (state <> '') NOT VALID; "
            "ALTER TABLE orders VALIDATE CONSTRAINT has_state (each by itself)",
        ),
        (
            "orders",
            "orders_user",
            "the application deletes or changes the rows of orders itself",
            "nobody refuses rows of orders without a parent in users",
            "ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE "
            "NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT orders_user (each by itself)",
        ),
        (
            "users",
            "mail_once",
            "no application version relies on (email) of users being unique",
            "nothing keeps (email) of users unique",
            "CREATE UNIQUE INDEX CONCURRENTLY mail_once ON users (email); "
            "ALTER TABLE users ADD CONSTRAINT mail_once UNIQUE USING INDEX mail_once (each by itself)",
        ),
        (
            "orders",
            "orders_pkey",
            "no application version relies on (id) of orders being unique",
            "orders has no primary key from here on",
            "CREATE UNIQUE INDEX CONCURRENTLY orders_pkey ON orders (id); "
            "ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX orders_pkey (each by itself)",
        ),
    ],
)
def test_a_constraint_goes_with_what_it_was_good_for_said(
    table: str, name: str, deploy: str, warning: str, undo: str
) -> None:
    made = ready(schema=CONSTRAINED, changes=[{"kind": "drop_constraint", "table": table, "name": name}])
    assert made.files == ready(schema=CONSTRAINED, sql=f"ALTER TABLE {table} DROP CONSTRAINT {name}").files
    assert statements(made) == [f"ALTER TABLE {table} DROP CONSTRAINT {name}"]
    assert [title for kind, title in steps(made) if kind == "deploy"] == ([deploy] if deploy else [])
    assert any(warning in said for said in made.warnings)
    assert made.plan.migrations[0].undo == undo


def test_sqlite_builds_the_table_anew_without_the_constraint() -> None:
    made = ready(engine="sqlite", schema=CONSTRAINED, sql="ALTER TABLE orders DROP CONSTRAINT orders_user")
    assert any("orders_before_rebuild" in sql for sql in statements(made))
    assert "rebuilds orders with orders_user again" in made.plan.migrations[0].undo


def test_a_constraint_is_validated_in_a_file_of_its_own_with_the_rows_that_break_it_asked_for() -> None:
    for table, name, query in (
        ("users", "grown", "SELECT count(*) FROM users WHERE NOT (age >= 18)"),
        ("orders", "by_mail", "LEFT JOIN users p ON p.email = c.state"),
    ):
        change = {"kind": "validate_constraint", "table": table, "name": name}
        made = ready(schema=CONSTRAINED + UNVALIDATED, changes=[change])
        sql = f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
        assert made.files == ready(schema=CONSTRAINED + UNVALIDATED, sql=sql).files
        assert statements(made) == [sql]
        assert query in made.plan.migrations[0].prechecks[0].sql
        assert [statement.effect.blocks for statement in made.files[0].statements][-1] is Blocks.NONE


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"sql": "ALTER TABLE orders DROP CONSTRAINT IF EXISTS nope"}, "has no constraint nope"),
        ({"sql": "ALTER TABLE users DROP CONSTRAINT users_pkey"}, "the foreign key orders_user of orders refers to users_pkey"),
        ({"sql": "ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE"}, "would lose CASCADE"),
        ({"sql": "ALTER TABLE orders VALIDATE CONSTRAINT orders_user"}, "is validated already"),
        ({"sql": "ALTER TABLE orders VALIDATE CONSTRAINT nope"}, "has no constraint nope"),
        ({"engine": "sqlite", "changes": [{"kind": "validate_constraint", "table": "orders", "name": "has_state"}]}, "is validated already"),
    ],
)  # fmt: skip
def test_a_constraint_that_must_stay_says_why(arguments: dict[str, Any], says: str) -> None:
    assert says in refused(schema=CONSTRAINED, **arguments)


# Dropping a table


def test_a_table_goes_after_a_deploy_and_after_the_foreign_keys_to_it() -> None:
    made = ready(schema=CONSTRAINED + "CREATE INDEX users_age ON users (age);", sql="DROP TABLE users")
    assert steps(made) == [
        ("deploy", "no application version, job or report reads or writes users any more"),
        ("contract", "drop constraint orders_user"),
        ("contract", "drop table users"),
    ]
    assert statements(made) == ["ALTER TABLE orders DROP CONSTRAINT orders_user", "DROP TABLE users"]
    assert (
        made.files
        == ready(
            schema=CONSTRAINED + "CREATE INDEX users_age ON users (age);",
            changes=[{"kind": "drop_table", "table": "users"}],
        ).files
    )
    last = made.plan.migrations[-1]
    assert "pg_stat_user_tables" in last.prechecks[0].sql
    assert last.undo_loses_data
    assert "CREATE TABLE users" in last.undo
    assert "CREATE INDEX users_age ON users (age)" in last.undo
    assert any("users_deprecated" in warning for warning in made.warnings)


def test_views_that_read_a_dropped_table_are_named() -> None:
    schema = SCHEMA + "CREATE VIEW buyers AS SELECT email FROM users JOIN orders ON orders.user_id = users.id;"
    made = ready(schema=schema, sql="DROP TABLE orders")
    assert any(warning.startswith("view buyers names orders") for warning in made.warnings)


def test_sqlite_drops_the_foreign_key_by_building_the_child_anew() -> None:
    made = ready(engine="sqlite", schema=CONSTRAINED, sql="DROP TABLE users")
    assert any("orders_before_rebuild" in sql for sql in statements(made))
    assert statements(made)[-1] == "DROP TABLE users"
    unnamed = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a);"
    assert "a foreign key without a name" in refused(engine="sqlite", schema=unnamed, sql="DROP TABLE a")


def test_a_table_of_the_same_request_goes_without_a_deploy() -> None:
    made = ready(sql="CREATE TABLE a (id int PRIMARY KEY); DROP TABLE a")
    assert [kind for kind, _ in steps(made)] == ["expand", "contract"]


@pytest.mark.parametrize(
    ("sql", "says"),
    [("DROP TABLE IF EXISTS nope", "there is no table nope"), ("DROP TABLE users CASCADE", "would lose CASCADE")],
)
def test_a_table_that_cannot_be_dropped_says_why(sql: str, says: str) -> None:
    assert says in refused(sql=sql)


# Renaming a table


def test_a_table_is_renamed_with_a_view_under_the_old_name_until_the_deploy() -> None:
    made = ready(sql="ALTER TABLE users RENAME TO people")
    assert made.files == ready(changes=[{"kind": "rename_table", "table": "users", "new_name": "people"}]).files
    sql = statements(made)
    assert sql[:2] == [
        "ALTER TABLE users RENAME TO people",
        "CREATE VIEW users WITH (security_invoker = true) AS SELECT id, email, country FROM people",
    ]
    assert sql[2].startswith("DO $grants$")
    assert "'people'::regclass" in sql[2]
    assert sql[3:] == ["DROP VIEW users"]
    assert [kind for kind, _ in steps(made)] == ["expand", "deploy", "contract"]
    assert [file.transaction for file in made.files] == [True, True]
    assert made.plan.migrations[0].undo == "DROP VIEW users; ALTER TABLE people RENAME TO users"
    assert any("TRUNCATE, COPY" in warning for warning in made.warnings)
    assert any("keep their names" in warning for warning in made.warnings)


def test_a_view_of_an_old_server_has_no_option_that_it_does_not_know() -> None:
    made = ready(version="14", sql="ALTER TABLE users RENAME TO people")
    assert "CREATE VIEW users AS SELECT id, email, country FROM people" in statements(made)


def test_functions_that_name_the_old_table_are_told_and_views_that_follow_it_are_not() -> None:
    schema = (
        f"{SCHEMA} CREATE VIEW mails AS SELECT email FROM users;"
        "CREATE FUNCTION mail_count() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM users';"
    )
    made = ready(schema=schema, sql="ALTER TABLE users RENAME TO people")
    assert any(warning.startswith("function mail_count names users") for warning in made.warnings)
    assert not any(warning.startswith("view mails") for warning in made.warnings)


def test_sqlite_has_no_view_to_write_to_so_the_application_stops_for_the_rename() -> None:
    made = ready(engine="sqlite", sql="ALTER TABLE users RENAME TO people")
    assert statements(made) == ["ALTER TABLE users RENAME TO people"]
    assert [kind for kind, _ in steps(made)] == ["deploy", "contract", "deploy"]
    assert any("stop the application for it" in warning for warning in made.warnings)


def test_a_new_table_is_renamed_and_stays_new() -> None:
    made = ready(sql="CREATE TABLE a (id int PRIMARY KEY); ALTER TABLE a RENAME TO b; CREATE INDEX i ON b (id)")
    assert statements(made)[1:] == ["ALTER TABLE a RENAME TO b", "CREATE INDEX i ON b (id)"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"sql": "ALTER TABLE users RENAME TO orders"}, "table orders exists already"),
        ({"sql": "ALTER TABLE nope RENAME TO a"}, "there is no table nope"),
        ({"changes": [{"kind": "rename_table", "table": "users"}]}, "changes[0].new_name"),
    ],
)
def test_a_table_that_cannot_be_renamed_says_why(arguments: dict[str, Any], says: str) -> None:
    assert says in refused(**arguments)


@given(old=names, new=names, column=names)
def test_no_name_of_a_renamed_table_can_escape(old: str, new: str, column: str) -> None:
    def quoted(name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    if old == new:
        return
    schema = f"CREATE TABLE {quoted(old)} ({quoted(column)} int PRIMARY KEY)"
    made = ready(schema=schema, sql=f"ALTER TABLE {quoted(old)} RENAME TO {quoted(new)}")
    assert len(statements(made)) == 4


# Renaming an index and a constraint


def test_an_index_gets_another_name_in_the_catalog_alone() -> None:
    change = {"kind": "rename_index", "table": "orders", "name": "orders_user", "new_name": "orders_buyer"}
    made = ready(sql="ALTER INDEX orders_user RENAME TO orders_buyer")
    assert made.files == ready(changes=[change]).files
    assert statements(made) == ["ALTER INDEX orders_user RENAME TO orders_buyer"]
    assert made.plan.migrations[0].undo == "ALTER INDEX orders_buyer RENAME TO orders_user"
    assert set(made.target.indexes) == {"orders_buyer"}


def test_an_index_of_another_schema_is_found_there() -> None:
    schema = "CREATE TABLE app.users (id int PRIMARY KEY, mail text); CREATE INDEX m ON app.users (mail);"
    made = ready(
        schema=schema, changes=[{"kind": "rename_index", "table": "app.users", "name": "m", "new_name": "mail"}]
    )
    assert statements(made) == ["ALTER INDEX app.m RENAME TO mail"]


def test_sqlite_builds_a_renamed_index_anew_and_says_that_writes_wait() -> None:
    change = {"kind": "rename_index", "table": "orders", "name": "orders_user", "new_name": "orders_buyer"}
    made = ready(engine="sqlite", changes=[change])
    assert statements(made) == ["DROP INDEX orders_user", "CREATE INDEX orders_buyer ON orders (user_id)"]
    assert any("WAIT" in warning for warning in made.warnings)


@both_engines
def test_a_constraint_gets_another_name_after_a_deploy(engine: str) -> None:
    change = {"kind": "rename_constraint", "table": "users", "name": "mail_once", "new_name": "one_mail"}
    made = ready(engine=engine, schema=CONSTRAINED, changes=[change])
    assert [kind for kind, _ in steps(made)] == ["deploy", "contract"]
    if engine == "postgresql":
        sql = "ALTER TABLE users RENAME CONSTRAINT mail_once TO one_mail"
        assert made.files == ready(schema=CONSTRAINED, sql=sql).files
        assert statements(made) == [sql]
        assert made.plan.migrations[0].undo == "ALTER TABLE users RENAME CONSTRAINT one_mail TO mail_once"
    else:
        assert any("CONSTRAINT one_mail UNIQUE" in sql for sql in statements(made))
        assert "rebuilds users" in made.plan.migrations[0].undo


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"sql": "ALTER INDEX nope RENAME TO a"}, "there is no index nope"),
        ({"sql": "ALTER INDEX mail_once RENAME TO a"}, "is the index of a constraint of users"),
        ({"sql": "ALTER TABLE users RENAME CONSTRAINT nope TO a"}, "has no constraint nope"),
        ({"sql": "ALTER TABLE users RENAME CONSTRAINT mail_once TO users_pkey"}, "has a constraint users_pkey already"),
        ({"changes": [{"kind": "rename_index", "table": "users", "name": "a"}]}, "changes[0].new_name"),
    ],
)
def test_a_name_that_cannot_be_changed_says_why(arguments: dict[str, Any], says: str) -> None:
    assert says in refused(schema=CONSTRAINED, **arguments)
