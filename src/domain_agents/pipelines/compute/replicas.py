"""Cores, replicas and waiting: Little's law, utilisation, Erlang C."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed
from domain_agents.pipelines.case import UTILISATION

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case


def cores(case: Case) -> Computed:
    """Cores that the busiest second keeps busy to 60 %."""
    return computed(
        "peak_qps * cpu_seconds / utilisation",
        "cores",
        "processor that the busiest second needs"
        + (" (time of one prediction assumed: measure it)" if case.cpu_is_assumed else ""),
        peak_qps=case.qps,
        cpu_seconds=case.answer_cpu_seconds,
        utilisation=UTILISATION,
    )


def replicas(case: Case) -> Computed:
    """Replicas of one core each, and one more so that one may fail."""
    return computed(
        "ceil(peak_qps * cpu_seconds / (cores_per_replica * utilisation)) + 1",
        "replicas",
        "one more than the busiest second needs",
        peak_qps=case.qps,
        cpu_seconds=case.answer_cpu_seconds,
        cores_per_replica=1,
        utilisation=UTILISATION,
    )


def in_flight(case: Case) -> Computed:
    """Requests inside the service at once (Little's law)."""
    return computed(
        "peak_qps * cpu_seconds",
        "requests",
        "requests inside the service at once, by Little's law",
        peak_qps=case.qps,
        cpu_seconds=case.answer_cpu_seconds,
    )


def waiting_p95(case: Case, servers: float | None) -> Computed:
    """Milliseconds that 95 of 100 requests wait at most before their turn (M/M/c)."""
    return computed(
        "max(0, log(max(erlang_c(servers, peak_qps * cpu_seconds), 0.000001) / 0.05)) * 1000 * cpu_seconds"
        " / max(servers - peak_qps * cpu_seconds, 0.000001)",
        "ms",
        "waiting before the prediction starts, 95 of 100 requests (M/M/c); add the prediction's own time",
        servers=servers,
        peak_qps=case.qps,
        cpu_seconds=case.answer_cpu_seconds,
    )
