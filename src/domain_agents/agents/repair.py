"""Frontmatter that YAML refuses, read as its author plainly meant it.

The block is taken apart at its top-level keys. Each key's lines are tried as YAML, then with the quotes their author
left out, then as the plain text they are. What was repaired is said, with the line to write instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from domain_agents.agents.diagnostics import Diagnostic
from domain_agents.agents.frontmatter import KEY_LINE, PROSE_WORDS, is_known
from domain_agents.agents.values import Fault, Mapping, Refused, parse
from domain_agents.findings import Severity

if TYPE_CHECKING:
    from domain_agents.agents.values import Path, Value

MAX_KEYS = 300
MAX_QUOTED_CHARACTERS = 100
"""What is proposed in quotes on one line; longer text is better off as a block."""
_TIGHT = re.compile(
    r"^(?P<key>name|description|title|tools|model|color|domain|version|tags)[ \t]*:(?P<value>[^\s:/].*)$", re.IGNORECASE
)
_BLOCK_MARK = re.compile(r"^[|>][+-]?[1-9]?[+-]?[ \t]*(?:#.*)?$")
_MARK_BEFORE_TEXT = re.compile(r"^[|>][+-]?[ \t]+(?=\S)")
_ITEM = re.compile(r"^(?P<lead>[ \t]*(?:-[ \t]+)*)(?P<key>[A-Za-z_][\w.-]*:[ \t]+)?(?P<value>\S.*)$")
_NEEDS_QUOTES = re.compile(r"^[*&@`%!?,\]}]|^[|>](?![+-]?[1-9]?[ \t]*$)|:[ \t]|:$|^-[^\s-]|^\?[ \t]")
_STRUCTURES = frozenset(
    {"triggers", "workflows", "arguments", "hooks", "mcpservers", "mcp-servers", "metadata", "handoffs"}
)
_PROSE_KEYS = frozenset({"description", "when_to_use", "when-to-use", "whentouse", "title", "prompt", "instructions"})


@dataclass
class Fields:
    """Frontmatter's values, the place of each (line and column, from 1, in the file), and what was said about them."""

    value: dict[str, Value] = field(default_factory=dict)
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    said: list[Diagnostic] = field(default_factory=list)

    def place(self, *path: str | int) -> tuple[int, int]:
        """The place of a value, or of the nearest container that has one; (0, 0) when the field is not in the file."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path[:-1]
        return 0, 0

    @property
    def refused(self) -> bool:
        """Whether it held what is never read."""
        return any(diagnostic.severity is Severity.ERROR for diagnostic in self.said)


@dataclass
class _Chunk:
    """One top-level key with its lines: `first` is the text after the colon, `rest` the lines under it."""

    key: str
    first: str
    rest: list[str]
    line: int
    column: int

    @property
    def yaml(self) -> str:
        return "\n".join([f"{self.key}: {self.first}", *self.rest]) + "\n"


def read_fields(lines: list[str], first_line: int, indent: int = 0) -> Fields:
    """The values of frontmatter's lines, the first of which is line `first_line` of the file."""
    fields = Fields()
    try:
        made = parse("\n".join(lines) + "\n")
        if _lost_prose(made):
            _repair(fields, lines, first_line, indent)
        else:
            _take(fields, made, first_line, indent)
    except Refused as refused:
        if not _is_lonely_alias(refused, lines):
            fields.said.append(_refusal(refused, first_line, indent))
            return fields
        _repair(fields, lines, first_line, indent)
    except Fault:
        _repair(fields, lines, first_line, indent)
    return fields


def _take(fields: Fields, made: Mapping, first_line: int, indent: int) -> None:
    fields.value.update(made.value)
    for path, (line, column) in made.places.items():
        fields.places[path] = (first_line + line, column + 1 + indent)
    for key, line in made.repeated:
        fields.said.append(
            Diagnostic(
                Severity.WARNING,
                "repeated_key",
                f"`{key[:40]}` is given twice; the last one counts",
                "keep one of them",
                line=first_line + line,
                column=1 + indent,
                field=key[:40],
            )
        )


def _lost_prose(made: Mapping) -> bool:
    """Whether YAML read a description as empty and its text, not indented, as a key: `description: >` and then prose."""
    return any(
        key.lower() in _PROSE_KEYS and made.value[key] == "" and " " in following and not is_known(following)
        for key, following in pairwise(made.value)
    )


def _is_lonely_alias(refused: Refused, lines: list[str]) -> bool:
    """A value that only looks like an alias: `model: *default`, with no anchor of that name anywhere in the block."""
    if refused.what != "alias":
        return False
    name = re.match(r"\*([^\s,\[\]{}]+)", lines[refused.line][refused.column :])
    return name is not None and not any(re.search(rf"&{re.escape(name[1])}(?![\w-])", line) for line in lines)


