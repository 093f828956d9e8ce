"""A time to keep, and someone who may change their mind: long statements run in a thread and are cancelled for either."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from domain_agents.observations import OutOfTime

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_POLL_SECONDS: Final = 0.03


class Watch:
    """A deadline and a cancellation, asked together.

    `check` is called often and raises whatever the caller wants to leave with.
    """

    def __init__(self, seconds: float, check: Callable[[], None] = lambda: None) -> None:
        self.seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._check = check

    def check(self) -> None:
        """Raises:
        OutOfTime: the deadline has passed.
        """
        self._check()
        if time.monotonic() > self._deadline:
            raise OutOfTime(
                f"the time given to the proof ({self.seconds:g} s) is over; give fewer `rows`, or prove fewer files at once"
            )

    def run(self, work: Callable[[], T], cancel: Callable[[], object]) -> T:
        """What `work` gives back, computed in a thread; `cancel` is called (once) when the watch ends it.

        Raises:
            Exception: what `work` raised, or what `check` raised after `work` was cancelled.
        """
        done: list[T] = []
        failed: list[BaseException] = []

        def working() -> None:
            try:
                done.append(work())
            except BaseException as error:  # noqa: BLE001 - it is raised again where it can be handled
                failed.append(error)

        thread = threading.Thread(target=working, name="proof-statement", daemon=True)
        thread.start()
        thread.join(0.001)
        try:
            while thread.is_alive():
                self.check()
                thread.join(_POLL_SECONDS)
        except BaseException:
            cancel()
            thread.join(10)
            raise
        if failed:
            raise failed[0]
        return done[0]

    def execute(self, connection: Any, sql: str) -> Any:
        """Run one statement on a psycopg connection; its cursor.

        Raises:
            psycopg.Error: the server's, when the statement fails.
        """
        return self.run(lambda: connection.execute(sql), lambda: connection.cancel_safe(timeout=5))
