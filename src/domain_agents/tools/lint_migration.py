"""lint_migration: SQL or migration files -> what would hurt in production, and what to write instead."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain_agents.dialects import dialect, replay
from domain_agents.engines import TableSize
from domain_agents.findings import Finding, Severity
from domain_agents.migrations.formats import framework, framework_names
from domain_agents.migrations.lint import DEFAULT_TIERS, LintFile, Unparsed, lint
from domain_agents.migrations.rules import Tier
from domain_agents.tools import Result, Settings, Tool, ToolError, shortened
from domain_agents.tools._engine import engine_for
from domain_agents.tools._fixing import fixes
from domain_agents.tools._project import project_directory, read_project
from domain_agents.tools.plan_migration import TableFacts, today

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.engines import Engine
    from domain_agents.migrations.formats import Format
    from domain_agents.migrations.lint import Linted
    from domain_agents.migrations.plan import Project
    from domain_agents.tools import Job
    from domain_agents.tools._fixing import Fix, Where
    from domain_agents.workspace.files import ProjectFiles

SQL_PATH = "sql"
MAX_FINDINGS = 1_000
MAX_TOLD_FIXES = 3
"""Fixes that the text writes out; the structured result holds more."""


class LintMigration(BaseModel):
    """The arguments (contract, lint_migration)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    sql: str | None = Field(None, max_length=2_000_000)
    paths: list[Annotated[str, Field(min_length=1, max_length=500)]] | None = Field(
        None, max_length=500, description="Files or directories; else all migrations"
    )
    project: str | None = None
    engine: Literal["postgresql", "mysql", "mariadb", "sqlite"] | None = None
    version: str | None = Field(None, max_length=20)
    schema_: str | None = Field(None, alias="schema", max_length=2_000_000, description="Before these files")
    tables: dict[str, TableFacts] = Field(
        default_factory=dict,
        description='{"users": {"rows": 12000000, "bytes": 9e9, "writes_per_second": 5}}',
    )
    since: str | None = Field(None, max_length=500, description="Only after this file or number")
    style: bool = False


@dataclass(frozen=True)
class _Set:
    """The files to look at, those applied before them, and files that nothing here can read."""

    files: list[LintFile]
    before: list[LintFile]
    unread: list[Unparsed]


def lint_migration(arguments: LintMigration, settings: Settings, job: Job) -> Result:
    """The tool.

    Raises:
        ToolError: there is nothing to look at, or a path is not there.
        NeedsAnswer: the engine is not known.
    """
    looked = linted_files(arguments, settings, job)
    linted, database = looked.linted, looked.engine
    unparsed = [*looked.unread, *linted.unparsed]
    written = fixes(linted, looked.project, _form(looked.project), database, _sizes(arguments), today())
    structured: dict[str, Any] = {
        "engine": {"name": database.name, "version": database.version},
        "findings": [_finding(one, written) for one in linted.findings[:MAX_FINDINGS]],
        "checked": {"files": linted.files, "statements": linted.statements},
        "unparsed": [asdict(one) for one in unparsed],
    }
    text = shortened(_told(linted.findings, structured), how_to_page="Give fewer files in `paths`.")
    return Result(structured, text)


def _finding(one: Finding, written: dict[Where, Fix]) -> dict[str, Any]:
    """The finding, with the files to write instead where its statement is the first that says so."""
    fix = written.get((one.file, one.line, one.statement)) if one.severity is Severity.ERROR else None
    return {**one.as_json(), **({"fix": fix} if fix else {})}


@dataclass(frozen=True)
class _Looked:
    """What was found, the files that nothing here can read, for which engine and project."""

    linted: Linted
    unread: tuple[Unparsed, ...]
    engine: Engine
    project: Project


def linted_files(arguments: LintMigration, settings: Settings, job: Job) -> _Looked:
    """What was found in the files of the request.

    Raises:
        ToolError: there is nothing to look at, or a path is not there.
        NeedsAnswer: the engine is not known.
    """
    if arguments.sql is not None and arguments.paths:
        raise ToolError("give `sql` or `paths`, not both")
    job.check()
    project = read_project(settings, arguments.project, engine=arguments.engine or "", version=arguments.version or "")
    database = _engine(project)
    found = _set(arguments, settings, project)
    reader = dialect(database.name)
    schema, schema_unread = replay(todays_schema(arguments, settings), reader)
    job.check()
    linted = lint(
        found.files,
        reader=reader,
        engine=database,
        schema=schema,
        sizes=_sizes(arguments),
        before=found.before,
        tiers=DEFAULT_TIERS | {Tier.STYLE} if arguments.style else DEFAULT_TIERS,
    )
    unread = [*found.unread, *(Unparsed("schema", one.line, one.sql, one.reason) for one in schema_unread)]
    return _Looked(linted, tuple(unread), database, project)


