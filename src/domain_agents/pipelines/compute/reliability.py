"""Error budgets, how soon a failure is seen, and how long the way back takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed

SLO = 0.99
"""Assumed where nobody promised anything."""
DECIDE_SECONDS = 300.0
"""From the page to a person's decision, at best; our own choice."""
ROLLING_SECONDS = 240.0
"""Four waves (25 % at a time) of a minute each: ceil(1 / 0.25) x 60."""
FLIP_SECONDS = 10.0
"""Pointing an alias or a load balancer at what is warm already."""


def detection(slo: float | None, error_share: float = 1.0) -> Computed:
    """Seconds until a burn-rate alert (14.4 times over one hour) fires."""
    bad = "every answer is" if error_share == 1 else f"{error_share:.0%} of the answers are".replace("%", " %")
    return computed(
        "(1 - slo) / error_share * 3600 * 14.4",
        "s",
        f"until the burn-rate alert fires (14.4 times the budget over an hour) when {bad} bad",
        slo=SLO if slo is None else slo,
        error_share=error_share,
    )


def error_budget(slo: float | None) -> Computed:
    """Minutes of failure that a month allows."""
    return computed("(1 - slo) * 30 * 24 * 60", "min/month", "what a month may fail", slo=slo)


def rolling(replicas: float = 4) -> Computed:
    """Seconds of a rolling update, a quarter at a time."""
    return computed(
        "ceil(replicas / ceil(replicas * surge)) * start_seconds",
        "s",
        "a rolling update, a quarter of the replicas at a time",
        replicas=replicas,
        surge=0.25,
        start_seconds=60,
    )


def recovery(slo: float | None, decide: float, act: float) -> Computed:
    """Seconds from the first bad answer to the last: detect + decide + act, when everything fails at once."""
    return computed(
        "(1 - slo) * 3600 * 14.4 + decide_seconds + act_seconds",
        "s",
        "from the first bad answer to the last when every answer is bad: detect, decide, act",
        slo=SLO if slo is None else slo,
        decide_seconds=decide,
        act_seconds=act,
    )
