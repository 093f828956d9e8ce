"""find_agent: which agents a request is for, with the reasons, and the workflow that applies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from domain_agents.agents.catalogue import load_catalogue
from domain_agents.tools import Job, Result, Settings, Tool, shortened

if TYPE_CHECKING:
    from domain_agents.agents.finding import Finding
    from domain_agents.agents.model import Agent

MAX_LISTED = 200


class FindAgentArguments(BaseModel):
    """What is wanted; without a request and files, every agent is listed."""

    model_config = ConfigDict(extra="forbid")

    request: Annotated[str, Field(max_length=4_000, description="In the user's words")] = ""
    files: Annotated[
        list[Annotated[str, Field(max_length=1_000)]],
        Field(max_length=200, description="Files it is about"),
    ] = []
    limit: Annotated[int, Field(ge=1, le=5)] = 5


def find_agent(arguments: FindAgentArguments, settings: Settings, _job: Job) -> Result:
    """Candidates with reasons, or all agents when nothing was asked."""
    catalogue = load_catalogue(settings)
    if not arguments.request.strip() and not arguments.files:
        return _all(catalogue.agents)
    from domain_agents.agents.finding import find

    return _found(find(catalogue, arguments.request, arguments.files, arguments.limit), len(catalogue.agents))


def _found(finding: Finding, total: int) -> Result:
    agents = [
        {**_listed(item.agent), "confident": item.confident, "reasons": list(item.reasons)} for item in finding.found
    ]
    workflow = (
        None
        if finding.workflow is None
        else {"name": finding.workflow.name, "steps": list(finding.workflow.steps), "from": finding.workflow_of}
    )
    structured: dict[str, Any] = {
        "confident": finding.confident, "agents": agents, "workflow": workflow, "total": total,
    }  # fmt: skip
    lines = [
        f"Best match: {finding.found[0].agent.name}."
        if finding.confident
        else "No confident match. These share only words with the request; use one only if its description fits."
        if finding.found
        else f"No agent matches. Call find_agent without arguments to see all {total}."
    ]
    lines.append("")
    for item in finding.found:
        lines.append(f"- **{item.agent.name}** ({item.agent.source}): {item.agent.brief()}")
        lines.append(f"  why: {'; '.join(item.reasons)}")
    if finding.workflow is not None:
        lines += ["", f"Workflow {finding.workflow.name}: {' -> '.join(finding.workflow.steps)}"]
    if finding.found:
        lines += ["", f'Next: get_agent with {{"name": "{finding.found[0].agent.name}"}}.']
    return Result(structured, "\n".join(lines).strip() + "\n")


def _all(agents: tuple[Agent, ...]) -> Result:
    shown = agents[:MAX_LISTED]
    structured: dict[str, Any] = {
        "confident": False,
        "agents": [{**_listed(agent), "confident": False, "reasons": []} for agent in shown],
        "workflow": None,
        "total": len(agents),
    }
    lines = [f"{len(agents)} agents:" if agents else "There are no agents.", ""]
    lines += [f"- **{agent.name}** ({agent.source}): {agent.brief()}" for agent in shown]
    if len(agents) > len(shown):
        lines.append(f"\n{len(agents) - len(shown)} more; pass `request` to search all of them.")
    text = shortened("\n".join(lines) + "\n", how_to_page="Pass `request` to search.")
    return Result(structured, text)


def _listed(agent: Agent) -> dict[str, Any]:
    return {
        "name": agent.name,
        "title": agent.title,
        "description": agent.brief(),
        "source": agent.source,
        "sha256": agent.sha256,
    }


_TEXT = {"type": "string"}
OUTPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "confident": {"type": "boolean"},
        "agents": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": _TEXT, "title": _TEXT, "description": _TEXT, "source": _TEXT, "sha256": _TEXT,
                    "confident": {"type": "boolean"},
                    "reasons": {"type": "array", "items": _TEXT},
                },
                "required": ["name", "description", "source", "confident", "reasons"],
            },
        },
        "workflow": {
            "type": ["object", "null"],
            "properties": {"name": _TEXT, "steps": {"type": "array", "items": _TEXT}, "from": _TEXT},
            "required": ["name", "steps"],
        },
        "total": {"type": "integer"},
    },
    "required": ["confident", "agents", "workflow", "total"],
}  # fmt: skip

TOOL = Tool(
    name="find_agent",
    title="Find an agent",
    description=(
        "The specialist agents that fit a request and its files, with reasons, and the workflow that applies; without a "
        "request, all of them."
    ),
    arguments=FindAgentArguments,
    output_schema=OUTPUT_SCHEMA,
    call=find_agent,
    read_only=True,
)
