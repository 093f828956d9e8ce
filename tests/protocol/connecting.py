"""How the tests reach a server: in memory in both eras, as a subprocess, over HTTP."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from domain_agents.server import build_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.protocol.surface import Surface

ROOT = Path(__file__).parents[2]
both_eras = pytest.mark.parametrize("mode", ["auto", "legacy"])
START_SECONDS = 60


def client(surface: Surface, mode: str, **more: Any) -> Client:
    """A client of a server with that surface, in this process."""
    from tests.protocol.surface import SETTINGS

    return Client(build_server(SETTINGS, surface, poll_seconds=0.02), mode=mode, cache=None, **more)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that nothing announces."""
    with anyio.fail_after(20):
        while not holds():  # noqa: ASYNC110 - the condition is on the other side of a protocol
            await anyio.sleep(0.002)


def text_of(result: Any) -> str:
    """The text of a tool result's first content."""
    return str(result.content[0].text)


@contextlib.contextmanager
def http_server(*arguments: str, environment: dict[str, str] | None = None) -> Iterator[int]:
    """A server process on a free port of this machine; gives the port once it answers."""
    port = free_port()
    command = [sys.executable, "-m", "tests.protocol.served", "http", "--port", str(port), *arguments]
    with served(command, environment):
        wait_until_healthy(port)
        yield port


@contextlib.contextmanager
def served(
    command: list[str], environment: dict[str, str] | None = None, *, piped: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended with the block; `piped` gives its standard streams, without what it logs."""
    pipe, silent = (subprocess.PIPE, subprocess.DEVNULL) if piped else (None, None)
    variables = {**os.environ, **(environment or {})}
    with subprocess.Popen(command, cwd=ROOT, env=variables, stdin=pipe, stdout=pipe, stderr=silent) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_healthy(port: int) -> None:
    """Wait for `/health`."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/health", timeout=2).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError("the server did not start")


@contextlib.asynccontextmanager
async def http_client(port: int, mode: str, token: str | None = None) -> Any:
    """A client over HTTP, with the token when there is one."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http)
        async with Client(transport, mode=mode, cache=None) as connected:
            yield connected


def wait_until_open(port: int) -> None:
    """Wait until something accepts on the port."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
            return
        time.sleep(0.05)
    raise AssertionError("the server did not start")
