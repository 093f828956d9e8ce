"""MySQL's and MariaDB's tokens and statements, with their places.

Quoting and comments as in https://dev.mysql.com/doc/refman/8.4/en/string-literals.html, .../comments.html and
.../identifiers.html; what `/*M! */` and high version numbers mean to MariaDB:
https://mariadb.com/docs/server/reference/sql-structure/sql-language-structure/comment-syntax (read 2026-11-20).
The words DELIMITER and the `;` inside a body are the client's business: a file is split as the mysql client splits it,
and a body without DELIMITER by its BEGIN and END. `--> statement-breakpoint` is no comment of theirs, but Drizzle cuts its
files there and sends it to no server (https://orm.drizzle.team/docs/drizzle-config-file#breakpoints, read 2026-11-21).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from domain_agents.engines._sqlite_tokens import Cursor, Kind, NotUnderstood, Token

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN: Final = re.compile(
    r"""
      (?P<skip>    [ \t\n\f\r\v\ufeff]+ | \#[^\n]* | --(?=[\x00-\x20]|\Z|>[ ]statement-breakpoint)[^\n]*
                 | /\*(?!M?!)(?:.*?\*/|.*\Z) )
    | (?P<open>    /\*M?!(?P<version>\d{5,6})? )
    | (?P<close>   \*/ )
    | (?P<blob>    [xXbB]'[^']*' )
    | (?P<string>  [nN]?'(?:[^'\\]|''|\\.)*' | "(?:[^"\\]|""|\\.)*" )
    | (?P<name>    `(?:[^`]|``)*` )
    | (?P<number>  (?:0[xX][0-9a-fA-F]+|0b[01]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w$\x80-\U0010ffff]) )
    | (?P<word>    [\w$\x80-\U0010ffff]+ )
    | (?P<parameter> @@?[\w.$\x80-\U0010ffff]+ | \? )
    | (?P<sign>    ->>|->|:=|<=>|<<|>>|<=|>=|<>|!=|&&|\|\||[-+*/%^=<>&|~!(),;.:@{}] )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_KINDS: Final = {
    "blob": Kind.BLOB, "string": Kind.STRING, "name": Kind.NAME, "number": Kind.NUMBER, "word": Kind.WORD,
    "parameter": Kind.PARAMETER, "sign": Kind.SIGN,
}  # fmt: skip
_DELIMITER: Final = re.compile(r"DELIMITER(?:[ \t]+([^\r\n]*))?(?=\r?\n|\Z)", re.IGNORECASE)
_BODIES: Final = frozenset({"PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE"})
_BODY_OPENERS: Final = frozenset({"IF", "LOOP", "WHILE", "REPEAT", "FOR"})
_BEFORE_A_STATEMENT: Final = frozenset({"THEN", "ELSE", "DO", "BEGIN", "LOOP", "REPEAT", "ROW", "ATOMIC"})


@dataclass(frozen=True, slots=True)
class Split:
    """One statement of a text: its tokens, and where its text begins and ends (the delimiter is not in it)."""

    row: tuple[Token, ...]
    start: int
    end: int
    problem: str = ""


class MysqlCursor(Cursor):
    """A place in a row of tokens; a name is a bare word, a name in backticks, or one in double quotes (ANSI_QUOTES)."""

    def name(self, what: str = "a name") -> str:
        """See Cursor."""
        token = self.peek()
        if token is not None and token.kind is Kind.STRING and not token.text.startswith('"'):
            raise NotUnderstood(f"expected {what}, found {self.here()}")
        return super().name(what)


def split(text: str, executes: Callable[[bool, int], bool]) -> tuple[Split, ...]:
    """The statements of a text, in order, without those that hold nothing.

    `executes` says of a vendor comment (is it MariaDB's own, its version number or 0) whether the server runs what is
    in it.
    """
    return _Splitter(text, executes).statements()


def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of one expression; comments of every kind, and what cannot be read, are BROKEN."""
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        group = (match.lastgroup or "skip") if match else ""
        if match is None or group in {"open", "close", "version"} or (group == "skip" and not match.group().isspace()):
            found.append(Token(Kind.BROKEN, text[place:], place, len(text), text[place:]))
            break
        if group != "skip":
            found.append(_token(group, match.group(), place))
        place = match.end()
    return tuple(found)


def _token(group: str, text: str, place: int) -> Token:
    value = text
    if group == "name":
        value = text[1:-1].replace("``", "`")
    elif group == "string":
        quote = text[-1]
        inner = text[text.index(quote) + 1 : -1]
        value = re.sub(r"\\(.)", r"\1", inner.replace(quote * 2, quote), flags=re.DOTALL)
    return Token(_KINDS[group], text, place, place + len(text), value)


