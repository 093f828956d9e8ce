"""Serve MCP over stdio (what a client runs), Streamable HTTP, or SSE for older clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from domain_agents.cli.options import UsageError, one_of, read_settings

if TYPE_CHECKING:
    import argparse

    from domain_agents.cli.options import GlobalOptions, Parser
    from domain_agents.cli.terminal import Terminal
    from domain_agents.tools import Settings

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve. `token_env` names the environment variable that holds the bearer token, empty for none."""

    transport: str
    host: str
    port: int
    token_env: str
    workers: int
    log: str


class Serve(Protocol):
    """What runs a server until its client or a signal ends it, and gives the exit code."""

    def __call__(self, options: ServeOptions, settings: Settings) -> int: ...


def _port(text: str) -> int:
    import argparse

    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number from 0 (any free one) to 65535")
    return int(text)


def _workers(text: str) -> int:
    import argparse

    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of workers from 1 to 64")
    return int(text)


def describe(parser: Parser) -> None:
    """The command's own options."""
    transports = ("stdio", "http", "sse")
    parser.add_argument(
        "--transport", type=one_of(*transports), default="stdio", metavar="|".join(transports), help="default: stdio"
    )
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="default: 127.0.0.1; others need a token")
    parser.add_argument("--port", type=_port, default=8000, metavar="N", help="default: 8000")
    parser.add_argument(
        "--token-env", default="", metavar="NAME", help="the environment variable that holds the bearer token"
    )
    parser.add_argument("--workers", type=_workers, default=1, metavar="N", help="server processes; default: 1")


def run(arguments: argparse.Namespace, options: GlobalOptions, terminal: Terminal) -> int:
    """Hand over to whatever serves that transport.

    Raises:
        UsageError: options that do not go together.
    """
    serve: Serve | None = arguments.runner
    if serve is None:
        raise UsageError("this entry point cannot serve; run `domain-agents serve`")
    if arguments.transport == "stdio" and (arguments.workers > 1 or arguments.token_env):
        raise UsageError("--workers and --token-env are for --transport http; over stdio the client runs the server")
    settings = read_settings(options)
    if settings.project_problem:
        terminal.warning(settings.project_problem)
    return serve(
        ServeOptions(
            transport=arguments.transport,
            host=arguments.host,
            port=arguments.port,
            token_env=arguments.token_env,
            workers=arguments.workers,
            log=options.log,
        ),
        settings,
    )
