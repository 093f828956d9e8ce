"""audit_schema: SQL files, or a live database by its configured name -> what hurts in the schema, and its cure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain_agents import ddl
from domain_agents.catalog import Schema
from domain_agents.dialects import dialect, replay
from domain_agents.schemas.audit import Allowed, Audited, Places, audit
from domain_agents.schemas.rules import rule_names
from domain_agents.tools import Result, Settings, Tool, ToolError, shortened
from domain_agents.tools._arguments import did_you_mean
from domain_agents.tools._engine import engine_for
from domain_agents.tools._project import project_directory, read_project
from domain_agents.tools.plan_migration import TableFacts  # noqa: TC001 - pydantic reads the annotations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.dialects import Dialect, ReadStatement, Unread
    from domain_agents.engines import Engine
    from domain_agents.migrations.plan import Project
    from domain_agents.tools import Job
    from domain_agents.workspace.files import ProjectFiles

SQL_PATH = "sql"
PAGE = 50
_ALLOW = re.compile(
    r"(?:--|#)\s*allow:\s*(?P<rule>[a-z_]+)\s*(?:,\s*(?P<reason>\S.*?))?\s*$", re.MULTILINE | re.IGNORECASE
)
_SHOWN_UNREAD = 10


class AuditSchema(BaseModel):
    """The arguments (contract, audit_schema)."""

    model_config = ConfigDict(extra="forbid")

    sql: str | None = Field(None, max_length=20_000_000)
    paths: list[Annotated[str, Field(min_length=1, max_length=500)]] | None = Field(
        None, max_length=500, description="Files or directories; else the project's"
    )
    database: str | None = Field(None, max_length=60, description="A configured name")
    engine: Literal["postgresql", "mysql", "mariadb", "sqlite"] | None = None
    version: str | None = Field(None, max_length=20)
    project: str | None = None
    tables: dict[str, TableFacts] = Field(
        default_factory=dict,
        description='{"users": {"rows": 12000000, "bytes": 9e9, "writes_per_second": 5}}',
    )
    without: list[str] = Field(default_factory=list, max_length=100, description="Rules to leave out")
    offset: int = Field(0, ge=0, le=100_000, description="Of the text: 50 a page")


@dataclass(frozen=True)
class _Read:
    """The schema with where things stand in it, what could not be read, and what somebody has allowed."""

    schema: Schema
    places: Places = field(default_factory=Places)
    unread: tuple[dict[str, Any], ...] = ()
    allowed: tuple[Allowed, ...] = ()
    notes: tuple[str, ...] = ()


def audit_schema(arguments: AuditSchema, settings: Settings, job: Job) -> Result:
    """The tool.

    Raises:
        ToolError: there is nothing to look at, or an argument names nothing that is there.
        NeedsAnswer: the engine is not known.
    """
    given = [name for name in ("sql", "paths", "database") if getattr(arguments, name)]
    if len(given) > 1:
        raise ToolError(f"give one of `sql`, `paths` and `database`, not {' and '.join(given)}")
    unknown = [name for name in arguments.without if name not in rule_names()]
    if unknown:
        raise ToolError(f"without: there is no rule {unknown[0][:60]!r}. {did_you_mean(unknown[0], rule_names())}")
    job.check()
    project = _project(arguments, settings)
    database = _engine(arguments, project)
    read = _read(arguments, settings, project, database)
    job.check()
    audited = audit(
        read.schema,
        database,
        rows={name: facts.rows for name, facts in arguments.tables.items() if facts.rows is not None},
        allowed=read.allowed,
        places=read.places,
        without=frozenset(arguments.without),
    )
    structured: dict[str, Any] = {
        "engine": {"name": database.name, "version": database.version},
        "findings": [finding.as_json() for finding in audited.findings],
        "folded": [line.as_json() for line in audited.folded],
        "examined": {**audited.examined, "rules": len(audited.rules)},
        "not_examined": [*read.unread, *({"reason": note} for note in read.notes)],
    }
    text = _told(audited, structured, arguments.offset)
    return Result(structured, shortened(text, how_to_page="The rest is in the structured result; or give `offset`."))


def _project(arguments: AuditSchema, settings: Settings) -> Project:
    return read_project(settings, arguments.project, engine=arguments.engine or "", version=arguments.version or "")


def _engine(arguments: AuditSchema, project: Project) -> Engine:
    name = project.engine
    if arguments.database:
        from domain_agents.workspace.introspection import NotReadable, engine_of

        try:
            name = engine_of(arguments.database)
        except NotReadable as error:
            raise ToolError(f"database: {error}") from error
    version = project.version if name == project.engine else (arguments.version or "")
    return engine_for(name, version, "Which database is this schema for? Nothing in the project tells.")


def _read(arguments: AuditSchema, settings: Settings, project: Project, database: Engine) -> _Read:
    reader = dialect(database.name)
    if arguments.database:
        from domain_agents.workspace.introspection import NotReadable, read_database

        try:
            text = read_database(arguments.database, database.name)
        except NotReadable as error:
            raise ToolError(f"database: {error}") from error
        schema, unread = replay(text, reader)
        return _Read(schema, unread=tuple(_unread("", one) for one in unread))
    if arguments.sql is not None:
        return _read_files([(SQL_PATH, arguments.sql)], reader)
    if arguments.paths:
        return _read_files(_files(arguments, settings), reader)
    if not project.schema_sql.strip():
        raise ToolError(
            "there is no schema to look at: give `sql`, `paths` of SQL files, or `database`, the name of a configured one"
        )
    schema, unread = replay(project.schema_sql, reader)
    notes = tuple(f"{part.file}:{part.line}: {part.says}" for part in project.unread)
    return _Read(schema, unread=tuple(_unread("", one) for one in unread), notes=notes)


def _files(arguments: AuditSchema, settings: Settings) -> list[tuple[str, str]]:
    from domain_agents.workspace.files import ProjectFiles

    files = ProjectFiles(project_directory(settings, arguments.project))
    chosen: list[str] = []
    for given in arguments.paths or ():
        found = _within(given, files)
        chosen += [path for path in found if path not in chosen]
    return [(path, files.text(path)) for path in chosen]


def _within(given: str, files: ProjectFiles) -> list[str]:
    path = given.strip().replace("\\", "/").removeprefix("./").rstrip("/") or "."
    known = files.paths()
    if path in known:
        return [path]
    prefix = "" if path == "." else f"{path}/"
    inside = sorted(one for one in known if one.startswith(prefix) and one.endswith((".sql", ".ddl")))
    if not inside:
        raise ToolError(f'paths: there is no file "{path}" in the project, nor a directory with SQL files of that name')
    return inside


def _read_files(files: Sequence[tuple[str, str]], reader: Dialect) -> _Read:
    """The files one after the other, statement by statement: one that cannot be read costs itself."""
    schema = Schema(indexes_by_table=reader.indexes_by_table)
    tables: dict[str, tuple[str, int]] = {}
    columns: dict[tuple[str, str], int] = {}
    named: dict[str, tuple[str, int]] = {}
    allowed: list[Allowed] = []
    unread: list[dict[str, Any]] = []
    for path, text in files:
        spans: list[tuple[int, int, str]] = []
        for statement in reader.read(text):
            if statement.problem:
                unread.append(
                    {
                        "file": path,
                        "line": statement.line,
                        "statement": statement.sql[:200],
                        "reason": statement.problem,
                    }
                )
                continue
            for atom in statement.atoms:
                try:
                    schema = atom.apply(schema)
                except ddl.DoesNotApply as error:
                    unread.append(_missed(path, statement, str(error)))
                    continue
                _note(atom, path, statement.line, statement.sql, tables, columns, named)
                table = _table_of(atom)
                spans.append((statement.line, statement.line + statement.sql.count("\n"), table))
        allowed += _allowances(text, spans)
    return _Read(schema, Places(tables, columns, named), tuple(unread), tuple(allowed))


def _note(
    atom: ddl.Statement,
    path: str,
    line: int,
    sql: str,
    tables: dict[str, tuple[str, int]],
    columns: dict[tuple[str, str], int],
    named: dict[str, tuple[str, int]],
) -> None:
    """Where a table, its columns, and what has a name stand."""
    match atom:
        case ddl.CreateTable(table=table):
            name = str(table.name)
            tables.setdefault(name, (path, line))
            lines = sql.split("\n")
            for column in table.columns:
                pattern = re.compile(rf"(?:^|[(,])\s*[\"`]?{re.escape(column.name)}[\"`]?\s", re.IGNORECASE)
                place = next((number for number, one in enumerate(lines) if pattern.search(one)), 0)
                columns.setdefault((name, column.name), line + place)
        case ddl.CreateIndex(index=index):
            named.setdefault(index.name, (path, line))
        case ddl.AddConstraint(constraint=constraint) if constraint.name:
            named.setdefault(constraint.name, (path, line))
        case ddl.AddColumn(table=owner, column=column):
            columns.setdefault((str(owner), column.name), line)


def _table_of(atom: ddl.Statement) -> str:
    match atom:
        case ddl.CreateTable(table=table):
            return str(table.name)
        case ddl.CreateIndex(index=index):
            return str(index.table)
    return str(getattr(atom, "table", "") or "")


def _allowances(text: str, spans: Sequence[tuple[int, int, str]]) -> list[Allowed]:
    """`-- allow: rule, reason` beside a statement is for its table; without a reason it allows nothing."""
    found: list[Allowed] = []
    for match in _ALLOW.finditer(text):
        if not match["reason"]:
            continue
        line = text.count("\n", 0, match.start()) + 1
        beside = next((table for first, last, table in spans if first <= line <= last), "")
        beside = beside or next((table for first, _, table in spans if first > line), "")
        if beside:
            found.append(Allowed(match["rule"].lower(), beside))
    return found


def _missed(path: str, statement: ReadStatement, reason: str) -> dict[str, Any]:
    return {"file": path, "line": statement.line, "statement": statement.sql[:200], "reason": reason}


def _unread(path: str, one: Unread) -> dict[str, Any]:
    return {"file": path, "line": one.line, "statement": one.sql[:200], "reason": one.reason}


def _told(audited: Audited, structured: dict[str, Any], offset: int) -> str:
    examined = structured["examined"]
    counted = f"{examined['tables']} tables, {examined['columns']} columns, {examined['indexes']} indexes, "
    counted += f"{examined['foreign_keys']} foreign keys by {examined['rules']} rules"
    count = len(audited.findings)
    lines = [f"# {count} finding{'' if count == 1 else 's'}: looked at {counted}", ""]
    for number, one in enumerate(audited.findings[offset : offset + PAGE], start=offset):
        place = f" ({one.finding.file}:{one.finding.line})" if one.finding.line else ""
        lines += [f"## {one.finding.severity.value}: {one.finding.rule}{place}", "", f"{one.finding.effect}.", ""]
        lines += [f"Instead: {one.finding.instead}.", ""]
        if one.changes:
            kinds = ", ".join(change.kind for change in one.changes)
            lines += [f"Cure: {kinds}, as `changes` for plan_migration (structured result, finding {number + 1}).", ""]
    if count > offset + PAGE:
        lines += [f"{count - offset - PAGE} more: call again with `offset`: {offset + PAGE}.", ""]
    if audited.folded:
        lines += ["## Style, counted", "", "| rule | count | such as | instead |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {line.rule} | {line.count} | {', '.join(line.examples)} | {line.instead} |" for line in audited.folded
        ]
        lines.append("")
    missed = structured["not_examined"]
    if missed:
        lines += ["## Not examined", ""]
        lines += [f"- {_place(one)}{one['reason']}" for one in missed[:_SHOWN_UNREAD]]
        lines += (
            [f"- {len(missed) - _SHOWN_UNREAD} more in the structured result"] if len(missed) > _SHOWN_UNREAD else []
        )
        lines.append("")
    if count or audited.folded:
        lines.append("What is meant so stays, with its reason beside the statement: -- allow: rule_name, reason")
    return "\n".join(lines).rstrip() + "\n"


def _place(one: dict[str, Any]) -> str:
    if "line" not in one:
        return ""
    return f"{one['file'] + ':' if one['file'] else 'line '}{one['line']}: "


TOOL = Tool(
    name="audit_schema",
    title="Audit a schema",
    description=(
        "What hurts in a schema (SQL files or a live database): keys, indexes, types, constraints; each with its cure as "
        "changes for plan_migration."
    ),
    arguments=AuditSchema,
    output_schema={
        "type": "object",
        "properties": {
            "findings": {"type": "array"},
            "folded": {"type": "array"},
            "examined": {"type": "object"},
            "not_examined": {"type": "array"},
        },
        "required": ["findings", "folded", "examined", "not_examined"],
    },
    call=audit_schema,
    read_only=True,
)
