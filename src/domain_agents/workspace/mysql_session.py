"""A session on a MySQL or MariaDB, as the bench knows them from PostgreSQL: `execute`, `cancel_safe`, `close`."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from domain_agents.observations import ScratchProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

INSTALL: Final = "pip install 'domain-agents[mysql]'"
_MATCHED: Final = re.compile(rb"\W*Rows matched: (\d+)")
"""What the server says of an UPDATE. A client may ask for that number alone, but ROW_COUNT() would change with it."""

_DATABASE: Final = re.compile(r"`?\bproof_[0-9a-f]{12}\b`?[./]", re.IGNORECASE)


def driver() -> ModuleType:
    """PyMySQL.

    Raises:
        ScratchProblem: it is not installed; the message says how to.
    """
    try:
        import pymysql
    except ImportError as error:
        raise ScratchProblem(f"the driver of MySQL and MariaDB is not installed. Install it with: {INSTALL}") from error
    module: ModuleType = pymysql
    return module


@dataclass(frozen=True, slots=True)
class Result:
    """What a statement gave. `description` is None when it was no query; `rowcount` are the rows that an UPDATE found, for
    it locks them all, also those that it leaves as they were."""

    description: Any
    rowcount: int
    rows: list[tuple[Any, ...]]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Every row."""
        return self.rows

    def fetchone(self) -> tuple[Any, ...] | None:
        """The first row."""
        return self.rows[0] if self.rows else None


def _rows_of(cursor: Any) -> int:
    found = _MATCHED.match(bytes(getattr(getattr(cursor, "_result", None), "message", None) or b""))
    return int(found.group(1)) if found else max(cursor.rowcount, 0)


class Session:
    """One connection. It commits by itself; names may stand in double quotes when it is `quoting`."""

    def __init__(self, told: Mapping[str, Any], kill: Callable[[int, bool], None], *, quoting: bool = False) -> None:
        """`told` is how the driver connects; `kill` ends (connection's number, the whole connection or its statement).

        Raises:
            pymysql.MySQLError: there is no connecting.
        """
        self._kill = kill
        self._connection = driver().connect(**told, autocommit=True, charset="utf8mb4")
        self.number = int(self._connection.thread_id())
        if quoting:
            # What is said for every engine alike has its names in double quotes. Times are those of one zone, whatever the
            # server's is, so that what was written can be read again.
            self.execute("SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',ANSI_QUOTES'), time_zone = '+00:00'")

    def execute(self, sql: str, values: tuple[Any, ...] | None = None) -> Result:
        """Run one statement to the end of its last result; the first one is given.

        Raises:
            pymysql.MySQLError: the server's, when the statement fails.
        """
        cursor = self._connection.cursor()
        # Without values a percent sign is one.
        cursor.execute(sql, values or None)
        first = Result(cursor.description, _rows_of(cursor), list(cursor.fetchall() if cursor.description else ()))
        # A procedure may give several results, and its error comes with the last one.
        while cursor.nextset():
            pass
        return first

    def cancel_safe(self, timeout: float = 5) -> None:
        """Stop the statement that is running, from another connection."""
        del timeout
        with contextlib.suppress(driver().MySQLError, OSError):
            self._kill(self.number, False)

    def kill(self) -> None:
        """End the connection from outside, as a crash of its client would."""
        with contextlib.suppress(driver().MySQLError, OSError):
            self._kill(self.number, True)

    def close(self) -> None:
        """End it; may be called twice, and after the server has."""
        with contextlib.suppress(driver().MySQLError, OSError):
            if self._connection.open:
                self._connection.close()


def described(error: Exception) -> str:
    """A server's error as one line: its number and its sentence, without the name of the proof's own database."""
    if len(error.args) < 2 or not isinstance(error.args[0], int):
        return "the connection was lost" if isinstance(error, driver().MySQLError) else type(error).__name__
    code, said = error.args[0], " ".join(str(error.args[1]).split())
    if code in (2006, 2013):
        return "the connection was lost"
    return f"{code} {_DATABASE.sub('', said)[:300]}"
