"""Alembic: one revision file per migration, in the project's directory, chained after its head.

Alembic runs a revision in a transaction on PostgreSQL; what may not run in one stands in an autocommit block. On SQLite and
MySQL it opens none, so a SQLite revision says BEGIN and COMMIT itself, with what SQLite ignores inside a transaction around
it. Several revisions of a plan have deploys between them: `alembic upgrade REVISION` goes as far as one file.
"""

from __future__ import annotations

import hashlib
import pkgutil
import re
from typing import TYPE_CHECKING

from domain_agents.engines import Can
from domain_agents.migrations.formats import FileStatement, Format, OutsideTransaction, ReadFile, UnreadPart
from domain_agents.migrations.formats._header import (
    Moment,
    fields,
    guard_resets,
    in_directory,
    is_outside,
    local_guards,
    moment,
    safe_slug,
    session_guards,
    visible,
    wrapped,
)
from domain_agents.migrations.recognition.alembic_literal import as_text, python_literal
from domain_agents.migrations.recognition.alembic_upgrade import read_upgrade
from domain_agents.operations import CannotPlan
from domain_agents.rendering import render as render_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.plan import Plan, PlannedMigration, Project

_TEMPLATE = "template.py.jinja"
_NAMING = "%(rev)s_%(slug)s"
_LONGEST_REVISION = 32  # alembic_version.version_num is a VARCHAR(32)
_LONGEST_SLUG = 40  # Alembic's own truncate_slug_length
_BEGIN = re.compile(r"BEGIN\b", re.IGNORECASE)
_COMMIT = re.compile(r"COMMIT\b", re.IGNORECASE)
_IN_TRANSACTION = frozenset({"postgresql"})
"""Engines on which Alembic runs a revision in a transaction (`transactional_ddl` of its implementations)."""


class _Alembic(Format):
    """Revision files."""

    @property
    def name(self) -> str:
        return "alembic"

    @property
    def directory(self) -> str:
        return "alembic/versions"

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (".py",)

    @property
    def outside_transaction(self) -> OutsideTransaction:
        return OutsideTransaction.STATEMENTS

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        if len(project.heads) > 1:
            raise CannotPlan(
                f"the Alembic history has {len(project.heads)} heads: {', '.join(project.heads)}",
                field="project",
                way_out=f"join them first: alembic merge -m 'merge heads' {' '.join(project.heads)}",
            )
        files: dict[str, str] = {}
        down, number = project.head, project.next_number
        for position, migration in enumerate(plan.migrations):
            slug = safe_slug(migration.slug, _LONGEST_SLUG)
            revision = _revision(down, migration, number, slug, project.numbering)
            name = _file_name(project.file_template, revision, slug, moment(date), position)
            path = in_directory(project.directory or self.directory, name)
            header = [
                *wrapped("Revision ID", revision),
                *wrapped("Revises", down),
                *wrapped("Create Date", date),
                *(wrapped("Author", author) if author else ()),
                *wrapped("Apply with", f"alembic upgrade {revision}"),
                "",
                *(line for f in fields(plan, migration, engine, down) for line in wrapped(f.label, f.text)),
            ]
            files[path] = _content(migration, engine, header, revision, down)
            down = revision
            number = f"{int(number) + 1:0{len(number)}d}" if number else ""
        return files

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        upgrade = read_upgrade(content, engine)
        statements: list[FileStatement] = []
        current, opened, was_outside = 0, 0, True
        by_alembic = engine in _IN_TRANSACTION
        for call in upgrade.calls:
            if not by_alembic and _BEGIN.match(call.sql):
                opened += 1
                current = opened
                continue
            if not by_alembic and current and _COMMIT.match(call.sql):
                current = 0
                continue
            if by_alembic:
                opened += was_outside and not call.autocommit
                current = 0 if call.autocommit else opened
                was_outside = call.autocommit
            statements.append(FileStatement(call.sql, call.line, current))
        return ReadFile(tuple(statements), tuple(UnreadPart(one.line, one.text, one.reason) for one in upgrade.unread))


