"""The Python SDK's own lowest server over its own stdio transport: one tool that gives back its text.

Its list is padded to as many bytes as the first argument says.
"""

import sys

import anyio
import mcp_types as types
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server


async def list_tools(
    _: ServerRequestContext[dict[str, object]], __: types.PaginatedRequestParams | None
) -> types.ListToolsResult:
    description = "x" * max(0, int(sys.argv[1]) - 80)
    return types.ListToolsResult(
        tools=[types.Tool(name="echo", description=description, input_schema={"type": "object"})]
    )


async def call_tool(
    _: ServerRequestContext[dict[str, object]], params: types.CallToolRequestParams
) -> types.CallToolResult:
    text = str((params.arguments or {}).get("text", ""))
    return types.CallToolResult(content=[types.TextContent(text=text)])


def build_server() -> Server[dict[str, object]]:
    return Server("bare", version="1", on_list_tools=list_tools, on_call_tool=call_tool)


async def main() -> None:
    server = build_server()
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(main)
