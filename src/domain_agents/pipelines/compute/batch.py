"""Computing everybody beforehand against answering those who come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_DAY = 86_400.0
WORTH_CORE_HOURS = 100.0
WORTH_FACTOR = 5.0
"""A batch under 100 core-hours a day is cheap anyway; five times the work is a difference. Our own choice."""


@dataclass(frozen=True, slots=True)
class Work:
    """Core-hours a day, either way."""

    batch: Computed
    online: Computed


def batch_against_online(case: Case) -> Work:
    """Both ways in core-hours a day. One refresh a day unless predictions must be fresher."""
    grid = case.grid
    refreshes = max(1.0, _DAY / grid.prediction_freshness_s) if grid.prediction_freshness_s else 1.0
    batch = computed(
        "n_entities * cpu_seconds * refreshes_per_day / 3600",
        "core-hours/day",
        "scoring every entity beforehand",
        n_entities=grid.n_entities,
        cpu_seconds=case.cpu_seconds,
        refreshes_per_day=refreshes,
    )
    if grid.active_fraction is not None:
        online = computed(
            "max(48, n_entities * active_fraction * cpu_seconds / 3600)",
            "core-hours/day",
            "scoring only those who come, on two replicas at least",
            n_entities=grid.n_entities,
            active_fraction=grid.active_fraction,
            cpu_seconds=case.cpu_seconds,
        )
    else:
        online = computed(
            "max(48, requests_per_day * cpu_seconds / 3600)",
            "core-hours/day",
            "scoring every request, on two replicas at least",
            requests_per_day=grid.requests_per_day,
            cpu_seconds=case.cpu_seconds,
        )
    return Work(batch, online)


def wasted(work: Work) -> bool:
    """Whether the batch does so much that nobody asks for that answering on request is cheaper."""
    batch, online = work.batch.result, work.online.result
    return batch is not None and online is not None and batch >= WORTH_CORE_HOURS and batch >= WORTH_FACTOR * online
