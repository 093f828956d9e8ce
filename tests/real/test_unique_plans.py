"""Unique constraints and exclusions where rows stand in their way: found before, refused during, and gone afterwards."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, cast

import psycopg
import pytest

from domain_agents.tools import Job, Settings
from domain_agents.tools._arguments import parse_arguments
from domain_agents.tools._proving import prove
from domain_agents.tools.prove_migration import TOOL, _prepared

if TYPE_CHECKING:
    from domain_agents.migrations.prove import ProofFile
    from domain_agents.tools.prove_migration import ProveMigration
    from domain_agents.workspace.scratch import PostgresScratch

SCHEMA = "CREATE TABLE users (id bigint PRIMARY KEY, email varchar(200))"
CHANGE = {"kind": "add_unique", "table": "users", "columns": ["email"], "name": "users_email_key"}


def prepared(schema: str, change: dict[str, Any]) -> Any:
    given = {"engine": "postgresql", "schema": schema, "changes": [change], "tables": {"users": {"rows": 100_000}}}
    return _prepared(cast("ProveMigration", parse_arguments(TOOL, given)), Settings(project=None), Job())


def run(connection: psycopg.Connection[Any], file: ProofFile) -> None:
    for one in file.statements:
        connection.execute(one.sql)


def test_a_duplicate_that_appears_while_the_index_is_built_costs_a_second_run_and_nothing_else(
    postgres: PostgresScratch,
) -> None:
    build, take_over = prepared(SCHEMA, CHANGE).request.files
    from domain_agents.tools.plan_migration import planned

    given = {"engine": "postgresql", "schema": SCHEMA, "changes": [CHANGE], "tables": {"users": {"rows": 100_000}}}
    plan = planned(cast("ProveMigration", parse_arguments(TOOL, given)), Settings(project=None), Job()).plan
    [precheck], [validity] = plan.migrations[0].prechecks, plan.migrations[0].validations
    database, role = postgres.create_database()
    with (
        postgres.connect(database, role) as runner,
        postgres.connect(database, role) as writer,
        postgres.connect(database, role) as older,
    ):
        runner.execute(SCHEMA)
        runner.execute("INSERT INTO users SELECT n, 'user' || n || '@example.com' FROM generate_series(1, 100000) n")
        writer.execute("INSERT INTO users VALUES (100001, 'user7@example.com')")
        assert runner.execute(precheck.sql).fetchall() == [("user7@example.com", 2)]
        writer.execute("UPDATE users SET email = 'other@example.com' WHERE id = 100001")
        assert runner.execute(precheck.sql).fetchall() == []

        # An older transaction keeps the build from ending; meanwhile the next duplicate is written.
        older.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM users")
        failed: list[Exception] = []

        def building() -> None:
            try:
                run(runner, build)
            except psycopg.Error as error:
                failed.append(error)

        thread = threading.Thread(target=building, daemon=True)
        thread.start()
        half = "SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('users_email_key')"
        deadline = time.monotonic() + 10
        while writer.execute(half).fetchone() == (0,) and time.monotonic() < deadline:
            time.sleep(0.01)
        writer.execute("INSERT INTO users VALUES (100002, 'user8@example.com') ON CONFLICT DO NOTHING")
        older.execute("COMMIT")
        thread.join(30)
        assert not thread.is_alive()
        if not failed:
            # The index was far enough to refuse the duplicate itself: that is the other way this ends well.
            assert writer.execute("SELECT count(*) FROM users WHERE id = 100002").fetchone() == (0,)
        else:
            assert isinstance(failed[0], psycopg.errors.UniqueViolation)
            # Its leftover is seen by the validation, and refused by the next file.
            assert runner.execute(validity.sql).fetchone() == (False,)
            with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
                run(runner, take_over)
            runner.execute("ROLLBACK")
            assert runner.execute(precheck.sql).fetchall() == [("user8@example.com", 2)]
            writer.execute("DELETE FROM users WHERE id = 100002")
            run(runner, build)
        assert runner.execute(validity.sql).fetchone() == (True,)
        run(runner, take_over)
        with pytest.raises(psycopg.errors.UniqueViolation):
            writer.execute("INSERT INTO users VALUES (100003, 'user9@example.com')")
        indexes = "SELECT indexname FROM pg_indexes WHERE tablename = 'users' ORDER BY 1"
        assert runner.execute(indexes).fetchall() == [("users_email_key",), ("users_pkey",)]
    postgres.drop_database(database)
    postgres.drop_role(role)


BOOKINGS = "CREATE TABLE users (id bigint PRIMARY KEY, during int8range, cancelled boolean NOT NULL DEFAULT false)"
EXCLUSION = {"kind": "add_exclusion", "table": "users", "elements": ["during WITH &&"], "where": "NOT cancelled"}


def test_an_exclusion_is_made_as_asked_and_its_wait_is_said_before_anybody_waits(postgres: PostgresScratch) -> None:
    ready = prepared(BOOKINGS, EXCLUSION)
    assert any("reads and writes WAIT" in note for note in ready.request.notes)
    assert any("maintenance window" in note for note in ready.request.notes)
    told = prove(ready.request, Job(), scratch=postgres, seconds=120).as_json()
    results = {name: check["result"] for name, check in told["checks"].items()}
    assert (results["applies"], results["converges"], results["data_kept"]) == ("ok", "ok", "ok"), told["checks"]


def test_rows_in_each_others_way_are_counted_before_a_constraint_is_tried(postgres: PostgresScratch) -> None:
    from domain_agents.tools.plan_migration import planned

    given = {"engine": "postgresql", "schema": BOOKINGS, "changes": [EXCLUSION], "tables": {"users": {"rows": 3}}}
    plan = planned(cast("ProveMigration", parse_arguments(TOOL, given)), Settings(project=None), Job()).plan
    [precheck] = plan.migrations[0].prechecks
    database, role = postgres.create_database()
    with postgres.connect(database, role) as connection:
        connection.execute(BOOKINGS)
        connection.execute("INSERT INTO users VALUES (1, '[1,5)', false), (2, '[4,6)', true), (3, '[5,9)', false)")
        assert connection.execute(precheck.sql).fetchone() == (0,)
        connection.execute("UPDATE users SET cancelled = false")
        assert connection.execute(precheck.sql).fetchone() == (2,)
    postgres.drop_database(database)
    postgres.drop_role(role)
