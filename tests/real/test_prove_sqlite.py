"""Proofs on SQLite, at 200,000 rows, while an application reads and writes through connections of its own."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from domain_agents.migrations.prove import Outcome, Proof, ProofFile, ProofRequest, ProofStatement, Verdict
from domain_agents.tools import Cancelled, Job, Settings
from domain_agents.tools._arguments import parse_arguments
from domain_agents.tools._proving import Refused, prove
from domain_agents.tools.prove_migration import TOOL

if TYPE_CHECKING:
    from domain_agents.tools import Result

EXAMPLES = Path(__file__).parents[2] / "examples"
ROWS = 200_000
WRITE_LOCK = "write lock on the database file"
SCHEMA = (
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL, stars INTEGER CHECK (stars BETWEEN 1 AND 5))",
    "CREATE TABLE tags (note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE, tag TEXT, UNIQUE (note_id, tag))",
)


def file(*sqls: str, path: str = "0001.sql", transaction: bool = False) -> ProofFile:
    """One migration file."""
    return ProofFile(path, tuple(ProofStatement(sql, transaction=int(transaction)) for sql in sqls))


def proof(*files: ProofFile, rows: int = 2_000, **changes: Any) -> Proof:
    """The files proved in a file of their own."""
    return prove(ProofRequest("sqlite", files, SCHEMA, {"notes": rows, "tags": rows}, **changes), Job())


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A NOT NULL column on 200,000 notes: planned, rendered, and proved by the tool itself."""
    project = tmp_path_factory.mktemp("notes") / "notes"
    shutil.copytree(EXAMPLES / "notes-sqlite", project)
    arguments = {
        "sql": "ALTER TABLE notes ADD COLUMN lang TEXT NOT NULL",
        "backfill": {"notes.lang": "'en'"},
        "tables": {"notes": {"rows": ROWS}},
        "rows": {"notes": ROWS},
    }
    return TOOL.call(parse_arguments(TOOL, arguments), Settings(project=project), Job())


def test_a_planned_not_null_column_is_proved(planned: Result) -> None:
    told = planned.structured
    assert told["verdict"] == "proved", told["reasons"]
    assert told["server"]["engine"] == "sqlite"
    assert told["server"]["how"] == "embedded"
    assert {name for name, check in told["checks"].items() if check["result"] == "ok"} == {
        "applies", "data_kept", "old_app_works", "new_app_works", "rerun", "crash_resume", "converges",
        "undo",
    }  # fmt: skip
    assert all(statement["agrees"] for statement in told["statements"])


def test_the_batches_of_a_backfill_are_told_once_with_their_number(planned: Result) -> None:
    batches = [statement for statement in planned.structured["statements"] if statement.get("times", 1) > 1]
    assert [batch["times"] for batch in batches] == [ROWS // 5_000]
    assert {lock["mode"] for lock in batches[0]["locks"]} == {WRITE_LOCK}


def test_a_rebuild_is_seen(planned: Result) -> None:
    assert ["notes"] in [statement["rewrote"] for statement in planned.structured["statements"]]


def test_a_rebuild_that_deletes_children_is_refuted() -> None:
    # With foreign keys on, dropping the table deletes what refers to it, and in a transaction nothing turns them off.
    rebuild = file(
        "PRAGMA foreign_keys = OFF",
        "CREATE TABLE new_notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL, stars INTEGER)",
        "INSERT INTO new_notes SELECT * FROM notes",
        "DROP TABLE notes",
        "ALTER TABLE new_notes RENAME TO notes",
        transaction=True,
    )
    found = proof(rebuild, load=False)
    assert found.verdict is Verdict.REFUTED
    assert "tags had 2,000 rows and has 0" in found.checks["data_kept"].why


def test_a_column_that_is_required_at_once_is_refuted() -> None:
    found = proof(file("ALTER TABLE notes ADD COLUMN lang TEXT NOT NULL"))
    assert found.checks["applies"].outcome is Outcome.FAILED


def test_a_backfill_that_counts_up_is_refuted_by_its_second_run() -> None:
    found = proof(file("UPDATE notes SET stars = stars + 1 WHERE stars < 5"))
    assert found.checks["rerun"].outcome is Outcome.FAILED


def test_a_schema_that_is_not_the_one_asked_for_is_refuted() -> None:
    found = proof(file("CREATE INDEX i ON notes (title)"), asked=("CREATE UNIQUE INDEX i ON notes (title)",))
    assert found.checks["converges"].outcome is Outcome.FAILED


def test_the_application_keeps_the_rows_it_wrote_and_they_pass_the_checks() -> None:
    found = proof(file("CREATE INDEX i ON notes (title)"))
    assert found.verdict is Verdict.PROVED, found.reasons
    assert sum(found.application.inserted.values()) > 0
    assert found.application.failures == ()


@pytest.mark.parametrize(
    "sql", ["ATTACH DATABASE 'x' AS y", "PRAGMA writable_schema = ON", "SELECT load_extension('x')"]
)
def test_what_reaches_outside_is_refused_before_anything_runs(sql: str) -> None:
    with pytest.raises(Refused):
        proof(file(sql))


def test_what_reading_cannot_see_the_connection_refuses(tmp_path: Path) -> None:
    # A word before it hides ATTACH from a reader of text, never from the authorizer that SQLite asks.
    target = tmp_path / "stolen.db"
    found = proof(file(f"EXPLAIN ATTACH '{target}' AS y"), load=False)
    assert "not authorized" in found.checks["applies"].why
    assert not target.exists()


def test_vacuum_runs_although_it_attaches_a_file_for_itself() -> None:
    assert proof(file("VACUUM"), load=False).checks["applies"].outcome is Outcome.OK


def test_a_proof_that_is_taken_back_stops_the_query() -> None:
    job = Job()
    endless = "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g) SELECT count(*) FROM g"
    threading.Timer(1.0, job.cancel).start()
    with pytest.raises(Cancelled):
        prove(ProofRequest("sqlite", (file(endless),), SCHEMA, {"notes": 10}, load=False), job)


def test_a_proof_without_time_says_so() -> None:
    endless = "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g) SELECT count(*) FROM g"
    found = prove(ProofRequest("sqlite", (file(endless),), SCHEMA, {"notes": 10}, load=False), Job(), seconds=1)
    assert found.verdict is Verdict.NOT_RUN
    assert "is over" in found.reasons[0]
