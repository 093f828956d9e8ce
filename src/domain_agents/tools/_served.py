"""Which tools are served, in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.registry import load_unit, unit_names

if TYPE_CHECKING:
    from domain_agents.tools import Settings, Tool

MAX_TOOLS = 20
DIRECTORY = ("find_agent", "get_agent")
ENGINES = (
    "plan_migration",
    "lint_migration",
    "prove_migration",
    "design_schema",
    "audit_schema",
    "diff_schema",
    "design_pipeline",
    "audit_pipeline",
)
"""In the order of the work. Those whose file is not here yet are not served."""


def served_tools(settings: Settings) -> tuple[Tool, ...]:
    """Every tool, in a fixed order: agents first, then the directory of agents, then the engines' own tools."""
    from domain_agents.agents.catalogue import load_catalogue
    from domain_agents.tools.agent import start_tools

    others = {tool.name: tool for tool in own_tools()}
    return (*start_tools(load_catalogue(settings), others, MAX_TOOLS - len(others)), *others.values())


def own_tools() -> tuple[Tool, ...]:
    """The tools that are no agents, in their order."""
    import domain_agents.tools as package

    there = unit_names(package)
    tools: list[Tool] = [load_unit(package, name).TOOL for name in (*DIRECTORY, *ENGINES) if name in there]
    return tuple(tools)