def _sizes(arguments: LintMigration) -> dict[str, TableSize]:
    return {
        name: TableSize(facts.rows, facts.bytes, facts.writes_per_second) for name, facts in arguments.tables.items()
    }


def _engine(project: Project) -> Engine:
    question = "Which database are these migrations for? Nothing in the project tells."
    return engine_for(project.engine, project.version, question)


def todays_schema(arguments: LintMigration, settings: Settings) -> str:
    given = arguments.schema_ or ""
    if any(mark in given for mark in ("\n", ";", "(")) or not given.strip():
        return given
    files = _files(arguments, settings)
    path = _plain(given)
    if path not in files.paths():
        raise ToolError(f'schema: there is no file "{path}" in the project; give a path in it, or the DDL itself')
    return files.text(path)


def _files(arguments: LintMigration, settings: Settings) -> ProjectFiles:
    from domain_agents.workspace.files import ProjectFiles

    return ProjectFiles(project_directory(settings, arguments.project))


def _set(arguments: LintMigration, settings: Settings, project: Project) -> _Set:
    if arguments.sql is not None:
        return _Set([LintFile(SQL_PATH, arguments.sql, framework("raw"))], [], [])
    files = _files(arguments, settings)
    asked = [_plain(path) for path in arguments.paths or ()]
    form = _form(project)
    suffixes = form.suffixes
    if asked:
        chosen = _chosen(asked, files, suffixes)
    elif project.directory:
        chosen = _within(_plain(project.directory), files, suffixes)
    else:
        raise ToolError(
            "there are no migrations that the project shows; give `sql`, or `paths` of files or directories"
        )
    chosen = [path for path in chosen if not form.is_companion(path)]
    history = _revisions(project, files) if form.name == "alembic" else ()
    if history:
        # The names of Alembic's files do not tell their order.
        others = [path for path in chosen if path not in history]
        chosen = [*(path for path in history if path in chosen), *others]
    before = _before(arguments, chosen, files, form, suffixes, history)
    chosen = [path for path in chosen if path not in before]
    readable = [path for path in chosen if path.endswith((".sql", *suffixes))]
    unread = [Unparsed(path, 0, "", _no_reader(path, project)) for path in chosen if path not in readable]
    contents = {path: files.text(path) for path in (*before, *readable)}
    contents = {path: text for path, text in contents.items() if path in asked or _is_migration(path, text)}
    used = form.beside(contents)
    made = [LintFile(path, contents[path], used if path.endswith(suffixes) else framework("raw")) for path in contents]
    unread += [Unparsed(one.path, 0, "", one.reason) for one in files.skipped if one.path in readable]
    return _Set([one for one in made if one.path not in before], [one for one in made if one.path in before], unread)


def _is_migration(path: str, text: str) -> bool:
    """Whether a file is one: beside a framework's Python migrations lie other modules."""
    return (
        not path.endswith(".py")
        or re.search(r"^(?:def upgrade\b|steps\s*=|revision\b|class Migration\b)", text, re.MULTILINE) is not None
    )


def _no_reader(path: str, project: Project) -> str:
    name = path.rpartition("/")[2]
    of = f" of {project.framework}" if project.framework else ""
    return f"{name}: the SQL in such a file{of} cannot be told yet; give what it runs as `sql`"


def _form(project: Project) -> Format:
    return framework(project.framework if project.framework in framework_names() else "raw")


def _chosen(asked: Sequence[str], files: ProjectFiles, suffixes: tuple[str, ...]) -> list[str]:
    chosen: list[str] = []
    for path in asked:
        found = [path] if path in files.paths() else _within(path, files, (".sql", *suffixes))
        if not found:
            raise ToolError(
                f'paths: there is no file "{path}" in the project, nor a directory with migrations of that name'
            )
        chosen += [one for one in found if one not in chosen]
    return chosen


def _within(directory: str, files: ProjectFiles, suffixes: tuple[str, ...]) -> list[str]:
    prefix = "" if directory in {"", "."} else f"{directory}/"
    found = [path for path in files.paths() if path.startswith(prefix) and path.endswith(suffixes)]
    return sorted((path for path in found if not path.endswith("__init__.py")), key=_order)


