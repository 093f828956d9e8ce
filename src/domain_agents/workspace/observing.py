"""Running migration statements on PostgreSQL while another session watches what they do to it.

Locks come from pg_locks, read by the other session: all the time while a statement runs, and once more when it has ended
inside its transaction, which is when nothing can be missed. Rewrites and scans are what the server itself says at DEBUG1.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.pq import TransactionStatus

from domain_agents.observations import HeldLock, Observation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from domain_agents.workspace.load import Load
    from domain_agents.workspace.watch import Watch

_SAMPLE_PAUSE: Final = 0.004
_CONTROL: Final = re.compile(
    r"\s*(BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|SET|RESET)\b", re.IGNORECASE
)
_COMMITS_ITSELF: Final = re.compile(r"\s*(CALL|DO)\b", re.IGNORECASE)
_CANNOT_BE_WRAPPED: Final = ("25001", "2D000")
"""SQLSTATEs of statements that refuse a transaction: they run again by themselves, watched by sampling alone."""

_SAYS: Final = (
    (re.compile(r'^rewriting table "(.+)"$'), "rewrote"),
    (re.compile(r'^verifying table "(.+)"$'), "scanned"),
    (re.compile(r'^building index ".+" on table "(.+)" (?:serially|with request)'), "scanned"),
    (re.compile(r'^validating foreign key constraint "(.+)"$'), "constraint"),
)

Relations = dict[int, tuple[str, str]]
"""oid -> (name as people read it, kind of relation), for what others could see before the statement."""


@dataclass(slots=True)
class _Sampled:
    """What the other session saw since `since`: the moments a lock was seen first and last, and whether anyone waited."""

    since: float
    seen: dict[tuple[int, str], tuple[float, float]] = field(default_factory=dict)
    made_wait: bool = False


_STRENGTH = (
    "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock",
    "ExclusiveLock", "AccessExclusiveLock",
)  # fmt: skip


class Sampler:
    """The session that watches another one's locks."""

    def __init__(self, connection: psycopg.Connection[Any], runner_pid: int, application_pids: Iterable[int]) -> None:
        self._connection = connection
        self._runner = runner_pid
        self._application = list(application_pids)
        self._lock = threading.Lock()
        self._sampled = _Sampled(time.perf_counter())
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="proof-locks", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Forget what was seen."""
        with self._lock:
            self._sampled = _Sampled(time.perf_counter())

    def look(self) -> _Sampled:
        """Look once more, and give what was seen since `begin`."""
        self._sample()
        with self._lock:
            return self._sampled

    def held_now(self) -> set[tuple[int, str]]:
        """The locks the runner holds at this moment."""
        return {(oid, mode) for oid, mode, granted in self._locks() if granted}

    def relations(self) -> Relations:
        """What there is for others to see."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT c.oid, CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END,"
                " c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
            ).fetchall()
        return {oid: (name, kind) for oid, name, kind in rows}

    def stop(self) -> None:
        """End the watching; the connection is closed."""
        self._stopping.set()
        self._thread.join(5)
        self._connection.close()

    def _locks(self) -> list[tuple[int, str, bool]]:
        with self._lock:
            return self._connection.execute(
                "SELECT relation::bigint, mode, granted FROM pg_locks WHERE pid = %s AND locktype = 'relation'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                (self._runner,),
            ).fetchall()

    def _sample(self) -> None:
        locks = self._locks()
        with self._lock:
            waits = self._connection.execute(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ANY(%s) AND wait_event_type = 'Lock'"
                " AND %s = ANY(pg_blocking_pids(pid)))",
                (self._application, self._runner),
            ).fetchone()
            now = time.perf_counter()
            sampled = self._sampled
            sampled.made_wait |= bool(waits and waits[0])
            for oid, mode, granted in locks:
                if granted:
                    first, _ = sampled.seen.get((oid, mode), (now, now))
                    sampled.seen[oid, mode] = (first, now)

    def _work(self) -> None:
        while not self._stopping.wait(_SAMPLE_PAUSE):
            try:
                self._sample()
            except psycopg.Error:
                return


