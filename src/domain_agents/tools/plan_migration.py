"""plan_migration: a change -> ordered migration files and the deploys between them, checked by reading them back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from dataclasses import replace as dataclass_replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain_agents.dialects import dialect, replay
from domain_agents.engines import TableSize
from domain_agents.findings import Severity
from domain_agents.migrations.changes import Asked, check_backfills, from_changes, from_sql
from domain_agents.migrations.checking import check
from domain_agents.migrations.formats import framework, framework_names
from domain_agents.migrations.lint import LintFile, lint
from domain_agents.migrations.plan import Plan, PlannedMigration, Project
from domain_agents.migrations.planning import plan
from domain_agents.migrations.rules import Tier
from domain_agents.operations import CannotPlan
from domain_agents.tools import Job, Result, Settings, Tool, ToolError, shortened
from domain_agents.tools._change import Change, Expression, change_reference
from domain_agents.tools._engine import engine_for
from domain_agents.tools._project import project_directory, read_project

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain_agents.catalog import Schema
    from domain_agents.dialects import Unread
    from domain_agents.engines import Engine
    from domain_agents.findings import Finding
    from domain_agents.migrations.formats import Format
    from domain_agents.migrations.plan import RenderedFile


class TableFacts(BaseModel):
    """What is known of a table's size."""

    model_config = ConfigDict(extra="forbid")

    rows: int | None = Field(None, ge=0, le=10**13)
    bytes: int | None = Field(None, ge=0, le=10**17)
    writes_per_second: float | None = Field(None, ge=0, le=10**9)


