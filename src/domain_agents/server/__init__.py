"""The MCP edge: agents, prompts and tools become an MCP server. The only package that imports the SDK.

Importing this package costs nothing: the SDK (about a second) is loaded by the first name that needs it, so that the
log and the manifest's reader can be used before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from domain_agents.server.application import build_server
    from domain_agents.server.http import CannotServe, serve_http
    from domain_agents.server.stdio import serve_stdio

__all__ = ["CannotServe", "build_server", "serve_http", "serve_stdio"]

_HOMES = {"build_server": "application", "serve_stdio": "stdio", "serve_http": "http", "CannotServe": "http"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
