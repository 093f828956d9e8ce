"""Finding: one shape for every check in the house."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad: an error must not ship, a warning needs a decision, an info is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has to say about one place.

    `effect` is what happens in production, `instead` what to write. `line` and `column` count from 1; 0 means the whole
    file.
    """

    rule: str
    severity: Severity
    effect: str
    instead: str
    file: str = ""
    line: int = 0
    column: int = 0
    statement: str = ""
    sources: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape that clients rely on (contract, lint_migration)."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "statement": self.statement,
            "effect": self.effect,
            "instead": self.instead,
            "sources": list(self.sources),
        }
