"""Proving migrations: what a scratch server must be able to do, the order in which it is asked, and what comes out.

Nothing here touches a server: it is handed in as a `Bench`. Judging what was seen is `_proof_judging`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from domain_agents.migrations import _proof_judging as judging
from domain_agents.migrations import _proof_locks as locks
from domain_agents.migrations._proof_bench import Bench
from domain_agents.migrations._proof_judging import Check, Outcome, Verdict
from domain_agents.migrations._proof_reading import ProofFile, ProofStatement, Reading, read_files
from domain_agents.migrations._proof_refusing import refusals
from domain_agents.migrations._proof_rehearsing import rehearsals
from domain_agents.migrations._proof_undo import judge_undo, walk_back
from domain_agents.observations import (
    HeldLock,
    How,
    LoadSummary,
    Observation,
    SchemaProblem,
    Seeding,
    ServerFacts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from domain_agents.engines import Effect

__all__ = [
    "CHECKS", "Bench", "Check", "Outcome", "Proof", "ProofFile", "ProofRequest", "ProofStatement", "ProvenStatement",
    "Verdict", "not_run", "prove_on", "refusals",
]  # fmt: skip

CHECKS = ("applies", "data_kept", "old_app_works", "new_app_works", "rerun", "crash_resume", "undo", "converges")


@dataclass(frozen=True, slots=True)
class ProofRequest:
    """What to prove. `asked` are the statements that would make the change on an empty database, None when not known;
    `new_application_from` is the first file that runs with the new application live, None to tell from the files.
    `ledger` is the table in which files record that they were applied."""

    engine: str
    files: tuple[ProofFile, ...]
    schema: tuple[str, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    load: bool = True
    version: str = ""
    asked: tuple[str, ...] | None = None
    new_application_from: int | None = None
    ledger: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProvenStatement:
    """One statement with what was declared of it, and whether that is what was seen."""

    seen: Observation
    declared: Effect | None
    agrees: bool
    times: int = 1

    def as_json(self) -> dict[str, Any]:
        """The contract's shape."""
        seen = self.seen
        told: dict[str, Any] = {
            "file": seen.file,
            "sql": seen.sql,
            "seconds": round(seen.seconds, 4),
            "locks": [
                {"relation": k.relation, "mode": k.mode, "held_seconds": round(k.held_seconds, 4)} for k in seen.locks
            ],
            "rewrote": list(seen.rewrote),
            "scanned": list(seen.scanned),
            "blocked": {"reads_ms": round(seen.reads_ms, 1), "writes_ms": round(seen.writes_ms, 1)},
            "declared_lock": self.declared.lock if self.declared else "",
            "agrees": self.agrees,
        }
        told |= {"times": self.times} if self.times > 1 else {}
        return told | ({"error": seen.error} if seen.error else {})


def folded(statements: Sequence[ProvenStatement]) -> list[ProvenStatement]:
    """The same statement many times in a row (a backfill's batches) as one: its time in all, its worst lock and wait."""
    found: list[ProvenStatement] = []
    for one in statements:
        last = found[-1] if found else None
        if (
            last is None
            or (last.seen.file, last.seen.sql) != (one.seen.file, one.seen.sql)
            or last.agrees != one.agrees
        ):
            found.append(one)
            continue
        longest: dict[tuple[str, str], HeldLock] = {}
        for lock in (*last.seen.locks, *one.seen.locks):
            known = longest.setdefault((lock.relation, lock.mode), lock)
            if lock.held_seconds > known.held_seconds:
                longest[lock.relation, lock.mode] = lock
        seen = replace(
            one.seen,
            seconds=last.seen.seconds + one.seen.seconds,
            locks=tuple(longest.values()),
            reads_ms=max(last.seen.reads_ms, one.seen.reads_ms),
            writes_ms=max(last.seen.writes_ms, one.seen.writes_ms),
            rows_changed=last.seen.rows_changed + one.seen.rows_changed,
        )
        found[-1] = replace(last, seen=seen, times=last.times + 1)
    return found


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved, refuted, or why nothing could be."""

    verdict: Verdict
    reasons: tuple[str, ...]
    server: ServerFacts | None = None
    statements: tuple[ProvenStatement, ...] = ()
    checks: Mapping[str, Check] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    application: LoadSummary = field(default_factory=LoadSummary)
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The contract's shape, with `rows`, `application` and `notes` beside it."""
        server = self.server
        return {
            "server": {"engine": server.engine, "version": server.version, "how": server.how.value} if server else None,
            "verdict": self.verdict.value,
            "reasons": list(self.reasons),
            "statements": [statement.as_json() for statement in folded(self.statements)],
            "checks": {
                name: {"result": check.outcome.value, "why": check.why}
                for name in CHECKS
                for check in (self.checks.get(name, Check(Outcome.NOT_RUN, "nothing was run")),)
            },
            "rows": dict(self.rows),
            "application": {"reads": dict(self.application.reads), "writes": dict(self.application.writes)},
            "notes": list(self.notes),
        }


