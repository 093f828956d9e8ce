"""The fast start: answers a client's first requests from a manifest while the SDK is still being loaded.

Importing the SDK takes about a second, and every client asks the same few things first. So a thread of its own reads
the wire from the first moment on and answers what `frames` finds plain, from `manifest`; the main thread loads the SDK
behind that and then takes every further frame (`session`). Nothing imported here may import more than it needs.
"""

import _signal  # type: ignore[import-not-found]  # typeshed omits it; `signal` adds enums, which cost 3 ms
import _thread
import gc
import sys

from domain_agents.front.frames import Conversation
from domain_agents.front.manifest import Manifests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from domain_agents.front.options import Options
    from domain_agents.front.wire import Wire

QUIET_SECONDS = 0.2
"""How long a client must have been silent before the SDK is loaded, so that loading does not slow down its first list."""


class Front:
    """Reads the wire in a thread of its own: answers, or keeps for the SDK, or hands over once the SDK is there."""

    def __init__(self, wire: "Wire", manifests: Manifests) -> None:
        self._wire = wire
        self._manifests = manifests
        self._conversation = Conversation(manifests.result)
        self._lock = _thread.allocate_lock()
        self._wanted = _thread.allocate_lock()
        self._wanted.acquire()
        self._hand_over: Callable[[list[bytes]], None] | None = None
        self._on_end: Callable[[], None] | None = None
        self._heard = False
        self.has_ended = False

    def start(self) -> None:
        """Begin to read."""
        _thread.start_new_thread(self._read, ())

    def wait(self) -> bool:
        """Wait until the SDK should be loaded. False when the client has left and nothing waits for an answer."""
        while not self._wanted.acquire(timeout=QUIET_SECONDS):
            if not self._heard:
                break
            self._heard = False
        return not self.has_ended or (self._conversation.needs_sdk and self._wire.is_open)

    def hand_over(
        self,
        take: "Callable[[list[tuple[bytes, bool]]], None]",
        feed: "Callable[[list[bytes]], None]",
        end: "Callable[[], None]",
    ) -> None:
        """From now on frames go to `feed`, after `take` got those that were kept; `end` is called at the end of input.

        `take` is called here, the others by the reading thread.
        """
        with self._lock:
            take(self._conversation.kept)
            self._hand_over = feed
            self._on_end = end
            if self.has_ended:
                end()

    def _read(self) -> None:
        pending = b""
        while chunk := self._wire.read():
            lines = (pending + chunk).split(b"\n") if pending else chunk.split(b"\n")
            pending = lines.pop()
            if lines:
                self._take(lines)
        if pending.strip():
            self._take([pending])  # a last frame without its line end
        with self._lock:
            self.has_ended = True
            if self._on_end is not None:
                self._on_end()
        self._wake()

    def _take(self, lines: list[bytes]) -> None:
        with self._lock:
            if self._hand_over is not None:
                self._hand_over(lines)
                return
            self._heard = True
            self._manifests.forget()
            answers = [answer for line in lines if (answer := self._answer(line)) is not None]
            if answers and not self._wire.write(b"".join(answers)):
                self.has_ended = True
        if self._conversation.needs_sdk or self.has_ended:
            self._wake()

    def _answer(self, line: bytes) -> bytes | None:
        try:
            return self._conversation.answer(line)
        except Exception:  # noqa: BLE001 - whatever went wrong here, the SDK can still answer
            self._conversation.keep_for_sdk(line, in_doubt=True)
            return None

    def _wake(self) -> None:
        if self._wanted.locked():
            self._wanted.release()


def serve(options: "Options", wire: "Wire") -> int:
    """Serve one client over stdio until it leaves or a signal ends the process. Gives the exit code."""
    _signal.signal(_signal.SIGTERM, _stop)
    gc.disable()  # loading makes many objects and little garbage: looking for it would only take time
    try:
        front = Front(wire, Manifests(options))
        front.start()
        if not front.wait():
            return 0
        # The reading thread must get its turn soon while the import keeps the interpreter busy.
        sys.setswitchinterval(0.0005)
        from domain_agents.front.session import run

        sys.setswitchinterval(0.005)
        gc.freeze()
        gc.enable()
        return run(front, options, wire)
    except KeyboardInterrupt:
        return 0


def _stop(_number: int, _frame: object) -> "NoReturn":
    raise KeyboardInterrupt
