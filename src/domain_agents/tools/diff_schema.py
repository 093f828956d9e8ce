"""diff_schema: two schemas -> the typed changes that lead from one to the other, as plan_migration takes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from domain_agents.engines import engine_names
from domain_agents.schemas.diff import Difference, Renames, diff
from domain_agents.tools import Result, Settings, Tool, ToolError, shortened
from domain_agents.tools._engine import engine_for
from domain_agents.tools._project import read_project
from domain_agents.tools._schema_sides import Side, read_side

if TYPE_CHECKING:
    from domain_agents.engines import Engine
    from domain_agents.tools import Job

MAX_TOLD_UNREAD = 5


SideArgument = Annotated[
    str | dict[str, Any] | list[str], WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}]})
]


class DiffSchema(BaseModel):
    """The arguments (contract, diff_schema)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: SideArgument = Field(
        alias="from", description='DDL, a path, {"paths": []}, {"spec": {}} or {"database": configured name}'
    )
    to: SideArgument = Field(description="As from")
    renames: dict[str, str] = Field(default_factory=dict, description='{"users.nick": "display_name"}: old to new')
    not_renamed: list[str] = Field(
        default_factory=list, max_length=500, description='Dropped all the same: "users.nick"'
    )
    engine: Literal["postgresql", "mysql", "mariadb", "sqlite"] | None = None
    version: str | None = Field(None, max_length=20)
    project: str | None = None


def diff_schema(arguments: DiffSchema, settings: Settings, job: Job) -> Result:
    """The tool.

    Raises:
        ToolError: a side is no schema, or a rename names nothing that is there.
        NeedsAnswer: the engine is not known.
    """
    job.check()
    database = _engine(arguments, settings)
    before = read_side("from", arguments.from_, database, settings, arguments.project)
    after = read_side("to", arguments.to, database, settings, arguments.project)
    job.check()
    found = diff(before.schema, after.schema, database, _renames(arguments, before, after))
    structured: dict[str, Any] = {
        "engine": {"name": database.name, "version": database.version},
        "changes": [change.as_json() for change in found.changes],
        "questions": list(found.questions),
        "not_expressed": list(found.not_expressed),
        "unread": [*_unread("from", before), *_unread("to", after)],
    }
    return Result(structured, shortened(_told(found, structured), how_to_page="The rest is in the structured result."))


def _engine(arguments: DiffSchema, settings: Settings) -> Engine:
    name, version = arguments.engine or _specified_engine(arguments), arguments.version or ""
    if not name:
        project = read_project(settings, arguments.project)
        name, version = project.engine, version or project.version
    return engine_for(name, version, "Which database are these schemas for? Nothing in the project tells.")


def _specified_engine(arguments: DiffSchema) -> str:
    """The engine that a specification on either side names."""
    for side in (arguments.to, arguments.from_):
        spec = side.get("spec", side) if isinstance(side, dict) else {}
        named = spec.get("settings") if isinstance(spec, dict) else None
        if isinstance(named, dict) and named.get("engine") in engine_names():
            return str(named["engine"])
    return ""


def _renames(arguments: DiffSchema, before: Side, after: Side) -> Renames:
    """What the caller says, over what the specification says.

    Raises:
        ToolError: a name that is on neither side.
    """
    tables = dict(after.renames.tables)
    columns = dict(after.renames.columns)
    old_names = {str(name): name for name in before.schema.tables}
    for old, new in arguments.renames.items():
        if old in old_names:
            tables[new] = old
            continue
        table, dot, column = old.rpartition(".")
        if not dot or table not in old_names:
            raise ToolError(f"renames: there is no {old} in `from`; name a table, or table.column, as it is there")
        found = before.schema.tables[old_names[table]]
        if found.column(column) is None:
            there = ", ".join(one.name for one in found.columns)
            raise ToolError(f"renames: table {table} has no column {column} in `from`; it has {there}")
        now = next((name for name, was in {**tables}.items() if was == table), arguments.renames.get(table, table))
        columns[now, new.rpartition(".")[2]] = column
    return replace(after.renames, tables=tables, columns=columns, refused=frozenset(arguments.not_renamed))


def _unread(field: str, side: Side) -> list[dict[str, Any]]:
    return [{"side": field, "line": one.line, "statement": one.sql[:200], "reason": one.reason} for one in side.unread]


def _told(found: Difference, structured: dict[str, Any]) -> str:
    count = len(found.changes)
    losing = sum(1 for change in found.changes if change.loss)
    lines = [f"# {count} change{'' if count == 1 else 's'}{f', {losing} of which lose data' if losing else ''}", ""]
    if not count:
        lines += ["Both sides say the same.", ""]
    for question in found.questions:
        lines += [f"**{question}**", ""]
    if count:
        lines += ["| change | of | what | loses |", "| --- | --- | --- | --- |"]
    for change in structured["changes"]:
        lines.append(
            f"| {change['kind']} | {_cell(_of(change))} | {_cell(_what(change))} | {_cell(change.get('loss', ''))} |"
        )
    for text in found.not_expressed:
        lines += ["", f"- no change says this: {text}"]
    unread = structured["unread"]
    for one in unread[:MAX_TOLD_UNREAD]:
        lines += ["", f"- not read in `{one['side']}`, line {one['line']}: {one['reason']}"]
    if len(unread) > MAX_TOLD_UNREAD:
        lines += ["", f"- {len(unread) - MAX_TOLD_UNREAD} more statements were not read: see the structured result"]
    if count:
        lines += ["", "`changes` goes into plan_migration as it is, with `schema` set to today's."]
    return "\n".join(lines).rstrip() + "\n"


_SAID_APART = frozenset({"kind", "table", "loses_data", "loss", "confidence", "rename_of", "definition", "column"})


def _of(change: dict[str, Any]) -> str:
    place = [change[key] for key in ("table", "column") if key in change]
    return ".".join(place) or str(change.get("name", ""))


def _what(change: dict[str, Any]) -> str:
    if change["kind"] == "create_table":
        return ", ".join(f"{one['name']} {one['type']}" for one in change["columns"])
    parts = []
    for name, value in change.items():
        if name in _SAID_APART:
            continue
        parts.append(f"{name.replace('_', ' ')}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
    if change["confidence"] < 1:
        parts.append(f"{change['confidence']:.0%} sure")
    return "; ".join(parts)


def _cell(text: str) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


TOOL = Tool(
    name="diff_schema",
    title="Compare two schemas",
    description=(
        "Two schemas -> typed changes for plan_migration. A likely rename is asked, never a silent drop and add."
    ),
    arguments=DiffSchema,
    output_schema={
        "type": "object",
        "properties": {
            "changes": {"type": "array"},
            "questions": {"type": "array"},
            "not_expressed": {"type": "array"},
        },
        "required": ["changes", "questions", "not_expressed"],
    },
    call=diff_schema,
    read_only=True,
)
