"""Changes on MySQL and MariaDB as a plan makes them: what is chosen by version, size, foreign keys and triggers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from domain_agents.dialects import dialect, replay
from domain_agents.tools import Job, Settings, ToolError
from domain_agents.tools.plan_migration import PlanMigration, Ready, planned

SCHEMA = """
CREATE TABLE parent (id int NOT NULL PRIMARY KEY, code varchar(10) NOT NULL);
CREATE TABLE child (
    id int NOT NULL PRIMARY KEY, parent_id int, name varchar(60) CHARACTER SET latin1 NOT NULL DEFAULT 'x' COMMENT 'n',
    amount int unsigned NOT NULL DEFAULT 0,
    CONSTRAINT child_parent FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
"""
both = pytest.mark.parametrize("name", ["mysql", "mariadb"])
EVERY = [("mysql", "8.0"), ("mysql", "9.1"), ("mariadb", "10.6"), ("mariadb", "11.8")]
every = pytest.mark.parametrize(("name", "version"), EVERY)


def plan(
    sql: str | list[dict[str, Any]], name: str, version: str = "", *, rows: int | None = 1000, schema: str = SCHEMA
) -> Ready:
    given: dict[str, Any] = {"engine": name, "framework": "raw", "schema": schema, "date": "2026-11-21"}
    given |= {"sql": sql} if isinstance(sql, str) else {"changes": sql}
    given |= {"version": version} if version else {}
    if rows is not None:
        given["tables"] = {table: {"rows": rows} for table in ("parent", "child", "users")}
    return planned(PlanMigration.model_validate(given), Settings(project=None), Job())


def altered(ready: Ready) -> list[str]:
    return [s.sql for file in ready.files for s in file.statements if s.sql.startswith("ALTER")]


def jobs(ready: Ready) -> list[Any]:
    return [step for step in ready.plan.steps if getattr(step, "kind", "") == "job"]


@both
def test_a_changed_column_keeps_all_that_its_definition_says(name: str) -> None:
    ready = plan("ALTER TABLE child ALTER COLUMN name TYPE varchar(100)", name)
    assert ready.findings == ()
    assert "varchar(100) CHARACTER SET latin1 NOT NULL DEFAULT 'x' COMMENT 'n'" in altered(ready)[0]


@pytest.mark.parametrize(
    ("name", "type_", "clause"),
    [
        ("mysql", "varchar(255)", "ALGORITHM=INPLACE, LOCK=NONE"),
        ("mysql", "varchar(256)", "ALGORITHM=COPY, LOCK=SHARED"),
        ("mariadb", "varchar(255)", "ALGORITHM=INSTANT, LOCK=NONE"),
        ("mariadb", "varchar(256)", "ALGORITHM=INSTANT, LOCK=NONE"),
        ("mariadb", "varchar(30)", "ALGORITHM=COPY, LOCK=SHARED"),
    ],
)
def test_a_longer_text_is_carried_out_by_the_bytes_of_its_length(name: str, type_: str, clause: str) -> None:
    assert altered(plan(f"ALTER TABLE child ALTER COLUMN name TYPE {type_}", name))[0].endswith(clause)


def test_one_change_of_type_has_opposite_plans_on_mariadb_10_6_and_11_8() -> None:
    old, new = (plan("ALTER TABLE child ALTER amount TYPE bigint", "mariadb", v, rows=10**7) for v in ("10.6", "11.8"))
    assert jobs(old)
    assert altered(old)[0].endswith("ALGORITHM=COPY, LOCK=SHARED")
    assert not jobs(new)
    assert altered(new)[0].endswith("ALGORITHM=COPY, LOCK=NONE")


@both
def test_a_table_with_foreign_keys_or_triggers_is_left_to_the_tool_that_can(name: str) -> None:
    trigger = "CREATE TRIGGER t BEFORE INSERT ON child FOR EACH ROW SET NEW.amount = 1;"
    for schema, flags in (
        (SCHEMA, ()),
        (SCHEMA + trigger, ("--preserve-triggers",)),
    ):
        (job,) = jobs(plan("ALTER TABLE child ALTER amount TYPE bigint", name, "8.4" if name == "mysql" else "10.6",
                           rows=None, schema=schema))  # fmt: skip
        assert [title for title, _ in job.commands] == ["pt-online-schema-change"]
        assert all(flag in job.commands[0][1] for flag in flags)
    ready = plan([{"kind": "add_check", "table": "parent", "name": "code_is_one", "expression": "code <> ''"}], name,
                 "8.4" if name == "mysql" else "10.6", rows=10**8)  # fmt: skip
    (job,) = jobs(ready)
    assert "--alter-foreign-keys-method=rebuild_constraints" in dict(job.commands)["pt-online-schema-change"]
    assert any("gh-ost" in warning for warning in ready.warnings)


def test_a_command_is_quoted_for_the_shell() -> None:
    schema = "CREATE TABLE `it's, big` (id int PRIMARY KEY, a int DEFAULT 0 COMMENT 'it''s $HOME')"
    ready = plan([{"kind": "change_type", "table": "it's, big", "column": "a", "type": "bigint"}], "mysql", rows=None,
                 schema=schema)  # fmt: skip
    (job,) = jobs(ready)
    commands = dict(job.commands)
    assert "--table='it'\\''s, big'" in commands["gh-ost"]
    assert "COMMENT '\\''it'\\'''\\''s $HOME'\\''" in commands["gh-ost"]
    assert "t='it'\\''s\\, big'" in commands["pt-online-schema-change"]


@both
def test_a_key_and_all_that_refer_to_it_change_together(name: str) -> None:
    ready = plan("ALTER TABLE parent ALTER id TYPE bigint", name)
    assert ready.findings == ()
    forms = [re.sub(r" WAIT 2|,? ALGORITHM.*", "", sql) for sql in altered(ready)]
    assert [form.split(" ")[2:5] for form in forms] == [
        ["`child`", "DROP", "FOREIGN"],
        ["`parent`", "MODIFY", "COLUMN"],
        ["`child`", "MODIFY", "COLUMN"],
        ["`child`", "ADD", "CONSTRAINT"],
    ]


@both
def test_a_column_that_refers_to_another_does_not_change_alone(name: str) -> None:
    with pytest.raises(ToolError, match=r"ask for the type of parent\.id"):
        plan("ALTER TABLE child ALTER parent_id TYPE bigint", name)


@both
def test_a_foreign_key_makes_its_index_and_leaves_it_behind(name: str) -> None:
    schema, _ = replay(SCHEMA, dialect(name))
    assert [index.columns for index in schema.indexes.values()] == [("parent_id",)]
    with pytest.raises(ToolError, match="1553"):
        plan([{"kind": "drop_index", "table": "child", "name": "child_parent"}], name)
    both_ = [
        {"kind": "drop_constraint", "table": "child", "name": "child_parent"},
        {"kind": "drop_index", "table": "child", "name": "child_parent"},
    ]
    ready = plan(both_, name)
    assert ready.findings == ()
    assert ready.target.indexes == {}
    assert any("index that it made for itself stays" in warning for warning in ready.warnings)


@both
def test_an_index_that_is_made_replaces_the_one_that_a_key_brought(name: str) -> None:
    schema, _ = replay(SCHEMA + "CREATE INDEX more ON child (parent_id, id);", dialect(name))
    assert [index.name for index in schema.indexes.values()] == ["more"]
    shown = SCHEMA.replace("CONSTRAINT child_parent", "KEY child_parent (parent_id), CONSTRAINT child_parent")
    assert len(replay(shown, dialect(name))[0].indexes) == 1


@every
def test_a_foreign_key_is_renamed_in_one_statement_that_tests_nothing(name: str, version: str) -> None:
    asked = [{"kind": "rename_constraint", "table": "child", "name": "child_parent", "new_name": "to_parent"}]
    ready = plan(asked, name, version, rows=10**7)
    assert ready.findings == ()
    assert not jobs(ready)
    (sql,) = altered(ready)
    assert "DROP FOREIGN KEY `child_parent`, ADD CONSTRAINT `to_parent` FOREIGN KEY" in sql
    # MySQL builds the index that the key brought along anew, while writes pass (seen by a proof on 9.7.4).
    assert any(s.effect.is_long for file in ready.files for s in file.statements) == (name == "mysql")
    assert all(not s.effect.rewrites_table for file in ready.files for s in file.statements)


@pytest.mark.parametrize("name", ["mysql", "mariadb", "sqlite"])
def test_columns_are_found_in_any_case(name: str) -> None:
    schema = "CREATE TABLE users (id int PRIMARY KEY, Email varchar(50), age int);"
    for asked in (
        "ALTER TABLE users DROP COLUMN email",
        [{"kind": "drop_column", "table": "users", "column": "EMAIL"}],
        [{"kind": "create_index", "table": "users", "columns": ["email", "AGE desc"], "name": "i"}],
        "CREATE UNIQUE INDEX i ON users (EMAIL)",
    ):
        ready = plan(asked, name, schema=schema)
        assert ready.findings == ()
        assert "EMAIL" not in "".join(file.content.partition("\n\n")[2] for file in ready.files)
    with pytest.raises(ToolError, match="has a column Email already"):
        plan("ALTER TABLE users ADD COLUMN email text", name, schema=schema)


def test_tables_are_found_in_any_case_only_where_the_file_system_does_not_matter() -> None:
    schema = "CREATE TABLE Users (id integer PRIMARY KEY);"
    assert plan("ALTER TABLE users ADD COLUMN a integer", "sqlite", schema=schema).findings == ()
    with pytest.raises(ToolError, match=r"did you mean Users\?"):
        plan("ALTER TABLE users ADD COLUMN a integer", "mysql", schema=schema)


USERS = "CREATE TABLE users (id int PRIMARY KEY, email varchar(190) NOT NULL, name text, deleted_at datetime, age int);"


@every
def test_a_unique_key_among_some_rows_stands_on_a_computed_column(name: str, version: str) -> None:
    for asked in (
        [{"kind": "add_unique", "table": "users", "columns": ["email"], "where": "deleted_at IS NULL", "name": "u"}],
        [{"kind": "create_index", "table": "users", "columns": ["email"], "where": "deleted_at IS NULL", "name": "u",
          "unique": True}],
        "CREATE UNIQUE INDEX u ON users (email) WHERE deleted_at IS NULL",
    ):  # fmt: skip
        ready = plan(asked, name, version, schema=USERS, rows=10**7)
        assert ready.findings == ()
        column, index = altered(ready)
        assert "GENERATED ALWAYS AS (CASE WHEN deleted_at IS NULL THEN 1 END) VIRTUAL INVISIBLE" in column
        assert "ADD UNIQUE INDEX `u` (`email`, `deleted_at_is_null`)" in index
        assert any("no partial index here" in warning for warning in ready.warnings)
        assert not jobs(ready)


@every
def test_an_index_of_an_expression_stands_on_a_computed_column(name: str, version: str) -> None:
    for sql in ("CREATE UNIQUE INDEX u ON users (lower(email))", "CREATE UNIQUE INDEX u ON users ((lower(email)))"):
        ready = plan(sql, name, version, schema=USERS)
        assert ready.findings == ()
        column, index = altered(ready)
        assert "`lower_email` varchar(190) GENERATED ALWAYS AS (lower(email)) VIRTUAL INVISIBLE" in column
        assert "ADD UNIQUE INDEX `u` (`lower_email`)" in index
        assert any("compares without case" in warning for warning in ready.warnings)
    exact = USERS.replace("email varchar(190)", "email varchar(190) COLLATE utf8mb4_bin")
    assert not any("compares without case" in w for w in plan(sql, name, version, schema=exact).warnings)


def test_a_column_is_hidden_where_the_version_can() -> None:
    sql = "CREATE INDEX i ON users ((lower(email)))"
    assert "INVISIBLE" not in altered(plan(sql, "mysql", "8.0.22", schema=USERS))[0]


@both
def test_a_second_index_uses_the_column_that_is_there(name: str) -> None:
    ready = plan(
        "CREATE INDEX i ON users ((lower(email))); CREATE INDEX j ON users ((LOWER(`email`)), age)", name, schema=USERS
    )
    assert ready.findings == ()
    assert sum("ADD COLUMN" in sql for sql in altered(ready)) in {1, 2}


@both
@pytest.mark.parametrize("expression", ["(age + 1)", "(name -> '$.a')", "(rand())", "(concat(email, name))"])
def test_an_expression_that_no_column_is_made_for_is_refused_with_the_way_out(name: str, expression: str) -> None:
    with pytest.raises(ToolError, match=r"Way out"):
        plan([{"kind": "create_index", "table": "users", "columns": [expression], "name": "i"}], name, schema=USERS)


@both
def test_further_columns_stand_behind_the_keys_of_an_index(name: str) -> None:
    ready = plan("CREATE INDEX i ON users (age) INCLUDE (email)", name, schema=USERS)
    assert ready.findings == ()
    assert "INDEX `i` (`age`, `email`)" in altered(ready)[0]
    with pytest.raises(ToolError, match="second index, not unique"):
        plan("CREATE UNIQUE INDEX i ON users (age) INCLUDE (email)", name, schema=USERS)


@pytest.mark.parametrize(("version", "says"), [("10.6", True), ("10.11", False)])
def test_descending_keys_are_told_of_where_the_version_ignores_them(version: str, says: bool) -> None:
    warnings = plan("CREATE INDEX i ON users (age DESC)", "mariadb", version, schema=USERS).warnings
    assert any("DESC" in warning for warning in warnings) == says


@both
def test_a_whole_table_gets_another_character_set(name: str) -> None:
    schema = USERS.replace(";", " ENGINE=InnoDB DEFAULT CHARSET=latin1;")
    for asked in (
        "ALTER TABLE users CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        [{"kind": "set_collation", "table": "users", "collation": "utf8mb4_bin"}],
    ):
        ready = plan(asked, name, schema=schema)
        assert ready.findings == ()
        assert "CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, ALGORITHM=COPY, LOCK=SHARED" in altered(ready)[0]


@both
def test_a_column_that_compares_by_bytes_is_checked_for_what_becomes_equal(name: str) -> None:
    schema = (
        "CREATE TABLE users (id int PRIMARY KEY, email varchar(90) COLLATE utf8mb4_bin NOT NULL, UNIQUE KEY u (email));"
    )
    asked = [{"kind": "set_collation", "table": "users", "column": "email", "collation": "utf8mb4_general_ci"}]
    ready = plan(asked, name, schema=schema)
    assert ready.findings == ()
    (query,) = ready.migrations[0][0].prechecks
    assert "COLLATE utf8mb4_general_ci" in query.sql
    with pytest.raises(ToolError, match="no name of one"):
        plan([{**asked[0], "collation": "x'; DROP TABLE users"}], name, schema=schema)


def test_elsewhere_a_collation_is_not_changed_in_place() -> None:
    for name in ("postgresql", "sqlite"):
        with pytest.raises(ToolError, match="COLLATE in the queries"):
            plan([{"kind": "set_collation", "table": "users", "column": "email", "collation": "C"}], name, schema=USERS)


def test_case_is_no_difference_in_a_unique_index_of_the_other_engines() -> None:
    for name, keys in (("postgresql", "lower(email)"), ("sqlite", "email COLLATE NOCASE"), ("sqlite", "lower(email)")):
        schema = USERS.replace("datetime", "timestamp")
        for asked in (
            f"CREATE UNIQUE INDEX u ON users ({keys})",
            [{"kind": "create_index", "table": "users", "columns": [keys], "unique": True, "name": "u"}],
            [{"kind": "add_unique", "table": "users", "columns": [keys], "name": "u"}],
        ):
            ready = plan(asked, name, schema=schema)
            assert ready.findings == ()
            assert keys in ready.files[0].content
    ready = plan(
        [{"kind": "add_unique", "table": "users", "columns": ["email"], "where": "deleted_at IS NULL", "name": "u"}],
        "postgresql",
        schema=USERS.replace("datetime", "timestamp"),
    )
    assert "WHERE" in ready.files[0].content


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("text", "json", "NOT JSON_VALID(`c`)"),
        ("varchar(20)", "int", "NOT BETWEEN -2147483648 AND 2147483647"),
        ("bigint", "int", "NOT BETWEEN -2147483648 AND 2147483647"),
        ("int", "int unsigned", "NOT BETWEEN 0 AND 4294967295"),
        ("varchar(20)", "datetime", "CAST(`c` AS DATETIME) IS NULL"),
        ("varchar(20)", "enum('a','b')", "NOT IN ('a', 'b')"),
        ("varchar(20)", "varchar(10)", "CHAR_LENGTH(`c`) > 10"),
        ("decimal(10,2)", "decimal(6,2)", "ABS(`c`) >= 1e4"),
        ("int", "bigint", ""),
        ("varchar(20)", "text", ""),
        ("decimal(10,2)", "decimal(12,2)", ""),
    ],
)
def test_values_that_do_not_fit_are_listed_before(old: str, new: str, says: str) -> None:
    schema = f"CREATE TABLE users (id int PRIMARY KEY, c {old}) DEFAULT CHARSET=utf8mb4;"
    ready = plan([{"kind": "change_type", "table": "users", "column": "c", "type": new}], "mysql", schema=schema)
    queries = [query.sql for migration in ready.plan.migrations for query in migration.prechecks]
    assert len(queries) == bool(says)
    assert all(says in sql and sql.startswith("SELECT `id`, `c` FROM `users` WHERE") for sql in queries)


@both
def test_a_character_set_is_not_taken_for_known(name: str) -> None:
    schema = "CREATE TABLE users (id int PRIMARY KEY, c varchar(20));"
    ready = plan("ALTER TABLE users CONVERT TO CHARACTER SET utf8mb4", name, "8.4" if name == "mysql" else "10.6",
                 schema=schema)  # fmt: skip
    assert altered(ready)[0].endswith("ALGORITHM=COPY, LOCK=SHARED")


def test_a_literal_default_of_a_text_is_refused_where_the_server_would_with_the_brackets_as_way_out() -> None:
    schema = "CREATE TABLE t (id int PRIMARY KEY, note text NOT NULL DEFAULT ('x'));"
    add = "ALTER TABLE t ADD COLUMN state text NOT NULL DEFAULT "
    with pytest.raises(ToolError, match=r"1101.*\('draft'\)"):
        plan(f"{add} 'draft'", "mysql", schema=schema)
    with pytest.raises(ToolError, match=r"1101.*\('y'\)"):
        plan("ALTER TABLE t ALTER COLUMN note SET DEFAULT 'y'", "mysql", schema=schema)
    assert any("DEFAULT ('draft')" in sql for sql in altered(plan(f"{add} ('draft')", "mysql", schema=schema)))
    assert any("DEFAULT 'draft'" in sql for sql in altered(plan(f"{add} 'draft'", "mariadb", schema=schema)))
