"""A process that serves the test surface: `served.py stdio`, or `served.py http --port N [--workers N] [--sse] ...`."""

from __future__ import annotations

import argparse
import functools
import os

from domain_agents.server import http, sources, stdio
from domain_agents.tools import Result
from tests.protocol.surface import SETTINGS, Surface, tool


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("transport", choices=["stdio", "http"])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--token-env")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--sse", action="store_true")
    given = parser.parse_args()
    if given.transport == "stdio":
        stdio.serve_stdio(SETTINGS)
    else:
        http.serve_http(SETTINGS, given.host, given.port, given.token_env, given.workers, given.sse)


# At the module's level, because workers import this file under another name and serve the same surface.
_surface = Surface(extra_tools=(tool("who", lambda *_: Result({"said": str(os.getpid())}, "")),))
sources.catalogue_source = functools.partial(lambda _: _surface)

if __name__ == "__main__":
    main()
