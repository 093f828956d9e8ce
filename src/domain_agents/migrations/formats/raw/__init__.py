"""Raw SQL: one file per migration, applied in the order of its number by psql, sqlite3 or a runner of the project's own.

Transactions. A file that may run in one says BEGIN and COMMIT itself when the project's files do, when there is evidence
that nothing else does it for them, or when there are no files to go by: psql and sqlite3 run statement by statement, so
without it a failure would leave half a migration. When the project has files without BEGIN and there is no such evidence,
its runner may open the transaction; a second BEGIN would end that one early, so none is written, and settings are SET and
RESET, which is right with and without a transaction around them.
"""

from __future__ import annotations

import pkgutil
import re
from typing import TYPE_CHECKING

from domain_agents.engines import Can
from domain_agents.migrations.formats import Format, OutsideTransaction, ReadFile
from domain_agents.migrations.formats._header import (
    fields,
    guard_resets,
    in_directory,
    is_outside,
    local_guards,
    moment,
    safe_slug,
    session_guards,
    wrapped,
)
from domain_agents.migrations.formats._sql import BEGIN, first_number, following, read_sql, terminated
from domain_agents.rendering import render as render_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.plan import Plan, PlannedMigration, Project

_TEMPLATE = "template.sql.jinja"
_NAMING = "{number}_{slug}.sql"
_RUNNERS = "the one that the runner opens, if it does; this file opens none itself"
_LEDGER_FIELD = re.compile(r"\{(stem|file|number|integer|slug|title|date)\}")


class _Raw(Format):
    """SQL files."""

    @property
    def name(self) -> str:
        return "raw"

    @property
    def outside_transaction(self) -> OutsideTransaction:
        return OutsideTransaction.STATEMENTS

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        files: dict[str, str] = {}
        after = project.head
        number = project.next_number or "0001"
        for migration in plan.migrations:
            number = first_number(project.numbering, number, moment(date)) if not files else following(number)
            slug = safe_slug(migration.slug)
            name = (project.file_template or _NAMING).replace("{number}", number)
            name = name.replace("{slug}", slug).replace("{slug-dashed}", slug.replace("_", "-"))
            stem = name.removesuffix(".sql")
            opens = _opens_transaction(migration, project, engine)
            said = fields(plan, migration, engine, after, _RUNNERS if migration.transaction and not opens else "")
            header = [
                *wrapped(f"Migration {number}", migration.title),
                *wrapped("Date", date),
                *(wrapped("Author", author) if author else ()),
                *(line for f in said for line in wrapped(f.label, f.text)),
            ]
            values = {"stem": stem, "file": name, "number": number, "integer": number.lstrip("0") or "0"}
            values |= {"slug": slug, "title": migration.title.replace("'", "''"), "date": date}
            files[in_directory(project.directory or self.directory, name)] = _content(
                migration, project, engine, header, values
            )
            after = stem
        return files

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        return read_sql(content, engine, transaction=False)


def _opens_transaction(migration: PlannedMigration, project: Project, engine: Engine) -> bool:
    return (
        migration.transaction
        and not any(BEGIN.match(sql) for sql in migration.statements)
        and engine.can(Can.TRANSACTIONAL_DDL)
        and project.transactions in {"", "own", "nobody"}
    )


def _content(
    migration: PlannedMigration, project: Project, engine: Engine, header: list[str], values: Mapping[str, str]
) -> str:
    statements = list(migration.statements)
    transaction = _opens_transaction(migration, project, engine)
    before: list[str] = []
    behind: list[str] = []
    if transaction:
        while statements and is_outside(statements[0]):
            before.append(statements.pop(0))
        while statements and is_outside(statements[-1]):
            behind.insert(0, statements.pop())
    outside = [guard for guard in migration.guards if not guard.upper().startswith("SET")]
    inside = tuple(guard for guard in migration.guards if guard not in outside)
    template = pkgutil.get_data(__name__, _TEMPLATE) or b""
    ledger = _LEDGER_FIELD.sub(lambda match: values[match.group(1)], project.ledger_insert)
    begins = [place for place, sql in enumerate(statements) if BEGIN.match(sql)]
    if ledger and begins:
        # The statements hold a transaction of their own: the record belongs at its beginning, where whatever rolls the
        # change back takes the record along. At its end, a runner that goes on after an error would still write it.
        statements.insert(begins[-1] + 1, ledger)
        ledger = ""
    return render_template(
        template.decode(),
        {
            "header": header,
            "before": _all_terminated([*outside, *before]),
            "transaction": transaction,
            "guards": _all_terminated(local_guards(inside) if transaction else session_guards(inside)),
            "statements": _all_terminated(statements, engine.name),
            "ledger": "".join(_all_terminated([ledger])) if ledger else "",
            "resets": [] if transaction else _all_terminated(guard_resets(inside)),
            "behind": _all_terminated(behind),
        },
        name=_TEMPLATE,
    )


def _all_terminated(statements: Iterable[str], engine: str = "") -> list[str]:
    return [terminated(sql, engine) for sql in statements]


FORMAT = _Raw()
