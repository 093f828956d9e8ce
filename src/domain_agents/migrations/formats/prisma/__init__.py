"""Prisma Migrate: a directory per migration with a migration.sql.

The text goes to PostgreSQL as one query, which runs several statements in one transaction of its own, so what may not run
in one is alone in its migration. The SQLite file opens its transaction itself: Prisma opens none. Prisma has no way back;
none is written. The Prisma schema is the project's model of the same tables, and has to be changed with them.

Source: https://www.prisma.io/docs/orm/prisma-migrate/understanding-prisma-migrate/migration-histories,
https://www.prisma.io/docs/orm/prisma-migrate/workflows/customizing-migrations, prisma/orm discussion 10601 and
prisma/prisma issue 9154 (one statement for CREATE INDEX CONCURRENTLY); read 2026-11-21.
"""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING

from domain_agents.migrations.formats._header import in_directory
from domain_agents.migrations.formats._one_query import OneQuery
from domain_agents.migrations.formats._sql import body, comments, header, places, read_sql, terminated
from domain_agents.rendering import render as render_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.formats import ReadFile
    from domain_agents.migrations.plan import Plan, Project

_TEMPLATE = "template.sql.jinja"
_OWN_TRANSACTION = frozenset({"sqlite"})


class _Prisma(OneQuery):
    """migration.sql in a directory of its own."""

    @property
    def name(self) -> str:
        return "prisma"

    @property
    def directory(self) -> str:
        return "prisma/migrations"

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        files: dict[str, str] = {}
        naming = "{number}_{slug}/migration.sql"
        for place in places(plan, project, date, naming=naming, first="YYYYMMDDHHMMSS"):
            runs = body(place.migration, engine)
            opens = runs.transaction and engine.name in _OWN_TRANSACTION
            statements = ("BEGIN", *runs.statements, "COMMIT") if opens else runs.statements
            files[in_directory(project.directory or self.directory, place.name)] = render_template(
                (pkgutil.get_data(__name__, _TEMPLATE) or b"").decode(),
                {
                    "header": comments(header(plan, place, engine, author=author, date=date)),
                    "statements": [terminated(sql) for sql in statements],
                },
                name=_TEMPLATE,
            )
        return files

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        return read_sql(content, engine, transaction=False, one_query=True)

    def notes(self, project: Project) -> tuple[str, ...]:
        return (
            "schema.prisma is not changed: bring it in step with the last file, or Prisma plans to take the change back",
            "`prisma migrate deploy` applies all that is there: add a file only when the deploy or check before it is done",
            "Prisma has no way back: each migration is undone by a new one",
        )


FORMAT = _Prisma()
