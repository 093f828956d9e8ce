"""Prometheus rules for what was chosen, with promtool's unit tests: did not run, budget burn, latency, drift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.arithmetic import figure
from domain_agents.pipelines.artifacts import Artifact, rendered
from domain_agents.pipelines.artifacts._reasons import comment, counted, reason
from domain_agents.pipelines.artifacts._schedule import schedule
from domain_agents.pipelines.artifacts.dag import ARTIFACT as SCHEDULED
from domain_agents.pipelines.artifacts.serving import ASSUMED_LATENCY_MS, is_service
from domain_agents.pipelines.compute.reliability import SLO, detection

if TYPE_CHECKING:
    from domain_agents.pipelines.design import Design

_LARGEST_SLO = 1 - 1e-6
"""An error budget of nothing burns at the first error: no rule could tell fast from slow."""


def _declines(design: Design) -> str:
    there = design.case.has("metrics")
    if there and not any(
        name in part.lower() for part in design.grid.existing_stack or () for name in ("prom", "graf")
    ):
        return f"{there} watches what runs already, and the rules are written for Prometheus"
    if SCHEDULED.declines(design) and not is_service(design):
        return "nothing that is made here writes metrics: no scheduled job and no service of one's own"
    return ""


def _make(design: Design) -> tuple[tuple[str, str], ...]:
    values = _values(design)
    return tuple(
        (f"ops/{design.slug}_{name}.yml", rendered(__name__, f"{name}.yml.j2", values).lstrip())
        for name in ("alerts", "alerts_test")
    )


def _values(design: Design) -> dict[str, Any]:
    when = schedule(design)
    slo = min(SLO if design.grid.availability_slo is None else design.grid.availability_slo, _LARGEST_SLO)
    latency = design.grid.latency_p95_ms or ASSUMED_LATENCY_MS
    return {
        "slug": design.slug,
        "camel": "".join(word.capitalize() for word in design.slug.split("_")),
        "monitoring": comment(reason(design, "monitoring")),
        "job": not SCHEDULED.declines(design),
        "service": is_service(design),
        "drift": design.case.trains and design.rung("monitoring") >= 1,
        "period": when.seconds,
        "period_says": when.says,
        "alarm": when.alarm_seconds,
        "objective": f"{slo * 100:g} %",
        "assumed": design.grid.availability_slo is None,
        "budget": f"{1 - slo:.10g}",
        "fast": f"{min(14.4 * (1 - slo), 0.9):.10g}",
        "slow": f"{min(6 * (1 - slo), 0.8):.10g}",
        "detection": comment(f"All answers bad: it fires after {counted(detection(slo))}.", indent="  "),
        "latency_seconds": f"{latency / 1000:.6g}",
        "latency_says": f"{figure(latency)} ms" + ("" if design.grid.latency_p95_ms else ", assumed: nobody told"),
    }


ARTIFACT = Artifact(title="Alert rules", declines=_declines, make=_make)
