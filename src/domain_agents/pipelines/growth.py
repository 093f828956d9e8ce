"""At ten times the scale: the engine once more, and only what changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.deciding import decide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.pipelines.case import Case
    from domain_agents.pipelines.decision import Decision

FACTOR = 10.0


@dataclass(frozen=True, slots=True)
class Change:
    """A rung that is another at ten times the scale."""

    stage: str
    now: str
    then: str
    rung_now: int
    rung_then: int
    because: str

    def as_json(self) -> dict[str, Any]:
        """For the structured result."""
        return {
            "stage": self.stage,
            "now": self.now,
            "then": self.then,
            "rung_now": self.rung_now,
            "rung_then": self.rung_then,
            "because": self.because,
        }


def at_ten_times(case: Case, decisions: Sequence[Decision]) -> tuple[Change, ...]:
    """What ten times the traffic, data, entities, corpus and models would change."""
    _, then = decide(case.grid.times(FACTOR))
    return tuple(
        Change(
            now.stage, now.choice, later.choice, now.rung, later.rung, later.because or "another stage takes it over"
        )
        for now, later in zip(decisions, then, strict=True)
        if now.rung != later.rung
    )
