"""Running the real command as a client does, and the SDK's own path in this process, on the same frames."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from domain_agents.front.capture import envelope
from domain_agents.front.session import Inbound, read_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mcp.server import Server
    from mcp.shared.message import SessionMessage

HANDSHAKE, MODERN = "2025-11-25", "2026-07-28"
ANSWER_SECONDS = 60


def hello(version: str = HANDSHAKE) -> dict[str, Any]:
    return {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


def frame(number: int | str, method: str, params: Mapping[str, Any] | None = None, *, version: str) -> bytes:
    """A request as a client of that version writes it."""
    content: dict[str, Any] = {"jsonrpc": "2.0", "id": number, "method": method}
    if version == MODERN:
        content["params"] = {**(params or {}), **envelope()}
    elif params is not None:
        content["params"] = params
    return json.dumps(content).encode() + b"\n"


def opening(version: str) -> bytes:
    """What a client says first; its answer has the id 0."""
    if version == MODERN:
        return frame(0, "server/discover", version=version)
    return frame(0, "initialize", hello(version), version=version) + notification("notifications/initialized")


def notification(method: str, params: Mapping[str, Any] | None = None) -> bytes:
    content: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if params is not None:
        content["params"] = params
    return json.dumps(content).encode() + b"\n"


class Command:
    """A running server and what it has written; every line of standard output is kept as it came."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], directory: Path) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            cwd=directory,
        )
        self.lines: list[bytes] = []
        self.errors = b""
        self._arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._readers = [threading.Thread(target=self._read_output), threading.Thread(target=self._read_errors)]
        for reader in self._readers:
            reader.start()

    def _read_output(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._arrived.put(line)
        self._arrived.put(b"")

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors = self.process.stderr.read()

    def send(self, frames: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(frames)
        self.process.stdin.flush()

    def close_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def answer(self, number: int | str) -> dict[str, Any]:
        """Wait for the answer of that id; what comes before it is kept too."""
        for line in self.lines:
            if _id(line) == number:
                return dict(json.loads(line))
        while line := self._arrived.get(timeout=ANSWER_SECONDS):
            self.lines.append(line)
            if _id(line) == number:
                return dict(json.loads(line))
        self._arrived.put(b"")
        raise AssertionError(f"ended without an answer to {number}: {self.errors.decode()}")

    def ask(self, number: int | str, method: str, params: Mapping[str, Any] | None = None, *, version: str) -> Any:
        """Send a request and wait for its answer."""
        self.send(frame(number, method, params, version=version))
        return self.answer(number)

    def end(self) -> int:
        """Close the input if it is open, and wait for the exit code."""
        assert self.process.stdin is not None
        if not self.process.stdin.closed:
            self.process.stdin.close()
        code = self.process.wait(ANSWER_SECONDS)
        for reader in self._readers:
            reader.join(ANSWER_SECONDS)
        while line := self._arrived.get(timeout=ANSWER_SECONDS):
            self.lines.append(line)
        self._arrived.put(b"")  # the end stays the end, for whoever waits again
        return code


def _id(line: bytes) -> object:
    content = json.loads(line)
    return content.get("id") if "method" not in content else None


@contextmanager
def running(
    directory: Path, *words: str, environment: Mapping[str, str] | None = None, before: str = ""
) -> Iterator[Command]:
    """The real command with these words, in a home of its own. `before` is run first in the same process."""
    start = ["-m", "domain_agents"] if not before else ["-c", f"{before}\nimport sys\n{_MAIN}"]
    homes = {"XDG_CACHE_HOME": str(directory / "cache"), "XDG_CONFIG_HOME": str(directory / "config")}
    project = directory / "project"
    project.mkdir(exist_ok=True)
    command = Command([sys.executable, *start, *words], {**homes, **(environment or {})}, project)
    try:
        yield command
    finally:
        command.process.kill()
        command.end()
        assert command.process.stdout is not None
        assert command.process.stderr is not None
        command.process.stdout.close()
        command.process.stderr.close()


_MAIN = """
from domain_agents.__main__ import main
sys.exit(main())
"""


class Collected:
    """The SDK's frames as they would go over the wire, without their line ends."""

    def __init__(self, inbound: Inbound) -> None:
        self._inbound = inbound
        self.frames: list[bytes] = []

    async def send(self, item: SessionMessage, /) -> None:
        self.frames.append(item.message.model_dump_json(by_alias=True, exclude_unset=True).encode())
        self._inbound.note_sent(item.message)

    async def aclose(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...


async def sdk_answers(server: Server[Any], lines: Sequence[bytes]) -> list[bytes]:
    """What the SDK alone writes for these frames, sent one after the other as a client that waits would."""
    inbound = Inbound(asyncio.get_running_loop(), asyncio.Event())
    collected = Collected(inbound)

    async def feed() -> None:
        for line in lines:
            inbound.put([read_message(line)])
            for _ in range(2_000):
                if not +inbound.unanswered:
                    break
                await asyncio.sleep(0.001)
        inbound.end()

    feeding = asyncio.create_task(feed())
    await server.run(inbound, collected, server.create_initialization_options())
    await feeding
    return collected.frames
