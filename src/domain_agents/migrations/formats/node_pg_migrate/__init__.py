"""node-pg-migrate: SQL files, and JavaScript files for what may not run in a transaction.

An SQL file always runs in a transaction, as one query; `pgm.noTransaction()`, which takes a migration out of it, exists in
JavaScript alone. Such a file sends its statements one by one. Neither has a way back: node-pg-migrate then refuses to go
down, and changes nothing. Annotations are `-- Up Migration` and `-- Down Migration`.

Source: https://salsita.github.io/node-pg-migrate/ ("SQL migrations", "Transactions", "Defining migrations", "Migration
files"), dist/legacy/sqlMigration.js and migration.js of 9.0 (missing way down); read 2026-11-21. Run with 9.0 in tests.
"""

from __future__ import annotations

import pkgutil
import re
from typing import TYPE_CHECKING

from domain_agents.migrations.formats import FileStatement, Format, OutsideTransaction, ReadFile
from domain_agents.migrations.formats._header import in_directory
from domain_agents.migrations.formats._javascript import template_literal
from domain_agents.migrations.formats._sql import (
    body,
    comments,
    header,
    places,
    read_sql,
    refuse_marks,
    section,
    terminated,
)
from domain_agents.operations import CannotPlan
from domain_agents.rendering import render as render_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.plan import Plan, Project

_SQL, _SCRIPT = "template.sql.jinja", "template.cjs.jinja"
_ENDING = ".cjs"
"""CommonJS whatever package.json says of .js."""
_MARKS = re.compile(r"(?:up|down)\s+migration", re.IGNORECASE)
_UP = re.compile(r"\s*--[\s-]*up\s+migration", re.IGNORECASE)
_DOWN = re.compile(r"\s*--[\s-]*down\s+migration", re.IGNORECASE)
_CALL = re.compile(r"\bpgm\.sql\(`((?:[^`\\]|\\.)*)`\)", re.DOTALL)
_ESCAPED = re.compile(r"\\(u\{([0-9a-f]+)\}|.)", re.DOTALL)


class _NodePgMigrate(Format):
    """SQL and JavaScript files."""

    @property
    def name(self) -> str:
        return "node-pg-migrate"

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (".sql", ".js", ".cjs", ".mjs", ".ts")

    @property
    def outside_transaction(self) -> OutsideTransaction:
        return OutsideTransaction.WHOLE_FILES

    def arrange(self, plan: Plan, project: Project, engine: Engine) -> Plan:
        if engine.name != "postgresql":
            raise CannotPlan(
                f"node-pg-migrate is for PostgreSQL, not for {engine.name}",
                field="framework",
                way_out='give "engine": "postgresql", or another framework',
            )
        return plan

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        files: dict[str, str] = {}
        for place in places(plan, project, date, naming="{number}_{slug}.sql", first="milliseconds"):
            refuse_marks(place, _MARKS, "node-pg-migrate")
            runs = body(place.migration, engine)
            lines = header(plan, place, engine, author=author, date=date, Apply_with="node-pg-migrate up 1")
            path = in_directory(project.directory or self.directory, place.name)
            if runs.transaction:
                files[path] = _rendered(
                    _SQL, header=comments(lines, _MARKS), statements=[terminated(sql) for sql in runs.statements]
                )
            else:
                files[f"{path.removesuffix('.sql')}{_ENDING}"] = _rendered(
                    _SCRIPT,
                    header=[f"// {line}".rstrip() for line in lines],
                    statements=[template_literal(sql) for sql in runs.statements],
                )
        return files

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        if path.endswith(".sql"):
            up = section(content, _UP, _DOWN) if any(_UP.match(line) for line in content.splitlines()) else content
            return read_sql(up, engine, transaction=True)
        transaction = int("pgm.noTransaction()" not in content)
        code = re.sub(r"^\s*//[^\n]*", lambda line: " " * len(line.group()), content, flags=re.MULTILINE)
        return ReadFile(
            tuple(
                FileStatement(_text(call.group(1)), content.count("\n", 0, call.start()) + 1, transaction)
                for call in _CALL.finditer(code)
            )
        )

    def notes(self, project: Project) -> tuple[str, ...]:
        return ("`node-pg-migrate down` refuses these files: each is undone by a new migration",)


def _text(literal: str) -> str:
    named = {"n": "\n", "r": "\r", "t": "\t"}
    return _ESCAPED.sub(
        lambda found: chr(int(found.group(2), 16)) if found.group(2) else named.get(found.group(1), found.group(1)),
        literal,
    )


def _rendered(template: str, **values: object) -> str:
    return render_template((pkgutil.get_data(__name__, template) or b"").decode(), values, name=template)


FORMAT = _NodePgMigrate()
