"""dbmate: one time-stamped file per migration with a block for the way up and one for the way down.

A block runs in a transaction unless it says `transaction:false`; then its text goes to the server as one query. The down
block must be there; it fails, and dbmate keeps the migration on its list. dbmate has no way to stop before the newest file,
so a plan with deploys in it is handed over file by file.

Source: https://github.com/amacneil/dbmate README, "Creating Migrations", "Migration Options", "Rolling Back Migrations";
pkg/dbmate/migration.go (which lines are annotations, both blocks demanded); read 2026-11-21. Run with dbmate 2.36 in tests.
"""

from __future__ import annotations

import pkgutil
import re
from typing import TYPE_CHECKING

from domain_agents.migrations.formats._header import in_directory
from domain_agents.migrations.formats._one_query import OneQuery
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
    from domain_agents.migrations.formats import ReadFile
    from domain_agents.migrations.plan import Plan, Project

_TEMPLATE = "template.sql.jinja"
_MARKS = re.compile(r"migrate:", re.IGNORECASE)
_UP = re.compile(r"--\s*migrate:up\b")
_DOWN = re.compile(r"--\s*migrate:down\b")
_OUTSIDE = re.compile(r"^--\s*migrate:up\b.*\btransaction:false\b", re.MULTILINE)


class _Dbmate(OneQuery):
    """dbmate's files."""

    @property
    def name(self) -> str:
        return "dbmate"

    @property
    def directory(self) -> str:
        return "db/migrations"

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        files: dict[str, str] = {}
        for place in places(plan, project, date, naming="{number}_{slug}.sql", first="YYYYMMDDHHMMSS"):
            refuse_marks(place, _MARKS, "dbmate")
            runs = body(place.migration, engine)
            files[in_directory(project.directory or self.directory, place.name)] = render_template(
                (pkgutil.get_data(__name__, _TEMPLATE) or b"").decode(),
                {
                    "transaction": runs.transaction,
                    "header": comments(header(plan, place, engine, author=author, date=date), _MARKS),
                    "statements": [terminated(sql) for sql in runs.statements],
                    "undo": comments(undo_lines(place), _MARKS),
                    "refusal": terminated(REFUSAL),
                },
                name=_TEMPLATE,
            )
        return files

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        up = section(content, _UP, _DOWN)
        return read_sql(up, engine, transaction=not _OUTSIDE.search(content), one_query=True)

    def notes(self, project: Project) -> tuple[str, ...]:
        return (
            "`dbmate rollback` fails on these files and changes nothing: each is undone by a new migration",
            "`dbmate up` applies every file that is there: add a file only when the deploy or check before it is done",
        )


FORMAT = _Dbmate()
