"""What a project's own files say of its database and its migrations, with the line that each claim rests on."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from domain_agents.migrations.formats import framework as format_of
from domain_agents.migrations.plan import Evidence, Project
from domain_agents.migrations.recognition import Claim, base, strongest
from domain_agents.migrations.recognition.alembic import read_alembic
from domain_agents.migrations.recognition.django import read_django
from domain_agents.migrations.recognition.engines import EngineMarks, read_marks, read_signs
from domain_agents.migrations.recognition.frameworks import DEPENDENCY, read_frameworks
from domain_agents.migrations.recognition.histories import LEDGERS, own_history, readable, told
from domain_agents.migrations.recognition.ledger import read_ledger
from domain_agents.migrations.recognition.scripts import Habits, read_habits
from domain_agents.migrations.recognition.sql_files import SqlHistory, read_history
from domain_agents.migrations.recognition.sql_schema import read_schema, up_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from domain_agents.migrations.recognition import Files

_SIGNS_READ = 60
_MOST_EVIDENCE = 40
_BEGIN = re.compile(
    r"^\s*(?:BEGIN|START\s+TRANSACTION)\s*(?:TRANSACTION|WORK|IMMEDIATE)?\s*;", re.IGNORECASE | re.MULTILINE
)
_UNWRAPPED = re.compile(
    r"\b(?:CREATE\s+(?:UNIQUE\s+)?INDEX|DROP\s+INDEX|REINDEX\b[^;]*?)\s+CONCURRENTLY\b|^\s*VACUUM\b",
    re.IGNORECASE | re.MULTILINE,
)
_SCRIPT = re.compile(
    r"(^|/)(Makefile|Justfile|justfile|[\w.-]+\.(sh|bash|mk|py|rb|js|ts)|bin/[\w.-]+|scripts/[\w.-]+)$"
)
_PSQL = re.compile(r"\bpsql\b[^\n]*\s-(?:f|-file)\b|\bpsql\b[^\n]*<|\bexecutescript\s*\(|\bsqlite3\b[^\n]*<")
_PSQL_ONE = re.compile(r"\bpsql\b[^\n]*\s(?:-1|-\w*1\b|--single-transaction)")
_SQL_TOOLS = frozenset({"sqlx", "goose", "golang-migrate", "dbmate", "flyway", "liquibase", "sqitch", "yoyo"})


def recognise(
    files: Files, *, engine: str = "", version: str = "", framework: str = "", directory: str = ""
) -> Project:
    """Everything that can be told; what the caller gives is taken as it is, and only the rest is looked for.

    Never raises: what could not be read is in `unread`, what is not said is empty.
    """
    directory = directory.strip("/") or ("." if directory else "")
    claims, homes = read_frameworks(files)
    history = read_history(files.paths(), directory)
    chosen = framework or _framework(claims, history, files)
    marks = read_marks(files)
    engine_claims, version_claims = list(marks.engines), list(marks.versions)
    signs = _signs(files, history)
    engine_claims.extend(signs.engines)
    version_claims.extend(signs.versions)
    found_engine = engine or strongest(engine_claims)
    found_version = version or _version(version_claims, found_engine)
    evidence = [*_told(engine_claims, found_engine), *_told_versions(version_claims, found_engine)]
    evidence.extend(_told(claims, chosen))
    if chosen == "alembic":
        found = _alembic_project(files, found_engine, found_version, directory, evidence)
    elif chosen == "django":
        found = _django_project(files, found_engine, found_version, directory, evidence)
    else:
        home = homes.get(chosen, "")
        own = own_history(chosen, files, home, directory)
        if own is not None:
            history, home = own[0], own[0].directory
            evidence.extend(told(chosen, own[1], own[0].directory))
        found = _sql_project(files, found_engine, found_version, chosen, history, home, evidence)
        if own is not None:
            found = replace(found, heads=own[1], head=own[1][-1] if own[1] else "")
        found = _with_habits(found, files, history)
    return (
        found if found.schema_sql else _with_schema_of_others(found, files, "alembic" in {one.value for one in claims})
    )


def _with_habits(project: Project, files: Files, history: SqlHistory) -> Project:
    """How the project's own migrations are written, where they are programs, and the schema that its dump says."""
    habits = read_habits(project.framework, files, history.files, project.engine)
    project = replace(
        project,
        framework_version=habits.version,
        habits=habits.habits,
        state=habits.state,
        slugs=tuple(dict.fromkeys(file.slug for file in history.files)) if habits != Habits() else (),
    )
    if habits.schema_sql and not project.schema_sql:
        unread = (*project.unread, *habits.unread)
        return replace(project, schema_sql=habits.schema_sql, schema_from=habits.schema_from, unread=unread)
    if project.schema_sql and not set(project.schema_from) <= {file.path for file in history.files}:
        return project
    return _with_sql_in_programs(project, files, history)


