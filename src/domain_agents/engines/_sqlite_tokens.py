"""SQLite's tokens, with their places.

SQLite keeps its schema as the text of its CREATE statements, and changing a table means editing that text: so the
engine itself must read it, and the reader two floors up shares these tokens. The quoting and comment rules are those of
https://www.sqlite.org/lang_keywords.html and https://www.sqlite.org/lang_comment.html (read 2026-11-20).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_KEYWORD_LIST: Final = """
ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND AS ASC ATTACH AUTOINCREMENT BEFORE BEGIN BETWEEN BY CASCADE CASE
CAST CHECK COLLATE COLUMN COMMIT CONFLICT CONSTRAINT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP
DATABASE DEFAULT DEFERRABLE DEFERRED DELETE DESC DETACH DISTINCT DO DROP EACH ELSE END ESCAPE EXCEPT EXCLUDE EXCLUSIVE
EXISTS EXPLAIN FAIL FALSE FILTER FIRST FOLLOWING FOR FOREIGN FROM FULL GENERATED GLOB GROUP GROUPS HAVING IF IGNORE
IMMEDIATE IN INDEX INDEXED INITIALLY INNER INSERT INSTEAD INTERSECT INTO IS ISNULL JOIN KEY LAST LEFT LIKE LIMIT MATCH
MATERIALIZED NATURAL NO NOT NOTHING NOTNULL NULL NULLS OF OFFSET ON OR ORDER OTHERS OUTER OVER PARTITION PLAN PRAGMA
PRECEDING PRIMARY QUERY RAISE RANGE RECURSIVE REFERENCES REGEXP REINDEX RELEASE RENAME REPLACE RESTRICT RETURNING
RIGHT ROLLBACK ROW ROWS SAVEPOINT SELECT SET TABLE TEMP TEMPORARY THEN TIES TO TRANSACTION TRIGGER TRUE UNBOUNDED
UNION UNIQUE UPDATE USING VACUUM VALUES VIEW VIRTUAL WHEN WHERE WINDOW WITH WITHIN WITHOUT
"""
KEYWORDS: Final = frozenset(_KEYWORD_LIST.split())
"""SQLite's documented list: a name among these is quoted even where SQLite would tolerate it bare."""


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    NAME = "quoted name"
    STRING = "string"
    NUMBER = "number"
    BLOB = "blob"
    PARAMETER = "parameter"
    SIGN = "sign"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a text: `text` as written, from `start` up to (not including) `end`.

    `value` is a name's or string's meaning without its quotes, else the text.
    """

    kind: Kind
    text: str
    start: int
    end: int
    value: str

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords (upper case), written without quotes."""
        # SQLite folds ASCII only; str.upper() would make the Turkish dotless i an I.
        return self.kind is Kind.WORD and self.text.isascii() and self.text.upper() in words

    def is_sign(self, sign: str) -> bool:
        """Whether it is this punctuation."""
        return self.kind is Kind.SIGN and self.text == sign