def _revision(down: str, migration: PlannedMigration, number: str, slug: str, numbering: str) -> str:
    if number and numbering.endswith("_slug"):
        return f"{number}_{slug}"[:_LONGEST_REVISION].rstrip("_")
    if number:
        return number
    said = "\0".join((down, slug, migration.title, *migration.guards, *migration.statements))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _file_name(template: str, revision: str, slug: str, at: Moment, position: int) -> str:
    # A day has no time of its own: the seconds then keep the files in their order.
    second = at.second if at.hour or at.minute or at.second else position % 60
    values = {"rev": revision, "slug": slug, "epoch": at.epoch + position, "year": at.year, "month": at.month}
    values |= {"day": at.day, "hour": at.hour, "minute": at.minute, "second": second}
    try:
        name = (template or _NAMING) % values
    except (KeyError, ValueError, TypeError):
        name = _NAMING % values
    if not re.fullmatch(r"[\w.\-+/]+", name) or ".." in name or name.startswith("/"):
        name = _NAMING % values
    return f"{name}.py"


def _content(migration: PlannedMigration, engine: Engine, header: list[str], revision: str, down: str) -> str:
    statements = list(_in_transaction(migration, engine))
    resets: tuple[str, ...] = ()
    guards = migration.guards
    if migration.transaction and engine.name in _IN_TRANSACTION:
        guards = local_guards(guards)
    else:
        guards, resets = session_guards(guards), guard_resets(guards)
    calls = [_call(sql) for sql in (*guards, *statements, *resets)]
    template = pkgutil.get_data(__name__, _TEMPLATE) or b""
    undo = f"{revision} is forward-only. Undo plan: {' '.join((migration.undo or 'a new migration').split())}"
    return render_template(
        template.decode(),
        {
            "docstring": _docstring(migration.title, header),
            "uses_ddl": any(call.startswith("op.execute(sa.") for call in calls),
            "revision": python_literal(revision),
            "down_revision": python_literal(down) if down else "None",
            "autocommit": _commits_by_itself(migration, engine),
            "calls": calls,
            "undo": _string_parts(undo),
        },
        name=_TEMPLATE,
    )


def _commits_by_itself(migration: PlannedMigration, engine: Engine) -> bool:
    if migration.transaction:
        return False
    # The block commits on its way out, even from an error: a transaction that the SQL itself opens must not stand in it.
    return engine.name in _IN_TRANSACTION or not any(_BEGIN.match(sql) for sql in migration.statements)


def _in_transaction(migration: PlannedMigration, engine: Engine) -> Iterable[str]:
    statements = list(migration.statements)
    wanted = migration.transaction and engine.can(Can.TRANSACTIONAL_DDL) and engine.name not in _IN_TRANSACTION
    if not wanted or any(_BEGIN.match(sql) for sql in statements):
        return statements
    start, end = 0, len(statements)
    while start < end and is_outside(statements[start]):
        start += 1
    while end > start and is_outside(statements[end - 1]):
        end -= 1
    # Left open at the end, the transaction takes Alembic's own record of the revision with it.
    commit = ["COMMIT"] if end < len(statements) else []
    return [*statements[:start], "BEGIN", *statements[start:end], *commit, *statements[end:]]


def _call(sql: str) -> str:
    text = as_text(sql)
    if text is None:
        return f"op.execute(sa.DDL({python_literal(sql.replace('%', '%%'))}))"
    return f"op.execute({python_literal(text)})"


def _docstring(title: str, header: list[str]) -> str:
    text = "\n".join([visible(" ".join(title.split())), "", *header, ""])
    # visible() has left no control character; backslashes and quotes are all that Python would act on.
    return '"""' + text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') + '"""'


def _string_parts(text: str, width: int = 90) -> list[str]:
    words = visible(text).split(" ")
    parts = [words[0]]
    for word in words[1:]:
        if len(parts[-1]) + len(word) < width:
            parts[-1] += f" {word}"
        else:
            parts[-1] += " "
            parts.append(word)
    return [python_literal(part) for part in parts]


FORMAT = _Alembic()
