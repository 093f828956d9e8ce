"""PostgreSQL source text: tokens from the server's own scanner, statements, and the spans between places.

The parser gives where a thing starts, never where it ends; the tokens give the rest, so that what a person wrote can be
kept as it was written.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import postgast

_OPEN = {"ASCII_40": 1, "ASCII_91": 1}
_CLOSE = {"ASCII_41": 1, "ASCII_93": 1}
_KINDS = {number: value.name for number, value in postgast.pg_query_pb2.Token.DESCRIPTOR.values_by_number.items()}
_COMMENTS = {"SQL_COMMENT", "C_COMMENT"}
_PSQL_COMMAND = re.compile(rb"^[ \t]*\\[A-Za-z.!?][^\n]*", re.MULTILINE)
_COPIED = re.compile(
    rb"^[ \t]*COPY\s[^;]*?\bFROM\s+stdin\b[^;\n]*;[^\n]*\n(.*?^\\\.)[ \t\r]*$", re.MULTILINE | re.DOTALL | re.IGNORECASE
)
_DUMP_GUARD = re.compile(rb"\s*\\(?:un)?restrict\s")
"""What pg_dump puts around a dump so that psql runs no command from within it: it says nothing about the schema."""


class Token(NamedTuple):
    """One token: its kind as the scanner names it, and its byte offsets."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """The tokens of one statement, without the semicolon; `fault` when the scanner could not read it."""

    tokens: tuple[Token, ...]
    start: int
    end: int
    fault: str = ""


class Source:
    """A text with its tokens. Offsets are bytes of its UTF-8, as the parser counts."""

    def __init__(self, text: str) -> None:
        self.bytes = text.encode("utf-8", "surrogatepass")
        self._line_starts = [0, *(match.end() for match in re.finditer(rb"\n", self.bytes))]

    def text(self, start: int, end: int) -> str:
        """What stands there."""
        return self.bytes[start:end].decode("utf-8", "surrogatepass")

    def line(self, offset: int) -> int:
        """The line of an offset, from 1."""
        return bisect_left(self._line_starts, offset + 1)

    def characters(self, offset: int) -> int:
        """A byte offset as one in characters."""
        if self._is_ascii:
            return offset
        line = self.line(offset) - 1
        return self._characters_before[line] + len(self.text(self._line_starts[line], offset))

    @cached_property
    def _is_ascii(self) -> bool:
        return self.bytes.isascii()

    @cached_property
    def _characters_before(self) -> tuple[int, ...]:
        """The characters before each line."""
        ends = [*self._line_starts[1:], len(self.bytes)]
        sizes = (len(self.text(start, end)) for start, end in zip(self._line_starts, ends, strict=True))
        return tuple(accumulate(sizes, initial=0))

    @cached_property
    def copied(self) -> tuple[tuple[int, int], ...]:
        """Rows behind COPY ... FROM stdin, with the line that ends them, as spans: data, whatever they look like."""
        return tuple(match.span(1) for match in _COPIED.finditer(self.bytes))

    @cached_property
    def psql_commands(self) -> tuple[tuple[int, int], ...]:
        """Lines that only psql understands, as spans."""
        return tuple(span for span in self._commands if not _DUMP_GUARD.match(self.bytes, *span))

    @cached_property
    def _commands(self) -> tuple[tuple[int, int], ...]:
        starts = [start for start, _ in self.copied]
        found = []
        for match in _PSQL_COMMAND.finditer(self.bytes):
            place = bisect_left(starts, match.start() + 1) - 1
            if place < 0 or match.start() >= self.copied[place][1]:
                found.append(match.span())
        return tuple(found)

    def pieces(self) -> tuple[Piece, ...]:
        """The statements, in order; comments and empty statements are left out."""
        tokens, fault, fault_at = self._scan()
        pieces: list[Piece] = []
        current: list[Token] = []
        depth = atomic = 0
        for token in tokens:
            if token.kind in _COMMENTS:
                continue
            depth += _OPEN.get(token.kind, 0) - _CLOSE.get(token.kind, 0)
            if (token.kind == "ATOMIC" and current and current[-1].kind == "BEGIN_P") or (
                atomic and token.kind == "CASE"
            ):
                atomic += 1
            elif atomic and token.kind == "END_P":
                atomic -= 1
            if token.kind == "ASCII_59" and depth <= 0 and not atomic:
                depth = 0
                if current:
                    pieces.append(Piece(tuple(current), current[0].start, current[-1].end))
                current = []
            else:
                current.append(token)
        if fault:
            start = current[0].start if current else fault_at
            pieces.append(Piece((), start, len(self.bytes.rstrip()), fault))
        elif current:
            pieces.append(Piece(tuple(current), current[0].start, current[-1].end))
        return tuple(pieces)

    def _scan(self) -> tuple[list[Token], str, int]:
        text = bytearray(self.bytes)
        for start, end in (*self._commands, *self.copied):
            # Blanked rather than cut, so that every offset stays what it is in the person's text.
            text[start:end] = b" " * (end - start)
        decoded = text.decode("utf-8", "replace")
        if "\0" in decoded:
            return [], "the text contains a NUL character", 0
        try:
            return _tokens(decoded), "", 0
        except postgast.PgQueryError as error:
            at = max(0, (error.cursorpos or 1) - 1)
            offset = len(decoded[:at].encode())
            try:
                return _tokens(decoded[:at]), error.message, offset
            except postgast.PgQueryError:
                return [], error.message, 0


def _tokens(text: str) -> list[Token]:
    # A character that the grammar has no use for is a token without a name.
    return [Token(_KINDS.get(token.token, ""), token.start, token.end) for token in postgast.scan(text).tokens]


class Span:
    """A walk over one statement's tokens."""

    def __init__(self, source: Source, tokens: tuple[Token, ...]) -> None:
        self.source = source
        self.tokens = tokens
        self._starts = [token.start for token in tokens]

    def index_at(self, offset: int) -> int:
        """The first token at or after an offset."""
        return bisect_left(self._starts, offset)

    def find(self, kind: str, start: int, depth: int = 0) -> int:
        """The index of the first token of a kind from `start` on, at that depth relative to it; -1 when there is none."""
        level = 0
        for i in range(start, len(self.tokens)):
            token = self.tokens[i]
            if level == depth and token.kind == kind:
                return i
            level += _OPEN.get(token.kind, 0) - _CLOSE.get(token.kind, 0)
        return -1

    def closing(self, opening: int) -> int:
        """The index of the parenthesis that closes the one at `opening`."""
        level = 0
        for i in range(opening, len(self.tokens)):
            level += _OPEN.get(self.tokens[i].kind, 0) - _CLOSE.get(self.tokens[i].kind, 0)
            if level == 0:
                return i
        return len(self.tokens) - 1

    def item_end(self, start: int) -> int:
        """The index behind the list item that `start` is in: its comma, the list's closing parenthesis, or the end."""
        level = 0
        for i in range(start, len(self.tokens)):
            kind = self.tokens[i].kind
            if level == 0 and (kind == "ASCII_44" or kind in _CLOSE):
                return i
            level += _OPEN.get(kind, 0) - _CLOSE.get(kind, 0)
        return len(self.tokens)

    def items(self, opening: int) -> tuple[tuple[int, int], ...]:
        """The comma-separated items inside the parenthesis at `opening`, as token ranges."""
        found: list[tuple[int, int]] = []
        start, last = opening + 1, self.closing(opening)
        while start < last:
            end = self.item_end(start)
            found.append((start, end))
            start = end + 1
        return tuple(found)

    def text(self, start: int, end: int) -> str:
        """The text of a token range, as written."""
        if start >= end:
            return ""
        return self.source.text(self.tokens[start].start, self.tokens[end - 1].end)
