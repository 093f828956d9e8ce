"""Computing everybody beforehand against answering those who come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed
from domain_agents.pipelines.case import ONLINE

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_DAY = 86_400.0
MEAN_OF_PEAK = 0.1
"""A day's mean as a share of its busiest second, where only that was told; assumed."""
WORTH_CORE_HOURS = 100.0
WORTH_FACTOR = 5.0
"""A batch under 100 core-hours a day is cheap anyway; five times the work is a difference. Our own choice."""


@dataclass(frozen=True, slots=True)
class Work:
    """Core-hours a day, either way."""

    batch: Computed
    online: Computed


def refreshes_per_day(case: Case) -> float:
    """How often everything is scored: as often as predictions must be fresh, else daily."""
    fresh = case.grid.prediction_freshness_s
    return max(1 / 366, _DAY / fresh) if fresh else 1.0


def predictions_per_day(case: Case) -> float | None:
    """How many predictions a day brings: entities times refreshes, or the requests that were told."""
    grid = case.grid
    if case.rungs["inference"] < ONLINE and grid.n_entities:
        return grid.n_entities * refreshes_per_day(case)
    if grid.requests_per_day:
        return grid.requests_per_day
    return case.qps * _DAY * MEAN_OF_PEAK if case.qps else None


def batch_against_online(case: Case) -> Work:
    """Both ways in core-hours a day. A rarer refresh than daily is taken as daily: no unknown is dearer than that."""
    return Work(batch_work(case, max(1.0, refreshes_per_day(case))), _online(case))


def batch_work(case: Case, refreshes: float) -> Computed:
    """Core-hours a day of scoring everything that often."""
    grid = case.grid
    return computed(
        "n_entities * cpu_seconds * refreshes_per_day / 3600",
        "core-hours/day",
        "scoring every entity beforehand",
        n_entities=grid.n_entities,
        cpu_seconds=case.cpu_seconds,
        refreshes_per_day=refreshes,
    )


def _online(case: Case) -> Computed:
    grid = case.grid
    if grid.active_fraction is not None:
        return computed(
            "max(48, n_entities * active_fraction * cpu_seconds / 3600)",
            "core-hours/day",
            "scoring only those who come, on two replicas at least",
            n_entities=grid.n_entities,
            active_fraction=grid.active_fraction,
            cpu_seconds=case.cpu_seconds,
        )
    return computed(
        "max(48, requests_per_day * cpu_seconds / 3600)",
        "core-hours/day",
        "scoring every request, on two replicas at least",
        requests_per_day=grid.requests_per_day,
        cpu_seconds=case.cpu_seconds,
    )


def wasted(work: Work) -> bool:
    """Whether the batch does so much that nobody asks for that answering on request is cheaper."""
    batch, online = work.batch.result, work.online.result
    return batch is not None and online is not None and batch >= WORTH_CORE_HOURS and batch >= WORTH_FACTOR * online
