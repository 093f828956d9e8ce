"""A catalogue as a client lists it: the SDK's types, in the catalogue's order, the same bytes every time."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import mcp_types as types

from domain_agents.server.icons import icon_source
from domain_agents.server.schemas import input_schema

if TYPE_CHECKING:
    from domain_agents.server.catalogue import AgentDocument, Catalogue
    from domain_agents.tools import Tool

AGENT_TEMPLATE = "agent://{name}"
SKILL_TEMPLATE = "skill://{name}/SKILL.md"
MARKDOWN = "text/markdown"


def icons(name: str) -> list[types.Icon]:
    """The icon of a tool, prompt or agent."""
    return [types.Icon(src=icon_source(name), mime_type="image/svg+xml", sizes=["any"])]


def tools(catalogue: Catalogue) -> list[types.Tool]:
    """Every tool with its hand-clean schemas."""
    return [_tool(tool) for tool in catalogue.tools]


@lru_cache(maxsize=256)
def _input_schema(model: Any) -> dict[str, Any]:
    return input_schema(model)


def _tool(tool: Tool) -> types.Tool:
    # No icons here: every byte of this list is paid at the start of every conversation.
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=_input_schema(tool.arguments),
        output_schema=tool.output_schema,
        annotations=types.ToolAnnotations(
            read_only_hint=tool.read_only,
            destructive_hint=tool.destructive,
            idempotent_hint=tool.idempotent,
            open_world_hint=tool.open_world,
        ),
    )


def prompts(catalogue: Catalogue) -> list[types.Prompt]:
    """Every prompt with its arguments."""
    return [
        types.Prompt(
            name=prompt.name,
            title=prompt.title,
            description=prompt.description,
            arguments=[
                types.PromptArgument(name=one.name, description=one.description or None, required=one.required)
                for one in prompt.arguments
            ],
            icons=icons(prompt.icon) if prompt.icon else None,
        )
        for prompt in catalogue.prompts
    ]


def resources(catalogue: Catalogue) -> list[types.Resource]:
    """Every agent as a resource."""
    return [
        types.Resource(
            uri=agent.uri,
            name=agent.name,
            title=agent.title,
            description=agent.description,
            mime_type=MARKDOWN,
            size=len(agent.text.encode()),
        )
        for agent in catalogue.agents
    ]


def templates() -> list[types.ResourceTemplate]:
    """How an agent's resource and its skill are addressed."""
    return [
        types.ResourceTemplate(
            uri_template=AGENT_TEMPLATE,
            name="agent",
            title="Agent",
            description="An agent's file: its frontmatter and its instructions.",
            mime_type=MARKDOWN,
        ),
        types.ResourceTemplate(
            uri_template=SKILL_TEMPLATE,
            name="skill",
            title="Agent as a skill",
            description="The same agent as a skill file.",
            mime_type=MARKDOWN,
        ),
    ]


def skill_uri(agent: AgentDocument) -> str:
    """Where the agent's skill would be read."""
    return f"skill://{agent.name}/SKILL.md"
