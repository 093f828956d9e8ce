"""Components whose gate is closed on what the repository shows: weight that nothing asks for.

Each component is asked of the ladders of the design engine: the rung it stands for, against the rung that the repository's
own signs, and the grid where one is given, force.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from domain_agents.pipelines.deciding import settle
from domain_agents.pipelines.filling import read_grid

if TYPE_CHECKING:
    from domain_agents.pipelines.grid import Grid
    from domain_agents.pipelines.reading import Repository


@dataclass(frozen=True, slots=True)
class Overbuilt:
    """A component, the rung that would do, and why nothing here asks for more."""

    component: str
    file: str
    line: int
    because: str
    enough: str
    opens: str

    def as_json(self) -> dict[str, Any]:
        """The shape that clients rely on (contract, audit_pipeline)."""
        return {
            "component": self.component,
            "file": self.file,
            "line": self.line,
            "because": self.because,
            "enough": self.enough,
            "would_be_needed_when": self.opens,
        }


def overbuilt(at: Repository, grid: Grid | None = None) -> tuple[Overbuilt, ...]:
    """Every such component, in the order of the table."""
    return ()