def not_run(*reasons: str, server: ServerFacts | None = None) -> Proof:
    """A proof that did not happen, and why."""
    return Proof(Verdict.NOT_RUN, reasons, server)


def prove_on(
    bench: Bench, request: ProofRequest, report: Callable[[float, str], None] = lambda _done, _says: None
) -> Proof:
    """Run the files and judge what was seen. `report` hears how far it is (0 to 1) and what comes next.

    Raises:
        ScratchProblem: the time is over.
        Exception: whatever `report` or the bench's watch raise to cancel.
    """
    reading = read_files(request.files, request.engine, request.schema, request.asked or ())
    report(0.05, "making the schema to start from")
    try:
        bench.apply_schema(request.schema)
    except SchemaProblem as problem:
        return not_run(str(problem), server=bench.facts)
    report(0.1, "filling the tables")
    seeding = bench.seed(request.rows, reading.assumed)
    report(0.25, "noting what the tables hold")
    before = bench.contents()
    run = _Run(bench, request, reading, seeding, report)
    observations = run.files()
    report(0.7, "looking at what the application met")
    application = bench.stop_application()
    # Rows are counted with those of the application in it: none of its rows may be lost either.
    counts = {name: contents.rows for name, contents in bench.contents().items()} if request.load else {}
    bench.remove_application_rows()
    checks = {"applies": judging.applies(observations)}
    complete = checks["applies"].outcome is Outcome.OK
    checks["data_kept"] = (
        judging.data_kept(before, bench.contents(), counts, application, reading)
        if before
        else Check(Outcome.NOT_RUN, "there was no table with rows")
    )
    old, new = judging.applications(application, load=request.load, deployed=run.deployed, complete=complete)
    checks |= {"old_app_works": old, "new_app_works": new}
    checks |= rehearsals(bench, request, reading, report, complete=complete)
    report(0.9, "comparing the schema with what was asked for")
    checks["converges"] = _converges(bench, request, complete=complete)
    report(0.95, "taking each file back")
    checks["undo"] = _undone(bench, request, complete=complete)
    return _concluded(bench, request, reading, seeding, observations, checks, application)


class _Run:
    """The files, one after the other, with the deploys between them."""

    def __init__(
        self,
        bench: Bench,
        request: ProofRequest,
        reading: Reading,
        seeding: Seeding,
        report: Callable[[float, str], None],
    ) -> None:
        self._bench = bench
        self._request = request
        self._report = report
        self._touched = reading.tables
        self._going, self._moved = reading.going, reading.moved
        self._rows = seeding.rows
        given = request.new_application_from
        self.deploy_at = given if given is not None else reading.new_application_from
        self.deployed = False

    def files(self) -> list[Observation]:
        """Run every file until a statement fails."""
        request, bench = self._request, self._bench
        if request.load:
            bench.start_application(self._touched)
            bench.let_application_run()
        seen: list[Observation] = []
        for position, file in enumerate(request.files):
            self._report(0.3 + 0.4 * position / max(len(request.files), 1), f"running {file.path}")
            if request.load and self.deploy_at is not None and position >= self.deploy_at:
                # Again after each file: what a file adds, the application of that time knows.
                bench.deploy_new_application(self._going, self._moved)
                bench.let_application_run()
                self.deployed = True
            seen += bench.run_file(file.path, file.plain)
            if seen and seen[-1].error:
                return seen
            if request.load:
                # What the file left behind, the application of that time must be able to live with.
                bench.let_application_run()
        if request.load:
            bench.deploy_new_application(self._going, self._moved)
            bench.let_application_run()
            self.deployed = True
        return seen


def _undone(bench: Bench, request: ProofRequest, *, complete: bool) -> Check:
    """Each file's own way back, from an empty schema on: file, undo, file."""
    files = request.files
    because = "" if complete else "the files did not apply"
    if not any(file.undo is not None for file in files):
        because = because or "nothing is known of how these files are taken back"
    if because:
        return judge_undo((), (), because=because)
    # What fills rows is taken back with its column, by the undo of the file before.
    asked = [
        (file.path, file.without_ledger(request.ledger), () if file.is_backfill else file.undo or ()) for file in files
    ]
    in_words = [file.path for file in files if not file.undo and not file.is_backfill]
    twin = bench.empty_twin()
    if twin is None:
        return judge_undo((), (), because=f"no undo is run on {request.engine} yet")
    return judge_undo(walk_back(asked, *twin), in_words)


