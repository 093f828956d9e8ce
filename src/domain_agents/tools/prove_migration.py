"""prove_migration: migrations run on a throw-away server, under load, and what they did is held against what was said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from domain_agents import ddl
from domain_agents.ddl import DoesNotApply
from domain_agents.dialects import dialect, replay
from domain_agents.engines import TableSize
from domain_agents.migrations._proof_undo import undo_statements
from domain_agents.migrations.formats import framework, framework_names
from domain_agents.migrations.planning import table_of
from domain_agents.migrations.prove import Proof, ProofFile, ProofRequest, ProofStatement
from domain_agents.operations import MakesWay, PutsBack
from domain_agents.tools import Result, Settings, Tool, ToolError, shortened
from domain_agents.tools._engine import engine_for
from domain_agents.tools._project import project_directory
from domain_agents.tools._proving import DEFAULT_SECONDS, ON_A_SERVER, Refused, prove
from domain_agents.tools.plan_migration import PlanMigration, Ready, asked_for, planned, recognised, todays_schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain_agents.catalog import Schema
    from domain_agents.engines import Effect, Engine
    from domain_agents.migrations.formats import Format
    from domain_agents.migrations.plan import Project
    from domain_agents.operations import Operation
    from domain_agents.tools import Job

MAX_ROWS = 5_000_000
_SQL_PATH = "sql"
Rows = Annotated[int, Field(ge=0, le=MAX_ROWS)]


class ProveMigration(PlanMigration):
    """The arguments (contract, prove_migration)."""

    sql: str | None = Field(
        None,
        max_length=200_000,
        description="Run as it is; planned first if backfill or tables is given",
    )
    framework: str | None = Field(None, max_length=40, description="As in plan_migration")
    paths: list[Annotated[str, Field(min_length=1, max_length=500)]] | None = Field(
        None, max_length=50, description="Migration files, in order"
    )
    rows: dict[str, Rows] = Field(
        default_factory=dict, description='{"users": 1000000}; else as in tables, else 20,000 each'
    )
    load: bool = Field(True, description="Under reads and writes")
    server: str | None = Field(None, max_length=60, description="A configured disposable server, by name")
    seconds: float = Field(DEFAULT_SECONDS, gt=0, le=1800, description="Time limit")


@dataclass(frozen=True)
class _Prepared:
    request: ProofRequest
    declared_by: str


def prove_migration(arguments: ProveMigration, settings: Settings, job: Job) -> Result:
    """The tool.

    Raises:
        ToolError: the arguments name nothing that can be run; with the field and the way out.
        NeedsAnswer: the engine is not known.
        Cancelled: the client took the call back.
    """
    if arguments.write:
        raise ToolError(
            "write: prove_migration writes nothing; call plan_migration with write: true once this is proved"
        )
    prepared = _prepared(arguments, settings, job)
    if arguments.server:
        _require_configured(arguments.server, prepared.request.engine)
    try:
        proof = prove(prepared.request, job, server=arguments.server or "", seconds=arguments.seconds)
    except Refused as refused:
        raise ToolError(
            f"not run: {refused}. A scratch server is all that a proof may touch: leave these statements out"
        ) from None
    return _result(proof, prepared.request)


def _result(proof: Proof, request: ProofRequest) -> Result:
    from domain_agents.prompts import report

    structured = proof.as_json()
    # Nothing was started: the engine and version are those asked for.
    structured["server"] = structured["server"] or {"engine": request.engine, "version": request.version, "how": "none"}
    text = report("migration-writer", "proof", structured)
    if proof.notes:
        text += "\n## Notes\n\n" + "".join(f"- {note}\n" for note in proof.notes)
    return Result(
        structured, shortened(text, how_to_page="The rest is in the structured result; or prove fewer files at once.")
    )


def _require_configured(name: str, engine_name: str) -> None:
    import os

    from domain_agents.workspace import scratch, scratch_mysql

    if engine_name not in ON_A_SERVER:
        raise ToolError(f"server: {engine_name} is proved in process, without a server; leave `server` out")
    of_mysql = scratch_mysql.configured_names(os.environ)
    known = of_mysql if engine_name != "postgresql" else {
        name: told for name, told in scratch.configured_names(os.environ).items() if name not in of_mysql
    }  # fmt: skip
    if name.lower() not in known:
        there_are = ", ".join(known) if known else "none"
        address = f"{'postgresql' if engine_name == 'postgresql' else 'mysql'}://user:password@host/"
        raise ToolError(
            f"server: there is no configured {engine_name} server of that name; configured: {there_are}. Whoever runs "
            f"domain-agents sets DOMAIN_AGENTS_SERVER_<NAME> to the address of a disposable {engine_name} ({address}). "
            "Leave `server` out to use a scratch one"
        )


def _prepared(arguments: ProveMigration, settings: Settings, job: Job) -> _Prepared:
    given = [name for name in ("paths", "sql", "changes") if getattr(arguments, name)]
    if len(given) != 1:
        raise ToolError(
            'give the migration once: `paths` (["migrations/0007_add_locale.sql"]), `sql` (run as it is), or the arguments '
            "of plan_migration (`changes`, or `sql` with `backfill` or `tables`), whose files are then proved"
        )
    if arguments.paths:
        return _from_paths(arguments, arguments.paths, settings)
    if arguments.changes or arguments.backfill or arguments.tables:
        return _from_plan(arguments, planned(arguments, settings, job))
    return _from_sql(arguments, settings)


def _from_plan(arguments: ProveMigration, ready: Ready) -> _Prepared:
    database = ready.engine
    form, reader = framework(ready.project.framework).beside(ready.contents), dialect(database.name)
    files: list[ProofFile] = []
    for migration, file in ready.migrations:
        read = form.read(file.path, file.content, database.name)
        effects = [statement.effect for statement in file.statements]
        files.append(
            ProofFile(
                file.path,
                tuple(
                    ProofStatement(one.sql, one.line, one.transaction, effect)
                    for one, effect in zip(read.statements, effects, strict=True)
                ),
                undo_statements(migration.undo, reader),
                migration.waits,
            )
        )
    operations = [one.operation for one in asked_for(arguments, database, ready.schema)]
    as_written = arguments.sql and not any(isinstance(operation, MakesWay) for operation in operations)
    asked = (
        tuple(one.sql for one in reader.read(arguments.sql or ""))
        if as_written
        else _spelled(operations, database, ready.schema)
    )
    sizes = {name: facts.rows for name, facts in arguments.tables.items() if facts.rows is not None}
    request = ProofRequest(
        engine=database.name,
        version=database.version,
        files=tuple(files),
        schema=tuple(one.sql for one in reader.read(ready.schema_sql)),
        rows=_rows(sizes, arguments.rows),
        load=arguments.load,
        asked=asked,
        new_application_from=_first_deploy(ready),
        ledger=ready.project.ledger,
        notes=ready.warnings,
    )
    return _Prepared(request, "plan")


def _rows(sizes: Mapping[str, int], rows: Mapping[str, int]) -> dict[str, int]:
    """The rows asked for; a size that only decides durations in the plan is not a wish for as many rows here."""
    from domain_agents.workspace.sizes import DEFAULT_ROWS

    return {name: min(count, DEFAULT_ROWS) for name, count in sizes.items()} | dict(rows)


def _first_deploy(ready: Ready) -> int | None:
    """How many files come before the first deploy of an application."""
    before = 0
    for step in ready.plan.steps:
        kind = getattr(step, "kind", "migration")
        if kind == "deploy":
            return before
        before += kind == "migration"
    return None


def _spelled(operations: Sequence[Operation], database: Engine, schema: Schema) -> tuple[str, ...]:
    """The change as it would be made if nobody else used the database."""
    found: list[str] = []
    for operation in operations:
        before = operation.making_way(schema) if isinstance(operation, MakesWay) else ()
        after = operation.putting_back(schema) if isinstance(operation, PutsBack) else ()
        for statement in (*before, operation.statement, *after):
            found += database.spell(statement, schema)
            schema = statement.apply(schema)
    return tuple(found)


def _from_sql(arguments: ProveMigration, settings: Settings) -> _Prepared:

    project = recognised(arguments, settings)
    database = _engine_of(arguments, project)
    schema_sql = todays_schema(arguments, project, settings)
    return _as_written(arguments, database, schema_sql, framework("raw"), {_SQL_PATH: arguments.sql or ""}, project)


def _from_paths(arguments: ProveMigration, paths: Sequence[str], settings: Settings) -> _Prepared:
    from domain_agents.migrations.project import recognise
    from domain_agents.workspace.files import ProjectFiles

    files = ProjectFiles(project_directory(settings, arguments.project))
    wanted = [path.strip().replace("\\", "/").removeprefix("./") for path in paths]
    missing = [path for path in wanted if path not in files.paths()]
    if missing:
        raise ToolError(
            f'paths: there is no file "{missing[0][:200]}" in the project; give paths from its top directory'
        )
    # Today's schema, before these files: they may lie in the project already.
    project = recognise(
        _Before(files, frozenset(wanted)),
        engine=arguments.engine or "",
        version=arguments.version or "",
        framework=arguments.framework or "",
        directory=arguments.directory or "",
    )
    database = _engine_of(arguments, project)
    # The framework's own marks may stand in these very files alone.
    form = _form_of(wanted, project.framework or recognise(files).framework)
    beside = {path: files.text(path) for path in files.paths() if form.is_companion(path)}
    contents = {path: files.text(path) for path in wanted if path not in beside}
    if not contents:
        raise ToolError(
            f"paths: {wanted[0][:200]} only goes with a migration of {form.name}; give the migration itself"
        )
    sql = todays_schema(arguments, project, settings)
    return _as_written(arguments, database, sql, form.beside(beside), contents, project)


def _form_of(paths: Sequence[str], name: str) -> Format:
    """Who can read the files: the project's framework, unless they are of another language than it writes."""
    known = framework(name if name in framework_names() else "raw")
    if all(path.endswith(known.suffixes) for path in paths):
        return known
    return framework("alembic" if all(path.endswith(".py") for path in paths) else "raw")


