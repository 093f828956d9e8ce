"""Rails: a class per migration with a superclass of the project's version, in a file named by time.

Each statement is an `execute`, word for word as planned. Active Record opens a transaction around a migration on PostgreSQL
and SQLite; `disable_ddl_transaction!` takes one out of it. Going back raises `IrreversibleMigration`. Where the project has
strong_migrations, which refuses every `execute`, the statements stand in `safety_assured`: they are checked here.

Source: https://guides.rubyonrails.org/active_record_migrations.html,
https://api.rubyonrails.org/classes/ActiveRecord/Migration.html ("Transactional Migrations"),
https://github.com/ankane/strong_migrations ("Assuring Safety"); read 2026-11-21. Run with Debian's Active Record 6.1 in
tests, where it is installed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from domain_agents.migrations.formats import UnreadPart
from domain_agents.migrations.formats._header import safe_slug
from domain_agents.migrations.formats._script import (
    UNREAD,
    Made,
    ScriptFormat,
    dedented,
    escaped,
    indented,
    is_plain,
    line_of,
    mark_for,
    unescaped,
    without_comments,
)
from domain_agents.migrations.formats._sql import pascal
from domain_agents.migrations.plan import PlannedMigration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.formats._sql import Place
    from domain_agents.migrations.plan import Plan, PlannedStep, Project

_VERSION = "7.1"
_ASSURED = "strong_migrations"
_INDENT = 4
_WAY_UP = re.compile(
    r"^(?P<indent>[ \t]*)def (?:up|change|self\.up)\b.*?(?=^(?P=indent)end\b)", re.MULTILINE | re.DOTALL
)
_EXECUTE = re.compile(
    r"\bexecute[\s(]\s*(?:"
    r"<<[~-](?P<raw>'?)(?P<mark>\w+)(?P=raw)\)?[^\n]*\n(?P<heredoc>.*?)^[ \t]*(?P=mark)\b"
    r"|\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>(?:[^'\\]|\\.)*)')",
    re.MULTILINE | re.DOTALL,
)
_CALL = re.compile(
    r"^\s*((?:add|remove|drop|create|change|rename|validate|enable|disable|execute)(?:_\w+)?)\b(?!_ddl)", re.MULTILINE
)
_INTERPOLATED = re.compile(r"#(?=[{$@])")


class _Rails(ScriptFormat):
    """Active Record's migrations."""

    template = "template.rb.jinja"
    package = __name__
    comment = "#"
    naming = "{number}_{slug}.rb"

    @property
    def name(self) -> str:
        return "rails"

    @property
    def tried_on(self) -> frozenset[str]:
        return frozenset({"mariadb", "postgresql", "sqlite"})

    @property
    def directory(self) -> str:
        return "db/migrate"

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (".rb",)

    def arrange(self, plan: Plan, project: Project, engine: Engine) -> Plan:
        """Names that no class of the history has: Active Record refuses two of one name."""
        taken = set(project.slugs)
        steps: list[PlannedStep] = []
        for step in plan.steps:
            if isinstance(step, PlannedMigration):
                slug, number = safe_slug(step.slug), 2
                while slug in taken:
                    slug, number = f"{safe_slug(step.slug)}_{number}", number + 1
                taken.add(slug)
                steps.append(replace(step, slug=slug))
            else:
                steps.append(step)
        return replace(plan, steps=tuple(steps))

    def values(self, place: Place, project: Project, engine: Engine) -> Mapping[str, object]:
        return {
            "name": pascal(place.slug),
            "version": project.framework_version or _VERSION,
            "assured": _ASSURED in project.habits,
        }

    def literal(self, sql: str) -> str:
        needs_escapes = "\n" in sql or "\\" in sql or ('"' in sql and "'" in sql)
        if needs_escapes and is_plain(sql) and not sql[:1].isspace() and not sql.endswith("\n"):
            mark = mark_for(sql)
            return f"<<~'{mark}'\n{indented(sql, _INDENT + 2)}\n{' ' * _INDENT}{mark}"
        return self.text(sql)

    def text(self, text: str) -> str:
        if is_plain(text) and "\n" not in text and '"' in text and "'" not in text and "\\" not in text:
            return f"'{text}'"
        return '"' + _INTERPOLATED.sub(r"\\#", escaped(text, '"')) + '"'

    def opens_transaction(self, content: str) -> bool:
        return re.search(r"^\s*disable_ddl_transaction!", content, re.MULTILINE) is None

    def sent(self, content: str, engine: str) -> tuple[list[Made], list[UnreadPart]]:
        found: list[Made] = []
        unread: list[UnreadPart] = []
        code = without_comments(content, r"^[ \t]*#[^\n]*")
        way = next(iter(_way_up(content, code)), None)
        if way is None:
            return [], [UnreadPart(0, "", "there is no method up or change")]
        start, up = way
        rest = up
        for call in _EXECUTE.finditer(up):
            rest = rest.replace(call.group(), re.sub(r"[^\n]", " ", call.group()), 1)
            text, offset = _sql_of(call)
            if text is None:
                unread.append(UnreadPart(line_of(content, start + call.start()), "execute", "its SQL is made by code"))
            else:
                found.append(Made(text, line_of(content, start + offset)))
        unread += [
            UnreadPart(line_of(content, start + one.start(1)), one.group(1), UNREAD) for one in _CALL.finditer(rest)
        ]
        return found, unread

    def notes(self, project: Project) -> tuple[str, ...]:
        return (
            "db:migrate writes db/schema.rb (or structure.sql) anew: commit it with the last file",
            "`db:rollback` raises IrreversibleMigration and changes nothing: each file is undone by a new migration",
            "`db:migrate VERSION=...` goes as far as one file: stop there where a deploy or check comes first",
        )


def _way_up(content: str, code: str) -> list[tuple[int, str]]:
    """The body of `up`, with comment lines blanked outside of texts that stand for themselves."""
    return [(one.start(), content[one.start() : one.end()]) for one in _WAY_UP.finditer(code)]


def _sql_of(call: re.Match[str]) -> tuple[str | None, int]:
    if call.group("heredoc") is not None:
        text = call.group("heredoc")
        lines = [line for line in text.split("\n") if line.strip()]
        blanks = min((len(line) - len(line.lstrip(" ")) for line in lines), default=0)
        plain = dedented(text.removesuffix("\n"), blanks)
        if not call.group("raw"):
            return (None, 0) if "#{" in plain else (unescaped(plain), call.start("heredoc"))
        return plain, call.start("heredoc")
    if call.group("double") is not None:
        text = call.group("double")
        made_by_code = re.search(r"(?<!\\)(?:\\\\)*#\{", text)
        return (None, 0) if made_by_code else (unescaped(text), call.start("double"))
    return re.sub(r"\\([\\'])", r"\1", call.group("single")), call.start("single")


FORMAT = _Rails()