_TOKEN: Final = re.compile(
    r"""
      (?P<skip>    [ \t\n\f\r\ufeff]+ | --[^\n]* | /\*(?:.*?\*/|.*\Z) )
    | (?P<blob>    [xX]'[^']*' )
    | (?P<string>  '(?:[^']|'')*' )
    | (?P<name>    "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\] )
    | (?P<number>  0[xX][0-9a-fA-F]+ | (?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)? )
    | (?P<word>    [A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]* )
    | (?P<parameter> \?\d* | [:@$\#](?:[A-Za-z0-9_$\x80-\U0010ffff]|::)+ )
    | (?P<sign>    ->>|->|\|\||<<|>>|<=|<>|>=|==|!=|[-+*/%<>=&|~(),;.] )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)


def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a text, without space and comments.

    A character that begins no token is BROKEN alone; a quote that nothing closes is BROKEN to the end of the text.
    """
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            end = len(text) if text[place] in "'\"`[" else place + 1
            found.append(Token(Kind.BROKEN, text[place:end], place, end, text[place:end]))
            place = end
            continue
        group = match.lastgroup or "skip"
        if group != "skip":
            found.append(_token(Kind(_KINDS[group]), match.group(), place, match.end()))
        place = match.end()
    return tuple(found)


_KINDS: Final = {
    "blob": Kind.BLOB,
    "string": Kind.STRING,
    "name": Kind.NAME,
    "number": Kind.NUMBER,
    "word": Kind.WORD,
    "parameter": Kind.PARAMETER,
    "sign": Kind.SIGN,
}


def _token(kind: Kind, text: str, start: int, end: int) -> Token:
    value = text
    if kind in {Kind.NAME, Kind.STRING}:
        quote = text[-1]
        value = text[1:-1] if quote == "]" else text[1:-1].replace(quote * 2, quote)
    return Token(kind, text, start, end, value)


class NotUnderstood(Exception):
    """A text is not what was expected at a place; the message says what was, and what stands there."""


class Cursor:
    """A place in a row of tokens, moved by what is asked for."""

    def __init__(self, source: str, row: tuple[Token, ...]) -> None:
        self.source = source
        self.row = row
        self.place = 0

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.place >= len(self.row)

    def peek(self, ahead: int = 0) -> Token | None:
        """The token `ahead` places on, or None behind the end."""
        place = self.place + ahead
        return self.row[place] if place < len(self.row) else None

    def sees(self, *words: str) -> bool:
        """Whether the next tokens are these keywords or signs, in this order."""
        for ahead, word in enumerate(words):
            token = self.peek(ahead)
            if token is None or not (token.is_word(word) or token.is_sign(word)):
                return False
        return True

    def takes(self, *words: str) -> bool:
        """Move past these keywords or signs when they are next; whether they were."""
        if not self.sees(*words):
            return False
        self.place += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Move past these.

        Raises:
            NotUnderstood: something else stands here.
        """
        if not self.takes(*words):
            raise NotUnderstood(f"expected {' '.join(words)}, found {self.here()}")

    def here(self) -> str:
        """What stands here, for a message."""
        token = self.peek()
        return "the end" if token is None else repr(token.text[:40])

    def next(self) -> Token:
        """The next token.

        Raises:
            NotUnderstood: there is none.
        """
        token = self.peek()
        if token is None:
            raise NotUnderstood("the statement ends too early")
        self.place += 1
        return token

    def name(self, what: str = "a name") -> str:
        """The next token as a name: a bare word, a quoted name, or a string (SQLite takes one for a name).

        Raises:
            NotUnderstood: something else stands here.
        """
        token = self.peek()
        if token is None or token.kind not in {Kind.WORD, Kind.NAME, Kind.STRING}:
            raise NotUnderstood(f"expected {what}, found {self.here()}")
        self.place += 1
        return token.value

    def names(self) -> tuple[str, ...]:
        """Names in parentheses, separated by commas.

        Raises:
            NotUnderstood: something else stands here.
        """
        self.expect("(")
        found = [self.name("a column")]
        while self.takes(","):
            found.append(self.name("a column"))
        self.expect(")")
        return tuple(found)

    def parenthesised(self) -> str:
        """The text between this parenthesis and the one that closes it, as written.

        Raises:
            NotUnderstood: there is no parenthesis here, or none closes it.
        """
        self.expect("(")
        start = self.row[self.place - 1].end
        depth = 1
        while depth:
            token = self.next()
            depth += token.is_sign("(") - token.is_sign(")")
        return self.source[start : self.row[self.place - 1].start].strip()

    def text(self, first: int, last: int | None = None) -> str:
        """The source from token `first` up to (not including) token `last` (here), as written."""
        last = self.place if last is None else last
        return self.source[self.row[first].start : self.row[last - 1].end] if last > first else ""


def quoted(name: str) -> str:
    """A name as SQL: bare where that is safe, else in double quotes.

    Raises:
        ValueError: the name holds a NUL, which ends an SQL text in SQLite.
    """
    if "\0" in name:
        raise ValueError("a name cannot hold a NUL character")
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII) and name.upper() not in KEYWORDS:
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def literal(text: str) -> str:
    """A text as an SQL string."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
