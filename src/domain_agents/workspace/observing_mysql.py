"""Running migration statements on MySQL or MariaDB while another session watches what they do to the tables.

DDL commits by itself, so its metadata locks are gone when it ends: they are looked at all the time while it runs, every
millisecond or two. A lock that was held while the work was done is seen again and again; one that lasts for an instant can
be missed, and is never invented. A rebuilt table has another number inside InnoDB, a new index one that was not there.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from domain_agents.observations import HeldLock, Observation
from domain_agents.workspace.mysql_session import described, driver

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from domain_agents.workspace.load import Load
    from domain_agents.workspace.mysql_session import Session
    from domain_agents.workspace.watch import Watch

_SAMPLE_PAUSE: Final = 0.001
_WAITS_EVERY_SECONDS: Final = 0.13
"""Who waits for a row is asked less often: INNODB_TRX is made anew only when nobody has read it for a tenth of a second."""

_CONTROL: Final = re.compile(
    r"\s*(BEGIN\b(?!\s+NOT)|START\s+TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|USE)\b", re.IGNORECASE
)
_LOCKS: Final = {
    "plugin": (
        "SELECT TABLE_NAME, LOCK_MODE FROM information_schema.METADATA_LOCK_INFO"
        " WHERE THREAD_ID = {number} AND TABLE_SCHEMA = '{database}' AND LOCK_TYPE = 'Table metadata lock'"
    ),
    "performance_schema": (
        "SELECT m.OBJECT_NAME, m.LOCK_TYPE FROM performance_schema.metadata_locks m JOIN performance_schema.threads t"
        " ON t.THREAD_ID = m.OWNER_THREAD_ID WHERE t.PROCESSLIST_ID = {number} AND m.OBJECT_TYPE = 'TABLE'"
        " AND m.OBJECT_SCHEMA = '{database}' AND m.LOCK_STATUS = 'GRANTED'"
    ),
}
_WAITS: Final = (
    "SELECT 1 FROM information_schema.PROCESSLIST WHERE ID IN ({numbers}) AND STATE LIKE 'Waiting for % lock'"
    " UNION ALL SELECT 1 FROM information_schema.INNODB_TRX"
    " WHERE trx_mysql_thread_id IN ({numbers}) AND trx_state = 'LOCK WAIT'"
)
_INSIDE: Final = {"mariadb": "INNODB_SYS_", "mysql": "INNODB_"}


@dataclass(slots=True)
class _Held:
    """One lock: the look before it was seen first, the look at which it was seen last, and the longest such time."""

    began: float
    seen: float
    longest: float = 0.0


@dataclass(slots=True)
class _Sampled:
    """What was seen since `looked`, the moment of the last look."""

    looked: float
    held: dict[tuple[str, str], _Held] = field(default_factory=dict)
    made_wait: bool = False
    looks: int = 0


class Sampler:
    """The session that watches another one's metadata locks."""

    def __init__(
        self, session: Session, how: str, database: str, runner: Session, application: Iterable[Session]
    ) -> None:
        """`how` says where locks are seen, as `MysqlScratch.shows_locks` does."""
        self._session = session
        self._locks_sql = _LOCKS[how].format(number=runner.number, database=database) if how else ""
        numbers = ", ".join(str(one.number) for one in application)
        self._waits_sql = _WAITS.replace("{numbers}", numbers) if numbers else ""
        self._asked_waits = 0.0
        self._lock = threading.Lock()
        self._sampled = _Sampled(time.perf_counter())
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="proof-locks", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Forget what was seen."""
        with self._lock:
            self._sampled = _Sampled(time.perf_counter())

    def end(self) -> _Sampled:
        """What was seen since `begin`."""
        with self._lock:
            seen, self._sampled = self._sampled, _Sampled(time.perf_counter())
        return seen

    def stop(self) -> None:
        """End the watching; the session is closed."""
        self._stopping.set()
        self._thread.join(5)
        self._session.close()

    def _sample(self) -> None:
        with self._lock:
            sampled = self._sampled
        rows = self._session.execute(self._locks_sql).rows if self._locks_sql else []
        now = time.perf_counter()
        waits = False
        if self._waits_sql and now - self._asked_waits > _WAITS_EVERY_SECONDS:
            waits = bool(self._session.execute(self._waits_sql).rows)
            self._asked_waits = time.perf_counter()
        with self._lock:
            if sampled is not self._sampled:
                # Another statement has begun since: what was asked is about the one before.
                return
            sampled.made_wait |= waits
            sampled.looks += 1
            for table, mode in rows:
                key = (str(table), str(mode).removeprefix("MDL_"))
                held = sampled.held.get(key)
                if held is None or held.seen < sampled.looked:
                    held = _Held(sampled.looked, now, held.longest if held else 0.0)
                    sampled.held[key] = held
                held.seen = now
                held.longest = max(held.longest, now - held.began)
            sampled.looked = now

    def _work(self) -> None:
        while not self._stopping.wait(_SAMPLE_PAUSE):
            try:
                self._sample()
            except driver().MySQLError:
                return


class Runner:
    """The session that runs migrations as the user who may do anything in the database and nothing elsewhere."""

    def __init__(
        self,
        session: Session,
        admin: Session,
        sampler: Sampler,
        load: Load | None,
        watch: Watch,
        engine: str,
        database: str,
    ) -> None:
        self._session = session
        self._admin = admin
        self._sampler = sampler
        self._load = load
        self._watch = watch
        inside = f"information_schema.{_INSIDE[engine]}"
        self._numbers_sql = (
            f"SELECT t.NAME, t.TABLE_ID, i.INDEX_ID FROM {inside}TABLES t LEFT JOIN {inside}INDEXES i"
            f" ON i.TABLE_ID = t.TABLE_ID WHERE t.NAME LIKE '{database}/%'"
        )

    def run_file(self, path: str, statements: Sequence[tuple[str, int]]) -> list[Observation]:
        """Run a file's statements (sql, number of the transaction it belongs to; 0 is none) until one fails."""
        seen: list[Observation] = []
        current = 0
        for sql, number in statements:
            if number != current:
                error = self._turn("COMMIT" if current else "")
                if error:
                    return [*seen[:-1], replace(seen[-1], error=error)]
                self._turn("BEGIN" if number else "")
                current = number
            seen.append(replace(self._observe(path, sql), in_transaction=bool(number)))
            if seen[-1].error:
                self._turn("ROLLBACK" if current else "")
                return seen
        error = self._turn("COMMIT" if current else "")
        return [*seen[:-1], replace(seen[-1], error=error)] if error else seen

    def _turn(self, sql: str) -> str:
        """A transaction's beginning or end; the error, or nothing."""
        try:
            if sql:
                self._watch.execute(self._session, sql)
        except driver().MySQLError as error:
            return described(error)
        return ""

    def _observe(self, path: str, sql: str) -> Observation:
        plain = bool(_CONTROL.match(sql))
        before = {} if plain else self._numbers()
        self._sampler.begin()
        start = time.perf_counter()
        error, changed = "", 0
        try:
            result = self._watch.execute(self._session, sql)
            changed = result.rowcount if result.description is None else 0
        except driver().MySQLError as raised:
            error = described(raised)
        end = time.perf_counter()
        sampled = self._sampler.end()
        after = {} if plain or error else self._numbers()
        reads, writes = self._load.longest(start, end) if self._load is not None else (0.0, 0.0)
        return Observation(
            file=path,
            sql=sql,
            seconds=end - start,
            locks=tuple(
                HeldLock(table, mode, min(held.longest, end - start))
                for (table, mode), held in sorted(sampled.held.items())
                if not table.startswith("#sql")
            ),
            rewrote=tuple(sorted(name for name in before if name in after and not before[name][0] & after[name][0])),
            scanned=tuple(sorted(name for name in before if _has_new_index(before[name], after.get(name)))),
            rows_changed=changed,
            reads_ms=reads,
            writes_ms=writes,
            made_wait=sampled.made_wait,
            error=error,
        )

    def _numbers(self) -> dict[str, tuple[set[int], set[int]]]:
        """What InnoDB numbers: a table's own numbers (one for each partition) and those of its indexes, by name."""
        found: dict[str, tuple[set[int], set[int]]] = {}
        for name, table, index in self._admin.execute(self._numbers_sql).rows:
            tables, indexes = found.setdefault(_plain(str(name)), (set(), set()))
            tables.add(int(table))
            if index is not None:
                indexes.add(int(index))
        return found


def _has_new_index(before: tuple[set[int], set[int]], after: tuple[set[int], set[int]] | None) -> bool:
    """Whether an index was built for rows that were there; a partition that is new brings its own, which are empty."""
    return after is not None and bool(after[0]) and after[0] <= before[0] and bool(after[1] - before[1])


def _plain(name: str) -> str:
    """The name that people write for InnoDB's own (`database/name#p#partition`, other characters as @ and four digits)."""
    bare = re.split(r"#p#", name.partition("/")[2], flags=re.IGNORECASE)[0]
    with contextlib.suppress(ValueError):
        return re.sub(r"@([0-9a-f]{4})", lambda found: chr(int(found.group(1), 16)), bare)
    return bare
