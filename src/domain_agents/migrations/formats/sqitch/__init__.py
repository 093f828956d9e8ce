"""Sqitch: three scripts per change, in deploy/, revert/ and verify/, and a line in sqitch.plan.

The scripts are new files and are written. The plan is a file of the project that exists, and nothing of ours changes one:
the header of every script has the `sqitch add` command that enters it, which keeps scripts that are already there. Until
then Sqitch does not know the change. A script runs through the database's own client, statement by statement, and opens
its transaction itself. The way back fails, and Sqitch keeps the change deployed. The verify script runs the plan's
queries; what they should give stands beside them.

Source: https://sqitch.org/docs/manual/sqitch-add/ (existing scripts are kept), https://sqitch.org/docs/manual/sqitch-verify/,
https://sqitch.org/docs/manual/sqitchtutorial/ (transactions in scripts); read 2026-11-21. Run with Sqitch 1.3 in tests.
"""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING

from domain_agents.migrations.formats import Format, OutsideTransaction
from domain_agents.migrations.formats._header import in_directory, visible
from domain_agents.migrations.formats._sql import (
    REFUSAL,
    Place,
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

_CLIENTS = {"postgresql": "pg", "mysql": "mysql", "mariadb": "mysql", "sqlite": "sqlite"}


class _Sqitch(Format):
    """Deploy, revert and verify scripts."""

    @property
    def name(self) -> str:
        return "sqitch"

    @property
    def directory(self) -> str:
        return "."

    @property
    def outside_transaction(self) -> OutsideTransaction:
        return OutsideTransaction.STATEMENTS

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        files: dict[str, str] = {}
        to = _CLIENTS.get(engine.name, engine.name)
        taken = {path.rpartition("/")[2] for path in project.schema_from}
        for place in places(plan, project, date, naming="{slug}.sql", first="1"):
            name = _free(place.slug, taken)
            own = Place(place.migration, "", place.slug, f"{name}.sql", place.after)
            runs = body(own.migration, engine)
            statements = ("BEGIN", *runs.statements, "COMMIT") if runs.transaction else runs.statements
            commands = {"Enter_with": _enter(name, place), "Apply_with": f"sqitch deploy {name}"}
            top = project.directory or self.directory
            files[in_directory(top, f"deploy/{name}.sql")] = _rendered(
                "deploy.sql.jinja",
                name=f"{name} to {to}",
                header=comments(header(plan, own, engine, author=author, date=date, **commands)),
                statements=[terminated(sql) for sql in statements],
            )
            files[in_directory(top, f"revert/{name}.sql")] = _rendered(
                "revert.sql.jinja",
                name=f"{name} from {to}",
                undo=comments(undo_lines(own)),
                refusal=terminated(REFUSAL),
            )
            checks = [
                {"says": comments([visible(f"expect {one.expect}: {one.why}")]), "sql": terminated(one.sql.rstrip(";"))}
                for one in own.migration.validations
            ]
            files[in_directory(top, f"verify/{name}.sql")] = _rendered(
                "verify.sql.jinja", name=f"{name} on {to}", checks=checks
            )
        return files

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        return read_sql(content, engine, transaction=False)

    def is_companion(self, path: str) -> bool:
        return f"/{path}".rpartition("/")[0].endswith(("/revert", "/verify"))

    def notes(self, project: Project) -> tuple[str, ...]:
        return (
            "sqitch.plan is not changed: enter each script in the plan's order with the `sqitch add` command in its header",
            "`sqitch revert` fails on these changes and leaves them deployed: each is undone by a new change",
        )


def _free(slug: str, taken: set[str]) -> str:
    """A name that no change has yet."""
    name, count = slug, 1
    while f"{name}.sql" in taken:
        count += 1
        name = f"{slug}_{count}"
    taken.add(f"{name}.sql")
    return name


def _enter(name: str, place: Place) -> str:
    note = "".join(c for c in visible(place.migration.title) if c.isalnum() or c in " .,_-")
    requires = f" --requires {place.after}" if place.after else ""
    return f"sqitch add {name}{requires} --note '{note.strip() or name}'"


def _rendered(template: str, **values: object) -> str:
    return render_template((pkgutil.get_data(__name__, template) or b"").decode(), values, name=template)


FORMAT = _Sqitch()
