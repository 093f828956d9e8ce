"""An HTTP server in this process, so that a test can see what a call does on the other side."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import httpx2
import uvicorn

from domain_agents.server.gate import Gate
from domain_agents.server.http import HttpOptions, application
from tests.protocol.connecting import both_eras, free_port, http_client, wait_until_healthy
from tests.protocol.surface import SETTINGS, Surface

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send


@contextlib.contextmanager
def running(application: ASGIApp) -> Iterator[int]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(application, port=port, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until_healthy(port)
        yield port
    finally:
        server.should_exit = True
        thread.join(20)


@both_eras
async def test_a_client_that_leaves_stops_its_call(mode: str) -> None:
    surface = Surface()
    with running(application(SETTINGS, HttpOptions(), surface)) as port:
        async with http_client(port, mode) as client, anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "endless", {})
            assert await anyio.to_thread.run_sync(surface.endless.started.wait, 20)
            group.cancel_scope.cancel()
        assert await anyio.to_thread.run_sync(surface.endless.stopped.wait, 20)


async def test_more_requests_at_once_than_it_takes_are_told_to_come_back() -> None:
    entered, release = threading.Event(), anyio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        entered.set()
        while not release.is_set():  # noqa: ASYNC110 - set by another event loop
            await anyio.sleep(0.01)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    gate = Gate(slow, frozenset({"127.0.0.1"}), None, max_in_flight=1)
    with running(gate) as port:
        url = f"http://127.0.0.1:{port}/mcp"
        async with httpx2.AsyncClient(timeout=20) as http, anyio.create_task_group() as group:
            statuses: list[int] = []

            async def first() -> None:
                statuses.append((await http.post(url)).status_code)

            group.start_soon(first)
            assert await anyio.to_thread.run_sync(entered.wait, 20)
            refused = await http.post(url)
            release.set()
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert statuses == [204]
