"""How many requests it takes to tell better from worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed

BASE_RATE = 0.05
EFFECT = 0.05
"""Compared where nothing is told: a rate of five percent, and a twentieth more of it."""
CANARY_REQUESTS = 803
CANARY_SHARE = 0.05


def per_arm(base_rate: float | None, effect: float | None) -> Computed:
    """Requests for each arm of an experiment: two-sided 5 %, power 80 %."""
    return computed(
        "ceil(2 * (z_alpha + z_beta) ** 2 * base_rate * (1 - base_rate) / (base_rate * effect) ** 2)",
        "requests per arm",
        "to find that relative change, two-sided 5 %, power 80 %",
        z_alpha=1.95996,
        z_beta=0.84162,
        base_rate=BASE_RATE if not base_rate or base_rate == 1 else base_rate,
        effect=effect or EFFECT,
    )


def experiment_days(arm: float | None, requests_per_day: float | None) -> Computed:
    """Days until both arms are full."""
    usable = requests_per_day or None
    return computed(
        "2 * per_arm / requests_per_day", "days", "until both arms are full", per_arm=arm, requests_per_day=usable
    )


def canary_seconds(qps: float | None) -> Computed:
    """Seconds at a 5 % share until errors of 1 % instead of 0.1 % are seen: one-sided 1 %, power 95 %."""
    return computed(
        "canary_requests / (share * peak_qps)",
        "s",
        "until a canary at 5 % shows errors risen from 0.1 % to 1 % (one-sided 1 %, power 95 %: 803 requests)",
        canary_requests=CANARY_REQUESTS,
        share=CANARY_SHARE,
        peak_qps=qps or None,
    )
