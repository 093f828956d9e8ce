"""Proofs on a real PostgreSQL, at 200,000 rows, while an application reads and writes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from domain_agents.dialects import dialect
from domain_agents.engines import TableSize, engine
from domain_agents.migrations.prove import Outcome, Proof, ProofFile, ProofRequest, ProofStatement, Verdict
from domain_agents.tools import Cancelled, Job, Settings, ToolError
from domain_agents.tools._arguments import parse_arguments
from domain_agents.tools._proving import Refused, prove
from domain_agents.tools.prove_migration import TOOL

if TYPE_CHECKING:
    from domain_agents.tools import Result
    from domain_agents.workspace.scratch import PostgresScratch

EXAMPLES = Path(__file__).parents[2] / "examples"
ROWS = 200_000
EXPRESSION = "CASE country WHEN 'DE' THEN 'de-DE' ELSE 'en' END"
USERS = """CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id bigint NOT NULL,
    email varchar(255) NOT NULL UNIQUE,
    age int
)"""
SCHEMA = ("CREATE TABLE tenants (id bigint PRIMARY KEY, name text NOT NULL)", USERS)


def file(*sqls: str, path: str = "0001.sql", transaction: bool = False) -> ProofFile:
    """One migration file."""
    return ProofFile(path, tuple(ProofStatement(sql, transaction=int(transaction)) for sql in sqls))


def proof(scratch: PostgresScratch, *files: ProofFile, rows: int = ROWS, **changes: Any) -> Proof:
    """The files proved on the session's server."""
    sizes = {"users": rows, "tenants": 1_000}
    return prove(ProofRequest("postgresql", files, SCHEMA, sizes, **changes), Job(), scratch=scratch)


def call(project: Path, **arguments: Any) -> Result:
    """The tool, as a client calls it."""
    return TOOL.call(parse_arguments(TOOL, arguments), Settings(project=project), Job())


def modes(proved: Proof, number: int = 0) -> dict[str, set[str]]:
    """The lock modes that one statement took, by table."""
    found: dict[str, set[str]] = {}
    for lock in proved.statements[number].seen.locks:
        found.setdefault(lock.relation, set()).add(lock.mode)
    return found


# The main job


