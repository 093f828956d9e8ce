"""The SDK's own stdio transport. The product's is in `front`, which starts faster; this one is the plain reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain_agents.tools import Settings


def serve_stdio(settings: Settings) -> None:
    """Serve over stdin and stdout until the client leaves."""
    import anyio
    from mcp.server.stdio import stdio_server

    from domain_agents.server.application import build_server

    async def serve() -> None:
        server = build_server(settings)
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

    anyio.run(serve)
