"""A table of text for a terminal: columns as wide as they need, one that gives way when there is no room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from domain_agents.cli.terminal import Terminal

GAP = 2
MIN_FLEXIBLE = 16


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and its style (empty: none)."""

    text: str
    style: str = ""


def table(
    terminal: Terminal,
    header: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    right: Collection[int] = (),
    flexible: int | None = None,
    indent: int = 2,
) -> Iterator[str]:
    """The lines of a table. `right` are columns that end flush, `flexible` is the one that is cut to fit the width."""
    widths = [
        max(len(header[i]), *(len(row[i].text) for row in rows)) if rows else len(header[i]) for i in range(len(header))
    ]
    if flexible is not None:
        others = sum(widths) - widths[flexible] + GAP * (len(widths) - 1)
        widths[flexible] = max(min(widths[flexible], terminal.width - indent - others), MIN_FLEXIBLE)
    yield _line(terminal, [Cell(name, "dim") for name in header], widths, right)
    for row in rows:
        yield _line(terminal, row, widths, right)


def _line(terminal: Terminal, cells: Sequence[Cell], widths: Sequence[int], right: Collection[int]) -> str:
    parts = []
    for index, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        text = cell.text if len(cell.text) <= width else cell.text[: width - 1] + "…"
        text = text.rjust(width) if index in right else text.ljust(width)
        parts.append(terminal.styled(text, cell.style) if cell.style else text)
    return (" " * GAP).join(parts).rstrip()
