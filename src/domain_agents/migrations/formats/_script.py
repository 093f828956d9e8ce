"""Migrations that are programs: Ruby, PHP and JavaScript files that send the planned statements one by one.

What a statement holds never becomes code: it is a literal of the language, and `read` gives it back to the character.
"""

from __future__ import annotations

import pkgutil
import re
import unicodedata
from abc import abstractmethod
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from domain_agents.dialects import dialect
from domain_agents.migrations.formats import FileStatement, Format, OutsideTransaction, ReadFile, UnreadPart, is_setting
from domain_agents.migrations.formats._header import in_directory
from domain_agents.migrations.formats._sql import BEGIN, END, Body, Place, body, header, places
from domain_agents.migrations.recognition.builders import Built, built
from domain_agents.migrations.recognition.sequelize_calls import calls
from domain_agents.rendering import render as render_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.plan import Plan, Project

UNREAD = "the framework makes its SQL from this call; give what it runs as `sql`"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_CODE = re.compile(r"\\(?:u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_NAMED = {"n": "\n", "r": "\r", "t": "\t", "e": "\x1b", "f": "\f", "v": "\v", "0": "\0"}
_TRANSACTIONAL = frozenset({"postgresql", "sqlite"})


@dataclass(frozen=True, slots=True)
class Made:
    """One statement that a file sends, and where its text begins."""

    sql: str
    line: int


class ScriptFormat(Format):
    """What they share: a template, a comment mark, a literal."""

    template = "template.jinja"
    package = __name__
    comment = "//"
    naming = "{number}_{slug}.js"
    first = "YYYYMMDDHHMMSS"
    apply_with = ""

    @property
    def outside_transaction(self) -> OutsideTransaction:
        return OutsideTransaction.WHOLE_FILES

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        files: dict[str, str] = {}
        for place in places(plan, project, date, naming=self.naming, first=self.first):
            runs = self.runs(body(place.migration, engine), engine)
            said = {"Apply_with": self.apply_with} if self.apply_with else {}
            lines = header(plan, place, engine, author=author, date=date, **said)
            files[in_directory(project.directory or self.directory, place.name)] = render_template(
                (pkgutil.get_data(self.package, self.template) or b"").decode(),
                {
                    "header": [f"{self.comment} {self.said(line)}".rstrip() for line in lines],
                    "statements": [self.literal(self.sendable(sql, engine)) for sql in runs.statements],
                    "transaction": runs.transaction,
                    "undo": self.text(undo_text(place)),
                    **self.values(place, project, engine),
                },
                name=self.template,
            )
        return files

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        transaction = self.opens_transaction(content) and engine in _TRANSACTIONAL
        found, unread = self.sent(content, engine)
        found = [Made(self.received(one.sql, engine), one.line) for one in found]
        return ReadFile(tuple(in_transactions(found, engine, opened=transaction)), tuple(unread))

    def texts(self, path: str, content: str, engine: str) -> tuple[tuple[str, ...], tuple[UnreadPart, ...]]:
        found, unread = self.sent(content, engine)
        return tuple(self.received(one.sql, engine) for one in found), tuple(unread)

    def runs(self, runs: Body, engine: Engine) -> Body:
        """What the file runs, where the framework opens no transaction on an engine that has them for DDL."""
        return runs

    def values(self, place: Place, project: Project, engine: Engine) -> Mapping[str, object]:
        """What else the template needs."""
        return {}

    def said(self, line: str) -> str:
        """A line of the header as it may stand in a comment."""
        return line

    def sendable(self, sql: str, engine: Engine) -> str:
        """A statement as the framework must be given it, to send it as it was.

        Raises:
            CannotPlan: there is no way to give it.
        """
        return sql

    @abstractmethod
    def literal(self, sql: str) -> str:
        """A statement as source, where it stands in the template."""

    def text(self, text: str) -> str:
        """A text of one line as source."""
        return self.literal(text)

    def received(self, sql: str, engine: str) -> str:
        """What the server gets of a statement that the framework is given."""
        return sql

    @abstractmethod
    def opens_transaction(self, content: str) -> bool:
        """Whether the framework opens one around the file, on an engine where that means something."""

    @abstractmethod
    def sent(self, content: str, engine: str) -> tuple[list[Made], list[UnreadPart]]:
        """The statements of the way up, and the calls whose SQL cannot be told."""


def undo_text(place: Place) -> str:
    """What a way back says instead of going back."""
    undo = " ".join((place.migration.undo or "a new migration").split())
    shown = "".join(" " if unicodedata.category(c) in _HIDDEN else c for c in undo)
    return f"{place.stem} is forward-only. Undo plan: {shown}"


def is_plain(text: str) -> bool:
    """Whether a text is what an editor shows: no control or direction characters, but line feeds and tabs."""
    return all(c in "\n\t" or unicodedata.category(c) not in _HIDDEN for c in text)


def escaped(text: str, special: str) -> str:
    """A text for between quotes: a backslash before itself and each special, hidden characters by their numbers."""
    return "".join(_escaped(character, special) for character in text)


def _escaped(character: str, special: str) -> str:
    if character == "\\" or character in special:
        return f"\\{character}"
    if character in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[character]
    if unicodedata.category(character) in _HIDDEN:
        return f"\\u{{{ord(character):x}}}"
    return character


def unescaped(text: str) -> str:
    """The text that such a literal means."""

    def meant(found: re.Match[str]) -> str:
        number = found.group(1) or found.group(2) or found.group(3)
        if number:
            return chr(int(number, 16))
        return "" if found.group(4) == "\n" else _NAMED.get(found.group(4), found.group(4))

    return _CODE.sub(meant, text)


def indented(sql: str, spaces: int) -> str:
    """Every line but empty ones moved to the right, as a literal that takes its own indentation away wants it."""
    return "\n".join(f"{' ' * spaces}{line}" if line else line for line in sql.split("\n"))


def dedented(text: str, spaces: int) -> str:
    """What is left when that many blanks are taken from every line."""
    return "\n".join(line[spaces:] if not line[:spaces].strip() else line for line in text.split("\n"))


def mark_for(sql: str, mark: str = "SQL") -> str:
    """A closing mark of a text that stands for itself: a word that none of its lines begins with."""
    words = {re.match(r"\s*(\w*)", line).group(1) for line in sql.split("\n")}  # type: ignore[union-attr]  # it matches ""
    while any(word.startswith(mark) for word in words):
        mark += "_TEXT"
    return mark


def without_comments(content: str, pattern: str) -> str:
    """The source with whole-line comments blanked, every character in its place."""
    return re.sub(pattern, lambda found: re.sub(r"[^\n]", " ", found.group()), content, flags=re.MULTILINE)


def blanked(text: str, start: int, end: int) -> str:
    """The text with a part made blank, every other character in its place."""
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def built_in(
    body: str,
    content: str,
    start: int,
    flavour: str,
    engine: str,
    found: list[tuple[int, Made]],
    unread: list[UnreadPart],
) -> str:
    """What is left of `body`, which begins at `start` of `content`, without the schema builder's calls."""
    for one in _read_calls(body, flavour, engine):
        line = line_of(content, start + one.start)
        found.extend((one.start, Made(sql, line)) for sql in one.statements)
        unread.extend(UnreadPart(line_of(content, start + at), what, UNREAD) for at, what in one.unread)
        body = blanked(body, one.start, one.end)
    return body


def _read_calls(body: str, flavour: str, engine: str) -> Iterable[Built]:
    if flavour == "sequelize":
        return calls(body, engine)
    return built(body, flavour, engine) if flavour else ()


def line_of(content: str, offset: int) -> int:
    """The line of a place, from 1."""
    return content.count("\n", 0, offset) + 1


def own_transaction(runs: Body) -> Body:
    """The same, with the transaction opened and committed by the file itself."""
    if not runs.transaction:
        return runs
    settings = sum(1 for _ in takewhile(is_setting, runs.statements))
    own = ("BEGIN", *runs.statements[settings:], "COMMIT")
    return Body((*runs.statements[:settings], *own), transaction=False)


def in_transactions(found: Iterable[Made], engine: str, *, opened: bool) -> Iterator[FileStatement]:
    """The statements with the transaction that each runs in; a text of several is told apart."""
    current = count = int(opened)
    for text in found:
        for one in dialect(engine).read(text.sql):
            if BEGIN.match(one.sql):
                count += not current
                current = count
            elif current and END.match(one.sql):
                current = 0
            else:
                yield FileStatement(one.sql, text.line + one.line - 1, current)
