"""Flyway: one versioned SQL file per migration, V<version>__<description>.sql, and a settings file beside it where needed.

A file runs in a transaction. `executeInTransaction=false` in the file of the same name with `.conf` behind it takes it out
of the transaction: Flyway finds statements such as CREATE INDEX CONCURRENTLY by itself, but refuses a file that mixes them
with others, settings included. The same file switches placeholders off where the SQL holds a `${`. The community edition
has no way back; none is written.

Source: https://documentation.red-gate.com/fd/flyway-execute-in-transaction-setting-277578997.html, "Script Configuration
Files" and "Migrations" (names, versions) of the same manual, https://www.red-gate.com/blog/flyway-6-1-0-released (script
configuration); read 2026-11-21.
"""

from __future__ import annotations

import pkgutil
import re
from typing import TYPE_CHECKING

from domain_agents.migrations.formats import Format, OutsideTransaction
from domain_agents.migrations.formats._header import in_directory
from domain_agents.migrations.formats._sql import body, comments, header, places, read_sql, terminated
from domain_agents.rendering import render as render_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.formats import ReadFile
    from domain_agents.migrations.plan import Plan, Project

_TEMPLATE = "template.sql.jinja"
_SETTINGS = ".conf"
_OUTSIDE = re.compile(r"^\s*executeInTransaction\s*=\s*false\s*$", re.MULTILINE)
_FOUND_OUTSIDE = re.compile(
    r"^\s*(?:(?:CREATE\s+(?:UNIQUE\s+)?|DROP\s+|RE)INDEX\b[^;]*\bCONCURRENTLY\b|VACUUM\b|ALTER\s+SYSTEM\b"
    r"|(?:CREATE|DROP)\s+(?:DATABASE|TABLESPACE|SUBSCRIPTION)\b)",
    re.IGNORECASE | re.MULTILINE,
)
"""What Flyway itself runs outside a transaction on PostgreSQL."""


class _Flyway(Format):
    """Versioned files."""

    def __init__(self, contents: Mapping[str, str] | None = None) -> None:
        self._contents = contents or {}

    @property
    def name(self) -> str:
        return "flyway"

    @property
    def directory(self) -> str:
        return "src/main/resources/db/migration"

    @property
    def outside_transaction(self) -> OutsideTransaction:
        return OutsideTransaction.WHOLE_FILES

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        files: dict[str, str] = {}
        for place in places(plan, project, date, naming="V{number}__{slug}.sql", first="1"):
            runs = body(place.migration, engine)
            path = in_directory(project.directory or self.directory, place.name)
            up_to = f"flyway migrate -target={place.number}"
            settings = [] if runs.transaction else ["executeInTransaction=false"]
            lines = header(plan, place, engine, author=author, date=date, Apply_with=up_to)
            # A placeholder in a comment is looked up as well.
            if any("${" in text for text in (*lines, *runs.statements)):
                settings.append("placeholderReplacement=false")
            files[path] = render_template(
                (pkgutil.get_data(__name__, _TEMPLATE) or b"").decode(),
                {
                    "header": comments(lines),
                    "settings": ", ".join(settings),
                    "file": f"{place.name}{_SETTINGS}",
                    "statements": [terminated(sql) for sql in runs.statements],
                },
                name=_TEMPLATE,
            )
            if settings:
                files[f"{path}{_SETTINGS}"] = "".join(f"{line}\n" for line in settings)
        return files

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        outside = _OUTSIDE.search(self._contents.get(f"{path}{_SETTINGS}", ""))
        found = engine == "postgresql" and _FOUND_OUTSIDE.search(content)
        return read_sql(content, engine, transaction=not (outside or found))

    def is_companion(self, path: str) -> bool:
        return path.endswith(f".sql{_SETTINGS}")

    def beside(self, contents: Mapping[str, str]) -> Format:
        return _Flyway(contents)

    def notes(self, project: Project) -> tuple[str, ...]:
        return ("no undo script is written (`flyway undo` then refuses): each file is undone by a new migration",)


FORMAT = _Flyway()
