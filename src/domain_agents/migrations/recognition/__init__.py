"""What a project's files say: pure readers of text that was handed in, each claim with the line it rests on.

Nothing is guessed: a claim has a file and a line, of two that contradict the stronger wins and both are kept, and where
nothing is said the answer is empty.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from domain_agents.migrations.plan import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

M = TypeVar("M")
_ENDING = re.compile(r"\\\.(?:\((?:\?:)?([\w|]+)\)|(\w+))\$$")


class Files(Protocol):
    """A project's files, read only."""

    def paths(self) -> tuple[str, ...]:
        """Every file's path from the project's directory, with forward slashes, in order."""
        ...

    def text(self, path: str) -> str:
        """A file's text with line feeds; empty when it cannot be read as text."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a line says; the higher `weight` wins."""

    value: str
    weight: int
    evidence: Evidence


def claim(value: str, weight: int, file: str, line: int, says: str) -> Claim:
    """A claim with its evidence."""
    return Claim(value, weight, Evidence(file, line, says))


def strongest(claims: Iterable[Claim]) -> str:
    """The value with the strongest single claim; of equals the one with more behind it, then the first by name."""
    best: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    for one in claims:
        best[one.value] = max(best[one.value], one.weight)
        total[one.value] += one.weight
    return min(best, key=lambda value: (-best[value], -total[value], value), default="")


def parent(path: str) -> str:
    """The directory of a path; "" for the project's own."""
    return path.rpartition("/")[0]


def base(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


class MarkIndex(Generic[M]):
    """Marks by the ending of the paths they can match: a project has thousands of files, and most match none."""

    def __init__(self, marks: Iterable[M], pattern: Callable[[M], re.Pattern[str]]) -> None:
        self._by_ending: dict[str, list[M]] = defaultdict(list)
        self._marks: list[tuple[M, frozenset[str]]] = []
        for mark in marks:
            found = _ENDING.search(pattern(mark).pattern)
            endings = (found.group(1) or found.group(2)).split("|") if found else []
            self._marks.append((mark, frozenset(endings)))

    def of(self, path: str) -> Sequence[M]:
        """The marks whose pattern may match this path, in their order."""
        ending = base(path).rpartition(".")[2]
        if ending not in self._by_ending:
            self._by_ending[ending] = [mark for mark, endings in self._marks if not endings or ending in endings]
        return self._by_ending[ending]
