"""Change one value in a JSON file that belongs to somebody else, and leave every other character as it is.

Key order, indentation, line ends, comments and trailing commas stay. A JSON library would read the data and write its
own text; this reads where things stand.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_DEPTH = 100
"""Deeper nesting than any client's file has; more is refused rather than recursed into."""

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"')
_SCALAR = re.compile(r"(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])")


class MalformedJson(ValueError):
    """The text is not what the client reads; `line` and `column` count from 1."""

    def __init__(self, message: str, text: str, at: int) -> None:
        self.line = text.count("\n", 0, at) + 1
        self.column = at - (text.rfind("\n", 0, at) + 1) + 1
        super().__init__(f"line {self.line}, column {self.column}: {message}")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands: text[start:end]. `members` are an object's, by key, in order.

    `key_start` is where the key of a member stands, `trailing_comma` whether one follows an object's last member.
    """

    value: Any
    start: int
    end: int
    members: dict[str, Node] = field(default_factory=dict)
    trailing_comma: bool = False
    key_start: int = 0


class Reader:
    """Reads JSON; with `comments` and `trailing_commas` what VS Code reads."""

    def __init__(self, text: str, *, comments: bool = False, trailing_commas: bool = False) -> None:
        self._text = text
        self._comments = comments
        self._trailing_commas = trailing_commas

    def read(self) -> Node:
        """The whole text as one value.

        Raises:
            MalformedJson: with the place of the fault.
        """
        node = self._value(self._skip(0), 0)
        after = self._skip(node.end)
        if after < len(self._text):
            raise self._fault("there is more text after the end", after)
        return node

    def _fault(self, message: str, at: int) -> MalformedJson:
        return MalformedJson(message, self._text, at)

    def _skip(self, at: int) -> int:
        """The next character that is neither space nor (where they may stand) comment."""
        while True:
            at = _SPACE.match(self._text, at).end()  # type: ignore[union-attr]  # it matches the empty text too
            if not self._text.startswith(("//", "/*"), at):
                return at
            if not self._comments:
                raise self._fault("a comment, which this client does not read", at)
            if self._text.startswith("//", at):
                end = self._text.find("\n", at)
                at = len(self._text) if end < 0 else end
            else:
                end = self._text.find("*/", at)
                if end < 0:
                    raise self._fault("a comment that does not end", at)
                at = end + 2

    def _value(self, at: int, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._fault("nested too deeply", at)
        head = self._text[at : at + 1]
        if head == "{":
            return self._object(at, depth)
        if head == "[":
            return self._array(at, depth)
        found = _STRING.match(self._text, at) or _SCALAR.match(self._text, at)
        if found is None:
            raise self._fault("a value is missing or misspelled here" if head else "the text ends too early", at)
        return Node(json.loads(found.group()), at, found.end())

    def _object(self, start: int, depth: int) -> Node:
        members: dict[str, Node] = {}
        at, trailing = self._skip(start + 1), False
        while not self._text.startswith("}", at):
            key = _STRING.match(self._text, at)
            if key is None:
                raise self._fault('a "key" or } is missing here', at)
            name = json.loads(key.group())
            if name in members:
                raise self._fault(f'the key "{name}" stands here for the second time', at)
            key_start, at = at, self._skip(key.end())
            if not self._text.startswith(":", at):
                raise self._fault(f'a colon is missing after the key "{name}"', at)
            node = self._value(self._skip(at + 1), depth + 1)
            members[name] = replace(node, key_start=key_start)
            at, trailing = self._next(node.end, "}")
        value = {name: node.value for name, node in members.items()}
        return Node(value, start, at + 1, members, trailing)

    def _array(self, start: int, depth: int) -> Node:
        items: list[Any] = []
        at = self._skip(start + 1)
        while not self._text.startswith("]", at):
            node = self._value(at, depth + 1)
            items.append(node.value)
            at, _ = self._next(node.end, "]")
        return Node(items, start, at + 1)

    def _next(self, end: int, closing: str) -> tuple[int, bool]:
        """Where the next item or the closing bracket stands, and whether a comma stood before the bracket."""
        at = self._skip(end)
        if self._text.startswith(closing, at):
            return at, False
        if not self._text.startswith(",", at):
            raise self._fault(f"a comma or {closing} is missing here", at)
        following = self._skip(at + 1)
        if self._text.startswith(closing, following):
            if not self._trailing_commas:
                raise self._fault("a comma before the closing bracket, which this client does not read", at)
            return following, True
        return following, False


def with_value(text: str, root: Node, path: Sequence[str], value: Any) -> str:
    """The text with the value at that path of keys set; objects on the way that are missing are made.

    Raises:
        MalformedJson: something on the way is not an object.
    """
    node = root
    for depth, key in enumerate(path):
        if not isinstance(node.value, dict):
            place = " > ".join(path[:depth]) or "the whole file"
            raise MalformedJson(f"{place} is not an object", text, node.start)
        member = node.members.get(key)
        if member is None:
            for missing in reversed(path[depth + 1 :]):
                value = {missing: value}
            return _inserted(text, root, node, key, value)
        node = member
    shown = _shown(text, root, value, _indentation(text, node.start), one_line="\n" not in text[node.start : node.end])
    return text[: node.start] + shown + text[node.end :]


def _inserted(text: str, root: Node, node: Node, key: str, value: Any) -> str:
    close = node.end - 1
    newline = _newline(text)
    inside = text[node.start + 1 : close]
    name = json.dumps(key, ensure_ascii=False)
    if node.members and "\n" not in inside:
        kept = inside.rstrip()
        comma = "" if node.trailing_comma else ","
        entry = f"{comma} {name}: {_shown(text, root, value, '', one_line=True)}{inside[len(kept) :]}"
        return text[: node.start + 1] + kept + entry + text[close:]
    outer = _indentation(text, node.start)
    inner = _indentation(text, _first(node).key_start) if node.members else outer + _unit(text, root)
    entry = f"{newline}{inner}{name}: {_shown(text, root, value, inner)}{newline}{outer}"
    if not node.members:
        return text[: node.start + 1] + inside.rstrip() + entry + text[close:]
    last = list(node.members.values())[-1].end
    comma = "" if node.trailing_comma else ","
    # Between the last value and the bracket there may be a comment on that value: it stays beside it.
    return text[:last] + comma + text[last:close].rstrip() + entry + text[close:]


def _first(node: Node) -> Node:
    return next(iter(node.members.values()))


def _indentation(text: str, at: int) -> str:
    """The white space that the line of this place begins with."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str, root: Node) -> str:
    """One step of indentation, as this file has it; two spaces where it does not say."""
    if root.members and "\n" in text[root.start : root.end]:
        return _indentation(text, _first(root).key_start) or "  "
    return "  "


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _shown(text: str, root: Node, value: Any, indentation: str, *, one_line: bool = False) -> str:
    """The value as JSON: an object with a line for each member, a list on one line, as people write these files."""
    if one_line or not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False)
    newline, inner = _newline(text), indentation + _unit(text, root)
    members = [
        f"{inner}{json.dumps(key, ensure_ascii=False)}: {_shown(text, root, item, inner)}"
        for key, item in value.items()
    ]
    return f"{{{newline}{f',{newline}'.join(members)}{newline}{indentation}}}"
