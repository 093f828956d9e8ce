"""Running migration statements on SQLite while other connections read and write, and seeing when they hold the write lock.

There is one lock, on the file. Whether it is held is asked the way another writer would: by trying to begin one's own
transaction without waiting.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from domain_agents.observations import HeldLock, Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from domain_agents.workspace.load import Load
    from domain_agents.workspace.watch import Watch

WRITE_LOCK: Final = "write lock on the database file"
_ALONE: Final = re.compile(r"\s*(?:PRAGMA|VACUUM|BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE)\b", re.IGNORECASE)
_FREES: Final = re.compile(r"\s*(?:PRAGMA|BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE)\b", re.IGNORECASE)
_PROBE_PAUSE: Final = 0.005


class Runner:
    """The connection that runs migrations."""

    def __init__(
        self, connection: sqlite3.Connection, connect: Callable[[], sqlite3.Connection], load: Load | None, watch: Watch
    ) -> None:
        self._connection = connection
        self._probe = connect()
        self._probe.execute("PRAGMA busy_timeout = 0")
        self._load = load
        self._watch = watch

    def close(self) -> None:
        """Close the connection that asks for the lock."""
        self._probe.close()

    def run_file(self, path: str, statements: Sequence[tuple[str, int]]) -> list[Observation]:
        """Run a file's statements (sql, number of the transaction it belongs to; 0 is none) until one fails."""
        seen: list[Observation] = []
        position = 0
        while position < len(statements):
            number = statements[position][1]
            end = position + 1
            while number and end < len(statements) and statements[end][1] == number:
                end += 1
            group = [sql for sql, _ in statements[position:end]]
            if number or not _ALONE.match(group[0]):
                seen += self._transaction(path, group, declared=bool(number))
            else:
                seen.append(self._alone(path, group[0]))
            if seen[-1].error:
                break
            position = end
        return seen

    def _transaction(self, path: str, group: Sequence[str], *, declared: bool) -> list[Observation]:
        """A transaction of the file's, or the one that a statement by itself is."""
        seen: list[Observation] = []
        starts: list[float] = []
        before = self._root_pages()
        held_since: float | None = None
        self._connection.execute("BEGIN")
        for position, sql in enumerate(group):
            start = time.perf_counter()
            starts.append(start)
            observation = self._execute(path, sql)
            if not observation.error and held_since is None and self._is_held():
                held_since = start
                observation = replace(observation, locks=(HeldLock("main", WRITE_LOCK, 0.0),), made_wait=True)
            if not observation.error and held_since is not None:
                # Never before the write lock is held: to look is to read, and whoever has read a state that another
                # writer then changes is refused the lock.
                after = self._root_pages()
                rewrote = sorted(name for name, page in after.items() if before.get(name, page) != page)
                observation = replace(observation, rewrote=tuple(rewrote))
                # A rebuild takes the old table away and makes it anew: what it was before is kept until it is back.
                before |= after
            if not observation.error and position == len(group) - 1:
                observation = self._commit(observation)
            seen.append(self._with_waits(observation, start, time.perf_counter()))
            if observation.error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                break
        end = time.perf_counter()
        return [
            replace(
                one,
                locks=tuple(replace(lock, held_seconds=end - start) for lock in one.locks),
                made_wait=one.made_wait or held_since is not None,
                in_transaction=declared,
            )
            for one, start in zip(seen, starts, strict=True)
        ]

    def _commit(self, observation: Observation) -> Observation:
        if not self._connection.in_transaction:
            return observation
        try:
            self._watch.run(lambda: self._connection.execute("COMMIT"), self._connection.interrupt)
        except sqlite3.Error as error:
            return replace(observation, error=described(error))
        return observation

    def _alone(self, path: str, sql: str) -> Observation:
        """What cannot run inside a transaction; the lock is asked for again and again while it runs."""
        found: list[float] = []
        stopping = threading.Event()
        asker = threading.Thread(target=self._ask, args=(stopping, found), daemon=True)
        start = time.perf_counter()
        if not _FREES.match(sql):
            asker.start()
        observation = self._execute(path, sql)
        end = time.perf_counter()
        stopping.set()
        if asker.ident is not None:
            asker.join()
        if found:
            lock = HeldLock("main", WRITE_LOCK, found[-1] - start)
            observation = replace(observation, locks=(lock,), made_wait=True)
        return self._with_waits(observation, start, end)

    def _ask(self, stopping: threading.Event, found: list[float]) -> None:
        while not stopping.wait(_PROBE_PAUSE):
            if self._is_held():
                found.append(time.perf_counter())

    def _is_held(self) -> bool:
        """Whether nobody else can begin to write. Another writer of the load may be in the way for a moment: ask thrice."""
        for _ in range(3):
            try:
                self._probe.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                time.sleep(0.0003)
                continue
            self._probe.execute("ROLLBACK")
            return False
        return True

    def _execute(self, path: str, sql: str) -> Observation:
        start = time.perf_counter()
        error, changed = "", 0
        try:
            cursor = self._watch.run(lambda: self._read_out(sql), self._connection.interrupt)
            changed = max(cursor.rowcount, 0)
        except sqlite3.Error as raised:
            error = described(raised)
        return Observation(path, sql, time.perf_counter() - start, rows_changed=changed, error=error)

    def _read_out(self, sql: str) -> sqlite3.Cursor:
        cursor = self._connection.execute(sql)
        cursor.fetchall()
        return cursor

    def _root_pages(self) -> dict[str, int]:
        """A table that stands elsewhere in the file under the same name was made anew."""
        return dict(
            self._connection.execute("SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'").fetchall()
        )

    def _with_waits(self, observation: Observation, start: float, end: float) -> Observation:
        if self._load is None:
            return observation
        reads, writes = self._load.longest(start, end)
        return replace(observation, reads_ms=reads, writes_ms=writes)


def described(error: Exception) -> str:
    """SQLite's error as one line."""
    return " ".join(str(error).split())[:300] or type(error).__name__
