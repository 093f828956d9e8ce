"""Streamable HTTP, and SSE for older clients: one application, as many workers as wanted, no state between requests."""

from __future__ import annotations

import logging
import os
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain_agents.server.gate import Gate, Token, allowed_hosts, is_loopback
from domain_agents.server.log import configure_logging

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mcp.server import Server
    from mcp.server.transport_security import TransportSecuritySettings
    from starlette.applications import Starlette
    from starlette.routing import Mount, Route
    from starlette.types import ASGIApp, Receive, Scope, Send

    from domain_agents.server.catalogue import CatalogueSource
    from domain_agents.tools import Settings

MAX_BODY_BYTES = 2 * 1024 * 1024
MAX_SSE_SESSIONS = 64
MAX_CONNECTIONS = 1_024
"""Open connections to one worker; further ones are answered 503."""
HOSTS_VARIABLE = "DOMAIN_AGENTS_HTTP_HOSTS"

logger = logging.getLogger(__name__)


class CannotServe(Exception):
    """The server must not start like this; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How to serve. `token_env` is the name of the variable that holds the token, never the token."""

    host: str = "127.0.0.1"
    port: int = 8000
    token_env: str | None = None
    workers: int = 1
    sse: bool = False
    log: str = "text"
    hosts: tuple[str, ...] = ()


def serve_http(
    settings: Settings,
    host: str = "127.0.0.1",
    port: int = 8000,
    token_env: str | None = None,
    workers: int = 1,
    sse: bool = False,
    *,
    log: str = "text",
) -> None:
    """Serve until the process is told to stop. Port 0 takes a free one; the log says which.

    Raises:
        CannotServe: beyond this machine without a token, no token in the variable, or the address cannot be bound.
    """
    options = checked(HttpOptions(host, port, token_env, workers, sse, log, _added_hosts()))
    configure_logging(log, "info")
    bound = _bind(options)
    shown = f"[{options.host}]" if ":" in options.host else options.host
    paths = "/mcp and /sse" if sse else "/mcp"
    logger.info("serving %s at http://%s:%d, %d worker(s)", paths, shown, bound.getsockname()[1], workers)
    _run(settings, options, bound)


def checked(options: HttpOptions) -> HttpOptions:
    """The same options, when they may be served.

    Raises:
        CannotServe: they may not.
    """
    if options.workers < 1:
        raise CannotServe("--workers must be at least 1")
    if options.workers > 1 and options.sse:
        raise CannotServe("--transport sse keeps its sessions in one process: leave --workers out, or serve http")
    if options.token_env is None:
        if not is_loopback(options.host):
            raise CannotServe(
                f"{options.host or 'every address'} can be reached from other machines, so a token is needed: put one "
                "into an environment variable and name the variable, for example --token-env DOMAIN_AGENTS_TOKEN"
            )
        return options
    secret = os.environ.get(options.token_env, "").strip()
    if not secret:
        raise CannotServe(f"--token-env {options.token_env}: that environment variable is not set, or is empty")
    return options


def application(settings: Settings, options: HttpOptions, source: CatalogueSource | None = None) -> ASGIApp:
    """The ASGI application of one worker."""
    from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
    from starlette.applications import Starlette
    from starlette.routing import Route

    from domain_agents.server.application import build_server

    hosts = allowed_hosts(options.host, options.hosts)
    # Streams, not single JSON answers: progress reaches the client, and a client that leaves cancels its call. A
    # request that reports nothing is answered with plain JSON all the same in the later protocol. A GET would open a
    # stream on which nothing could ever come, since no session is kept: it is refused, as the protocol provides.
    manager = StreamableHTTPSessionManager(
        app=build_server(settings, source, pushes=False),
        json_response=False,
        stateless=True,
        security_settings=_security(hosts),
        max_request_body_size=MAX_BODY_BYTES,
    )
    routes: list[Route | Mount] = [Route("/mcp", StreamableHTTPASGIApp(manager), methods=["POST"])]
    if options.sse:
        routes += _sse_routes(build_server(settings, source), hosts)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with manager.run():
            yield

    token = Token.of(os.environ[options.token_env].strip()) if options.token_env else None
    return Gate(Starlette(routes=routes, lifespan=lifespan), hosts, token)


def _sse_routes(server: Server[Any], hosts: frozenset[str]) -> list[Route | Mount]:
    from mcp.server.sse import SseServerTransport
    from starlette.responses import Response
    from starlette.routing import Mount, Route

    transport = SseServerTransport("/messages/", _security(hosts), MAX_BODY_BYTES)
    sessions = 0

    class Stream:
        """ASGI: one session for as long as its stream is open."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal sessions
            if sessions >= MAX_SSE_SESSIONS:
                await Response(status_code=503, headers={"Retry-After": "5"})(scope, receive, send)
                return
            sessions += 1
            try:
                async with transport.connect_sse(scope, receive, send) as (read, write):
                    await server.run(read, write, server.create_initialization_options())
            finally:
                sessions -= 1

    return [Route("/sse", Stream(), methods=["GET"]), Mount("/messages/", app=transport.handle_post_message)]


def _security(hosts: frozenset[str]) -> TransportSecuritySettings:
    """The SDK's own check, told the same names: the gate in front of it is not the only lock."""
    from mcp.server.transport_security import TransportSecuritySettings

    spelled = sorted(f"[{name}]" if ":" in name else name for name in hosts)
    origins = [f"{scheme}://{name}" for scheme in ("http", "https") for name in spelled]
    return TransportSecuritySettings(
        allowed_hosts=[form for name in spelled for form in (name, f"{name}:*")],
        allowed_origins=[form for origin in origins for form in (origin, f"{origin}:*")],
    )


def _added_hosts() -> tuple[str, ...]:
    return tuple(name.strip() for name in os.environ.get(HOSTS_VARIABLE, "").split(",") if name.strip())


def _bind(options: HttpOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((options.host, options.port))
    except (OSError, OverflowError) as error:
        bound.close()
        raise CannotServe(f"{options.host}:{options.port} cannot be used: {error}. Choose another --port") from error
    bound.set_inheritable(True)
    return bound


def _run(settings: Settings, options: HttpOptions, bound: socket.socket) -> None:
    if options.workers == 1:
        _work(settings, options, bound)
        return
    from domain_agents.server.workers import run_workers

    run_workers(options.workers, _work, (settings, options, bound))


def _work(settings: Settings, options: HttpOptions, bound: socket.socket) -> None:
    """One worker, in this process."""
    import uvicorn

    configure_logging(options.log, "info")
    config = uvicorn.Config(
        application(settings, options),
        log_config=None,
        log_level="warning",
        access_log=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=5,
        server_header=False,
        lifespan="on",
    )
    uvicorn.Server(config).run(sockets=[bound])


__all__ = ["CannotServe", "HttpOptions", "application", "checked", "serve_http"]
