"""Icons, drawn here so that no client has to fetch anything. Small, because the server's travels with every answer."""

from __future__ import annotations

from base64 import b64encode
from functools import cache

_PATHS = {
    # A cylinder, a database, with a check mark: what is written was run.
    "server": "M4 5v14c0 4 16 4 16 0V5c0-4-16-4-16 0zM8 13l3 3 5-6",
    "migration-writer": "M3 7h14l-4-4M21 17H7l4 4",
    "schema-designer": "M3 4h18v16H3zM3 10h18M10 10v10",
    "ml-pipeline-architect": "M2 12h6l8-7h6M8 12l8 7h6",
}


DRAWN = frozenset(_PATHS) - {"server"}
"""The agents that have an icon of their own."""


@cache
def icon_source(name: str) -> str:
    """The data URI of an agent's icon, or of `server`."""
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'>"
        f"<path fill='none' stroke='#27b' d='{_PATHS[name]}'/></svg>"
    )
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