_NUMBERED = re.compile(r"\.sql$|/migrations/\d{4}_\w+\.py$|(^|/)\d[^/]*\.(rb|php|[cm]?[jt]s)$")
"""Migrations that are run in the order of their names."""


class _Before:
    """A project's files without some of them, and without the numbered ones that come later."""

    def __init__(self, files: Any, without: frozenset[str]) -> None:
        self._files = files
        self._without = without
        self._from = {_history_of(path): path for path in sorted(without, reverse=True) if _NUMBERED.search(path)}

    def paths(self) -> tuple[str, ...]:
        return tuple(path for path in self._files.paths() if path not in self._without and not self._is_later(path))

    def text(self, path: str) -> str:
        text: str = self._files.text(path)
        return text

    def _is_later(self, path: str) -> bool:
        first = self._from.get(_history_of(path))
        return first is not None and _NUMBERED.search(path) is not None and path > first


def _history_of(path: str) -> str:
    """The directory that a migration's number counts in: where each has a directory of its own, the one above."""
    directory, _, name = path.rpartition("/")
    return directory.rpartition("/")[0] if name == "migration.sql" else directory


def _as_written(
    arguments: ProveMigration,
    database: Engine,
    schema_sql: str,
    form: Format,
    contents: Mapping[str, str],
    project: Project,
) -> _Prepared:
    """Files that somebody wrote: what they do is told by the facts, so that what is seen can be held against it."""
    reader = dialect(database.name)
    schema, _ = replay(schema_sql, reader)
    created: set[str] = set()
    files: list[ProofFile] = []
    for path, content in contents.items():
        read = form.read(path, content, database.name)
        if read.unread and not read.statements:
            raise ToolError(
                f"{path}, line {read.unread[0].line}: {read.unread[0].reason}; nothing in the file could be run"
            )
        statements: list[ProofStatement] = []
        for one in read.statements:
            effect, schema = _declared(one.sql, reader, database, schema, created)
            statements.append(ProofStatement(one.sql, one.line, one.transaction, effect))
        files.append(ProofFile(path, tuple(statements)))
    if not any(file.statements for file in files):
        raise ToolError("there is no statement in what was given")
    request = ProofRequest(
        engine=database.name,
        version=database.version,
        files=tuple(files),
        schema=tuple(one.sql for one in reader.read(schema_sql)),
        rows=dict(arguments.rows),
        load=arguments.load,
        ledger=project.ledger,
    )
    return _Prepared(request, "facts")