def _with_sql_in_programs(project: Project, files: Files, history: SqlHistory) -> Project:
    """Today's schema from the SQL that the project's migrations send, where some of them are programs."""
    if not project.engine or all(file.path.endswith(".sql") for file in history.files):
        return project
    try:
        form = format_of(project.framework)
    except LookupError:
        return project
    sql: list[str] = []
    unread: list[Evidence] = []
    for file in history.files:
        texts, parts = form.texts(file.path, files.text(file.path), project.engine)
        sql.extend(f"{text.rstrip().rstrip(';')}\n;\n" for text in texts)
        unread.extend(Evidence(file.path, one.line, f"{one.text}: {one.reason}".lstrip(": ")) for one in parts)
    paths = tuple(file.path for file in history.files)
    return replace(project, schema_sql="".join(sql), schema_from=paths, unread=(*project.unread, *unread))


def _with_schema_of_others(project: Project, files: Files, has_alembic: bool) -> Project:
    """Today's schema where the project says it, though not in the files that are to be continued."""
    if project.framework != "alembic" and has_alembic:
        history = read_alembic(files, project.engine)
        schema_sql, schema_from, unread = history.schema_sql, history.schema_from, tuple(history.unread)
    else:
        schema_sql, schema_from, _ = read_schema(read_history(files.paths()).files, files)
        unread = ()
    if not schema_sql:
        return project
    return replace(project, schema_sql=schema_sql, schema_from=schema_from, unread=(*project.unread, *unread))


def _framework(claims: Sequence[Claim], history: SqlHistory, files: Files) -> str:
    chosen = strongest(claims)
    named = {one.value for one in claims}
    if chosen == "golang-migrate" and "sqlx" in named and not any(base(path) == "go.mod" for path in files.paths()):
        return "sqlx"
    weight = max((one.weight for one in claims if one.value == chosen), default=0)
    if history.files and weight <= DEPENDENCY and chosen not in _SQL_TOOLS:
        # A dependency alone may be a query builder; numbered SQL files are what is there to be continued.
        return "raw"
    return chosen or ("raw" if history.files else "")


def _signs(files: Files, history: SqlHistory) -> EngineMarks:
    texts = [(file.path, files.text(file.path)) for file in history.files[-_SIGNS_READ:]]
    return read_signs(texts)


def _version(claims: Iterable[Claim], engine: str) -> str:
    mine = [one for one in claims if one.value.partition(" ")[0] == engine]
    return strongest(mine).partition(" ")[2]


def _told(claims: Sequence[Claim], chosen: str) -> list[Evidence]:
    """The evidence for a choice, strongest first, with what speaks against it; not every repetition of it."""
    ranked = sorted(claims, key=lambda one: (one.value != chosen, -one.weight, one.evidence.file, one.evidence.line))
    told: list[Evidence] = []
    seen: dict[tuple[str, str], int] = {}
    for one in ranked:
        key = (one.value, one.evidence.says)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= 1:
            told.append(one.evidence)
    return told[:_MOST_EVIDENCE]


def _told_versions(claims: Sequence[Claim], engine: str) -> list[Evidence]:
    mine = [one for one in claims if one.value.partition(" ")[0] == engine]
    values = {one.value for one in mine}
    if len(values) < 2:
        return []
    best = strongest(mine)
    return [
        Evidence(one.evidence.file, one.evidence.line, f"{one.evidence.says}; {best.partition(' ')[2]} was taken")
        for one in {one.value: one for one in mine if one.value != best}.values()
    ]