def _refusal(refused: Refused, first_line: int, indent: int) -> Diagnostic:
    if refused.what == "nesting":
        message, instead = (
            "the frontmatter is nested too deep to be meant",
            "a flatter structure: at most three levels are used",
        )
    else:
        message = (
            f"YAML {refused.what}es are not read" if refused.what == "alias" else f"YAML {refused.what}s are not read"
        )
        instead = "write the value out, or put it in quotes if it is meant as text"
    return Diagnostic(
        Severity.ERROR,
        f"yaml_{refused.what}",
        message,
        instead,
        line=first_line + refused.line,
        column=refused.column + 1 + indent,
    )


def _repair(fields: Fields, lines: list[str], first_line: int, indent: int) -> None:
    anchors = {name for line in lines for name in re.findall(r"(?:^|[\s\[,])&([\w-]+)", line)}
    chunks = _chunks(lines, first_line)
    if len(chunks) > MAX_KEYS:
        fields.said.append(
            Diagnostic(
                Severity.ERROR,
                "too_many_keys",
                f"YAML cannot read the frontmatter, and it has more than {MAX_KEYS} keys to look at one by one",
                "fewer keys, or YAML that reads as a whole",
                line=chunks[MAX_KEYS].line,
                column=chunks[MAX_KEYS].column + indent,
            )
        )
        return
    for chunk in chunks:
        _read_chunk(fields, chunk, anchors, indent)
        if fields.refused:
            return


def _chunks(lines: list[str], first_line: int) -> list[_Chunk]:
    chunks: list[_Chunk] = []
    for offset, line in enumerate(lines):
        start = _key(line, chunks)
        if start is not None:
            key, value, column = start
            chunks.append(_Chunk(key, value, [], first_line + offset, column))
        elif chunks:
            chunks[-1].rest.append(line)
    return chunks


def _key(line: str, chunks: list[_Chunk]) -> tuple[str, str, int] | None:
    """The key that a line begins, its value and column; None for a line that goes on with the key before it."""
    margin = len(line) - len(line.lstrip())
    text = line.strip() if margin else line
    match = KEY_LINE.match(text) or _TIGHT.match(text)
    if match is None:
        return None
    key, value = match["key"].strip(), match["value"] or ""
    if margin:
        # An indented key is the one before's own, unless it is a field every agent has and that one is complete.
        complete = bool(chunks) and chunks[-1].first.strip() and not _BLOCK_MARK.match(chunks[-1].first.strip())
        new = key.lower() in ("name", "description", "tools", "model") and all(
            c.key.lower() != key.lower() for c in chunks
        )
        return (key, value, margin + 1) if new and margin <= 3 and (complete or not chunks) else None
    if not chunks or (is_known(key) and not (_inside_example(chunks[-1]) and key.lower() in PROSE_WORDS)):
        return key, value, 1
    previous = chunks[-1]
    if previous.key.lower() in _PROSE_KEYS and _reads_as_prose(key, previous):
        return None
    return key, value, 1


def _reads_as_prose(key: str, previous: _Chunk) -> bool:
    return key.lower() in PROSE_WORDS or " " in key or key[:1].isupper() or _inside_example(previous)


def _inside_example(chunk: _Chunk) -> bool:
    text = "\n".join([chunk.first, *chunk.rest])
    return text.count("<example") > text.count("</example")


def _read_chunk(fields: Fields, chunk: _Chunk, anchors: set[str], indent: int) -> None:
    why: Fault
    try:
        _take(fields, _parse_one(chunk.yaml, chunk.key), chunk.line, indent)
    except Refused as refused:
        alias = chunk.yaml.split("\n")[refused.line][refused.column + 1 :]
        if refused.what != "alias" or any(alias.startswith(anchor) for anchor in anchors):
            fields.said.append(_refusal(refused, chunk.line, indent))
            return
        why = refused
    except Fault as fault:
        why = fault
    else:
        return
    quoted = _quoted(chunk)
    if quoted is not None:
        _take(fields, quoted, chunk.line, indent)
        fields.said.append(_repaired(chunk, indent, why))
        return
    plain = _plain_text(chunk)
    fields.places[(chunk.key,)] = (chunk.line, chunk.column + indent)
    if chunk.key.lower() in _STRUCTURES:
        fields.said.append(_unreadable(chunk, indent, why))
        return
    fields.value[chunk.key] = plain
    fields.said.append(_repaired(chunk, indent, why))


def _parse_one(text: str, key: str) -> Mapping:
    """One key and its value.

    Raises:
        Fault: YAML cannot read the text, or finds another key in it.
    """
    made = parse(text)
    if list(made.value) != [key]:
        raise Fault(0, 0, "another key")
    return made


