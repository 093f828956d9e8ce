"""Talk to a server over stdio as a client does, in both protocol eras, without any SDK.

What is measured is what a person waits for when an editor starts: from the start of the process to the first answer,
to the list of tools, and to the result of a first call.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

HANDSHAKE = "2025-11-25"
"""The last revision that begins with `initialize`."""
MODERN = "2026-07-28"
"""The first without: every request carries its version and capabilities."""

ERAS = (HANDSHAKE, MODERN)
ANSWER_SECONDS = 30.0
"""What Claude Code gives a server to start."""
STOP_SECONDS = 10.0
_CLIENT = {"name": "domain-agents-doctor", "version": "1"}


class HandshakeError(Exception):
    """The server did not answer as the protocol says; the message tells a person what was seen."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """What one conversation showed: milliseconds from the start of the process, and `call_ms` of the call alone."""

    protocol: str
    server: str
    tools: tuple[str, ...]
    prompts: tuple[str, ...]
    first_answer_ms: float
    tools_ms: float
    call_ms: float


def shake_hands(command: Sequence[str], protocol: str) -> Handshake:
    """Start the server, list its tools and prompts, call its first read-only tool, and stop it.

    Raises:
        HandshakeError: it does not start, does not answer, or answers something else.
    """
    started = time.perf_counter()
    with _Conversation(command, protocol) as conversation:

        def elapsed() -> float:
            return (time.perf_counter() - started) * 1_000

        if protocol == MODERN:
            opening = conversation.ask("server/discover")
            server = opening.get("_meta", {}).get("io.modelcontextprotocol/serverInfo", {})
        else:
            opening = conversation.ask(
                "initialize", {"protocolVersion": protocol, "capabilities": {}, "clientInfo": _CLIENT}
            )
            server = opening.get("serverInfo", {})
            conversation.tell("notifications/initialized")
        first_answer = elapsed()
        tools = _names(conversation.ask("tools/list"), "tools")
        tools_after = elapsed()
        prompts = _names(conversation.ask("prompts/list"), "prompts")
        before_call = elapsed()
        if "find_agent" in tools:
            result = conversation.ask("tools/call", {"name": "find_agent", "arguments": {"request": "add a column"}})
            if result.get("isError"):
                said = next((part.get("text", "") for part in result.get("content", ())), "")
                raise HandshakeError(f"a call of find_agent failed: {said[:300]}")
        return Handshake(
            protocol=protocol,
            server=f"{server.get('name', '?')} {server.get('version', '?')}",
            tools=tools,
            prompts=prompts,
            first_answer_ms=first_answer,
            tools_ms=tools_after,
            call_ms=elapsed() - before_call,
        )


def _names(result: dict[str, Any], key: str) -> tuple[str, ...]:
    listed = result.get(key)
    if not isinstance(listed, list):
        raise HandshakeError(f"the answer holds no {key}")
    return tuple(str(item.get("name")) for item in listed)


class _Conversation:
    """One process and the frames that go to and come from it."""

    def __init__(self, command: Sequence[str], protocol: str) -> None:
        self._protocol = protocol
        self._number = 0
        self._frames: queue.Queue[bytes] = queue.Queue()
        self._said: list[bytes] = []
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the command is our own, found by its absolute path
                list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except OSError as error:
            raise HandshakeError(f"the server cannot be started: {error.strerror}") from error
        self._readers = [
            threading.Thread(target=self._read_frames, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read_log, args=(self._process.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for reader in self._readers:
            reader.join(STOP_SECONDS)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """The result of one request."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": self._params(params or {})})
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            frame = self._next_frame(method, deadline)
            if frame.get("id") != self._number:
                continue  # a notification, or a question to a client that can do nothing
            if "error" in frame:
                raise HandshakeError(f"{method} was answered with an error: {frame['error'].get('message')}")
            result = frame.get("result")
            if not isinstance(result, dict):
                raise HandshakeError(f"{method} was answered without a result")
            return result

    def tell(self, method: str) -> None:
        """Send one notification."""
        self._send({"method": method})

    def _params(self, params: dict[str, Any]) -> dict[str, Any]:
        if self._protocol != MODERN:
            return params
        meta = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": _CLIENT,
        }
        return {**params, "_meta": meta}

    def _send(self, message: dict[str, Any]) -> None:
        frame = json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode() + b"\n"
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe above
        try:
            self._process.stdin.write(frame)
            self._process.stdin.flush()
        except OSError as error:
            raise HandshakeError(f"the server ended before {message['method']}.{self._last_words()}") from error

    def _next_frame(self, method: str, deadline: float) -> dict[str, Any]:
        try:
            line = self._frames.get(timeout=max(deadline - time.monotonic(), 0.0))
        except queue.Empty:
            raise HandshakeError(f"{method} was not answered within {ANSWER_SECONDS:.0f} seconds") from None
        if not line:
            raise HandshakeError(f"the server ended instead of answering {method}.{self._last_words()}")
        try:
            frame = json.loads(line)
        except ValueError:
            raise HandshakeError(f"the server wrote something else than a frame: {line[:80]!r}") from None
        if not isinstance(frame, dict):
            raise HandshakeError("the server wrote a frame that is not an object")
        return frame

    def _last_words(self) -> str:
        self._readers[1].join(1.0)
        last = next((line for line in reversed(self._said) if line.strip()), b"")
        return f" It said last: {last.decode(errors='replace').strip()[:300]}" if last else ""

    def _read_frames(self, stream: IO[bytes]) -> None:
        for line in stream:
            self._frames.put(line)
        self._frames.put(b"")

    def _read_log(self, stream: IO[bytes]) -> None:
        for line in stream:
            self._said.append(line)
            del self._said[:-50]