class Runner:
    """The session that runs migrations as the role that owns the database and nothing else."""

    def __init__(self, connection: psycopg.Connection[Any], sampler: Sampler, load: Load | None, watch: Watch) -> None:
        self._connection = connection
        self._sampler = sampler
        self._load = load
        self._watch = watch
        self._said: list[str] = []
        self._relations: Relations = {}
        self._filenodes: dict[int, int] = {}
        connection.add_notice_handler(lambda diagnostic: self._said.append(diagnostic.message_primary or ""))

    def run_file(self, path: str, statements: Sequence[tuple[str, int]]) -> list[Observation]:
        """Run a file's statements (sql, number of the transaction it belongs to; 0 is none) until one fails."""
        seen: list[Observation] = []
        position = 0
        while position < len(statements):
            number = statements[position][1]
            end = position
            while number and end < len(statements) and statements[end][1] == number:
                end += 1
            group = [sql for sql, _ in statements[position : max(end, position + 1)]]
            seen += self._transaction(path, group) if number else self._alone(path, group[0])
            if seen[-1].error:
                break
            position += len(group)
        return seen

    def _transaction(self, path: str, group: Sequence[str]) -> list[Observation]:
        self._prepare()
        self._connection.execute("BEGIN")
        starts: list[float] = []
        seen: list[Observation] = []
        before: set[tuple[int, str]] = set()
        for position, sql in enumerate(group):
            observation, held, start = self._observe(path, sql, before)
            starts.append(start)
            before |= held
            if not observation.error and position == len(group) - 1:
                observation = self._commit(observation, start)
            seen.append(observation)
            if observation.error:
                if self._connection.info.transaction_status != TransactionStatus.IDLE:
                    self._connection.execute("ROLLBACK")
                break
        end = time.perf_counter()
        return [
            replace(o, locks=tuple(replace(lock, held_seconds=end - start) for lock in o.locks), in_transaction=True)
            for o, start in zip(seen, starts, strict=True)
        ]

    def _commit(self, observation: Observation, start: float) -> Observation:
        """Deferred checks run at COMMIT: what it says, and how long it takes, belongs to the last statement."""
        if self._connection.info.transaction_status == TransactionStatus.IDLE:
            return observation
        self._said.clear()
        try:
            self._watch.execute(self._connection, "COMMIT")
        except psycopg.Error as error:
            return replace(observation, error=described(error))
        return self._with_waits(observation, start, time.perf_counter())

    def _alone(self, path: str, sql: str) -> list[Observation]:
        self._prepare()
        if _CONTROL.match(sql):
            observation, _, _ = self._observe(path, sql, set())
            return [observation]
        if not _COMMITS_ITSELF.match(sql):
            # By itself a statement is its own transaction. Opening that transaction by hand changes nothing for it, and
            # lets the locks be read before they are gone.
            self._connection.execute("BEGIN")
            observation, _, start = self._observe(path, sql, set())
            if not observation.error:
                observation = self._commit(observation, start)
                end = time.perf_counter()
                return [
                    replace(observation, locks=tuple(replace(k, held_seconds=end - start) for k in observation.locks))
                ]
            self._connection.execute("ROLLBACK")
            if not observation.error.startswith(_CANNOT_BE_WRAPPED):
                return [observation]
        observation, _, start = self._observe(path, sql, set())
        return [self._with_waits(observation, start, time.perf_counter())]

    def _prepare(self) -> None:
        self._relations = self._sampler.relations()
        self._filenodes = self._read_filenodes()
        self._connection.execute("SET client_min_messages = debug1")

    def _observe(
        self, path: str, sql: str, held_before: set[tuple[int, str]]
    ) -> tuple[Observation, set[tuple[int, str]], float]:
        self._said.clear()
        self._sampler.begin()
        start = time.perf_counter()
        error, changed = "", 0
        try:
            cursor = self._watch.execute(self._connection, sql)
            changed = max(cursor.rowcount, 0) if cursor.description is None else 0
        except psycopg.Error as raised:
            error = described(raised)
        end = time.perf_counter()
        sampled = self._sampler.look()
        # A weaker lock than the transaction holds already keeps nobody out who was not kept out before.
        locks = {
            (oid, mode) for oid, mode in set(sampled.seen) - held_before if not _is_covered(oid, mode, held_before)
        }
        # Reading the locks took a moment; only the statement's own time counts for them.
        observation = Observation(
            file=path,
            sql=sql,
            seconds=end - start,
            locks=tuple(
                HeldLock(self._relations[oid][0], _spelled(mode), max(sampled.seen[oid, mode][1] - start, 0.0))
                for oid, mode in sorted(locks)
                if self._is_worth_telling(oid, mode)
            ),
            rows_changed=changed,
            made_wait=sampled.made_wait,
            error=error,
        )
        if not error:
            rewrote, scanned = self._from_messages()
            observation = replace(
                observation, rewrote=tuple(sorted(rewrote | self._new_filenodes(sql))), scanned=tuple(sorted(scanned))
            )
        return self._with_waits(observation, start, end), locks, start

    def _with_waits(self, observation: Observation, start: float, end: float) -> Observation:
        if self._load is None:
            return observation
        reads, writes = self._load.longest(start, end)
        made_wait = observation.made_wait or self._sampler.look().made_wait
        return replace(observation, reads_ms=reads, writes_ms=writes, made_wait=made_wait)

    def _is_worth_telling(self, oid: int, mode: str) -> bool:
        """Relations that others could see; of indexes, only the locks that keep readers out."""
        if oid not in self._relations:
            return False
        kind = self._relations[oid][1]
        return kind in "rpmvfS" or (kind in "iI" and mode == "AccessExclusiveLock")

    def _from_messages(self) -> tuple[set[str], set[str]]:
        names = {name.rpartition(".")[2]: name for name, kind in self._relations.values() if kind in "rpm"}
        found: dict[str, set[str]] = {"rewrote": set(), "scanned": set()}
        for said in self._said:
            for pattern, meaning in _SAYS:
                told = pattern.match(said)
                if told and meaning == "constraint":
                    found["scanned"].update(self._tables_of(told.group(1)) & set(names.values()))
                elif told and told.group(1) in names:
                    found[meaning].add(names[told.group(1)])
        return found["rewrote"], found["scanned"]

    def _tables_of(self, constraint: str) -> set[str]:
        # Asked in the runner's own session, which sees the constraint before it is committed.
        rows = self._connection.execute(
            "SELECT CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END"
            " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE k.conname = %s",
            (constraint,),
        ).fetchall()
        return {name for (name,) in rows}

    def _read_filenodes(self) -> dict[int, int]:
        rows = self._connection.execute(
            "SELECT c.oid, pg_relation_filenode(c.oid)::bigint FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm')"
            " AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
        ).fetchall()
        return dict(rows)

    def _new_filenodes(self, sql: str) -> set[str]:
        """Tables whose file is another one now: the cross-check of what the server says, and all that TRUNCATE tells."""
        if _CONTROL.match(sql):
            return set()
        now = self._read_filenodes()
        changed = {oid for oid, node in now.items() if self._filenodes.get(oid, node) != node}
        self._filenodes = now
        return {self._relations[oid][0] for oid in changed if oid in self._relations}


def _is_covered(oid: int, mode: str, held: set[tuple[int, str]]) -> bool:
    return any(oid == one and _STRENGTH.index(mode) <= _STRENGTH.index(other) for one, other in held)


def described(error: Exception) -> str:
    """A server's error as one line: its code and its first sentence, never the text of a driver."""
    if not isinstance(error, psycopg.Error) or error.diag.message_primary is None:
        return "the connection was lost" if isinstance(error, psycopg.OperationalError) else type(error).__name__
    return f"{error.sqlstate or 'XX000'} {error.diag.message_primary}"


def _spelled(mode: str) -> str:
    """`ShareUpdateExclusiveLock` as SQL and the documentation write it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", mode.removesuffix("Lock")).upper()
