"""Diagnostics: what is wrong with a file, where, and what to write instead, as a good compiler says it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain_agents.findings import Severity

MAX_SHOWN_COLUMNS = 100


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing to say about one place of a file.

    An error means that the file is not served; a warning that it is served as read, repaired or without the field; an
    info that something is worth knowing. `line` and `column` count from 1, and 0 means the whole file. `text` is the
    line as it stands in the file.
    """

    severity: Severity
    code: str
    message: str
    instead: str
    file: str = ""
    line: int = 0
    column: int = 0
    field: str = ""
    text: str = ""

    def as_json(self) -> dict[str, Any]:
        """The shape that `check --json` prints."""
        return {
            "severity": self.severity.value,
            "code": self.code,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "field": self.field,
            "message": self.message,
            "instead": self.instead,
        }

    def located(self, file: str, lines: list[str]) -> Diagnostic:
        """The same with the file's name and the text of its line; a place past the end moves to the last line."""
        line = min(self.line, len(lines))
        text = lines[line - 1] if line else ""
        return replace(self, file=file, line=line, text=text, column=min(self.column, len(text) + 1) if line else 0)


def format_diagnostics(diagnostics: Iterable[Diagnostic]) -> str:
    """Diagnostics for a terminal: place, source line with a caret, the fault, what to write. "" when there are none."""
    return "\n".join(_formatted(diagnostic) for diagnostic in diagnostics)


def _formatted(diagnostic: Diagnostic) -> str:
    place = ":".join(str(part) for part in (diagnostic.file, diagnostic.line, diagnostic.column) if part)
    field = f" ({diagnostic.field})" if diagnostic.field else ""
    parts = [f"{place}: {diagnostic.severity.value}[{diagnostic.code}]{field}: {diagnostic.message}"]
    if diagnostic.line and diagnostic.text.strip():
        parts += _excerpt(diagnostic)
    if diagnostic.instead:
        first, *rest = diagnostic.instead.split("\n")
        parts.append(f"  write instead: {first}")
        parts += [f"                 {line}" for line in rest]
    return "\n".join(visible(part) for part in parts) + "\n"


def visible(text: str) -> str:
    """Text for a terminal: it must show what is there, not obey it, so what cannot be seen becomes a visible mark."""
    return "".join(c if c.isprintable() else " " if c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _excerpt(diagnostic: Diagnostic) -> list[str]:
    column = max(diagnostic.column, 1)
    start = 0 if column <= MAX_SHOWN_COLUMNS else column - MAX_SHOWN_COLUMNS // 2
    shown = diagnostic.text[start : start + MAX_SHOWN_COLUMNS]
    margin = " " * len(str(diagnostic.line))
    return [
        f"  {margin} |",
        f"  {diagnostic.line} | {'…' if start else ''}{shown}{'…' if len(diagnostic.text) > start + len(shown) else ''}",
        f"  {margin} | {' ' * (column - 1 - start + bool(start))}^",
    ]
