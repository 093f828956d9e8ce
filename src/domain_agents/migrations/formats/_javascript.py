"""JavaScript and TypeScript source: texts as literals and back, and what a migration sends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.migrations.formats import UnreadPart
from domain_agents.migrations.formats._script import (
    UNREAD,
    Made,
    ScriptFormat,
    blanked,
    built_in,
    escaped,
    line_of,
    unescaped,
    without_comments,
)

if TYPE_CHECKING:
    from domain_agents.migrations.formats._sql import Place
    from domain_agents.migrations.plan import Project

_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_LITERAL = r"(?:`(?P<template>(?:[^`\\]|\\.)*)`|'(?P<single>(?:[^'\\\n]|\\.)*)'|\"(?P<double>(?:[^\"\\\n]|\\.)*)\")"
_UP = re.compile(
    r"\bup\b\s*(?:=|:|\().*?"
    r"(?=^\s*(?:export\s+|public\s+|exports\.|module\.exports\.)?(?:const\s+|async\s+|function\s+)*down\b|\Z)",
    re.DOTALL | re.MULTILINE,
)
_TEMPLATE = re.compile(r"`(?:[^`\\]|\\.)*`", re.DOTALL)
_LINE_COMMENT = r"^[ \t]*//[^\n]*"


class NodeFormat(ScriptFormat):
    """Files that node runs: CommonJS, ES modules or TypeScript, as the project's newest is."""

    template = "template.js.jinja"

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (".js", ".ts", ".cjs", ".mjs", ".cts", ".mts")

    def literal(self, sql: str) -> str:
        return template_literal(sql)

    def text(self, text: str) -> str:
        return "'" + escaped(text, "'") + "'"


def style(place: Place, project: Project) -> str:
    """How a file is a module: "typescript", "esm", or "commonjs"."""
    if place.name.endswith((".ts", ".mts", ".cts")):
        return "typescript"
    if place.name.endswith(".mjs") or ("esm" in project.habits and not place.name.endswith(".cjs")):
        return "esm"
    return "commonjs"


def template_literal(sql: str) -> str:
    """A template literal that is exactly this text: in one, a bare carriage return would become a line feed."""
    text = sql.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${").replace("\r", "\\r")
    return "`" + _HIDDEN.sub(lambda found: f"\\u{{{ord(found.group()):x}}}", text) + "`"


def sent(
    content: str, call: str, others: str, engine: str, *, more: str = "", flavour: str = ""
) -> tuple[list[Made], list[UnreadPart]]:
    """The statements that `up` hands to `call` (a pattern as far as its bracket), alone or with `more`, or builds in a
    `flavour` of schema builder, and the `others` that it calls."""
    code = without_comments(content, _LINE_COMMENT)
    # Whatever SQL says of itself, it does not end the function.
    up = _UP.search(_TEMPLATE.sub(lambda text: re.sub(r"[^\n]", " ", text.group()), code))
    if up is None:
        return [], [UnreadPart(0, "", "there is no function up")]
    start, body = up.start(), content[up.start() : up.end()]
    found: list[tuple[int, Made]] = []
    unread: list[UnreadPart] = []
    rest = body
    for one in re.compile(rf"{call}\s*{_LITERAL}\s*(?P<end>,?\s*\)|{more or ',?'})?", re.DOTALL).finditer(body):
        rest = blanked(rest, one.start(), one.end())
        name = next(kind for kind in ("template", "single", "double") if one.group(kind) is not None)
        text, end = one.group(name), (one.group("end") or "").strip()
        made = name == "template" and re.search(r"(?<!\\)(?:\\\\)*\$\{", text) is not None
        if made or not end.endswith((")", "}")):
            unread.append(UnreadPart(line_of(content, start + one.start()), "", "its SQL is made by code"))
        else:
            found.append((one.start(), Made(unescaped(text), line_of(content, start + one.start(name)))))
    rest = built_in(without_comments(rest, _LINE_COMMENT), content, start, flavour, engine, found, unread)
    unread += [
        UnreadPart(line_of(content, start + other.start()), other.group().strip(" ("), UNREAD)
        for other in re.finditer(rf"(?:{call})(?!sql\b)|{others}", rest)
    ]
    return [one for _, one in sorted(found, key=lambda pair: pair[0])], sorted(unread, key=lambda part: part.line)
