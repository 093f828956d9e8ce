"""How often the scheduled job of a design runs, as each scheduler wants to be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import span
from domain_agents.pipelines.case import MICRO_BATCH

if TYPE_CHECKING:
    from domain_agents.pipelines.design import Design

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_STEPS = (5, 10, 15, 20, 30)
"""Minutes that divide the hour: cron knows no others. Five is the least that CI schedules promise."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """`cron` is in UTC, `seconds` its longest period, `from_grid` whether somebody told it."""

    cron: str
    seconds: int
    from_grid: bool

    @property
    def is_daily_or_rarer(self) -> bool:
        """Whether a date is complete when it is loaded for the first time."""
        return self.seconds >= _DAY

    @property
    def alarm_seconds(self) -> int:
        """The age from which on the newest output is too old: one and a half periods."""
        return self.seconds * 3 // 2

    @property
    def timeout_seconds(self) -> int:
        """How long one run may take: half its period, so that a retry still fits, and six hours at most."""
        return max(_MINUTE, min(self.seconds // 2, 6 * _HOUR))

    @property
    def says(self) -> str:
        """The period in words."""
        return span(self.seconds).removeprefix("an ").removeprefix("a ")


def schedule(design: Design) -> Schedule:
    """The rarest schedule that keeps predictions as fresh as they must be; daily where nobody told."""
    fresh = design.grid.prediction_freshness_s
    if fresh is None:
        if design.rung("inference") == MICRO_BATCH:
            return Schedule("*/5 * * * *", 5 * _MINUTE, from_grid=False)
        return Schedule("15 3 * * *", _DAY, from_grid=False)
    if design.is_online:
        return Schedule("15 3 * * *", _DAY, from_grid=False)
    if fresh >= 28 * _DAY:
        return Schedule("15 3 1 * *", 31 * _DAY, from_grid=True)
    if fresh >= 7 * _DAY:
        return Schedule("15 3 * * 1", 7 * _DAY, from_grid=True)
    if fresh >= _DAY:
        return Schedule("15 3 * * *", _DAY, from_grid=True)
    if fresh >= _HOUR:
        return Schedule("15 * * * *", _HOUR, from_grid=True)
    minutes = max((step for step in _STEPS if step * _MINUTE <= fresh), default=_STEPS[0])
    return Schedule(f"*/{minutes} * * * *", minutes * _MINUTE, from_grid=True)
