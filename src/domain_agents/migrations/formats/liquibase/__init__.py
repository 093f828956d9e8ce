"""Liquibase: formatted SQL, one changeset in a file of its own.

A changeset runs in a transaction unless it says `runInTransaction:false`, and is split at semicolons unless it names
another delimiter, which one with a function body does. Nothing is written for the way back: without `--rollback` lines
Liquibase refuses to roll formatted SQL back. Whether the root changelog includes the new file is for whoever keeps it:
`includeAll` does, a list of `include` needs a line more.

Source: https://docs.liquibase.com/concepts/changelogs/sql-format.html (first line, changeset, attributes),
https://docs.liquibase.com/workflows/liquibase-community/liquibase-auto-rollback.html (none for SQL); read 2026-11-21.
"""

from __future__ import annotations

import pkgutil
import re
from typing import TYPE_CHECKING

from domain_agents.migrations.formats import Format, OutsideTransaction
from domain_agents.migrations.formats._header import in_directory
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
from domain_agents.rendering import render as render_template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain_agents.engines import Engine
    from domain_agents.migrations.formats import ReadFile
    from domain_agents.migrations.plan import Plan, Project

_TEMPLATE = "template.sql.jinja"
_AUTHOR = "domain-agents"
_MARKS = re.compile(
    r"(?:liquibase|change\s*set|roll\s*back|pre\s*-?conditions?|comment|property|ignore\s*lines?|valid\s*check\s*sums?)\b",
    re.IGNORECASE,
)
_CHANGESET = re.compile(r"\s*--\s*changeset\s+\S+:\S+", re.IGNORECASE)
_OUTSIDE = re.compile(r"^\s*--\s*changeset\b.*\brunInTransaction:\"?false\b", re.IGNORECASE | re.MULTILINE)
_DELIMITER = re.compile(r"^\s*--\s*changeset\b.*\bendDelimiter:(\S+)", re.IGNORECASE | re.MULTILINE)
_NEVER = re.compile(r"(?!)")
_DELIMITERS = (";", "@@", "~~~", "@@@@@", "~~~~~~~")


class _Liquibase(Format):
    """Formatted SQL."""

    @property
    def name(self) -> str:
        return "liquibase"

    @property
    def directory(self) -> str:
        return "db/changelog"

    @property
    def outside_transaction(self) -> OutsideTransaction:
        return OutsideTransaction.WHOLE_FILES

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        files: dict[str, str] = {}
        signed = re.sub(r"[^\w.@-]+", ".", author, flags=re.ASCII).strip(".") or _AUTHOR
        for place in places(plan, project, date, naming="{number}_{slug}.sql", first="001"):
            refuse_marks(place, _MARKS, "Liquibase")
            runs = body(place.migration, engine)
            end = _delimiter(runs.statements)
            attributes = [
                *([] if runs.transaction else ["runInTransaction:false"]),
                *([] if end == ";" else [f"endDelimiter:{end}"]),
                "stripComments:false",
            ]
            files[in_directory(project.directory or self.directory, place.name)] = render_template(
                (pkgutil.get_data(__name__, _TEMPLATE) or b"").decode(),
                {
                    "changeset": " ".join([f"{signed}:{place.stem}", *attributes]),
                    "header": comments(header(plan, place, engine, author=author, date=date), _MARKS),
                    # Behind a word the delimiter would be read as part of it (seen with 4.4).
                    "statements": [terminated(sql) if end == ";" else f"{sql}\n{end}" for sql in runs.statements],
                },
                name=_TEMPLATE,
            )
        return files

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        changes = section(content, _CHANGESET, _NEVER)
        named = _DELIMITER.search(content)
        if named:
            changes = re.sub(rf"^{re.escape(named.group(1))}[ \t]*$", ";", changes, flags=re.MULTILINE)
        return read_sql(changes, engine, transaction=not _OUTSIDE.search(content))

    def notes(self, project: Project) -> tuple[str, ...]:
        return (
            "`liquibase rollback` refuses these changesets: each is undone by a new one",
            "a root changelog that lists its files by `include` needs a line for each new file, in the order of the plan",
            "`liquibase update` applies everything that is included: add a file only when what stands before it is done",
        )


def _delimiter(statements: Sequence[str]) -> str:
    """What ends a statement: the semicolon, unless one has a semicolon inside."""
    return next((end for end in _DELIMITERS if not any(end in sql for sql in statements)), _DELIMITERS[-1] * 3)


FORMAT = _Liquibase()
