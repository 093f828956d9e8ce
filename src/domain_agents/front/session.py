"""The rest of the conversation: the SDK's server on our own transport.

The SDK's stdio transport sends every frame through worker threads twice; this one parses in the reading thread and
writes from the event loop, so a call takes less time, and frames end in LF everywhere.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections import Counter, deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import anyio
import anyio.to_thread
from mcp.shared.message import SessionMessage
from mcp_types import (
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    jsonrpc_message_adapter,
)

from domain_agents.front import capture

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from mcp.server import Server

    from domain_agents.front import Front
    from domain_agents.front.options import Options
    from domain_agents.front.wire import Wire
    from domain_agents.tools import Settings

GRACE_SECONDS = 30.0
"""How long calls may go on after the client has closed its end: a shell's pipe waits for them, an editor kills us."""
LAST_SECONDS = 5.0
"""How long threads that do not hear they are cancelled may keep the process alive."""
_NEVER_ANSWERED = frozenset({"subscriptions/listen"})

logger = logging.getLogger(__name__)


class Inbound:
    """The frames for the SDK: fed by the reading thread, read by the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, list_seen: asyncio.Event) -> None:
        self._loop = loop
        self._list_seen = list_seen
        self._items: deque[SessionMessage | Exception] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self.unanswered: Counter[str] = Counter()
        self.asked: set[str] = set()
        """Requests of ours that the client has not answered."""

    def put(self, items: Iterable[SessionMessage | Exception]) -> None:
        """Append frames; in the event loop."""
        for item in items:
            if isinstance(item, SessionMessage):
                self._note_received(item.message)
            self._items.append(item)
        self._wake()

    def end(self) -> None:
        """No frame comes after those that are here; in the event loop."""
        self._ended = True
        self._wake()

    def note_sent(self, message: JSONRPCMessage) -> None:
        """Keep count of who owes an answer, by what is sent to the client."""
        if isinstance(message, JSONRPCResponse | JSONRPCError):
            self.unanswered[str(message.id)] -= 1
        elif isinstance(message, JSONRPCRequest):
            self.asked.add(str(message.id))

    def _note_received(self, message: JSONRPCMessage) -> None:
        if isinstance(message, JSONRPCRequest):
            if message.method not in _NEVER_ANSWERED:
                self.unanswered[str(message.id)] += 1
            if message.method.endswith("/list"):
                self._list_seen.set()
        elif isinstance(message, JSONRPCNotification):
            if message.method == "notifications/cancelled":
                self.unanswered.pop(str((message.params or {}).get("requestId")), None)
        else:
            self.asked.discard(str(message.id))

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def receive(self) -> SessionMessage | Exception:
        """The next frame.

        Raises:
            anyio.EndOfStream: there is none any more.
        """
        while not self._items:
            if self._ended:
                raise anyio.EndOfStream
            self._waiter = self._loop.create_future()
            await self._waiter
        return self._items.popleft()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        """The SDK reads no further."""
        self._ended = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        await self.aclose()
        return None


class Outbound:
    """The SDK's frames on their way to the client. Answers that the client already has are left out."""

    def __init__(self, wire: Wire, inbound: Inbound) -> None:
        self._wire = wire
        self._inbound = inbound
        self._turn = anyio.Lock()
        self.answered: set[int | str | None] = set()

    async def send(self, item: SessionMessage, /) -> None:
        """Write one frame; returns when the client's pipe has taken it.

        Raises:
            anyio.BrokenResourceError: the client is gone.
        """
        message = item.message
        try:
            if not self._is_known(message):
                await self._write(message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
        finally:
            self._inbound.note_sent(message)

    def _is_known(self, message: JSONRPCMessage) -> bool:
        """Whether this is the answer to a request that was answered before the SDK was there."""
        if isinstance(message, JSONRPCResponse | JSONRPCError) and message.id in self.answered:
            self.answered.discard(message.id)
            return True
        return False

    async def _write(self, frame: bytes) -> None:
        if not self._turn.locked() and self._wire.takes(len(frame)):
            written = self._wire.write(frame)
        else:
            async with self._turn:
                written = await anyio.to_thread.run_sync(self._wire.write, frame)
        if not written:
            self._inbound.end()
            raise anyio.BrokenResourceError

    async def aclose(self) -> None:
        """The wire belongs to the process; nothing to close."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return None


def read_message(line: bytes) -> SessionMessage | Exception:
    """One line as the SDK takes it; what is no JSON-RPC message becomes the error that the SDK expects in its place."""
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line.decode(errors="replace"), by_name=False))
    except ValueError as error:
        if line.strip():
            logger.warning("a frame of %d bytes is not a JSON-RPC message and was dropped", len(line))
        return error


def run(front: Front, options: Options, wire: Wire) -> int:
    """Serve the frames that `front` kept and all that follow. Gives the exit code."""
    from domain_agents.server.log import configure_logging

    configure_logging(options.log)
    settings = options.settings()
    if settings.project_problem:
        logger.warning("%s", settings.project_problem)
    try:
        asyncio.run(_serve(front, options, settings, wire))
    finally:
        # A tool that does not notice its cancellation must not keep the process: the client has left.
        last = threading.Timer(LAST_SECONDS, os._exit, (0,))
        last.daemon = True
        last.start()
    return 0


async def _serve(front: Front, options: Options, settings: Settings, wire: Wire) -> None:
    from domain_agents.server.application import build_server

    list_seen = asyncio.Event()
    keeper = asyncio.create_task(capture.keep_manifest(options, settings, list_seen))
    try:
        await take_over(front, wire, build_server(settings), list_seen)
    finally:
        keeper.cancel()


async def take_over(front: Front, wire: Wire, server: Server[Any], list_seen: asyncio.Event) -> None:
    """Serve with this server until the client leaves or a signal comes. `list_seen` is set when a list is asked for."""
    loop = asyncio.get_running_loop()
    inbound = Inbound(loop, list_seen)
    outbound = Outbound(wire, inbound)
    ending: list[asyncio.Task[None]] = []

    def take(kept: list[tuple[bytes, bool]]) -> None:
        for line, is_answered in kept:
            message = read_message(line)
            inbound.put([_renamed(message, outbound.answered) if is_answered else message])

    def feed(lines: list[bytes]) -> None:
        messages = [read_message(line) for line in lines]
        with suppress(RuntimeError):  # the loop has just been closed
            loop.call_soon_threadsafe(inbound.put, messages)

    def finish() -> None:
        ending.append(loop.create_task(_end_when_answered(inbound, wire)))

    def end() -> None:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(finish)

    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError, ValueError, RuntimeError):  # Windows: the handlers set before stay
            loop.add_signal_handler(number, inbound.end)
    front.hand_over(take, feed, end)
    try:
        await server.run(inbound, outbound, server.create_initialization_options())
    finally:
        for task in ending:
            task.cancel()


def _renamed(message: SessionMessage | Exception, names: set[int | str | None]) -> SessionMessage | Exception:
    """The same request under a name no client uses, so that its answer is known from one to a later request."""
    if isinstance(message, Exception) or not isinstance(message.message, JSONRPCRequest):
        return message
    request = message.message
    name = f"domain-agents:{os.urandom(8).hex()}"
    names.add(name)
    return SessionMessage(request.model_copy(update={"id": name}))


async def _end_when_answered(inbound: Inbound, wire: Wire) -> None:
    """Let pending calls finish, as long as somebody is there to read and nothing is asked of the client."""
    deadline = asyncio.get_running_loop().time() + GRACE_SECONDS
    while +inbound.unanswered and not inbound.asked and not wire.client_left():
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.02)
    inbound.end()
