"""sqlx (Rust): numbered files, simple ones or pairs for the way up and down, as the project has them.

A file runs in a transaction unless its first line says `-- no-transaction`; its text goes to PostgreSQL as one query. A new
history gets simple files: `sqlx migrate revert` has nothing to run for them. In a project with pairs the way down fails.

Source: https://docs.rs/sqlx/latest/sqlx/macro.migrate.html and sqlx-cli (`migrate add`: simple and reversible migrations),
launchbadge/sqlx sqlx-core/src/migrate/source.rs and pull requests 3181 and 4015 (`no-transaction`); read 2026-11-21.
"""

from __future__ import annotations

import pkgutil
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
    terminated,
    undo_lines,
)
from domain_agents.rendering import render as render_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.formats import ReadFile
    from domain_agents.migrations.plan import Plan, Project

_UP, _DOWN = "up.sql.jinja", "down.sql.jinja"
_OUTSIDE = "-- no-transaction"


class _Sqlx(OneQuery):
    """Simple files or pairs."""

    @property
    def name(self) -> str:
        return "sqlx"

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        files: dict[str, str] = {}
        for place in places(plan, project, date, naming="{number}_{slug}.sql", first="YYYYMMDDHHMMSS"):
            runs = body(place.migration, engine)
            path = in_directory(project.directory or self.directory, place.name)
            up_to = f"sqlx migrate run --target-version {int(place.number)}" if place.number.isdigit() else ""
            files[path] = _rendered(
                _UP,
                marker="" if runs.transaction else _OUTSIDE,
                header=comments(header(plan, place, engine, author=author, date=date, Apply_with=up_to)),
                statements=[terminated(sql) for sql in runs.statements],
            )
            if path.endswith(".up.sql"):
                files[path.removesuffix(".up.sql") + ".down.sql"] = _rendered(
                    _DOWN, undo=comments(undo_lines(place)), refusal=terminated(REFUSAL)
                )
        return files

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        return read_sql(content, engine, transaction=not content.startswith(_OUTSIDE), one_query=True)

    def is_companion(self, path: str) -> bool:
        return path.endswith(".down.sql")

    def notes(self, project: Project) -> tuple[str, ...]:
        told = ["`sqlx migrate revert` does not undo these files: each is undone by a new migration"]
        if project.engine == "sqlite":
            told.append(
                "`-- no-transaction` on SQLite needs an sqlx of late 2025 or newer; an older one refuses such a file and "
                "changes nothing"
            )
        return tuple(told)


def _rendered(template: str, **values: object) -> str:
    return render_template((pkgutil.get_data(__name__, template) or b"").decode(), values, name=template)


FORMAT = _Sqlx()
