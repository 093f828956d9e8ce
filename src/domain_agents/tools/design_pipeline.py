"""design_pipeline: a requirements grid -> the simplest architecture that meets it, every number with its formula."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain_agents.tools import Result, Settings, Tool, ToolError, shortened
from domain_agents.tools._arguments import did_you_mean

if TYPE_CHECKING:
    from domain_agents.pipelines.artifacts import Made
    from domain_agents.pipelines.design import Design
    from domain_agents.tools import Job


class DesignPipeline(BaseModel):
    """The arguments (contract, design_pipeline)."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _fields_stand_in_the_grid(cls, data: Any) -> Any:
        """Fields of the grid that were written beside it are refused by name, with their place."""
        from domain_agents.pipelines.grid import abouts

        if isinstance(data, dict):
            there = {part for one in abouts() for part in (one.name, one.name.partition(".")[0])}
            beside = [name for name in data if name in there - set(cls.model_fields)]
            if beside:
                inside = json.dumps({"grid": dict.fromkeys(beside[:4], "...")})
                raise ValueError(f"{', '.join(beside[:12])}: put requirements into `grid`, such as {inside}")
        return data

    grid: dict[str, Any] = Field(
        default_factory=dict,
        description="problem, problem_type, peak_qps, latency_p95_ms, inputs_known_in_advance, rows, positives, "
        "n_entities, budget_month, governance{}, llm{}",
    )
    existing_stack: list[str] = Field(default_factory=list, max_length=100)
    artifacts: list[str] = Field(default_factory=list, max_length=40)
    write: bool = False
    project: str | None = None
    date: str | None = None


def design_pipeline(arguments: DesignPipeline, settings: Settings, job: Job) -> Result:
    """The tool.

    Raises:
        ToolError: a field or value of the grid, an artifact or a date that does not fit, with the way out; or the files
            could not be written.
    """
    from domain_agents.prompts import report

    job.check()
    found = _design(arguments)
    made = _made(arguments, found)
    structured = found.as_json()
    structured["files"] = [{"path": path, "content": content} for path, content in made.files.items()]
    structured["not_made"] = [{"artifact": name, "because": reason} for name, reason in made.declined.items()]
    structured["written"] = []
    text = report("ml-pipeline-architect", "design", {**structured, "date": found.date})
    structured["report"] = text
    if arguments.write:
        structured["written"] = list(_written(arguments, settings, found, made, text))
        text += "\nWritten: " + ", ".join(f"`{path}`" for path in structured["written"]) + "\n"
    return Result(structured, shortened(text, how_to_page="The whole report is in the structured result."))


def _design(arguments: DesignPipeline) -> Design:
    from domain_agents.facts.dated import is_day
    from domain_agents.pipelines.design import design
    from domain_agents.pipelines.filling import GridError, read_grid

    date = arguments.date or _today()
    if not is_day(date):
        raise ToolError("date: write a day that the calendar has, such as 2026-11-20, or leave it out for today")
    try:
        grid = read_grid(arguments.grid)
        if arguments.existing_stack:
            named = read_grid({"existing_stack": arguments.existing_stack}).existing_stack or ()
            grid = grid.with_value("existing_stack", tuple(dict.fromkeys((*(grid.existing_stack or ()), *named))))
    except GridError as error:
        raise ToolError(str(error)) from error
    return design(grid, date)


def _made(arguments: DesignPipeline, found: Design) -> Made:
    from domain_agents.pipelines.artifacts import artifact_names, make

    names = artifact_names()
    for name in arguments.artifacts:
        if name not in names:
            raise ToolError(f"artifacts: there is no such artifact. {did_you_mean(name, names)}")
    return make(arguments.artifacts, found)


def _written(arguments: DesignPipeline, settings: Settings, found: Design, made: Made, text: str) -> tuple[str, ...]:
    from domain_agents.tools._project import project_directory
    from domain_agents.workspace.files import WriteRefused, write_new

    root = project_directory(settings, arguments.project)
    try:
        return tuple(write_new(root, {f"docs/{found.slug}_architecture.md": text, **made.files}))
    except WriteRefused as error:
        raise ToolError(str(error)) from error


def _today() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).date().isoformat()


def _reference() -> str:
    from domain_agents.pipelines.artifacts import artifact_names
    from domain_agents.pipelines.grid import abouts

    fields = "".join(f"- `{one.name}`: {one.means}{f' ({one.unit})' if one.unit else ''}\n" for one in abouts())
    return (
        "`grid` holds what is known; a field that is left out, or `unknown`, never forces a rung. Its fields (a dot stands "
        f'for an object within: `governance.pii` is {{"governance": {{"pii": true}}}}):\n\n{fields}\n`artifacts`: '
        + ", ".join(artifact_names())
    )


_ROWS = {"type": "array", "items": {"type": "object"}}
_OBJECT = {"type": "object"}
TOOL = Tool(
    name="design_pipeline",
    title="Design an ML pipeline",
    description=(
        "Requirements grid -> ML/LLM architecture: simplest rung per stage, what forces it, sizing, cost, risks, "
        "rollback, files. Leave out unknowns."
    ),
    arguments=DesignPipeline,
    output_schema={
        "type": "object",
        "properties": {
            "decisions": _ROWS,
            "questions": _ROWS,
            "cost": _OBJECT,
            "rollback": _OBJECT,
            "files": _ROWS,
            "report": {"type": "string"},
        },
        "required": ["decisions", "report"],
    },
    call=design_pipeline,
    read_only=False,
    destructive=False,
    idempotent=False,
    reference=_reference,
)
