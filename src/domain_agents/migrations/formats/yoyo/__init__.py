"""yoyo: one SQL file per migration that names what it depends on, and a file with the way back.

A file runs in a transaction unless it says `-- transactional: false`; it is split into statements, which run one by one.
Without a .rollback.sql file `yoyo rollback` would take the migration off its list and claim success, so there is one, and
it fails. A new file depends on every end of the history.

Source: https://ollycope.com/software/yoyo/latest/ ("Migration files", "SQL scripts", "Transactions", "Naming"),
yoyo/migrations.py (which comments are directives); read 2026-11-21. Run with yoyo 9.0 in tests.
"""

from __future__ import annotations

import hashlib
import pkgutil
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from domain_agents.migrations.formats import Format, OutsideTransaction
from domain_agents.migrations.formats._header import in_directory, moment
from domain_agents.migrations.formats._sql import (
    REFUSAL,
    body,
    comments,
    header,
    places,
    read_sql,
    refuse_marks,
    terminated,
    undo_lines,
)
from domain_agents.rendering import render as render_template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.formats import ReadFile
    from domain_agents.migrations.formats._sql import Place
    from domain_agents.migrations.plan import Plan, Project

_UP, _DOWN = "template.sql.jinja", "rollback.sql.jinja"
_MARKS = re.compile(r"(?:depends|transactional)\s*:")
_OUTSIDE = re.compile(r"^\s*--\s*transactional\s*:\s*false\s*$", re.IGNORECASE | re.MULTILINE)
_OWN_NAME = re.compile(r"(\d{8})_(\d\d)_[A-Za-z0-9]{5}-")
"""What `yoyo new` names a file: the day, a counter within it, five characters of its own, the message."""


class _Yoyo(Format):
    """SQL files with their rollback files."""

    @property
    def name(self) -> str:
        return "yoyo"

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (".sql", ".py")

    @property
    def outside_transaction(self) -> OutsideTransaction:
        return OutsideTransaction.WHOLE_FILES

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        files: dict[str, str] = {}
        depends = project.heads or ((project.head,) if project.head else ())
        for place in _places(plan, project, date):
            refuse_marks(place, _MARKS, "yoyo")
            runs = body(place.migration, engine)
            path = in_directory(project.directory or self.directory, place.name)
            up_to = f"yoyo apply --revision {place.stem}"
            files[path] = _rendered(
                _UP,
                depends=" ".join(depends),
                transaction=runs.transaction,
                header=comments(header(plan, place, engine, author=author, date=date, Apply_with=up_to), _MARKS),
                statements=[terminated(sql) for sql in runs.statements],
            )
            files[f"{path.removesuffix('.sql')}.rollback.sql"] = _rendered(
                _DOWN, undo=comments(undo_lines(place), _MARKS), refusal=terminated(REFUSAL)
            )
            depends = (place.stem,)
        return files

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        return read_sql(content, engine, transaction=not _OUTSIDE.search(content))

    def is_companion(self, path: str) -> bool:
        return path.endswith(".rollback.sql")

    def notes(self, project: Project) -> tuple[str, ...]:
        return ("`yoyo rollback` fails on these files and changes nothing: each is undone by a new migration",)


def _places(plan: Plan, project: Project, date: str) -> Iterator[Place]:
    numbered = places(plan, project, date, naming="{number}_{slug}.sql", first="0001")
    newest = _OWN_NAME.match(project.head)
    if project.head and not newest:
        yield from numbered
        return
    day = moment(date).digits[:8]
    if newest:
        day = max(day, newest.group(1))
    count = int(newest.group(2)) if newest and newest.group(1) == day else 0
    after = project.head
    for place in numbered:
        count += 1
        own = hashlib.sha256(f"{after}\0{place.slug}".encode()).hexdigest()[:5]
        name = f"{day}_{count:02d}_{own}-{place.slug.replace('_', '-')}.sql"
        yield replace(place, number=f"{day}_{count:02d}", name=name, after=after)
        after = name.removesuffix(".sql")


def _rendered(template: str, **values: object) -> str:
    return render_template((pkgutil.get_data(__name__, template) or b"").decode(), values, name=template)


FORMAT = _Yoyo()
