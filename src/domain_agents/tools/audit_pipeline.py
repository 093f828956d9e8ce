"""audit_pipeline: a repository -> leakage and other harm with file and line, readiness, what is heavier than needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from domain_agents.tools import Result, Settings, Tool, ToolError, shortened
from domain_agents.tools._arguments import did_you_mean

if TYPE_CHECKING:
    from domain_agents.pipelines.audit import Audited
    from domain_agents.pipelines.grid import Grid
    from domain_agents.pipelines.reading import Repository
    from domain_agents.tools import Job
    from domain_agents.workspace.files import ProjectFiles

PAGE = 50
MAX_READ = 5_000
_SHOWN = 15


class AuditPipeline(BaseModel):
    """The arguments (contract, audit_pipeline)."""

    model_config = ConfigDict(extra="forbid")

    project: str | None = None
    paths: list[Annotated[str, Field(min_length=1, max_length=500)]] | None = Field(
        None, max_length=500, description="Files or directories; else all"
    )
    grid: dict[str, Any] | None = None
    """As in design_pipeline: it opens the gates of what would be over-engineered."""
    without: list[str] = Field(default_factory=list, max_length=100, description="Rules to leave out")
    offset: int = Field(0, ge=0, le=100_000)


def audit_pipeline(arguments: AuditPipeline, settings: Settings, job: Job) -> Result:
    """The tool.

    Raises:
        ToolError: there is nothing to look at, or an argument names nothing that is there.
    """
    from domain_agents.pipelines.audit import audit
    from domain_agents.pipelines.audit_rules import rule_names

    unknown = [name for name in arguments.without if name not in rule_names()]
    if unknown:
        raise ToolError(f"without: there is no rule {unknown[0][:60]!r}. {did_you_mean(unknown[0], rule_names())}")
    grid = _grid(arguments)
    repository = _read(arguments, settings, job)
    job.check()
    audited = audit(repository, grid, frozenset(arguments.without))
    structured: dict[str, Any] = {
        "findings": [finding.as_json() for finding in audited.findings],
        "readiness": {section.name: section.score for section in audited.sections},
        "readiness_tests": {section.name: section.as_json()["tests"] for section in audited.sections},
        "over_engineered": [one.as_json() for one in audited.over_engineered],
        "not_analysed": [
            {"file": one.file, "reason": one.reason}
            | ({"line": one.line} if one.line else {})
            | ({"cell": one.cell} if one.cell else {})
            for one in audited.not_analysed
        ],
        "examined": dict(audited.examined),
    }
    text = _told(audited, structured, arguments.offset)
    return Result(structured, shortened(text, how_to_page="The rest is in the structured result; or give `offset`."))


def _grid(arguments: AuditPipeline) -> Grid | None:
    if not arguments.grid:
        return None
    from domain_agents.pipelines.filling import GridError, read_grid

    try:
        return read_grid(arguments.grid)
    except GridError as error:
        raise ToolError(str(error)) from error


def _read(arguments: AuditPipeline, settings: Settings, job: Job) -> Repository:
    from domain_agents.pipelines.reading import is_read, read
    from domain_agents.pipelines.reading.sources import Unread
    from domain_agents.tools._project import project_directory
    from domain_agents.workspace.files import ProjectFiles

    files = ProjectFiles(project_directory(settings, arguments.project))
    paths = files.paths()
    chosen = _chosen(arguments, files)
    wanted = [path for path in chosen if is_read(path)]
    texts: dict[str, str] = {}
    for number, path in enumerate(wanted[:MAX_READ]):
        if number % 100 == 0:
            job.check()
        text = files.text(path)
        if text or not any(one.path == path for one in files.skipped):
            texts[path] = text
    missed = [Unread(one.path, one.reason) for one in files.skipped]
    if len(wanted) > MAX_READ:
        missed.append(
            Unread(wanted[MAX_READ], f"{len(wanted) - MAX_READ:,} files more than {MAX_READ:,} that are read")
        )
    if not texts:
        raise ToolError(
            "there is nothing to audit: no Python file, notebook, dependency file, Dockerfile or YAML was found. Give "
            "`project`, a directory inside the server's own, or `paths` of files"
        )
    return read(texts, paths, missed, chosen)


def _chosen(arguments: AuditPipeline, files: ProjectFiles) -> list[str]:
    known = files.paths()
    if arguments.paths is None:
        return list(known)
    chosen: dict[str, None] = {}
    for given in arguments.paths:
        path = given.strip().replace("\\", "/").removeprefix("./").rstrip("/") or "."
        if path in known:
            chosen[path] = None
            continue
        inside = list(known) if path == "." else [one for one in known if one.startswith(f"{path}/")]
        if not inside:
            raise ToolError(f'paths: there is no file or directory "{path}" in the project')
        chosen |= dict.fromkeys(inside)
    return list(chosen)


def _told(audited: Audited, structured: dict[str, Any], offset: int) -> str:
    examined = structured["examined"]
    count = len(audited.findings)
    lines = [f"# {count} finding{'' if count == 1 else 's'} by {examined['rules']} rules", ""]
    lines += [
        (
            f"Examined: {examined['python_files']} Python files ({examined['test_files']} of tests), "
            f"{examined['notebooks']} "
            f"notebooks with {examined['notebook_cells']} code cells, {examined['dependency_files']} dependency files, "
            f"{examined['dockerfiles']} Dockerfiles, {examined['yaml_documents']} YAML documents. Not analysed: "
            f"{len(audited.not_analysed)}{' (listed below)' if audited.not_analysed else ''}."
        ),
        "",
    ]
    for one in audited.findings[offset : offset + PAGE]:
        place = (
            f"{one.file}, cell {one.cell}, line {one.line}"
            if one.cell
            else f"{one.file}:{one.line}"
            if one.line
            else one.file
        )
        lines += [
            f"## {one.severity.value}: {one.rule} ({place})",
            "",
            f"{one.effect}.",
            "",
            f"Instead: {one.instead}.",
            "",
        ]
    if count > offset + PAGE:
        lines += [f"{count - offset - PAGE} more: call again with `offset`: {offset + PAGE}.", ""]
    lines += _readiness(audited)
    if audited.over_engineered:
        lines += ["## Heavier than what is seen here needs", ""]
        lines += [
            f"- {one.component} ({one.file}{f':{one.line}' if one.line else ''}): {one.because}. Enough: {one.enough}. "
            f"Needed when: {one.opens}"
            for one in audited.over_engineered
        ]
        lines.append("")
    lines += _missed(structured["not_analysed"])
    if count:
        lines.append("What is meant so stays, with its reason on the line or the one above: # allow: rule_name, reason")
    return "\n".join(lines).rstrip() + "\n"


def _readiness(audited: Audited) -> list[str]:
    least = min(audited.sections, key=lambda one: one.score)
    lines = ["## Readiness", ""]
    lines.append(
        f"In the manner of the ML Test Score (Breck 2017): the least of four sections counts, {least.score:g} of "
        f"{len(least.points)} for {least.name}. 1 is automated, 0.5 by hand or in part; only what "
        "the files show is seen."
    )
    lines += ["", "| section | score | test | points | seen |", "| --- | --- | --- | --- | --- |"]
    for section in audited.sections:
        for number, point in enumerate(section.points):
            head = f"{section.name} | {section.score:g}" if number == 0 else " | "
            seen = (point.seen or "not found").replace("|", "\\|")
            lines.append(f"| {head} | {point.test} | {point.score:g} | {seen} |")
    lines.append("")
    return lines


def _missed(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    lines = ["## Not analysed (not taken for clean)", ""]
    for one in rows[:_SHOWN]:
        place = f", cell {one['cell']}" if "cell" in one else ""
        place += f", line {one['line']}" if "line" in one else ""
        lines.append(f"- {one['file']}{place}: {one['reason']}")
    if len(rows) > _SHOWN:
        lines.append(f"- {len(rows) - _SHOWN} more in the structured result")
    lines.append("")
    return lines


TOOL = Tool(
    name="audit_pipeline",
    title="Audit a pipeline",
    description=(
        "What hurts in an ML repository: leakage, skew, security, operations; readiness, over-engineering, what was "
        "not analysed."
    ),
    arguments=AuditPipeline,
    output_schema={
        "type": "object",
        "properties": {},
        "required": ["findings", "readiness", "over_engineered", "not_analysed"],
    },
    call=audit_pipeline,
    read_only=True,
)