class _Splitter:
    """A walk through a text."""

    def __init__(self, text: str, executes: Callable[[bool, int], bool]) -> None:
        self.text = text
        self.executes = executes
        self.delimiter = ";"
        self.place = 0
        self.row: list[Token] = []
        self.start = -1
        self.found: list[Split] = []
        self.depth = 0
        self.problem = ""

    def statements(self) -> tuple[Split, ...]:
        text = self.text
        while self.place < len(text):
            if self.start < 0 and self._sets_delimiter():
                continue
            if text.startswith(self.delimiter, self.place) and (self.delimiter != ";" or not self._in_body()):
                self._close()
                self.place += len(self.delimiter)
                continue
            self._step()
        self._close()
        return tuple(self.found)

    def _sets_delimiter(self) -> bool:
        found = _DELIMITER.match(self.text, self.place)
        if found is None:
            return False
        words = (found[1] or "").split()
        self.delimiter = words[0].strip("'\"") if words and words[0].strip("'\"") else ";"
        self.place = found.end()
        return True

    def _step(self) -> None:
        match = _TOKEN.match(self.text, self.place)
        if match is None:
            quote = self.text[self.place] in "'\"`"
            end = len(self.text) if quote else self.place + 1
            self._add(Token(Kind.BROKEN, self.text[self.place : end], self.place, end, ""))
            return
        group = match.lastgroup or "skip"
        if group == "skip":
            self.place = match.end()
        elif group in {"open", "version"}:
            self._vendor_comment(match)
        elif group == "close":
            self.place = match.end()
        else:
            written = match.group()
            if group == "word" and self.delimiter != ";":
                cut = written.find(self.delimiter)
                written = written[:cut] if cut > 0 else written
            self._add(_token(group, written, self.place))

    def _vendor_comment(self, match: re.Match[str]) -> None:
        own = match.group().startswith("/*M")
        if self.executes(own, int(match["version"] or 0)):
            self.start = self.place if self.start < 0 else self.start
            self.place = match.end()
            return
        end = self.text.find("*/", match.end())
        self.place = len(self.text) if end < 0 else end + 2

    def _add(self, token: Token) -> None:
        self.start = token.start if self.start < 0 else self.start
        self._nest(token)
        self.row.append(token)
        self.place = token.end

    def _close(self) -> None:
        if self.row:
            end = len(self.text[: self.place].rstrip())
            last = self.row[-1].end
            # A comment behind the last token is no part of the statement; the end of a vendor comment is.
            tail = self.text[last:end]
            end = last + tail.rindex("*/") + 2 if "*/" in tail and "/*" not in tail else last
            self.found.append(Split(tuple(self.row), self.start, end))
        self.row, self.start, self.depth = [], -1, 0

    def _in_body(self) -> bool:
        return self.depth > 0

    def _nest(self, token: Token) -> None:
        """Follow BEGIN, CASE and the statements that END closes, in a body that no DELIMITER protects."""
        if token.kind is not Kind.WORD:
            return
        word, before = token.text.upper(), self.row[-1] if self.row else None
        if word == "NOT" and len(self.row) == 1 and self.row[0].is_word("BEGIN"):
            self.depth = 1  # BEGIN NOT ATOMIC: a body without a routine
        if not self._is_routine() or (before is not None and before.is_sign(".")):
            return
        if word == "END":
            self.depth = max(0, self.depth - 1)
        elif before is not None and before.is_word("END"):
            return
        elif word in {"BEGIN", "CASE"} or (word in _BODY_OPENERS and self._begins_statement(before)):
            self.depth += 1

    def _is_routine(self) -> bool:
        if not self.row:
            return False
        if self.row[0].is_word("BEGIN"):
            return len(self.row) > 1 and self.row[1].is_word("NOT")
        if not self.row[0].is_word("CREATE"):
            return False
        return any(token.kind is Kind.WORD and token.text.upper() in _BODIES for token in self.row[1:12])

    @staticmethod
    def _begins_statement(before: Token | None) -> bool:
        if before is None:
            return False
        return before.is_sign(";") or before.is_sign(":") or before.is_word(*_BEFORE_A_STATEMENT)
