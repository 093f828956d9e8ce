"""Source of several languages as far as chains of calls need it: brackets, texts, constants and links.

`$table->string('email')->unique()` and `table.string('email').unique()` are the same chain. Nothing is run, and what is no
constant is not guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALL = re.compile(r"\s*(?:->|\??\.)?\s*(\w+)\s*\(")


class Unreadable(Exception):
    """A call whose effect its text does not tell."""


@dataclass(frozen=True, slots=True)
class Call:
    """One link of a chain: its name and arguments; None is an argument that is no constant."""

    name: str
    arguments: tuple[object, ...] = ()

    def text(self, position: int = 0) -> str:
        """An argument that must be a text.

        Raises:
            Unreadable: it is not.
        """
        value = self.arguments[position] if position < len(self.arguments) else None
        if not isinstance(value, str):
            raise Unreadable(self.name)
        return value


def chains(body: str, variable: str) -> Iterator[tuple[int, list[Call]]]:
    """The chains of calls on a variable in a body, each with its place; an unreadable one has no links."""
    for found in re.finditer(rf"(?<![\w.$]){re.escape(variable)}\s*(?=->|\.)", body):
        links: list[Call] = []
        at = found.end()
        while call := _CALL.match(body, at):
            end = closing(body, call.end() - 1)
            if end < 0:
                links = []
                break
            links.append(Call(call.group(1), tuple(arguments(body[call.end() : end]))))
            at = end + 1
        yield found.start(), links


def closing(text: str, at: int) -> int:
    """The place of the bracket that closes the one at `at`; -1 when there is none."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    open_brackets: list[str] = []
    while at < len(text):
        character = text[at]
        if character in "'\"`":
            at = _after_text(text, at)
            continue
        if character in pairs:
            open_brackets.append(pairs[character])
        elif character in ")]}":
            if not open_brackets or open_brackets.pop() != character:
                return -1
            if not open_brackets:
                return at
        at += 1
    return -1


def _after_text(text: str, at: int) -> int:
    mark, at = text[at], at + 1
    while at < len(text) and text[at] != mark:
        at += 2 if text[at] == "\\" else 1
    return at + 1


def arguments(text: str) -> Iterator[object]:
    """The arguments between two brackets, constants as values and all others as None."""
    for part in split(text):
        yield constant(part)


def split(text: str) -> Iterator[str]:
    """The parts between commas that stand in no bracket and no text."""
    start, at = 0, 0
    while at < len(text):
        if text[at] in "'\"`":
            at = _after_text(text, at)
            continue
        if text[at] in "([{":
            end = closing(text, at)
            at = end + 1 if end >= 0 else len(text)
            continue
        if text[at] == ",":
            yield text[start:at]
            start = at + 1
        at += 1
    if text[start:].strip():
        yield text[start:]


def constant(part: str) -> object:
    """The value of a constant: text, number, truth or list of texts; None for anything else."""
    text = part.strip()
    if text[:1] in {"'", '"', "`"} and len(text) > 1 and _after_text(text, 0) == len(text):
        made_by_code = (text[0] == "`" and "${" in text) or (text[0] == '"' and re.search(r"\{?\$\w", text))
        return None if made_by_code else re.sub(r"\\(.)", r"\1", text[1:-1])
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if re.fullmatch(r"-?\d+\.\d+", text):
        return float(text)
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if text[:1] == "[" and text[-1:] == "]":
        values = tuple(arguments(text[1:-1]))
        return values if all(isinstance(one, str) for one in values) else None
    return None
