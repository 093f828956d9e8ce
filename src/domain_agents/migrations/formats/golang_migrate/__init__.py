"""golang-migrate: a numbered pair of files per migration, one for the way up and one for the way down.

On PostgreSQL a file goes to the server as one query and says BEGIN and COMMIT itself, so that it is whole with and without
`x-multi-statement`; what may not run in a transaction is alone in its file. The SQLite driver opens a transaction around
every file unless the connection says `x-no-tx-wrap`. A missing way down counts as an empty one, which `migrate down` would
record as done, so there is one, and it fails; the version is then marked dirty until `migrate force`.

Source: golang-migrate/migrate MIGRATIONS.md (file names), database/postgres/README.md ("Multi-statement mode"),
database/sqlite3/README.md (the wrapping transaction), FAQ.md (dirty versions, missing files); read 2026-11-21.
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
    opens_itself,
    places,
    read_sql,
    terminated,
    undo_lines,
)
from domain_agents.operations import CannotPlan
from domain_agents.rendering import render as render_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.formats import ReadFile
    from domain_agents.migrations.plan import Plan, Project

_UP, _DOWN = "up.sql.jinja", "down.sql.jinja"
_WRAPPED = frozenset({"sqlite"})
"""Engines whose driver opens a transaction around every file."""


class _GolangMigrate(OneQuery):
    """Pairs of files."""

    @property
    def name(self) -> str:
        return "golang-migrate"

    def arrange(self, plan: Plan, project: Project, engine: Engine) -> Plan:
        bare = [one for one in plan.migrations if not body(one, engine).transaction]
        if bare and engine.name in _WRAPPED and project.transactions != "own":
            raise CannotPlan(
                f"golang-migrate opens a transaction around every file on this engine, and {bare[0].title!r} needs its own",
                field="framework",
                way_out='run migrate with x-no-tx-wrap=true and render with "framework": "raw" into its directory, or '
                "begin a file of this project with BEGIN; as x-no-tx-wrap wants it",
            )
        return super().arrange(plan, project, engine)

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        files: dict[str, str] = {}
        opens = engine.name not in _WRAPPED or project.transactions == "own"
        for place in places(plan, project, date, naming="{number}_{slug}.up.sql", first="000001"):
            runs = body(place.migration, engine)
            statements = ("BEGIN", *runs.statements, "COMMIT") if runs.transaction and opens else runs.statements
            up_to = f"migrate goto {int(place.number)}" if place.number.isdigit() else ""
            path = in_directory(project.directory or self.directory, place.name)
            files[path] = _rendered(
                _UP,
                header=comments(header(plan, place, engine, author=author, date=date, Apply_with=up_to)),
                statements=[terminated(sql) for sql in statements],
            )
            files[path.replace(".up.sql", ".down.sql")] = _rendered(
                _DOWN, undo=comments(undo_lines(place)), refusal=terminated(REFUSAL)
            )
        return files

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        wrapped = engine in _WRAPPED and not opens_itself(content, engine)
        return read_sql(content, engine, transaction=wrapped, one_query=True)

    def is_companion(self, path: str) -> bool:
        return path.endswith(".down.sql")

    def notes(self, project: Project) -> tuple[str, ...]:
        told = (
            "`migrate down` fails on these files, changes nothing, and leaves the version before marked dirty: "
            "`migrate force VERSION` with the version that is applied clears the mark; undo by a new migration"
        )
        return (told,)


def _rendered(template: str, **values: object) -> str:
    return render_template((pkgutil.get_data(__name__, template) or b"").decode(), values, name=template)


FORMAT = _GolangMigrate()
