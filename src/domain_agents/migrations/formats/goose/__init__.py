"""goose: one numbered file per migration with annotations for the way up and the way down.

Every file runs in a transaction; `NO TRANSACTION` takes the whole file out of it, and its statements then run one by one. A
statement with a semicolon inside stands between `StatementBegin` and `StatementEnd`. Without a Down section `goose down`
would take the version off its list and claim success, so there is one, and it fails.

Source: https://pressly.github.io/goose/reference/annotations/, https://pressly.github.io/goose/blog/2022/overview-sql-file
(naming, Down), pressly/goose internal/sqlparser/parser.go (which lines count); read 2026-11-21.
"""

from __future__ import annotations

import pkgutil
import re
from typing import TYPE_CHECKING

from domain_agents.migrations.formats import Format, OutsideTransaction, ReadFile
from domain_agents.migrations.formats._header import in_directory
from domain_agents.migrations.formats._sql import (
    REFUSAL,
    body,
    comments,
    header,
    places,
    read_sql,
    refuse_marks,
    section,
    terminated,
    undo_lines,
)
from domain_agents.rendering import render as render_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.plan import Plan, Project

_TEMPLATE = "template.sql.jinja"
_MARKS = re.compile(r"\+goose\b", re.IGNORECASE)
_UP = re.compile(r"--\s*\+goose\s+Up\b", re.IGNORECASE)
_DOWN = re.compile(r"--\s*\+goose\s+Down\b", re.IGNORECASE)
_NO_TRANSACTION = re.compile(r"^--\s*\+goose\s+NO\s+TRANSACTION\b", re.IGNORECASE | re.MULTILINE)


class _Goose(Format):
    """goose's SQL files."""

    @property
    def name(self) -> str:
        return "goose"

    @property
    def outside_transaction(self) -> OutsideTransaction:
        return OutsideTransaction.WHOLE_FILES

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        files: dict[str, str] = {}
        for place in places(plan, project, date, naming="{number}_{slug}.sql", first="YYYYMMDDHHMMSS"):
            refuse_marks(place, _MARKS, "goose")
            runs = body(place.migration, engine)
            up_to = f"goose up-to {int(place.number)}" if place.number.isdigit() else ""
            files[in_directory(project.directory or self.directory, place.name)] = render_template(
                (pkgutil.get_data(__name__, _TEMPLATE) or b"").decode(),
                {
                    "transaction": runs.transaction,
                    "header": comments(header(plan, place, engine, author=author, date=date, Apply_with=up_to), _MARKS),
                    "statements": [
                        {"sql": terminated(sql), "whole": ";" in sql or "--" in sql} for sql in runs.statements
                    ],
                    "undo": comments(undo_lines(place), _MARKS),
                    "refusal": terminated(REFUSAL),
                },
                name=_TEMPLATE,
            )
        return files

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        up = section(content, _UP, _DOWN)
        return read_sql(up, engine, transaction=not _NO_TRANSACTION.search(content))

    def notes(self, project: Project) -> tuple[str, ...]:
        return ("`goose down` fails on these files and changes nothing: each is undone by a new migration",)


FORMAT = _Goose()
