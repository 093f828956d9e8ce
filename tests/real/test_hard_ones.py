"""The changes that people guess at: each is named with the tests that hold it, and the ones that had no room are here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool
from tests.real.alembic_projects import add_plan, make_project, upgrade
from tests.real.test_alembic_sqlite import GUARDS, planned, rebuild
from tests.unit.format_plans import migration

from domain_agents.tools import Job, Settings
from domain_agents.tools._proving import prove
from domain_agents.tools.prove_migration import ProveMigration, _prepared

if TYPE_CHECKING:
    from domain_agents.migrations.prove import ProofRequest
    from domain_agents.workspace.scratch import PostgresScratch

TESTS = Path(__file__).parents[1]
HELD_BY = {
    "int -> bigint of a primary key that three foreign keys reference, identity and sequence too": (
        "real/test_key_types.py::test_a_key_that_three_tables_refer_to_becomes_wider",
        "real/test_key_types.py::test_a_numbering_goes_on_where_it_stopped",
        "unit/test_mysql_changes.py::test_a_key_and_all_that_refer_to_it_change_together",
    ),
    "rename of a NOT NULL column with a unique index, a foreign key, a view and a trigger, two versions alive": (
        "real/test_hard_ones.py::test_a_required_column_with_everything_on_it_is_renamed_while_two_versions_live",
        "real/test_column_plans.py::test_what_refers_to_a_column_and_shows_it_follows_its_new_name",
        "real/test_mysql_changes.py::test_two_application_versions_live_beside_each_other_until_the_old_one_is_gone",
    ),
    "NOT NULL foreign-key column on a partitioned table": (
        "real/test_partition_plans.py::test_a_required_column_with_a_foreign_key_comes_into_a_partitioned_table",
    ),
    "a plain table with views and foreign keys turned into a partitioned one": (
        "real/test_partition_plans.py::test_a_plain_table_with_views_triggers_and_children_becomes_a_partitioned_one",
        "real/test_partition_plans.py::test_what_is_written_while_it_is_copied_is_the_same_in_both",
    ),
    "unique constraint while duplicates exist and more appear during the build": (
        "real/test_unique_plans.py::"
        "test_a_duplicate_that_appears_while_the_index_is_built_costs_a_second_run_and_nothing_else",
    ),
    "removal of an enum value in use": (
        "real/test_enum_plans.py::test_a_value_in_use_goes_while_both_applications_write",
        "real/test_enum_plans.py::test_old_and_new_application_see_the_replacement_and_privileges_stay",
    ),
    "one name column split into two, with the old application still writing the old one": (
        "real/test_reshaping_plans.py::test_columns_change_their_shape_while_both_applications_write",
        "real/test_reshaping_plans.py::test_either_application_reads_what_the_other_wrote_on_postgresql",
    ),
    "text to timestamptz or json with bad rows in it": (
        "real/test_unreadable_values.py::test_what_cannot_be_converted_is_listed_and_kept",
        "real/test_unreadable_values.py::test_the_plan_with_a_quarantine_is_proved",
        "real/test_mysql_changes.py::test_values_that_do_not_fit_are_listed_and_stop_the_change",
    ),
    "case-insensitive unique e-mail": (
        "real/test_mysql_changes.py::test_an_address_is_unique_in_any_case",
        "unit/test_mysql_changes.py::test_case_is_no_difference_in_a_unique_index_of_the_other_engines",
    ),
    "soft-delete unique where the engine has no partial index": (
        "real/test_mysql_changes.py::test_an_address_is_unique_among_the_users_that_are_not_deleted",
    ),
    "a foreign key on MySQL and MariaDB where orphans exist": (
        "real/test_mysql_changes.py::test_orphans_are_listed_before_and_never_slip_in_unseen",
        "real/test_prove_mysql.py::"
        "test_a_foreign_key_over_orphans_fails_at_once_or_leaves_them_where_the_precheck_finds_them",
    ),
    "type changes on a MySQL table with triggers or foreign keys": (
        "unit/test_mysql_changes.py::test_a_table_with_foreign_keys_or_triggers_is_left_to_the_tool_that_can",
    ),
    "the same change on MariaDB 10.6 and 11.8": (
        "unit/test_mysql_changes.py::test_one_change_of_type_has_opposite_plans_on_mariadb_10_6_and_11_8",
    ),
    "SQLite rebuild of a parent with cascading children inside a framework's transaction": (
        "real/test_hard_ones.py::test_a_rebuilt_parent_keeps_its_cascading_children_inside_a_framework",
    ),
    "a migration left half applied on an engine without transactional DDL": (
        "real/test_prove_mysql.py::test_a_file_that_can_be_left_half_applied_is_refuted",
        "real/test_prove_mysql.py::test_a_half_applied_file_that_may_pass_twice_goes_on",
    ),
    "two heads, gaps and out-of-order numbers in the history": (
        "unit/test_recognition_alembic.py::test_several_heads_are_named_and_a_plan_for_them_is_refused",
        "unit/test_formats.py::test_a_history_with_two_heads_is_refused_with_the_way_out",
        "unit/test_recognition.py::test_files_are_numbered_on_in_the_style_of_the_newest",
    ),
    "a lock that an idle transaction holds": (
        "real/test_hard_ones.py::test_a_lock_that_an_idle_transaction_holds_makes_the_file_give_up_and_readers_go_on",
        "real/test_prove_mysql.py::"
        "test_a_lock_that_an_idle_transaction_holds_makes_the_file_give_up_and_nobody_queues_behind_it",
        "real/test_key_types.py::test_the_exchange_gives_way_to_whoever_holds_a_lock_and_asks_again",
    ),
    "a backfill killed in the middle, twice": (
        "real/test_prove_mysql.py::test_a_required_column_is_proved_with_its_backfill_killed_twice",
        "real/test_mariadb_backfill.py::test_a_backfill_that_is_killed_goes_on_where_it_stopped",
        "real/test_sqlite_backfill.py::test_a_run_that_was_cut_off_goes_on_where_it_stopped",
    ),
    "names that need quoting everywhere, in a schema that is not the default one": (
        "real/test_hard_ones.py::test_names_that_need_quoting_in_a_schema_of_their_own_are_proved",
        "real/test_prove_mysql.py::test_names_that_need_quoting_everywhere_are_seeded_loaded_and_read",
    ),
}


@pytest.mark.parametrize("hard", HELD_BY)
def test_each_hard_change_is_held_by_tests_that_are_there(hard: str) -> None:
    for test in HELD_BY[hard]:
        path, _, name = test.partition("::")
        assert re.search(rf"^def {name}\(", (TESTS / path).read_text(encoding="utf-8"), re.MULTILINE), test


def prepared(**arguments: Any) -> ProofRequest:
    given = {"engine": "postgresql", "framework": "raw", "date": "2026-11-21", **arguments}
    return _prepared(ProveMigration.model_validate(given), Settings(project=None), Job()).request


def proved(postgres: PostgresScratch, **arguments: Any) -> dict[str, Any]:
    told = prove(prepared(**arguments), Job(), scratch=postgres, seconds=120).as_json()
    assert told["verdict"] == "proved", told["reasons"]
    works = {name for name, check in told["checks"].items() if check["result"] == "ok"}
    assert works >= {"applies", "data_kept", "old_app_works", "new_app_works", "converges"}
    return told


ACCOUNTS = """
CREATE TABLE teams (code varchar(20) PRIMARY KEY);
CREATE TABLE accounts (
    id bigint PRIMARY KEY, team varchar(20) NOT NULL REFERENCES teams (code), seen integer NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX accounts_team ON accounts (team, id);
CREATE VIEW members AS SELECT id, team FROM accounts WHERE team <> '';
CREATE FUNCTION passed() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER passed BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION passed();
"""


def test_a_required_column_with_everything_on_it_is_renamed_while_two_versions_live(postgres: PostgresScratch) -> None:
    change = {"kind": "rename_column", "table": "accounts", "column": "team", "new_name": "group"}
    rows = {"accounts": 20_000, "teams": 200}
    told = proved(postgres, changes=[change], schema=ACCOUNTS, rows=rows, tables={"accounts": {"rows": 20_000}})
    assert all(statement["agrees"] for statement in told["statements"])


ODD = '"My ""App"" 100%"."Order ""lines"""'
QUOTED = f"""
CREATE SCHEMA "My ""App"" 100%";
CREATE TABLE {ODD} ("select" bigint PRIMARY KEY, "Straße $1" text NOT NULL, "a'b" integer NOT NULL DEFAULT 1);
CREATE INDEX "i ""x"" %s" ON {ODD} ("a'b");
"""


def test_names_that_need_quoting_in_a_schema_of_their_own_are_proved(postgres: PostgresScratch) -> None:
    sql = f"""ALTER TABLE {ODD} ADD COLUMN "User" text NOT NULL;
        ALTER TABLE {ODD} ADD CONSTRAINT "check ""1"" %s" CHECK ("a'b" >= 0);
        CREATE UNIQUE INDEX "u ' 1" ON {ODD} ("Straße $1", "select");"""
    name = 'My "App" 100%.Order "lines"'
    told = proved(
        postgres,
        sql=sql,
        schema=QUOTED,
        backfill={f"{name}.User": "'it''s'"},
        rows={name: 6_000},
        tables={name: {"rows": 6_000}},
    )
    assert told["rows"] == {name: 6_000}


def test_a_lock_that_an_idle_transaction_holds_makes_the_file_give_up_and_readers_go_on(
    postgres: PostgresScratch,
) -> None:
    change = {"kind": "add_column", "table": "plain", "column": "locale", "type": "text"}
    [file] = prepared(changes=[change], schema="CREATE TABLE plain (id bigint PRIMARY KEY);").files
    database, role = postgres.create_database()
    with (
        postgres.connect(database) as idle,
        postgres.connect(database) as runner,
        postgres.connect(database) as reader,
    ):
        idle.execute("CREATE TABLE plain (id bigint PRIMARY KEY)")
        idle.execute("BEGIN; SELECT count(*) FROM plain")

        def run() -> None:
            with runner.transaction():
                for one in file.statements:
                    runner.execute(one.sql)

        with pytest.raises(Exception, match="lock timeout"):
            run()
        reader.execute("SET statement_timeout = '5s'")
        assert reader.execute("SELECT count(*) FROM plain").fetchone() == (0,)
        idle.execute("COMMIT")
        run()
        assert reader.execute("SELECT locale FROM plain").fetchall() == []
    postgres.drop_database(database)
    postgres.drop_role(role)


def test_a_rebuilt_parent_keeps_its_cascading_children_inside_a_framework(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    database = sa.create_engine(f"sqlite:///{tmp_path}/app.db", poolclass=NullPool)

    def enforced(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    sa.event.listen(database, "connect", enforced)
    upgrade(project, database)
    with database.begin() as connection:
        for sql in (
            "CREATE TABLE mails (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE)",
            "INSERT INTO mails (user_id) SELECT id FROM users",
        ):
            connection.exec_driver_sql(sql)
    add = migration("add_locale", "ALTER TABLE users ADD COLUMN locale TEXT DEFAULT 'en'", guards=GUARDS)
    add_plan(project, planned(add, migration("required", *rebuild(project), guards=GUARDS, transaction=False)))
    upgrade(project, database)
    with database.begin() as connection:
        ask = connection.exec_driver_sql
        assert ask("SELECT count(*), count(DISTINCT user_id) FROM mails").fetchall() == [(7, 7)]
        assert ask("SELECT \"notnull\" FROM pragma_table_info('users') WHERE name = 'locale'").fetchall() == [(1,)]
        assert ask("PRAGMA foreign_key_check").fetchall() == []
        # The key still works: it was not left behind on the table that is gone.
        ask("DELETE FROM users WHERE id = 1")
        assert ask("SELECT count(*) FROM mails").fetchall() == [(6,)]
    database.dispose()
