"""A repository -> what hurts in it, how ready it is, what is heavier than it needs, and what was not analysed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, rules
from domain_agents.pipelines.overbuilt import Overbuilt, overbuilt
from domain_agents.pipelines.readiness import Section, readiness

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.pipelines.grid import Grid
    from domain_agents.pipelines.reading import Repository
    from domain_agents.pipelines.reading.sources import Unread

_SEVERITIES = tuple(Severity)


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One finding. In a notebook `line` counts within `cell`, elsewhere `cell` is 0."""

    rule: str
    severity: Severity
    file: str
    line: int
    cell: int
    effect: str
    instead: str
    sources: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape that clients rely on (contract, audit_pipeline)."""
        place: dict[str, Any] = {"cell": self.cell} if self.cell else {}
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "file": self.file,
            "line": self.line,
            **place,
            "effect": self.effect,
            "instead": self.instead,
            "sources": list(self.sources),
        }


@dataclass(frozen=True, slots=True)
class Audited:
    """What was found and what was looked at."""

    findings: tuple[AuditFinding, ...]
    sections: tuple[Section, ...]
    over_engineered: tuple[Overbuilt, ...]
    not_analysed: tuple[Unread, ...]
    examined: Mapping[str, int]


def audit(repository: Repository, grid: Grid | None = None, without: frozenset[str] = frozenset()) -> Audited:
    """Look at a whole repository. `without` names rules that are switched off."""
    findings: dict[tuple[str, str, int, int], AuditFinding] = {}
    count = 0
    for rule in rules():
        if rule.name in without:
            continue
        count += 1
        for seen in rule.looks(repository):
            if seen.source is not None and seen.source.allows(rule.name, seen.line):
                continue
            made = _finding(rule, seen)
            findings.setdefault((made.rule, made.file, made.cell, made.line), made)
    return Audited(
        tuple(sorted(findings.values(), key=_order)),
        readiness(repository),
        overbuilt(repository, grid),
        repository.not_analysed,
        _examined(repository, count),
    )


def _finding(rule: Rule, seen: Seen) -> AuditFinding:
    cell, line = seen.source.place(seen.line) if seen.source is not None else (0, seen.line)
    return AuditFinding(
        rule.name, seen.severity or rule.severity, seen.file, line, cell, seen.effect, rule.instead, rule.sources
    )


def _order(one: AuditFinding) -> tuple[int, str, int, int, str]:
    return _SEVERITIES.index(one.severity), one.file, one.cell, one.line, one.rule


def _examined(repository: Repository, count: int) -> dict[str, int]:
    return {
        "files": len(repository.texts),
        "python_files": sum(not one.is_notebook for one in repository.sources),
        "notebooks": len(repository.notebooks),
        "notebook_cells": sum(len(one.cells) for one in repository.notebooks),
        "test_files": sum(one.is_test for one in repository.sources),
        "dependency_files": len({one.file for one in repository.requirements}),
        "dockerfiles": len(repository.dockerfiles),
        "yaml_documents": len(repository.documents),
        "rules": count,
    }
