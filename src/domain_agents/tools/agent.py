"""Agents as tools: the place to start. Ours by their own names, and a user's that say `tool: true`.

No text of a user's agent enters a tool's description: descriptions reach the model before anybody has chosen the agent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from domain_agents.agents.catalogue import load_catalogue
from domain_agents.agents.sources import SHIPPED
from domain_agents.prompts import report
from domain_agents.tools import Job, Result, Settings, Tool, shortened
from domain_agents.tools._project import read_project
from domain_agents.tools.get_agent import identity, unknown_agent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from domain_agents.agents.catalogue import Catalogue
    from domain_agents.agents.model import Agent
    from domain_agents.migrations.plan import Project

MAX_EVIDENCE = 30
MAX_SQL_CHARACTERS = 20_000
MAX_PROBLEM = 300
DIRECTORY_TOOLS = frozenset({"find_agent", "get_agent"})
_TOOL_NAME = re.compile(r"^[a-z0-9_]{1,40}$")
_FENCED_SQL = re.compile(r"```sql[ \t]*\r?\n(?P<sql>.*?)```", re.IGNORECASE | re.DOTALL)
_STATEMENT = re.compile(
    r"\b(?:alter\s+table|create\s+(?:unique\s+)?index|create\s+table|drop\s+(?:table|index))\s[^;`]*;?", re.IGNORECASE
)
_ASKED_FOR = (
    (re.compile(r"\b(?:differ\w*|diff|compare)\b", re.IGNORECASE), "diff_"),
    (re.compile(r"\b(?:audit|review|critique|assess|what(?:'s| is) wrong|leak\w*)\b", re.IGNORECASE), "audit_"),
)
_OURS = {
    "migration-writer": (
        "Start here for any database migration or change to a table: instructions, what the project says of its engine and "
        "framework, the next call with all its fields."
    ),
    "schema-designer": (
        "Start here to design or review a schema: instructions for the task and the next call with all its fields."
    ),
    "ml-pipeline-architect": (
        "Start here to design or audit an ML or data pipeline: instructions and the next call with all its fields."
    ),
}
_USERS = "An agent that the user added. Returns its instructions for a task."


class StartArguments(BaseModel):
    """What is to be done, and where."""

    model_config = ConfigDict(extra="forbid")

    task: Annotated[str, Field(min_length=1, max_length=20_000, description="What is to be done, in the user's words")]
    project: Annotated[str | None, Field(max_length=1_000, description="Directory, if not the server's project")] = None


def tool_name(agent: Agent) -> str:
    """The name under which an agent is a tool; "" when it cannot be one."""
    name = agent.name.replace("-", "_")
    return name if _TOOL_NAME.match(name) else ""


def is_tool(agent: Agent) -> bool:
    """Whether an agent is served as a tool: ours always, a user's when its file says so."""
    return bool(tool_name(agent)) and (agent.source == SHIPPED or agent.tool)


def start_tools(catalogue: Catalogue, others: Mapping[str, Tool], limit: int) -> tuple[Tool, ...]:
    """The start-here tools in the catalogue's order, at most `limit`; a name that `others` has is theirs."""
    chosen: dict[str, Tool] = {}
    for agent in catalogue.agents:
        name = tool_name(agent)
        if is_tool(agent) and name not in others and name not in chosen and len(chosen) < limit:
            chosen[name] = _tool(agent, others)
    return tuple(chosen.values())


def _tool(agent: Agent, others: Mapping[str, Tool]) -> Tool:
    ours = agent.source == SHIPPED and agent.name in _OURS
    return Tool(
        name=tool_name(agent),
        title=agent.title if ours else tool_name(agent).replace("_", " "),
        description=_OURS[agent.name] if ours else _USERS,
        arguments=StartArguments,
        output_schema=OUTPUT_SCHEMA,
        call=_start(agent.name, others),
        read_only=True,
    )


def _start(name: str, others: Mapping[str, Tool]) -> Callable[[StartArguments, Settings, Job], Result]:
    def call(arguments: StartArguments, settings: Settings, _job: Job) -> Result:
        catalogue = load_catalogue(settings)
        agent = catalogue.get(name)
        if agent is None:  # its file went away since the list was made
            raise unknown_agent(catalogue, name)
        return start(agent, arguments, settings, others)

    return call