def _converges(bench: Bench, request: ProofRequest, *, complete: bool) -> Check:
    if not complete:
        return Check(Outcome.NOT_RUN, "the files did not apply")
    if request.asked is None:
        return Check(Outcome.NOT_RUN, "the schema to arrive at was not given (these files are all that is known)")
    try:
        asked = bench.shape_of(request.asked)
    except SchemaProblem as problem:
        return Check(Outcome.NOT_RUN, f"the change as it was asked for does not apply to an empty database: {problem}")
    return judging.converges(asked, bench.shape())


def _concluded(
    bench: Bench,
    request: ProofRequest,
    reading: Reading,
    seeding: Seeding,
    observations: Sequence[Observation],
    checks: Mapping[str, Check],
    application: LoadSummary,
) -> Proof:
    declared = [statement for file in request.files for statement in file.statements]
    # A table that gets another name leaves its own to a view: what is locked by that name is another thing from then on.
    rows = {name: count for name, count in seeding.rows.items() if name not in reading.moved}
    judged = [
        ProvenStatement(seen, statement.effect, locks.agrees(statement.effect, seen, rows, request.engine))
        for statement, seen in zip(declared, observations, strict=False)
    ]
    groups = _groups(request.files, observations)
    waiting = frozenset(file.path for file in request.files if file.waits)
    reasons = locks.harms(groups, seeding.rows, request.engine, waiting)
    waits = locks.announced_waits(groups, seeding.rows, request.engine, waiting)
    reasons += [
        locks.disagreement(one.declared, one.seen, rows, request.engine)
        for one in judged
        if one.declared is not None and not one.agrees and not one.seen.error
    ]
    reasons += [f"{name}: {check.why}" for name, check in checks.items() if check.outcome is Outcome.FAILED]
    verdict = Verdict.REFUTED if reasons else Verdict.PROVED
    empty = judging.empty_tables(seeding, reading.tables)
    other = _other_release(bench.facts, request.version) if request.engine in locks.SERVERS_THAT_REFUSE else ""
    if reasons and other:
        # Which ALGORITHM and LOCK a server accepts changes from series to series: this one's answer is no refutation.
        verdict, reasons = Verdict.NOT_RUN, [f"{other}, which may be why:", *reasons]
    if not reasons and empty:
        verdict, reasons = Verdict.NOT_RUN, empty
    elif not reasons:
        reasons = judging.grounds(checks, seeding, len(judged), sum(one.declared is not None for one in judged)) + waits
    proof = Proof(
        verdict,
        tuple(reasons),
        bench.facts,
        tuple(judged),
        checks,
        seeding.rows,
        application,
        _notes(bench, request, reading, seeding),
    )
    return replace(proof, notes=(*request.notes, *proof.notes))


def _groups(files: Sequence[ProofFile], observations: Sequence[Observation]) -> list[list[Observation]]:
    """The statements that ran, those of one transaction together."""
    found: list[list[Observation]] = []
    last: tuple[int, int] | None = None
    numbered = ((i, one.transaction) for i, file in enumerate(files) for one in file.statements)
    for place, seen in zip(numbered, observations, strict=False):
        if place[1] and place == last:
            found[-1].append(seen)
        else:
            found.append([seen])
        last = place
    return found


def _other_release(facts: ServerFacts, asked: str) -> str:
    """What to say where the server is not of the release asked for: a major version, or a series such as 10.11."""
    parts = {"postgresql": 1, "mysql": 2, "mariadb": 2}.get(facts.engine, 0)
    wanted, used = asked.split(".")[:parts], facts.version.split(".")[:parts]
    if not asked or wanted == used[: len(wanted)]:
        return ""
    product = {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}[facts.engine]
    there = (
        "the configured server is that" if facts.how is How.CONFIGURED else f"no {'.'.join(wanted)} is installed here"
    )
    return f"asked for {product} {'.'.join(wanted)}, proved on {facts.version}: {there}"


def _notes(bench: Bench, request: ProofRequest, reading: Reading, seeding: Seeding) -> tuple[str, ...]:
    notes: list[str] = []
    other = _other_release(bench.facts, request.version)
    if other:
        notes.append(other)
    notes += [
        f"taken for granted, as the precheck says: {table}.{column} holds no NULL"
        for table, column in sorted(reading.assumed.never_null)
    ]
    notes += [
        f"taken for granted, as the precheck says: every {table} ({', '.join(columns)}) is a row of {parent}"
        for table, columns, parent, _ in sorted(reading.assumed.references)
    ]
    if request.new_application_from is None and reading.new_application_from is not None and request.load:
        position = reading.new_application_from
        before = request.files[position].path if position < len(request.files) else "the end"
        notes.append(f"taken for granted: the application that knows the change is deployed before {before}")
    notes += [f"left empty: {table} ({why})" for table, why in sorted(seeding.failed.items())]
    notes += [f"not run, it only names roles: {sql}" for sql in bench.skipped]
    return tuple(notes)