def _declared(
    sql: str, reader: Any, database: Engine, schema: Schema, created: set[str]
) -> tuple[Effect | None, Schema]:
    """What the facts say of a statement that is one change of an existing table; nothing of any other."""
    atoms = [atom for read in reader.read(sql) for atom in read.atoms]
    effect: Effect | None = None
    if len(atoms) == 1 and not isinstance(atoms[0], ddl.NoCatalogChange | ddl.KeepText | ddl.CreateTable):
        table = table_of(atoms[0], schema)
        if table is not None and str(table) not in created:
            try:
                effect = database.effect(atoms[0], schema, TableSize())
            except (LookupError, DoesNotApply):
                effect = None
    for atom in atoms:
        if isinstance(atom, ddl.CreateTable):
            created.add(str(atom.table.name))
        try:
            schema = atom.apply(schema)
        except DoesNotApply:
            break
    return effect, schema


def _engine_of(arguments: ProveMigration, project: Project) -> Engine:
    name = arguments.engine or project.engine
    version = arguments.version or (project.version if name == project.engine else "")
    return engine_for(name, version, "Which database is this migration for? Nothing in the project tells.")


TOOL = Tool(
    name="prove_migration",
    title="Prove a migration",
    description=(
        "Run migrations on a throw-away server with made-up rows, under reads and writes: locks taken, waits, "
        "rewrites; whether they apply, keep the data and the old application working, survive a crash, can be undone."
    ),
    arguments=ProveMigration,
    output_schema={
        "type": "object",
        "properties": {
            "server": {"type": "object", "required": ["engine", "version", "how"]},
            "verdict": {"enum": ["proved", "refuted", "not_run"]},
            "reasons": {"type": "array", "items": {"type": "string"}},
            "statements": {
                "type": "array",
                "items": {"type": "object", "required": ["file", "sql", "seconds", "locks", "blocked", "agrees"]},
            },
            "checks": {"type": "object", "additionalProperties": {"type": "object"}},
            "rows": {"type": "object"},
            "application": {"type": "object"},
            "notes": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["server", "verdict", "reasons", "statements", "checks"],
    },
    call=prove_migration,
    read_only=True,
    idempotent=True,
    long=True,
)
