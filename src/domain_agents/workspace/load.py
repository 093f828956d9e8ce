"""An application that reads and writes while migrations run, and keeps the time of every statement.

The old application knows the columns of the schema it was deployed with and nothing of what a migration adds. The new one
takes over when its deploy is due and writes every column there is.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from domain_agents.observations import AppFailure, LoadSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OLD, NEW = "old", "new"
_READ_PAUSE: Final = 0.002
_WRITE_PAUSE: Final = 0.004
_MAX_FAILURES: Final = 20
_GRACE_SECONDS: Final = 5.0
_SETTLE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class AppTable:
    """What an application does with one table: functions from a row's number to SQL.

    `rows` are the numbers of the rows there are; an insert takes the numbers behind them, up to `limit`. `key` asks for the
    key of the row that was inserted just now, where INSERT itself cannot return it.
    """

    name: str
    rows: int
    limit: int | None
    read: Callable[[int], str]
    update: Callable[[int], str] | None
    insert: Callable[[int], str] | None
    delete: Callable[[tuple[Any, ...]], tuple[str, tuple[Any, ...]]] | None
    key: Callable[[int], str] | None = None


@dataclass(slots=True)
class _Timed:
    """The statements of one connection: those that ended, and the one that is running since `began`."""

    ended: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=200_000))
    began: float | None = None


class Load:
    """Two threads with a connection each: one reads, one writes. Start it, tell it file and application, stop it."""

    def __init__(
        self,
        connect: Callable[[], Any],
        tables: Sequence[AppTable],
        errors: type[Exception],
        describe: Callable[[Exception], str],
    ) -> None:
        """`connect` gives a connection that commits by itself and can run `execute`; `errors` is what the driver raises."""
        self._connect = connect
        self._errors = errors
        self._describe = describe
        self._tables = tuple(tables)
        self._known = {table.name: table for table in tables}
        self._app = OLD
        self._file = ""
        self._stopping = threading.Event()
        self._turns = {"read": 0, "write": 0}
        self._times = {"read": _Timed(), "write": _Timed()}
        self._done = {"read": Counter[str](), "write": Counter[str]()}
        self._failures: dict[tuple[str, str, str], AppFailure] = {}
        self._inserted: dict[str, list[tuple[AppTable, tuple[Any, ...]]]] = {}
        self._next: dict[str, int] = {table.name: table.rows + 1 for table in tables}
        self._threads: list[threading.Thread] = []
        self.connections: list[Any] = []

    @property
    def app(self) -> str:
        """The application that is live: "old" or "new"."""
        return self._app

    def start(self) -> None:
        """Connect and begin."""
        for kind in ("read", "write"):
            connection = self._connect()
            self.connections.append(connection)
            thread = threading.Thread(target=self._work, args=(kind, connection), name=f"proof-{kind}s", daemon=True)
            self._threads.append(thread)
        for thread in self._threads:
            thread.start()

    def during(self, file: str) -> None:
        """The file that runs from now on, for the record of a failure."""
        self._file = file

    def deploy(self, app: str, tables: Sequence[AppTable]) -> None:
        """Another version of the application is live from now on."""
        for table in tables:
            self._next.setdefault(table.name, table.rows + 1)
        self._tables = tuple(tables)
        self._known.update({table.name: table for table in tables})
        self._app = app

    def settle(self, check: Callable[[], None]) -> None:
        """Return when every table was read, and written in every way, by the application that is live; or after a while."""
        rounds = 2 * max(len(self._tables), 1)
        goals = {kind: self._turns[kind] + rounds + 1 for kind in self._turns}
        deadline = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < deadline and any(self._turns[kind] < goal for kind, goal in goals.items()):
            check()
            time.sleep(0.005)

    def longest(self, start: float, end: float) -> tuple[float, float]:
        """The longest wait in milliseconds of a read and of a write between two moments of `time.perf_counter`."""
        return self._longest("read", start, end), self._longest("write", start, end)

    def _longest(self, kind: str, start: float, end: float) -> float:
        timed = self._times[kind]
        began = timed.began
        worst = max(0.0, end - max(began, start)) if began is not None else 0.0
        for first, last in reversed(tuple(timed.ended)):
            if last < start:
                break
            worst = max(worst, min(last, end) - max(first, start))
        return worst * 1000

    def stop(self) -> LoadSummary:
        """End the threads, and say what they did. The rows they inserted stay: see `clean`."""
        self._stopping.set()
        for thread, connection in zip(self._threads, self.connections, strict=True):
            thread.join(_GRACE_SECONDS)
            if thread.is_alive():
                cancel = getattr(connection, "cancel_safe", None) or connection.interrupt
                cancel()
                thread.join(_GRACE_SECONDS)
        return LoadSummary(
            dict(self._done["read"]),
            dict(self._done["write"]),
            tuple(self._failures.values()),
            {name: len(keys) for name, keys in self._inserted.items()},
        )

    def clean(self, connection: Any) -> None:
        """Delete the rows that the application inserted, so that the seeded ones can be compared."""
        # Children were inserted after their parents, so they go first.
        for name, rows in reversed(tuple(self._inserted.items())):
            for table, key in rows:
                # As the application knew the row that inserted it; where its names are gone, as the last one knows it.
                # A table that is gone took its rows along; of any other, what stays is seen when its rows are compared.
                if not self._is_deleted(connection, table, key):
                    self._is_deleted(connection, self._known[name], key)
        self._inserted.clear()

    def _is_deleted(self, connection: Any, table: AppTable, key: tuple[Any, ...]) -> bool:
        if table.delete is None:
            return False
        statement, values = table.delete(key)
        try:
            connection.execute(statement, values)
        except self._errors:
            return False
        return True

    def close(self) -> None:
        """End everything without asking what was done."""
        if not self._stopping.is_set():
            self.stop()
        for connection in self.connections:
            connection.close()

    def _work(self, kind: str, connection: Any) -> None:
        turn = 0
        pause = _READ_PAUSE if kind == "read" else _WRITE_PAUSE
        while not self._stopping.is_set():
            turn += 1
            tables = self._tables
            if tables:
                table = tables[turn % len(tables)]
                if kind == "read":
                    self._timed(kind, connection, table.read(_row(turn, table.rows)))
                else:
                    self._write(connection, table, turn // len(tables))
            self._turns[kind] = turn
            self._stopping.wait(pause)

    def _write(self, connection: Any, table: AppTable, turn: int) -> None:
        number = self._next[table.name]
        if table.insert and turn % 2 and (table.limit is None or number <= table.limit):
            self._next[table.name] = number + 1
            key = self._timed("write", connection, table.insert(number))
            if key is not None and table.key is not None:
                key = self._key(connection, table.key(number))
            if key:
                self._inserted.setdefault(table.name, []).append((table, key))
        elif table.update:
            self._timed("write", connection, table.update(_row(turn, table.rows)))

    def _key(self, connection: Any, sql: str) -> tuple[Any, ...] | None:
        try:
            row: tuple[Any, ...] | None = connection.execute(sql).fetchone()
        except self._errors:
            return None
        return row

    def _timed(self, kind: str, connection: Any, sql: str) -> tuple[Any, ...] | None:
        """The first row that a statement gives, nothing in it when it gives none; None when it fails."""
        timed = self._times[kind]
        app, file = self._app, self._file
        began = timed.began = time.perf_counter()
        try:
            cursor = connection.execute(sql)
            # Read to the end: SQLite commits a statement when its last row has been fetched.
            rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
        except self._errors as error:
            if not self._stopping.is_set() and len(self._failures) < _MAX_FAILURES:
                told = self._describe(error)
                self._failures.setdefault((app, file, told), AppFailure(app, file, sql, told))
            return None
        else:
            self._done[kind][app] += 1
            return rows[0] if rows else ()
        finally:
            timed.ended.append((began, time.perf_counter()))
            timed.began = None


def _row(turn: int, rows: int) -> int:
    # A stride that shares no factor with a round number of rows goes through all of them.
    return 1 + (turn * 7919) % max(rows, 1)