def _order(path: str) -> tuple[object, ...]:
    """Numbers in a name count as numbers: 10 comes after 9, however they were padded."""
    parts = re.split(r"(\d+)", path)
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


def _revisions(project: Project, files: ProjectFiles) -> tuple[str, ...]:
    from domain_agents.migrations.recognition.alembic import read_alembic

    return tuple(revision.path for revision in read_alembic(files, project.engine).revisions)


def _before(
    arguments: LintMigration,
    chosen: Sequence[str],
    files: ProjectFiles,
    form: Format,
    suffixes: tuple[str, ...],
    history: Sequence[str],
) -> list[str]:
    """What has been applied when the chosen files are: up to `since`, or what comes before them in their history.

    `history` is the order that the files themselves say; without it, they are applied in the order of their numbers.
    """
    if arguments.since is not None:
        since = _plain(arguments.since)
        names = [path.rpartition("/")[2] for path in chosen]
        is_it = [
            since in (path, name) or name.startswith(f"{since}_") for path, name in zip(chosen, names, strict=True)
        ]
        places = [number for number, one in enumerate(is_it) if one]
        if not places:
            example = f"; write its path, such as {chosen[0]}" if chosen else ""
            raise ToolError(f'since: "{arguments.since}" is none of the files{example}')
        return list(chosen[: places[0] + 1])
    if arguments.paths is None or arguments.schema_ is not None or not chosen:
        return []
    directory = chosen[0].rpartition("/")[0]
    is_numbered = re.match(r"[A-Za-z]?\d", chosen[0].rpartition("/")[2]) is not None and form.name != "alembic"
    named = [path for path in _within(directory, files, suffixes) if path.rpartition("/")[0] == directory]
    order = list(history) or (named if is_numbered else [])
    earlier = order[: order.index(chosen[0])] if chosen[0] in order else []
    return [path for path in earlier if path not in chosen and not form.is_companion(path)]


def _plain(path: str) -> str:
    return path.strip().replace("\\", "/").removeprefix("./").rstrip("/") or "."


def _told(findings: Sequence[Finding], structured: dict[str, Any]) -> str:
    checked = structured["checked"]
    counted = f"{checked['statements']} statements in {checked['files']} files looked at"
    lines = [f"# {len(findings)} finding{'' if len(findings) == 1 else 's'}: {counted}", ""]
    told: set[Where] = set()
    for number, one in enumerate(findings):
        place = f"{one.file}:{one.line}" if one.line else one.file
        lines += [f"## {one.severity.value}: {one.rule} ({place})", "", f"{one.effect}.", ""]
        if one.statement:
            lines += ["    " + " ".join(one.statement.split())[:300], ""]
        lines += [f"Instead: {one.instead}.", ""]
        fix = structured["findings"][number].get("fix") if number < MAX_FINDINGS else None
        where = (one.file, one.line, one.statement)
        if fix and where not in told and len(told) < MAX_TOLD_FIXES:
            told.add(where)
            lines += _told_fix(fix)
    if len(findings) > MAX_FINDINGS:
        lines += [f"The structured result holds the first {MAX_FINDINGS}.", ""]
    for part in structured["unparsed"]:
        lines.append(f"- not looked at: {part['file']}:{part['line']}: {part['reason']}")
    if findings:
        lines += ["", "What is meant so stays, with its reason beside it: -- allow: rule_name, reason"]
    return "\n".join(lines) + "\n"


def _told_fix(fix: Fix) -> list[str]:
    """The files to write instead, and what must be live between them."""
    between = f" Between them: {'; '.join(fix['deploys'])}." if fix["deploys"] else ""
    lines = [f"Written out, as plan_migration plans it.{between}", ""]
    for file in fix["files"]:
        lines += [f"`{file['path']}`", "", "```", file["content"].strip(), "```", ""]
    return lines


TOOL = Tool(
    name="lint_migration",
    title="Lint migrations",
    description=(
        "What would hurt in production in SQL or migration files, by measured locks and scans, and what to write instead."
    ),
    arguments=LintMigration,
    output_schema={
        "type": "object",
        "properties": {
            "findings": {"type": "array", "items": {"type": "object"}},
            "checked": {"type": "object"},
            "unparsed": {"type": "array", "items": {"type": "object"}},
        },
        "required": ["findings", "checked", "unparsed"],
    },
    call=lint_migration,
    read_only=True,
)
