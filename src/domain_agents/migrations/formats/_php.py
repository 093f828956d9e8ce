"""PHP source: texts as literals and back, and what a comment must not hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.migrations.formats import UnreadPart
from domain_agents.migrations.formats._script import (
    UNREAD,
    Made,
    blanked,
    built_in,
    dedented,
    escaped,
    indented,
    is_plain,
    line_of,
    mark_for,
    unescaped,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_INDENT = 12
_UP = re.compile(r"\bfunction\s+up\s*\(.*?(?=\bfunction\s+\w+\s*\(|\Z)", re.DOTALL)
_LITERAL = (
    r"(?:<<<(?P<quote>['\"]?)(?P<mark>\w+)(?P=quote)\n(?P<text>.*?)\n(?P<blanks>[ \t]*)(?P=mark)\b"
    r"|'(?P<single>(?:[^'\\]|\\.)*)'|\"(?P<double>(?:[^\"\\]|\\.)*)\")"
)
_COMMENT = re.compile(r"^[ \t]*(?://|\*|/\*)[^\n]*", re.MULTILINE)


def php_text(text: str) -> str:
    """A text on one line as PHP source."""
    if is_plain(text) and "\n" not in text:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return '"' + escaped(text, '"$') + '"'


def php_statement(sql: str) -> str:
    """A statement as PHP source: as it stands where it has several lines, quotes or backslashes."""
    awkward = "\n" in sql or "'" in sql or "\\" in sql
    if awkward and is_plain(sql) and not sql.endswith("\n"):
        mark = mark_for(sql)
        return f"<<<'{mark}'\n{indented(sql, _INDENT)}\n{' ' * _INDENT}{mark}"
    return php_text(sql)


def in_comment(line: str) -> str:
    """A line for a `//` comment, which `?>` would end together with the PHP."""
    return line.replace("?>", "? >")


def sent(content: str, call: str, others: str, engine: str, flavour: str = "") -> tuple[list[Made], list[UnreadPart]]:
    """The statements that `up` hands to `call` (a pattern as far as its bracket), or builds in a `flavour` of schema
    builder, and the `others` that it calls."""
    up = _UP.search(content)
    if up is None:
        return [], [UnreadPart(0, "", "there is no method up")]
    start, body = up.start(), up.group()
    found: list[tuple[int, Made]] = []
    unread: list[UnreadPart] = []
    rest = body
    for one in re.compile(call + r"\s*" + _LITERAL + r"\s*(?P<end>[),])?", re.DOTALL).finditer(body):
        rest = blanked(rest, one.start(), one.end())
        text, offset = _text(one)
        if text is None or one.group("end") != ")":
            unread.append(UnreadPart(line_of(content, start + one.start()), "", "its SQL is made by code"))
        else:
            found.append((one.start(), Made(text, line_of(content, start + offset))))
    rest = _COMMENT.sub(lambda line: " " * len(line.group()), rest)
    rest = built_in(rest, content, start, flavour, engine, found, unread)
    unread += _left(rest, f"{call}|{others}", content, start)
    return [one for _, one in sorted(found, key=lambda pair: pair[0])], sorted(unread, key=lambda part: part.line)


def _left(rest: str, calls: str, content: str, start: int) -> Iterator[UnreadPart]:
    for one in re.finditer(calls, rest):
        yield UnreadPart(line_of(content, start + one.start()), one.group().strip(" ("), UNREAD)


def _text(call: re.Match[str]) -> tuple[str | None, int]:
    if call.group("text") is not None:
        plain = dedented(call.group("text"), len(call.group("blanks")))
        if call.group("quote") == "'":
            return plain, call.start("text")
        return (None, 0) if _is_made(plain) else (unescaped(plain), call.start("text"))
    if call.group("double") is not None:
        text = call.group("double")
        return (None, 0) if _is_made(text) else (unescaped(text), call.start("double"))
    return re.sub(r"\\([\\'])", r"\1", call.group("single")), call.start("single")


def _is_made(text: str) -> bool:
    """Whether a variable stands in the text."""
    return re.search(r"(?<!\\)(?:\\\\)*\$[A-Za-z_{]|(?<!\\)(?:\\\\)*\{\$", text) is not None
