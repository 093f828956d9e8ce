"""YAML without its guesses: text to text, lists and mappings, built from parser events.

Events and not `yaml.load`: nothing is resolved (`1.10` and `no` stay text), aliases, anchors and tags are seen and
refused before anything is built from them, depth is counted instead of recursed, and every value keeps its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 24
"""Deeper nesting is an attack or a mistake; libyaml's time also grows with the square of the depth."""

_BREAKS = str.maketrans({"\x85": "\ufdd0", "\u2028": "\ufdd1", "\u2029": "\ufdd2"})
_UNBROKEN = {ord(stand_in): mark for mark, stand_in in _BREAKS.items()}
"""To YAML these end a line, to editors they don't: they pass as characters that no text has, so that lines agree."""

Value: TypeAlias = "str | list[Value] | dict[str, Value]"
Path: TypeAlias = "tuple[str | int, ...]"


class Fault(Exception):
    """YAML cannot read the text; `line` and `column` count from 0 in the text that was given."""

    def __init__(self, line: int, column: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.column = column
        self.problem = problem


class Refused(Fault):
    """YAML can read it, we don't: an anchor, an alias, a tag, or nesting without end. `what` names it."""

    def __init__(self, line: int, column: int, what: str) -> None:
        super().__init__(line, column, what)
        self.what = what


@dataclass
class Mapping:
    """A mapping with the place (line, column from 0) of every key and item, and the keys given twice."""

    value: dict[str, Value] = field(default_factory=dict)
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    repeated: list[tuple[str, int]] = field(default_factory=list)


@cache
def _loader() -> Any:
    import yaml

    return getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def parse(text: str) -> Mapping:
    """A block of YAML that is a mapping.

    Raises:
        Refused: it holds an anchor, an alias, a tag, or is nested deeper than `MAX_DEPTH`.
        Fault: YAML cannot read it, or it is no mapping.
    """
    import yaml

    try:
        return _built(yaml.parse(text if text.isascii() else text.translate(_BREAKS), Loader=_loader()))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark is not None else (0, 0)
        raise Fault(line, column, str(error.problem or error.context or "not YAML")) from None
    except yaml.YAMLError:
        raise Fault(0, 0, "a character that YAML does not allow") from None
    except (ValueError, UnicodeError, RecursionError, OverflowError) as error:
        raise Fault(0, 0, type(error).__name__) from None


def _built(events: Iterator[Any]) -> Mapping:
    """The mapping of a stream of events. One open container at a time on a stack of our own, never on Python's."""
    import yaml.events

    kinds: Any = yaml.events
    made = Mapping()
    stack: list[_Open] = []
    documents = 0
    for event in events:
        if isinstance(event, kinds.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise Fault(event.start_mark.line, 0, "a second document")
        elif isinstance(event, kinds.MappingEndEvent | kinds.SequenceEndEvent):
            stack.pop()
        elif isinstance(event, kinds.NodeEvent):
            _node(event, stack, made, kinds)
    if not made.value and not made.places:
        raise Fault(0, 0, "no `key: value` lines")
    return made


@dataclass
class _Open:
    """A container that is being filled; a mapping holds its waiting key."""

    value: list[Value] | dict[str, Value]
    path: Path
    key: str | None = None


def _node(event: Any, stack: list[_Open], made: Mapping, kinds: Any) -> None:
    line, column = event.start_mark.line, event.start_mark.column
    _refuse(event, line, column, kinds)
    if len(stack) >= MAX_DEPTH:
        raise Refused(line, column, "nesting")
    if isinstance(event, kinds.ScalarEvent):
        value: Value = event.value if event.value.isascii() else event.value.translate(_UNBROKEN)
    else:
        value = {} if isinstance(event, kinds.MappingStartEvent) else []
    path = _place(value, stack, made, line, column)
    if isinstance(value, list | dict):
        stack.append(_Open(value, path))


def _place(value: Value, stack: list[_Open], made: Mapping, line: int, column: int) -> Path:
    """Put a value where it belongs; the path under which it can be found."""
    if not stack:
        if not isinstance(value, dict):
            raise Fault(line, column, "no `key: value` lines")
        made.value = value
        return ()
    parent = stack[-1]
    if isinstance(parent.value, list):
        parent.value.append(value)
        path: Path = (*parent.path, len(parent.value) - 1)
    elif parent.key is None:
        if not isinstance(value, str):
            raise Fault(line, column, "a key that is not text")
        parent.key = value
        path = (*parent.path, value)
        if len(stack) == 1 and value in parent.value:
            made.repeated.append((value, line))
    else:
        parent.value[parent.key] = value
        path = (*parent.path, parent.key)
        parent.key = None
        return path
    made.places[path] = (line, column)
    return path


def _refuse(event: Any, line: int, column: int, kinds: Any) -> None:
    if isinstance(event, kinds.AliasEvent):
        raise Refused(line, column, "alias")
    if event.anchor is not None:
        raise Refused(line, column, "anchor")
    if event.tag is not None:
        raise Refused(line, column, "tag")
