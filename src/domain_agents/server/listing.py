"""A catalogue as a client lists it: the SDK's types, in the catalogue's order, the same bytes every time."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import mcp_types as types

from domain_agents.server.icons import DRAWN, icon_source
from domain_agents.server.schemas import input_schema, output_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.prompts import Prompt
    from domain_agents.server.catalogue import AgentDocument, Catalogue
    from domain_agents.tools import Tool

AGENT_TEMPLATE = "agent://{name}"
SKILL_TEMPLATE = "skill://{name}/SKILL.md"
MARKDOWN = "text/markdown"
LONG_FORM = 200
"""Characters of schema from which an argument that is not spelled out a second time says where it is."""


def icons(name: str) -> list[types.Icon]:
    """The icon of a tool, prompt or agent."""
    return [types.Icon(src=icon_source(name), mime_type="image/svg+xml", sizes=["any"])]


def tools(catalogue: Catalogue) -> list[types.Tool]:
    """Every tool with its hand-clean schemas; what an earlier tool spells out at length is not spelled out again."""
    spelled: dict[str, tuple[str, Any]] = {}
    return [_tool(tool, spelled) for tool in catalogue.tools]


@lru_cache(maxsize=256)
def _input_schema(model: Any) -> dict[str, Any]:
    return input_schema(model)


def _tool(tool: Tool, spelled: dict[str, tuple[str, Any]]) -> types.Tool:
    # No icons here: every byte of this list is paid at the start of every conversation.
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=_referring(tool.name, _input_schema(tool.arguments), spelled),
        output_schema=output_schema(tool.output_schema),
        annotations=types.ToolAnnotations(
            read_only_hint=tool.read_only,
            destructive_hint=tool.destructive,
            idempotent_hint=tool.idempotent,
            open_world_hint=tool.open_world,
        ),
    )


def _referring(tool: str, schema: dict[str, Any], spelled: dict[str, tuple[str, Any]]) -> dict[str, Any]:
    """The schema, with an argument that an earlier tool takes in the same form cut down to its type.

    `spelled` maps such forms to the tool that spells them out and what it says of them; what a later tool says in other
    words stays. The arguments are checked in full all the same.
    """
    properties: dict[str, Any] = {}
    for name, form in schema["properties"].items():
        said = form.get("description")
        text = json.dumps([name, {key: value for key, value in form.items() if key != "description"}], sort_keys=True)
        first, first_said = spelled.setdefault(text, (tool, said))
        if first == tool or "type" not in form:
            properties[name] = form
        elif said is not None and said != first_said:
            properties[name] = {**_short(form, ""), "description": said}
        else:
            properties[name] = _short(form, first if len(text) >= LONG_FORM else "")
    return {**schema, "properties": properties}


def _short(form: dict[str, Any], tool: str) -> dict[str, Any]:
    short: dict[str, Any] = {"type": form["type"]}
    if "items" in form:
        short["items"] = {"type": form["items"]["type"]}  # some clients refuse a list without it
    return {**short, "description": f"As in {tool}"} if tool else short


def prompts(chosen: Sequence[Prompt]) -> list[types.Prompt]:
    """These prompts with their arguments."""
    return [
        types.Prompt(
            name=prompt.name,
            title=prompt.title,
            description=prompt.description,
            arguments=[
                types.PromptArgument(name=one.name, description=one.description or None, required=one.required)
                for one in prompt.arguments
            ],
            icons=icons(prompt.name) if prompt.name in DRAWN else None,
        )
        for prompt in chosen
    ]


def resources(chosen: Sequence[AgentDocument]) -> list[types.Resource]:
    """These agents as resources."""
    return [
        types.Resource(
            uri=agent.uri,
            name=agent.name,
            title=agent.title,
            description=agent.description,
            mime_type=MARKDOWN,
            size=len(agent.text.encode()),
            icons=icons(agent.name) if agent.name in DRAWN else None,
        )
        for agent in chosen
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
