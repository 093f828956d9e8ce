"""What a project's files say: pure readers of text that was handed in, each claim with the line it rests on.

Nothing is guessed: a claim has a file and a line, of two that contradict the stronger wins and both are kept, and where
nothing is said the answer is empty.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from domain_agents.migrations.plan import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable


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