@pytest.fixture(scope="module")
def planned(postgres: PostgresScratch, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A NOT NULL column on 200,000 users of the sample shop: planned, rendered, and proved by the tool itself."""
    project = tmp_path_factory.mktemp("shop") / "shop"
    shutil.copytree(EXAMPLES / "shop-postgresql", project)
    return call(
        project,
        sql="ALTER TABLE users ADD COLUMN locale text NOT NULL",
        backfill={"users.locale": EXPRESSION},
        tables={"users": {"rows": ROWS}},
        rows={"users": ROWS},
    )


def test_a_planned_not_null_column_is_proved(planned: Result) -> None:
    told = planned.structured
    assert told["verdict"] == "proved", told["reasons"]
    assert told["rows"]["users"] == ROWS
    assert told["server"]["engine"] == "postgresql"
    assert {name: check["result"] for name, check in told["checks"].items()} == {
        "applies": "ok",
        "data_kept": "ok",
        "old_app_works": "ok",
        "new_app_works": "ok",
        "rerun": "ok",
        "crash_resume": "ok",
        "undo": "ok",
        "converges": "ok",
    }


def test_every_lock_that_the_plan_declared_is_the_lock_that_was_taken(planned: Result) -> None:
    assert all(statement["agrees"] for statement in planned.structured["statements"])
    taken = {
        statement["sql"].partition("\n")[0][:40]: {
            lock["mode"] for lock in statement["locks"] if lock["relation"] == "users"
        }
        for statement in planned.structured["statements"]
    }
    strongest = {sql: min(locks) for sql, locks in taken.items() if locks and sql.startswith(("ALTER", "CALL"))}
    assert strongest["ALTER TABLE users ADD COLUMN locale text"] == "ACCESS EXCLUSIVE"
    assert strongest["ALTER TABLE users VALIDATE CONSTRAINT us"] == "SHARE UPDATE EXCLUSIVE"
    assert "ROW EXCLUSIVE" in taken["CALL users_locale_backfill_run()"]


def test_set_not_null_behind_a_validated_check_scans_nothing(planned: Result) -> None:
    scanned = {statement["sql"]: statement["scanned"] for statement in planned.structured["statements"]}
    validating = next(sql for sql in scanned if "VALIDATE CONSTRAINT" in sql)
    tightening = next(sql for sql in scanned if "SET NOT NULL" in sql)
    assert scanned[validating] == ["users"]
    assert scanned[tightening] == []


def test_both_applications_read_and_wrote(planned: Result) -> None:
    application = planned.structured["application"]
    assert all(application[kind][app] > 0 for kind in ("reads", "writes") for app in ("old", "new"))


def test_the_text_says_the_verdict_and_the_locks(planned: Result) -> None:
    assert "**Proved** on PostgreSQL" in planned.text
    assert "SHARE UPDATE EXCLUSIVE on users" in planned.text


# What is refuted, and for which reason


def test_a_plain_index_build_is_refuted_for_its_writers(postgres: PostgresScratch) -> None:
    found = proof(postgres, file("CREATE INDEX users_age ON users (age)", transaction=True))
    assert found.verdict is Verdict.REFUTED
    assert modes(found) == {"users": {"SHARE"}}
    assert found.statements[0].seen.scanned == ("users",)
    assert "reads all of users while SHARE is held on users: writes wait until it ends" in found.reasons[0]


def test_set_not_null_directly_is_refuted_for_readers_and_writers(postgres: PostgresScratch) -> None:
    found = proof(postgres, file("ALTER TABLE users ALTER COLUMN age SET NOT NULL", transaction=True))
    assert found.verdict is Verdict.REFUTED
    assert "while ACCESS EXCLUSIVE is held on users: reads and writes wait" in found.reasons[0]
    assert any("users.age holds no NULL" in note for note in found.notes)


def test_the_obvious_way_is_refuted_for_its_lock_and_for_the_old_application(postgres: PostgresScratch) -> None:
    obvious = file(
        "ALTER TABLE users ADD COLUMN locale text",
        "UPDATE users SET locale = 'en'",
        "ALTER TABLE users ALTER COLUMN locale SET NOT NULL",
        transaction=True,
    )
    found = proof(postgres, obvious)
    assert found.verdict is Verdict.REFUTED
    assert "changes 200," in found.reasons[0]
    assert "ACCESS EXCLUSIVE is held on users: reads and writes wait" in found.reasons[0]
    assert "23502" in found.checks["old_app_works"].why
    assert found.checks["data_kept"].outcome is Outcome.OK


def test_a_default_that_differs_by_row_is_seen_to_rewrite_the_table(postgres: PostgresScratch) -> None:
    found = proof(postgres, file("ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid()", transaction=True))
    assert found.statements[0].seen.rewrote == ("users",)
    assert "rewrites users" in found.reasons[0]


def test_a_foreign_key_at_once_locks_both_tables_while_it_reads_one(postgres: PostgresScratch) -> None:
    adding = "ALTER TABLE users ADD CONSTRAINT fk FOREIGN KEY (tenant_id) REFERENCES tenants (id)"
    found = proof(postgres, file(adding, transaction=True))
    assert "SHARE ROW EXCLUSIVE" in modes(found)["users"]
    assert "SHARE ROW EXCLUSIVE" in modes(found)["tenants"]
    assert found.statements[0].seen.scanned == ("users",)
    assert found.verdict is Verdict.REFUTED


def test_what_fails_on_rows_is_refuted_although_it_works_on_an_empty_database(postgres: PostgresScratch) -> None:
    adding = "ALTER TABLE users ADD COLUMN x int NOT NULL"
    found = proof(postgres, file(adding, transaction=True), rows=10, asked=(adding,))
    assert found.verdict is Verdict.REFUTED
    assert "contains null values" in found.checks["applies"].why


def test_a_backfill_that_counts_up_is_refuted_by_its_second_run_and_by_an_accident(postgres: PostgresScratch) -> None:
    counting = file(
        "CREATE OR REPLACE PROCEDURE up() LANGUAGE plpgsql AS $$ BEGIN FOR i IN 0..9 LOOP"
        " UPDATE users SET age = age + 1 WHERE id % 10 = i; COMMIT; PERFORM pg_sleep(0.05); END LOOP; END $$",
        "CALL up()",
        "DROP PROCEDURE up()",
    )
    found = proof(postgres, counting, rows=5_000)
    assert found.checks["rerun"].outcome is Outcome.FAILED
    assert found.checks["crash_resume"].outcome is Outcome.FAILED
    assert "left users different" in found.checks["crash_resume"].why


def test_a_schema_that_is_not_the_one_asked_for_is_refuted_with_the_difference(postgres: PostgresScratch) -> None:
    unfinished = file(
        "ALTER TABLE users ADD CONSTRAINT fk FOREIGN KEY (tenant_id) REFERENCES tenants (id) NOT VALID",
        transaction=True,
    )
    asked = ("ALTER TABLE users ADD CONSTRAINT fk FOREIGN KEY (tenant_id) REFERENCES tenants (id)",)
    found = proof(postgres, unfinished, rows=100, asked=asked)
    assert found.checks["converges"].outcome is Outcome.FAILED
    assert "NOT VALID" in found.checks["converges"].why


def test_a_deleted_row_and_a_changed_value_are_found(postgres: PostgresScratch) -> None:
    deleting = proof(postgres, file("DELETE FROM users WHERE id = 7", transaction=True), rows=100)
    assert deleting.checks["data_kept"].outcome is Outcome.FAILED
    hidden = "DO $$ BEGIN EXECUTE 'UPDATE users S' || 'ET age = 5 WHERE id = 1'; END $$"
    changing = proof(postgres, file(hidden), rows=100)
    assert changing.checks["data_kept"].outcome is Outcome.FAILED
    assert "values of users.age changed" in changing.checks["data_kept"].why


def test_an_old_application_that_still_runs_when_its_column_goes_is_found(postgres: PostgresScratch) -> None:
    dropping = file("ALTER TABLE users DROP COLUMN age", transaction=True)
    found = proof(postgres, dropping, rows=100, new_application_from=5)
    assert found.checks["old_app_works"].outcome is Outcome.FAILED
    assert 'column "age"' in found.checks["old_app_works"].why


# What is proved


def test_an_index_built_concurrently_lets_readers_and_writers_pass(postgres: PostgresScratch) -> None:
    found = proof(postgres, file("CREATE INDEX CONCURRENTLY users_age ON users (age)"))
    assert found.verdict is Verdict.PROVED, found.reasons
    assert modes(found) == {"users": {"SHARE UPDATE EXCLUSIVE"}}
    assert found.statements[0].seen.scanned == ("users",)


def test_a_foreign_key_in_two_steps_is_proved_and_is_what_was_asked_for(postgres: PostgresScratch) -> None:
    adding = "ALTER TABLE users ADD CONSTRAINT fk FOREIGN KEY (tenant_id) REFERENCES tenants (id)"
    found = proof(
        postgres,
        file(f"{adding} NOT VALID", transaction=True),
        file("ALTER TABLE users VALIDATE CONSTRAINT fk", path="0002.sql", transaction=True),
        asked=(adding,),
    )
    assert found.verdict is Verdict.PROVED, found.reasons
    assert "SHARE UPDATE EXCLUSIVE" in modes(found, 1)["users"]
    assert modes(found, 1)["tenants"] <= {"ACCESS SHARE", "ROW SHARE"}


def test_a_foreign_key_on_a_column_of_another_kind_of_value_gets_rows_that_refer(postgres: PostgresScratch) -> None:
    adding = "ALTER TABLE tenants ADD CONSTRAINT fk FOREIGN KEY (name) REFERENCES users (email) NOT VALID"
    validating = "ALTER TABLE tenants VALIDATE CONSTRAINT fk"
    found = proof(postgres, file(adding), file(validating, path="0002.sql"), rows=500)
    assert found.verdict is Verdict.PROVED, found.reasons
    assert "taken for granted, as the precheck says: every tenants (name) is a row of users" in found.notes


@pytest.mark.parametrize(
    ("sql", "form"),
    [
        ("ALTER TABLE users ADD COLUMN x int", "add_column"),
        ("ALTER TABLE users ADD COLUMN x int NOT NULL DEFAULT 1", "add_column"),
        ("ALTER TABLE users ADD CONSTRAINT c CHECK (age IS NOT NULL) NOT VALID", "add_check_not_valid"),
        ("CREATE INDEX users_age ON users (age)", "create_index"),
    ],
)
def test_the_facts_declare_the_locks_that_the_server_takes(postgres: PostgresScratch, sql: str, form: str) -> None:
    from domain_agents.dialects import replay

    reader = dialect("postgresql")
    schema, _ = replay(";".join(SCHEMA), reader)
    [atom] = reader.read(sql)[0].atoms
    declared = engine("postgresql", "18").effect(atom, schema, TableSize(rows=1_000))
    found = proof(postgres, ProofFile("1.sql", (ProofStatement(sql, 1, 1, declared),)), rows=1_000, load=False)
    assert declared.operation == form
    assert found.statements[0].agrees
    assert declared.lock in modes(found)["users"]


# What may not be done


@pytest.mark.parametrize(
    "sql",
    [
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "CREATE ROLE mighty SUPERUSER",
        "DO $$ BEGIN EXECUTE 'SELECT pg_read' || '_file(''/etc/passwd'')'; END $$",
        "DO $$ BEGIN EXECUTE 'CO' || 'PY tenants TO ''/tmp/stolen'''; END $$",
        "DO $$ BEGIN EXECUTE 'CO' || 'PY tenants TO PROGRAM ''id'''; END $$",
        "ALTER DATABASE postgres SET work_mem = '1GB'",
    ],
)
def test_the_role_of_a_proof_owns_its_database_and_nothing_else(postgres: PostgresScratch, sql: str) -> None:
    found = proof(postgres, file(sql), rows=10, load=False)
    assert found.checks["applies"].outcome is Outcome.FAILED
    assert "42501" in found.checks["applies"].why
    assert not Path("/tmp/stolen").exists()


def test_what_reaches_outside_is_refused_before_anything_runs(postgres: PostgresScratch) -> None:
    with pytest.raises(Refused, match="COPY with a program or a file"):
        proof(postgres, file("COPY users TO PROGRAM 'id'"))


def test_a_server_that_is_not_configured_is_refused_without_an_address_in_the_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOMAIN_AGENTS_SERVER_STAGING", "postgresql://someone:secret@db.internal/x")
    arguments = {"sql": "SELECT 1", "engine": "postgresql", "schema": "CREATE TABLE t (id int);"}
    with pytest.raises(ToolError, match="configured: staging") as raised:
        call(tmp_path, server="postgresql://me@production/main", **arguments)
    assert "production" not in str(raised.value)
    result = call(tmp_path, server="staging", **arguments)
    assert result.structured["verdict"] == "not_run"
    assert "secret" not in str(result.structured) + result.text
    assert "db.internal" not in str(result.structured) + result.text


def test_a_configured_server_is_used_and_left_as_it_was(
    postgres: PostgresScratch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with postgres.connect() as admin:
        host = admin.info.host
        count = "SELECT (SELECT count(*) FROM pg_database) + (SELECT count(*) FROM pg_roles)"
        before = admin.execute(count).fetchone()
        monkeypatch.setenv("DOMAIN_AGENTS_SERVER_SPARE", f"host={host} dbname=postgres user=postgres")
        found = call(
            tmp_path,
            server="spare",
            engine="postgresql",
            version="18",
            schema=";".join(SCHEMA) + ";",
            sql="ALTER TABLE users ADD COLUMN x int;",
            rows={"users": 1_000},
        )
        assert found.structured["verdict"] == "proved", found.structured["reasons"]
        assert found.structured["server"]["how"] == "configured"
        assert host not in str(found.structured)
        assert admin.execute(count).fetchone() == before


# Time, cancellation, and what is left behind


def test_a_proof_that_is_taken_back_stops_the_query_and_leaves_nothing(postgres: PostgresScratch) -> None:
    job = Job()
    request = ProofRequest("postgresql", (file("SELECT pg_sleep(600)"),), SCHEMA, {"users": 100, "tenants": 10})
    left = "SELECT (SELECT count(*) FROM pg_database), (SELECT count(*) FROM pg_roles)"
    with postgres.connect() as admin:
        before = admin.execute(left).fetchone()  # other tests' databases may be there

    def cancel_when_it_sleeps() -> None:
        with postgres.connect() as admin:
            while not admin.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'").fetchone():
                time.sleep(0.02)
        job.cancel()

    thread = threading.Thread(target=cancel_when_it_sleeps, daemon=True)
    thread.start()
    with pytest.raises(Cancelled):
        prove(request, job, scratch=postgres)
    thread.join()
    with postgres.connect() as admin:
        assert admin.execute(left).fetchone() == before
        assert admin.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'").fetchone() == (0,)


def test_a_proof_without_time_says_so(postgres: PostgresScratch) -> None:
    request = ProofRequest("postgresql", (file("SELECT pg_sleep(600)"),), SCHEMA, {"users": 100, "tenants": 10})
    found = prove(request, Job(), scratch=postgres, seconds=2)
    assert found.verdict is Verdict.NOT_RUN
    assert "the time given to the proof (2 s) is over" in found.reasons[0]


_OWNER = """
import sys
from domain_agents.workspace.scratch import PostgresScratch
scratch = PostgresScratch.start("18")
print(scratch.connect().info.host, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.usefixtures("postgres")
def test_a_server_does_not_outlive_its_owner_however_that_ends(number: signal.Signals) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert owner.stdout is not None
    assert owner.stdin is not None
    folder = Path(owner.stdout.readline().strip())
    server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    owner.send_signal(number)
    owner.wait()
    owner.stdout.close()
    owner.stdin.close()
    deadline = time.monotonic() + 60
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not folder.exists()
    assert not _runs(server)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A dead process that nobody has asked after yet still has its number.
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root starts a server as another user")
@pytest.mark.usefixtures("postgres")
def test_a_server_starts_although_its_user_cannot_enter_the_place_of_its_programs(tmp_path: Path) -> None:
    from domain_agents.workspace.scratch import choose, installations
    from domain_agents.workspace.scratch_process import ServerProcess, binaries_in

    programs = choose("18", installations()).binaries.folder
    package = programs.parents[1]
    hidden = tmp_path / "hidden"
    shutil.copytree(package, hidden / package.name, symlinks=True)
    beside = package.with_name(f"{package.name}.libs")
    if beside.is_dir():
        shutil.copytree(beside, hidden / beside.name, symlinks=True)
    hidden.chmod(0o700)
    binaries = binaries_in(hidden / programs.relative_to(package.parent))
    assert binaries is not None
    server = ServerProcess(binaries)
    try:
        assert (server.folder / "data" / "postmaster.pid").exists()
    finally:
        server.stop()
    assert not server.folder.exists()