def start(agent: Agent, arguments: StartArguments, settings: Settings, others: Mapping[str, Tool]) -> Result:
    """One agent's instructions for a task, what the project says, and which tool to call next.

    Raises:
        ToolError: the project that was named cannot be read.
    """
    usable = [others[tool] for tool in agent.tools or () if tool in others and tool not in DIRECTORY_TOOLS]
    project = read_project(settings, arguments.project) if _needs_project(usable) or arguments.project else None
    following = _next(usable, arguments)
    recognised = _evidence(project)
    references = [
        {"tool": tool.name, "text": tool.reference().strip()} for tool in usable if tool.reference is not None
    ]
    body = agent.body.strip() or agent.description
    text = report(
        "",
        "agent",
        {
            "agent_title": agent.title,
            "instructions": body,
            "task": arguments.task,
            "recognised": recognised,
            "next": following,
            "references": references,
        },
    )
    structured = {
        **identity(agent),
        "task": arguments.task,
        "instructions": shortened(body, how_to_page=f"The whole file is the resource agent://{agent.name}."),
        "project": _project(project),
        "next": following,
        "references": references,
    }
    return Result(structured, shortened(text, how_to_page=f"The whole file is the resource agent://{agent.name}."))


def _needs_project(usable: list[Tool]) -> bool:
    """Only what a tool of the agent would detect is worth reading the project for."""
    return any("engine" in tool.arguments.model_fields for tool in usable)


def _next(usable: list[Tool], arguments: StartArguments) -> dict[str, Any] | None:
    """The agent's tool for this task, the first one where nothing tells, with the arguments that the task already holds."""
    if not usable:
        return None
    tool = _fitting(usable, arguments.task)
    fields = tool.arguments.model_fields
    known: dict[str, Any] = {}
    if "changes" in fields:
        known["sql"] = _sql(arguments.task) or "<the change as DDL, written as if nobody else used the database>"
    elif "sql" in fields and (sql := _sql(arguments.task)):
        known["sql"] = sql
    if "spec" in fields:
        attribute = {"name": "<attribute>", "kind": "<its meaning>"}
        known["spec"] = {"name": "<name>", "entities": [{"name": "<Entity>", "attributes": [attribute]}]}
    if {"grid", "artifacts"} <= fields.keys():
        known["grid"] = {"problem": " ".join(arguments.task.split())[:MAX_PROBLEM]}
    known |= {
        side: "<DDL, a path or a specification>" for side in ("from", "to") if side in fields or f"{side}_" in fields
    }
    if "project" in fields and arguments.project:
        known["project"] = arguments.project
    return {"tool": tool.name, "arguments": known}


def _fitting(usable: list[Tool], task: str) -> Tool:
    """The tool that the task's own words ask for: to look at what is there, to compare, else the first."""
    for asks, prefix in _ASKED_FOR:
        found = next((tool for tool in usable if tool.name.startswith(prefix)), None)
        if found is not None and asks.search(task) and not usable[0].name.startswith("plan_"):
            return found
    return usable[0]


def _sql(task: str) -> str:
    """The DDL in a task: fenced as SQL, else statements as they begin; "" when there is none."""
    fenced = _FENCED_SQL.search(task)
    if fenced:
        return fenced["sql"].strip()[:MAX_SQL_CHARACTERS]
    return "\n".join(match.group().strip() for match in _STATEMENT.finditer(task))[:MAX_SQL_CHARACTERS]


def _evidence(project: Project | None) -> list[dict[str, Any]]:
    if project is None:
        return []
    return [{"file": one.file, "line": one.line, "says": one.says} for one in project.evidence[:MAX_EVIDENCE]]


def _project(project: Project | None) -> dict[str, Any] | None:
    if project is None:
        return None
    return {
        "engine": project.engine,
        "version": project.version,
        "framework": project.framework,
        "directory": project.directory,
        "evidence": _evidence(project),
    }


_TEXT = {"type": "string"}
OUTPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": _TEXT, "title": _TEXT, "source": _TEXT, "file": _TEXT, "sha256": _TEXT, "task": _TEXT,
        "instructions": _TEXT, "project": {"type": ["object", "null"]},
        "next": {
            "type": ["object", "null"],
            "properties": {"tool": _TEXT, "arguments": {"type": "object"}},
            "required": ["tool", "arguments"],
        },
    },
    "required": ["name", "instructions", "project", "next"],
}  # fmt: skip
