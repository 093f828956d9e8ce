"""Which tools are served, in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain_agents.tools import Settings, Tool

MAX_TOOLS = 20


def served_tools(settings: Settings) -> tuple[Tool, ...]:
    """Every tool, in a fixed order: agents first, then the directory of agents, then the engines' own tools."""
    raise NotImplementedError(settings)