def _alembic_project(files: Files, engine: str, version: str, directory: str, evidence: list[Evidence]) -> Project:
    history = read_alembic(files, engine, directory)
    return Project(
        engine=engine,
        version=version,
        framework="alembic",
        directory=history.directory,
        numbering=history.numbering,
        next_number=history.next_number,
        head=history.heads[0] if len(history.heads) == 1 else "",
        heads=history.heads,
        ledger=history.version_table,
        file_template=history.template,
        schema_sql=history.schema_sql,
        schema_from=history.schema_from,
        evidence=_unique([*evidence, *history.evidence]),
        transactions="runner",
        unread=tuple(history.unread),
    )


def _django_project(files: Files, engine: str, version: str, directory: str, evidence: list[Evidence]) -> Project:
    history = read_django(files, engine, directory)
    app = history.app
    return Project(
        engine=engine,
        version=version,
        framework="django",
        directory=app.directory if app else directory,
        numbering="0001",
        next_number=app.next_number if app else "",
        head=app.heads[0] if app and len(app.heads) == 1 else "",
        heads=app.heads if app else (),
        ledger=LEDGERS["django"],
        file_template="{number}_{slug}.py",
        schema_sql=history.schema_sql,
        schema_from=history.schema_from,
        evidence=_unique([*evidence, *history.evidence]),
        transactions="runner",
        unread=tuple(history.unread),
        framework_version=history.version,
        apps=history.apps,
    )


def _sql_project(
    files: Files,
    engine: str,
    version: str,
    framework: str,
    history: SqlHistory,
    home: str,
    evidence: list[Evidence],
) -> Project:
    ledger = read_ledger(readable(history.files), files.text)
    evidence.extend(ledger.evidence)
    schema_sql, schema_from, why = read_schema(readable(history.files), files)
    evidence.extend(why)
    transactions, said = _transactions(files, history)
    evidence.extend(said)
    newest = history.newest
    if newest is not None:
        says = "the newest migration"
        says += f"; files are numbered like {history.numbering}" if history.numbering else ""
        evidence.append(Evidence(newest.path, 0, says))
    evidence.extend(
        Evidence(other, 0, f"numbered SQL files lie here too; {history.directory} was taken")
        for other in history.others
    )
    heads = (newest.stem,) if newest is not None else ()
    return Project(
        engine=engine,
        version=version,
        framework=framework,
        directory=history.directory if framework == "raw" or not home else home,
        numbering=history.numbering,
        next_number=history.next_number,
        head=newest.stem if newest is not None else "",
        heads=heads,
        ledger=ledger.table or LEDGERS.get(framework, ""),
        ledger_insert=ledger.insert,
        file_template=history.template,
        schema_sql=schema_sql,
        schema_from=schema_from,
        evidence=_unique(evidence),
        transactions=transactions,
        unread=(Evidence(newest.path, 0, ledger.problem),) if ledger.problem and newest is not None else (),
    )


def _transactions(files: Files, history: SqlHistory) -> tuple[str, list[Evidence]]:
    """Who opens a transaction around a file: "own", "nobody", "runner", "unclear", or nothing to go by."""
    if not history.files:
        return "", []
    recent = [(file.path, up_part(files.text(file.path))) for file in history.files[-_SIGNS_READ:]]
    for path, text in reversed(recent):
        if found := _BEGIN.search(text):
            return "own", [Evidence(path, _line(text, found.start()), "the files say BEGIN themselves")]
    for path, text in reversed(recent):
        if found := _UNWRAPPED.search(text):
            says = "this cannot run inside a transaction, so nothing opens one around the files"
            return "nobody", [Evidence(path, _line(text, found.start()), says)]
    for path in files.paths():
        if not _SCRIPT.search(path) or path.count("/") > 4:
            continue
        text = files.text(path)
        if found := _PSQL_ONE.search(text):
            return "runner", [Evidence(path, _line(text, found.start()), "a file runs in one transaction")]
        if found := _PSQL.search(text):
            return "nobody", [Evidence(path, _line(text, found.start()), "files run statement by statement")]
    return "unclear", []


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _unique(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(evidence))
