"""get_agent: one agent's instructions, with the task in the asker's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from domain_agents.agents.catalogue import load_catalogue
from domain_agents.prompts import instructions
from domain_agents.tools import Job, Result, Settings, Tool, ToolError, shortened

if TYPE_CHECKING:
    from domain_agents.agents.catalogue import Catalogue
    from domain_agents.agents.model import Agent


class GetAgentArguments(BaseModel):
    """Whose instructions, and for what."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200, description="As find_agent lists it")]
    task: Annotated[str, Field(max_length=20_000, description="What is to be done, in the user's words")] = ""


def get_agent(arguments: GetAgentArguments, settings: Settings, _job: Job) -> Result:
    """One agent's instructions.

    Raises:
        ToolError: there is no such agent; the message names the nearest.
    """
    catalogue = load_catalogue(settings)
    agent = catalogue.get(arguments.name)
    if agent is None:
        raise unknown_agent(catalogue, arguments.name)
    said = instructions(agent, {"task": arguments.task})
    text = shortened(said, how_to_page=f"The whole file is the resource agent://{agent.name}.")
    structured = {**identity(agent), "instructions": text, "tools": list(agent.tools or ())}
    return Result(structured, text)


def unknown_agent(catalogue: Catalogue, name: str) -> ToolError:
    """There is no such agent: which there are that could have been meant."""
    near = catalogue.nearest(name)
    way = f"Did you mean {' or '.join(near)}? " if near else ""
    return ToolError(
        f"name: there is no agent {name[:80]!r}. {way}find_agent without arguments lists all {len(catalogue.agents)}."
    )


def identity(agent: Agent) -> dict[str, Any]:
    """Which agent this is and where it comes from, so that a client can show it and a pipeline can pin it."""
    return {
        "name": agent.name,
        "title": agent.title,
        "source": agent.source,
        "file": agent.file,
        "sha256": agent.sha256,
    }


_TEXT = {"type": "string"}
TOOL = Tool(
    name="get_agent",
    title="Get an agent's instructions",
    description="The full instructions of one agent by name, ready for a task. find_agent lists the names.",
    arguments=GetAgentArguments,
    output_schema={
        "type": "object",
        "properties": {
            "name": _TEXT,
            "title": _TEXT,
            "source": _TEXT,
            "file": _TEXT,
            "sha256": _TEXT,
            "instructions": _TEXT,
            "tools": {"type": "array", "items": _TEXT},
        },
        "required": ["name", "instructions"],
    },
    call=get_agent,
    read_only=True,
)