class PlanMigration(BaseModel):
    """The arguments (contract, plan_migration)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    sql: str | None = Field(None, max_length=200_000, description="The change as naive DDL")
    changes: list[Change] | None = Field(None, max_length=100, description="Instead of sql")
    backfill: dict[str, Expression] = Field(
        default_factory=dict, description='{"table.column": "SQL expression"} for existing rows'
    )
    tables: dict[str, TableFacts] = Field(
        default_factory=dict,
        description='{"users": {"rows": 12000000, "bytes": 9e9, "writes_per_second": 5}}',
    )
    schema_: str | None = Field(
        None, alias="schema", max_length=2_000_000, description="Today's schema: DDL, or a path in the project"
    )
    project: str | None = Field(None, description="Directory, if not the server's project")
    engine: Literal["postgresql", "mysql", "mariadb", "sqlite"] | None = Field(
        None, description="Detected when left out"
    )
    version: str | None = Field(None, max_length=20)
    framework: str | None = Field(
        None, max_length=40, description="Detected when left out: alembic, django, rails, flyway, ..."
    )
    directory: str | None = Field(None, max_length=500, description="Of the migrations")
    author: str | None = Field(None, max_length=200)
    date: str | None = Field(None, pattern=r"^\d{4}-\d{2}-\d{2}$", description="Today when left out")
    write: bool = Field(False, description="Write the files")


_MAX_UNREAD = 5
_FIRST_WATCH = [
    {"metric": "replication lag", "pause_at": "5 s", "abort_at": "10 s"},
    {"metric": "database CPU", "pause_at": "70 %", "abort_at": "80 %"},
    {"metric": "application error rate", "pause_at": "0.1 %", "abort_at": "1 %"},
    {"metric": "query latency, p99", "pause_at": "500 ms", "abort_at": "1 s"},
]
"""Our own choice of thresholds, for a team that has none of its own yet."""


@dataclass(frozen=True)
class Ready:
    """A plan with its rendered and checked files: what plan_migration reports and prove_migration runs."""

    plan: Plan
    project: Project
    engine: Engine
    schema: Schema
    schema_sql: str
    target: Schema
    files: tuple[RenderedFile, ...]
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]
    contents: Mapping[str, str]
    """Path -> content of everything that is written: the files, and what goes with them (a framework's way back)."""

    @property
    def migrations(self) -> tuple[tuple[PlannedMigration, RenderedFile], ...]:
        """Each planned migration with its file."""
        return tuple(zip(self.plan.migrations, self.files, strict=True))


def plan_migration(arguments: PlanMigration, settings: Settings, job: Job) -> Result:
    """The tool.

    Raises:
        ToolError: the change cannot be planned as asked; with the field and the way out.
        NeedsAnswer: the engine is not known.
    """
    ready = planned(arguments, settings, job)
    written: tuple[str, ...] = ()
    if arguments.write:
        written = _write(ready, arguments, settings)
    structured = _structured(ready, written)
    from domain_agents.prompts import report

    structured["report"] = report("migration-writer", "plan", structured)
    text = shortened(
        structured["report"],
        how_to_page="The whole report is in the structured result; or ask for fewer changes at once.",
    )
    return Result(structured, text)


def planned(arguments: PlanMigration, settings: Settings, job: Job) -> Ready:
    """Everything but the telling: read, think, render, check.

    Raises:
        ToolError: the change cannot be planned as asked; with the field and the way out.
        NeedsAnswer: the engine is not known.
    """
    if (arguments.sql is None) == (not arguments.changes):
        raise ToolError(
            "give the change once: `sql` (DDL, such as ALTER TABLE users ADD COLUMN locale text) or `changes` "
            '([{"kind": "add_column", "table": "users", "column": "locale", "type": "text"}])'
        )
    job.check()
    project = recognised(arguments, settings)
    database = _engine(arguments, project)
    form = _form(arguments, project)
    reader = dialect(database.name)
    schema_sql = todays_schema(arguments, project, settings)
    schema, unread = replay(schema_sql, reader)
    sizes = {
        name: TableSize(facts.rows, facts.bytes, facts.writes_per_second) for name, facts in arguments.tables.items()
    }
    try:
        asked = asked_for(arguments, database, schema)
        touched = {one.operation.table.name for one in asked}
        project = form.home(dataclass_replace(project, schema_sql=schema_sql), touched)
        decided = plan(asked, schema, database, sizes)
        arranged = form.arrange(decided.plan, project, database)
        contents = form.render(
            arranged, project, database, author=arguments.author or "", date=arguments.date or today()
        )
    except CannotPlan as error:
        raise ToolError(_explained(error, unread, project)) from error
    files = {path: content for path, content in contents.items() if not form.is_companion(path)}
    read_with = form.beside(contents)
    checked = check(
        files,
        arranged.migrations,
        form=read_with,
        reader=reader,
        engine=database,
        schema=schema,
        target=decided.target,
        sizes=sizes,
    )
    linted = lint(
        [LintFile(path, content, read_with) for path, content in files.items()],
        reader=reader,
        engine=database,
        schema=schema,
        sizes=sizes,
        tiers=frozenset({Tier.HAZARD}),
    )
    return Ready(
        arranged,
        project,
        database,
        schema,
        schema_sql,
        decided.target,
        checked.files,
        (*checked.findings, *_unsaid(linted.findings, arranged.migrations, checked.files)),
        (*arranged.warnings, *_form_notes(form, project, database), *_unread_warnings(unread), *_unread_files(project)),
        contents,
    )


def _unsaid(
    findings: Sequence[Finding], migrations: Sequence[PlannedMigration], files: Sequence[RenderedFile]
) -> tuple[Finding, ...]:
    """The findings without those that a file accepts: asked for, or without another way, and said aloud.

    What is only worth knowing of a file is said by the plan itself: its prechecks, validations and warnings.
    """
    accepted = {file.path: migration.accepts for migration, file in zip(migrations, files, strict=True)}
    worse = [one for one in findings if one.severity is not Severity.INFO]
    return tuple(one for one in worse if one.rule not in accepted.get(one.file, ()))


def asked_for(arguments: PlanMigration, database: Engine, schema: Schema) -> tuple[Asked, ...]:
    """The operations of the request, in order.

    Raises:
        CannotPlan: with the field to correct and the way out.
    """
    reader = dialect(database.name)
    if arguments.sql is not None:
        asked = from_sql(arguments.sql, reader, database, arguments.backfill, schema)
    else:
        changes = [change.model_dump(exclude_none=True, exclude_unset=True) for change in arguments.changes or ()]
        asked = from_changes(changes, reader, database, arguments.backfill, schema)
    if not asked:
        raise CannotPlan("sql: there is no change in it", field="sql", way_out="write at least one DDL statement")
    check_backfills(asked, reader, arguments.backfill)
    return asked


def today() -> str:
    """The day, as a plan's files are dated."""
    from datetime import UTC, datetime

    return datetime.now(UTC).date().isoformat()


def recognised(arguments: PlanMigration, settings: Settings) -> Project:
    """What the project's files say; what the caller says is taken as it is."""
    from dataclasses import replace

    found = read_project(
        settings,
        arguments.project,
        engine=arguments.engine or "",
        version=arguments.version or "",
        framework=arguments.framework or "",
        directory=arguments.directory or "",
    )
    name = found.framework or "raw"
    known = name in framework_names()
    directory = found.directory or (framework(name).directory if known else "migrations")
    return replace(found, framework=name, directory=directory.strip("/") or ".")


def _engine(arguments: PlanMigration, project: Project) -> Engine:
    question = "Which database is this migration for? Nothing in the project tells."
    return engine_for(project.engine, project.version, question, recognised=not arguments.version)


def _form(arguments: PlanMigration, project: Project) -> Format:
    try:
        return framework(project.framework)
    except LookupError:
        source = "was asked for" if arguments.framework else "was recognised"
        raise ToolError(
            f"framework: {project.framework} {source}, and cannot be rendered yet; today: {', '.join(framework_names())}. "
            'Call again with "framework": "raw" for plain SQL files.'
        ) from None


def todays_schema(arguments: PlanMigration, project: Project, settings: Settings) -> str:
    """Today's schema as DDL: given, a file of the project, or what the project's own history leads to.

    Raises:
        ToolError: a path that is not in the project.
    """
    given = arguments.schema_
    if given is None:
        return project.schema_sql
    if any(mark in given for mark in ("\n", ";", "(")) or not given.strip():
        return given
    from domain_agents.workspace.files import ProjectFiles

    root = project_directory(settings, arguments.project)
    path = given.strip().replace("\\", "/").removeprefix("./")
    files = ProjectFiles(root)
    if path not in files.paths():
        raise ToolError(f'schema: there is no file "{path}" in the project; give a path in it, or the DDL itself')
    return files.text(path)


def _explained(error: CannotPlan, unread: Sequence[Unread], project: Project) -> str:
    text = f"{error}. Way out: {error.way_out}."
    if project.unread:
        part = project.unread[0]
        text += f" Part of the project's history could not be read: {part.file}:{part.line}: {part.says}."
    if unread:
        text += f" Part of today's schema could not be read: line {unread[0].line}: {unread[0].reason}."
    return text


def _form_notes(form: Format, project: Project, database: Engine) -> tuple[str, ...]:
    """What the framework needs besides, and where its files have been tried on no server."""
    tried = database.name in form.tried_on or form.name == "raw"
    untried = f"files for {form.name} have not been tried on {database.name}: apply them to a scratch database first"
    return (*form.notes(project), *(() if tried else (untried,)))


def _unread_files(project: Project) -> tuple[str, ...]:
    """What of the project's own history could not be understood: the schema planned on may lack it."""
    shown = tuple(f"{part.file}:{part.line}: {part.says}" for part in project.unread[:_MAX_UNREAD])
    more = len(project.unread) - len(shown)
    return (*shown, f"{more} more places in the project's history could not be read") if more > 0 else shown


def _unread_warnings(unread: Sequence[Unread]) -> tuple[str, ...]:
    if not unread:
        return ()
    first = unread[0]
    warning = (
        f"{len(unread)} statement{'s' if len(unread) > 1 else ''} of today's schema could not be read and "
        f"{'were' if len(unread) > 1 else 'was'} left out; the first, line {first.line}: {first.reason}"
    )
    return (warning,)


def _write(ready: Ready, arguments: PlanMigration, settings: Settings) -> tuple[str, ...]:
    from domain_agents.workspace.files import WriteRefused, write_new

    if ready.findings:
        raise ToolError("nothing was written: the plan has findings; call without write and read them")
    root = project_directory(settings, arguments.project)
    try:
        return tuple(write_new(root, ready.contents))
    except WriteRefused as error:
        raise ToolError(str(error)) from error


def _structured(ready: Ready, written: tuple[str, ...]) -> dict[str, Any]:
    project = ready.project
    paths = {migration.order: file.path for migration, file in ready.migrations}
    return {
        "project": {
            "engine": ready.engine.name,
            "version": ready.engine.version,
            "framework": project.framework,
            "directory": project.directory,
            "numbering": project.numbering,
            "ledger": project.ledger,
            "schema_from": list(project.schema_from),
            "evidence": [asdict(fact) for fact in project.evidence],
        },
        "steps": [_step(step, paths) for step in ready.plan.steps],
        "files": _files(ready),
        "prechecks": [
            {"sql": query.sql, "expect": query.expect, "why": query.why, "before": file.path}
            for migration, file in ready.migrations
            for query in migration.prechecks
        ],
        "validations": [
            {"after": file.path, "sql": query.sql, "expect": query.expect}
            for migration, file in ready.migrations
            for query in migration.validations
        ],
        "undo": [
            {
                "for": file.path,
                "sql": migration.undo,
                "when": f"after step {migration.order}, while no later step has been applied",
                "loses_data": migration.undo_loses_data,
            }
            for migration, file in reversed(ready.migrations)
        ],
        "watch": _watch(ready),
        "findings": [finding.as_json() for finding in ready.findings],
        "warnings": list(ready.warnings),
        "questions": list(ready.plan.questions),
        "written": list(written),
    }


def _watch(ready: Ready) -> list[dict[str, str]]:
    """Worth watching only what lasts."""
    lasts = any(migration.grows for migration in ready.plan.migrations)
    return [dict(signal) for signal in _FIRST_WATCH] if lasts else []


def _step(step: Any, paths: Mapping[int, str]) -> dict[str, Any]:
    if isinstance(step, PlannedMigration):
        return {
            "order": step.order,
            "kind": "migration",
            "phase": step.phase.value,
            "title": step.title,
            "why": step.why,
            "file": paths[step.order],
            **({"job": step.job} if step.job else {}),
        }
    found = {"order": step.order, "kind": step.kind, "phase": "migrate", "title": step.title, "why": step.why}
    if step.commands:
        found["commands"] = [{"title": title, "command": command} for title, command in step.commands]
    return {**found, "wait_for": step.wait_for} if step.wait_for else found


def _files(ready: Ready) -> list[dict[str, Any]]:
    """In the order of rendering; what only goes with a migration does nothing when the migrations are applied."""
    read = {file.path: file for file in ready.files}
    alone = {"transaction": False, "statements": []}
    return [
        _file(read[path]) if path in read else {"path": path, "content": content, **alone}
        for path, content in ready.contents.items()
    ]


def _file(file: RenderedFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "content": file.content,
        "transaction": file.transaction,
        "statements": [
            {
                "sql": statement.sql,
                "operation": statement.effect.operation,
                "lock": statement.effect.lock,
                "blocks": statement.effect.blocks.value,
                "rewrites_table": statement.effect.rewrites_table,
                "scans_table": statement.effect.scans_table,
                "seconds": list(statement.effect.seconds),
                "extra_bytes": statement.effect.extra_bytes,
                "sources": list(statement.effect.sources),
            }
            for statement in file.statements
        ],
    }


def _rows(properties: str) -> dict[str, Any]:
    """An array of objects with those properties, as an output schema."""
    names = properties.split()
    return {"type": "array", "items": {"type": "object", "required": names}}


def _reference() -> str:
    return (
        "`changes` is a list of {kind, table, ...}; `[]` marks a list. What they do not say, `definition` may: the one "
        "DDL statement that the change is. The kinds and their fields:\n\n" + change_reference()
    )


_ROWS = {"type": "array", "items": {"type": "object"}}
TOOL = Tool(
    name="plan_migration",
    title="Plan a migration",
    description=(
        "A schema change -> ordered migration files that a live application does not notice, in the project's framework: "
        "deploys between them, measured locks and durations, prechecks, validations, undo. Writes only with write: true."
    ),
    arguments=PlanMigration,
    output_schema={
        "type": "object",
        "properties": {
            "project": {"type": "object"},
            "steps": _rows("order kind title why"),
            "files": _rows("path content transaction statements"),
            "prechecks": _ROWS,
            "validations": _ROWS,
            "undo": _ROWS,
            "watch": _ROWS,
            "findings": _ROWS,
            "warnings": {"type": "array", "items": {"type": "string"}},
            "questions": {"type": "array", "items": {"type": "string"}},
            "written": {"type": "array", "items": {"type": "string"}},
            "report": {"type": "string"},
        },
        "required": ["project", "steps", "files", "findings", "warnings", "questions", "written", "report"],
    },
    call=plan_migration,
    read_only=False,
    destructive=False,
    idempotent=False,
    reference=_reference,
)