def _quoted(chunk: _Chunk) -> Mapping | None:
    """The chunk with tabs as spaces and with the quotes its author left out, where that makes it YAML.

    Only for lists and mappings: the text of a plain value is not to be folded or changed.
    """
    first = chunk.first.strip()
    rest = [line.replace("\t", "  ") for line in chunk.rest]
    if first.startswith("[") and not any(line.strip() for line in chunk.rest):
        first = _quoted_flow(first)
    elif _BLOCK_MARK.match(first):
        pass
    elif first:
        return None
    else:
        rest = [_quoted_line(line) for line in rest]
    try:
        return _parse_one("\n".join([f"{chunk.key}: {first}", *rest]) + "\n", chunk.key)
    except Fault:
        return None


def _quoted_flow(text: str) -> str:
    if not text.endswith("]") or "[" in text[1:] or "]" in text[:-1]:
        return text
    items = [item.strip() for item in text[1:-1].split(",")]
    return "[" + ", ".join(_in_quotes(item) if _NEEDS_QUOTES.search(item) else item for item in items if item) + "]"


def _quoted_line(line: str) -> str:
    match = _ITEM.match(line.rstrip())
    if match is None:
        return line
    key, value = match["key"] or "", match["value"]
    if value[0] in "\"'":
        return line
    if value.startswith("[") and value.endswith("]"):
        return f"{match['lead']}{key}{_quoted_flow(value)}"
    if not key and value.endswith(":") and " " not in value:
        return line  # a key of its own, whose value follows
    if _NEEDS_QUOTES.search(value):
        return f"{match['lead']}{key}{_in_quotes(value)}"
    return line


def _in_quotes(value: str) -> str:
    return value if value[:1] in "\"'" else "'" + value.replace("'", "''") + "'"


def _plain_text(chunk: _Chunk) -> str:
    """What a person reads after the colon: the lines as they are, without common indentation and outer quotes."""
    first = chunk.first.strip()
    rest = [line.rstrip() for line in chunk.rest]
    margins = [len(line) - len(line.lstrip()) for line in rest if line.strip()]
    margin = min(margins, default=0)
    lines = ["" if _BLOCK_MARK.match(first) else _MARK_BEFORE_TEXT.sub("", first), *(line[margin:] for line in rest)]
    text = "\n".join(lines).strip()
    for quote, escaped in (('"', '\\"'), ("'", "''")):
        if len(text) > 1 and text[0] == quote == text[-1] and not _are_two_quotations(text[1:-1], quote):
            return text[1:-1].replace(escaped, quote)
        if text.startswith(quote) and text.count(quote) == 1:
            return text[1:]
    return text


def _are_two_quotations(inner: str, quote: str) -> bool:
    """Whether the text between two quotes begins by closing the first: `"a" and "b"`, unlike `"say "a" now"`."""
    at = inner.find(quote)
    return at > 0 and not inner[at - 1].isspace() and inner[at - 1] != "\\" and not inner[at + 1 : at + 2].isalnum()


def _repaired(chunk: _Chunk, indent: int, why: Fault) -> Diagnostic:
    text = _plain_text(chunk)
    key = chunk.key
    if chunk.first and "\n" not in text and len(text) <= MAX_QUOTED_CHARACTERS:
        instead = f"{key}: '" + text.replace("'", "''") + "'"
    elif chunk.first.strip():
        instead = f"{key}: >-\n  and the text under it, each line indented by two spaces"
    else:
        instead = "each value that holds `: `, or begins with one of * & @ ` % ! in quotes, and spaces for tabs"
    line, column, reason = _place_of_fault(chunk, indent, why)
    return Diagnostic(
        Severity.WARNING,
        "repaired",
        f"{reason}; `{key}` is read as the text it plainly is",
        instead,
        line=line,
        column=column,
        field=key,
    )


def _unreadable(chunk: _Chunk, indent: int, why: Fault) -> Diagnostic:
    line, column, reason = _place_of_fault(chunk, indent, why)
    return Diagnostic(
        Severity.WARNING,
        "unreadable_field",
        f"{reason}; `{chunk.key}` is left out",
        "lists as `- item` lines and mappings as `key: value` lines, indented by two spaces under the key",
        line=line,
        column=column,
        field=chunk.key,
    )


def _place_of_fault(chunk: _Chunk, indent: int, why: Fault) -> tuple[int, int, str]:
    """Where YAML stopped, in the file, and why, in words of ours. A place past the chunk is the chunk's own."""
    lines = [f"{chunk.key}: {chunk.first}", *chunk.rest]
    if why.line >= len(lines) or why.column > len(lines[why.line]):
        return chunk.line, chunk.column + indent, "YAML cannot read this"
    rest = lines[why.line][why.column :]
    if rest.startswith(":"):
        reason = "a colon inside the text is a new key to YAML"
    elif "\t" in lines[why.line][: why.column + 1]:
        reason = "YAML is not indented with tabs"
    elif rest and rest[0] in "*&@`%!|>[{":
        reason = f"a text that begins with {rest[0]} means something else to YAML"
    else:
        reason = "YAML cannot read this"
    return chunk.line + why.line, why.column + chunk.column + indent, reason
