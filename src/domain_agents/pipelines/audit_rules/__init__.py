"""What hurts in a machine-learning repository, one file per rule, named for the harm.

A rule's class is its message, its line in the docs and two tests: `bad` is flagged by exactly this rule, `good` by none.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from domain_agents.registry import load_unit, unit_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from domain_agents.findings import Severity
    from domain_agents.pipelines.leakage.values import Leak
    from domain_agents.pipelines.reading import Repository
    from domain_agents.pipelines.reading.sources import Source


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule has to say of one place. `line` counts through all cells of a notebook; 0 is the whole file."""

    effect: str
    file: str
    line: int = 0
    source: Source | None = None
    severity: Severity | None = None


class Rule(ABC):
    """One rule. `section` is the part of the readiness score it belongs to: data, model, infrastructure, monitoring."""

    severity: ClassVar[Severity]
    section: ClassVar[str]
    harm: ClassVar[str]
    instead: ClassVar[str]
    sources: ClassVar[tuple[str, ...]]
    bad: ClassVar[Mapping[str, str]]
    good: ClassVar[Mapping[str, str]]

    @property
    def name(self) -> str:
        """The file's name: on the wire and behind "allow:"."""
        return type(self).__module__.rpartition(".")[2]

    @abstractmethod
    def looks(self, at: Repository) -> Iterator[Seen]:
        """What this rule has to say of a repository."""


class LeakRule(Rule):
    """A rule over the flow of rows: the interpreter finds, the rule says what it means."""

    section = "model"

    @abstractmethod
    def says(self, leak: Leak, source: Source) -> str:
        """The effect, with the reader's own names."""

    def looks(self, at: Repository) -> Iterator[Seen]:
        """Every leak of this rule."""
        for source, leak in at.leaks:
            if leak.rule == self.name:
                yield Seen(self.says(leak, source), source.path, leak.line, source)


def where(leak: Leak, source: Source) -> str:
    """Where the later half of a leak stands, as a reader looks for it."""
    cell, line = source.place(leak.later)
    return f"cell {cell}, line {line}" if cell else f"line {line}"


def files(texts: dict[str, str]) -> Mapping[str, str]:
    """An example of several files, or of one that is no script: text by path."""
    return MappingProxyType(texts)


def script(code: str) -> dict[str, str]:
    """An example that is one script with its pinned dependencies."""
    return {"train.py": code, "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\nimbalanced-learn==0.14.0\n"}


def rule_names() -> tuple[str, ...]:
    """The rules there are."""
    import domain_agents.pipelines.audit_rules as package

    return unit_names(package)


def rule(name: str) -> Rule:
    """The rule of that name.

    Raises:
        LookupError: with the names there are.
    """
    import domain_agents.pipelines.audit_rules as package

    made: Rule = load_unit(package, name).RULE
    return made


def rules() -> tuple[Rule, ...]:
    """All rules, in the order of their names."""
    return tuple(rule(name) for name in rule_names())
