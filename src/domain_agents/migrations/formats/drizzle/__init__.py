"""Drizzle: SQL files in a journal, each with a snapshot of the schema.

drizzle-kit runs all that the journal names in one transaction, statement by statement. A file that must not run in one
commits it first, and begins another one at its end, in which Drizzle records the file.

The journal is a file of the project that exists, and nothing of ours changes one: beside every migration lies the journal
that names it, to be copied over the project's own when its turn has come. That is also how a plan with deploys in it is
run file by file. The snapshot says what the schema is then, so that `drizzle-kit generate` finds nothing left to do.

Source: https://orm.drizzle.team/docs/kit-custom-migrations, https://orm.drizzle.team/docs/drizzle-kit-migrate,
pg-core/dialect.js of drizzle-orm 0.45 (migrate), migrator.js (readMigrationFiles); read 2026-11-21. Run with drizzle-kit
0.31 in tests.
"""

from __future__ import annotations

import json
import pkgutil
import re
from typing import TYPE_CHECKING, Any

from domain_agents.dialects import dialect, replay
from domain_agents.migrations.formats import Format, OutsideTransaction
from domain_agents.migrations.formats._header import in_directory, moment
from domain_agents.migrations.formats._sql import body, comments, header, places, read_sql, terminated
from domain_agents.migrations.formats.drizzle._snapshot import next_snapshot
from domain_agents.operations import CannotPlan
from domain_agents.rendering import render as render_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.formats import ReadFile
    from domain_agents.migrations.formats._sql import Place
    from domain_agents.migrations.plan import Plan, Project

_TEMPLATE = "template.sql.jinja"
_BREAK = "--> statement-breakpoint"
_OUTSIDE = (
    "none; the file commits the one that drizzle-kit has opened, and begins another at its end for Drizzle's own record"
)
_OPENS = frozenset({"postgresql", "sqlite"})
_DIALECTS = {"mariadb": "mysql"}
_VERSIONS = {"postgresql": "7", "mysql": "5", "sqlite": "6"}
_NO_SNAPSHOT = "00000000-0000-0000-0000-000000000000"
_COMPANION = re.compile(r"(^|/)meta/(?:_\w+|\d\w*_snapshot)\.json$")


class _Drizzle(Format):
    """SQL files of drizzle-kit."""

    @property
    def name(self) -> str:
        return "drizzle"

    @property
    def directory(self) -> str:
        return "drizzle"

    @property
    def outside_transaction(self) -> OutsideTransaction:
        return OutsideTransaction.WHOLE_FILES

    def is_companion(self, path: str) -> bool:
        return _COMPANION.search(path) is not None

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        files: dict[str, str] = {}
        directory = project.directory or self.directory
        journal, snapshot = _state(project, engine)
        schema, _ = replay(project.schema_sql, dialect(engine.name))
        for place in places(plan, project, date, naming="{number}_{slug}.sql", first="0000"):
            for sql in place.migration.statements:
                _refuse_break(sql)
            entry = {
                "idx": len(journal["entries"]),
                "version": journal.get("version", _VERSIONS.get(engine.name, "7")),
                "when": max(moment(date).epoch * 1000, _newest(journal) + 1),
                "tag": place.stem,
                "breakpoints": True,
            }
            journal["entries"].append(entry)
            listed = in_directory(directory, f"meta/_journal_{place.number}.json")
            files[in_directory(directory, place.name)] = _content(
                plan, place, engine, author, date, f"cp {listed} {in_directory(directory, 'meta/_journal.json')}"
            )
            files[listed] = json.dumps(journal, indent=2) + "\n"
            made, schema = next_snapshot(snapshot, schema, place.migration.statements, engine.name)
            files[in_directory(directory, f"meta/{place.number}_snapshot.json")] = made
            snapshot = json.loads(made)
        return files

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        return read_sql(content, engine, transaction=engine in _OPENS)

    def notes(self, project: Project) -> tuple[str, ...]:
        return (
            "Drizzle runs only what meta/_journal.json names: copy each file's journal over it when its turn has come",
            "schema.ts is not changed: bring it in step with the last file; `drizzle-kit generate` then finds no changes",
            "Drizzle has no way back: each migration is undone by a new one",
        )


def _state(project: Project, engine: Engine) -> tuple[dict[str, Any], dict[str, Any]]:
    """The journal and the newest snapshot; for a project without them, empty ones."""
    family = _DIALECTS.get(engine.name, engine.name)
    version = _VERSIONS.get(family, "7")
    try:
        known = json.loads(project.state or "{}")
    except ValueError:
        known = {}
    journal = known.get("journal") or {"version": "7", "dialect": family, "entries": []}
    snapshot = known.get("snapshot") or {
        "id": _NO_SNAPSHOT, "prevId": "", "version": version, "dialect": family, "tables": {}, "enums": {}, "schemas": {},
        "_meta": {"columns": {}, "schemas": {}, "tables": {}},
    }  # fmt: skip
    return journal, snapshot


def _newest(journal: Mapping[str, Any]) -> int:
    return max((int(entry.get("when", 0)) for entry in journal["entries"]), default=0)


def _content(plan: Plan, place: Place, engine: Engine, author: str, date: str, enter: str) -> str:
    runs = body(place.migration, engine)
    statements = runs.statements
    if not runs.transaction and engine.name in _OPENS:
        statements = ("COMMIT", *statements, "BEGIN")
    said = {"Enter_with": enter, "Apply_with": "drizzle-kit migrate"}
    if statements != runs.statements:
        said["transaction"] = _OUTSIDE
    lines = header(plan, place, engine, author=author, date=date, **said)
    return render_template(
        (pkgutil.get_data(__name__, _TEMPLATE) or b"").decode(),
        {
            "header": [line.replace(_BREAK, _BREAK.replace("-->", "->")) for line in comments(lines)],
            "statements": [terminated(sql) for sql in statements],
        },
        name=_TEMPLATE,
    )


def _refuse_break(sql: str) -> None:
    if _BREAK in sql:
        raise CannotPlan(
            f"Drizzle would cut the statement at {_BREAK!r}",
            field="sql",
            way_out="write the statement without that text",
        )


FORMAT = _Drizzle()
