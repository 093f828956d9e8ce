"""Manifests for the cluster that was chosen: a service and its autoscaler, sized by the grid, or the job as a CronJob."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.artifacts import Artifact, rendered
from domain_agents.pipelines.artifacts._reasons import comment, counted, reason
from domain_agents.pipelines.artifacts._schedule import schedule
from domain_agents.pipelines.artifacts.serving import REPLICAS, is_service
from domain_agents.pipelines.case import BATCH
from domain_agents.pipelines.compute.replicas import replicas
from domain_agents.pipelines.growth import FACTOR

if TYPE_CHECKING:
    from domain_agents.pipelines.design import Design

CLUSTER = 2
_UNKNOWN_REPLICAS = 2
"""Where nobody told the traffic: one that may fail, and one."""


def _declines(design: Design) -> str:
    if design.rung("platform") < CLUSTER:
        return f"no cluster was chosen: {design.stages['platform'].choice}"
    if is_service(design) or _is_job(design):
        return ""
    if design.rung("orchestration"):
        return f"{design.stages['orchestration'].choice} starts the jobs, and no service of one's own answers requests"
    return f"nothing of one's own runs there all the time: {design.stages['serving'].choice}"


def _is_job(design: Design) -> bool:
    return design.rung("inference") == BATCH and design.rung("orchestration") == 0


def least_replicas(design: Design) -> int:
    """Replicas that are always there: one more than the mean second needs, two at least where several were chosen."""
    daily = design.grid.requests_per_day
    floor = _UNKNOWN_REPLICAS if design.rung("serving") >= REPLICAS else 1
    most = most_replicas(design)
    if daily is None:
        return max(floor, most) if design.case.qps else floor
    mean = daily / 86_400 * design.case.cpu_seconds / 0.6
    return min(most, max(floor, math.ceil(mean) + 1))


def most_replicas(design: Design) -> int:
    """Replicas for the busiest second and one that may fail."""
    floor = _UNKNOWN_REPLICAS if design.rung("serving") >= REPLICAS else 1
    needed = replicas(design.case).result
    return max(floor, math.ceil(needed)) if needed is not None else floor


def _make(design: Design) -> tuple[tuple[str, str], ...]:
    values = _values(design)
    names = ("deployment", "hpa", "pdb", "network_policy") if is_service(design) else ("cronjob", "network_policy")
    if is_service(design) and values["most"] == 1:
        names = ("deployment", "network_policy")
    values["names"] = names
    return tuple(
        (f"k8s/{design.slug}/{name}.yaml", rendered(__name__, f"{name}.yaml.j2", values))
        for name in (*names, "kustomization")
    )


def _values(design: Design) -> dict[str, Any]:
    when = schedule(design)
    least, most = least_replicas(design), most_replicas(design)
    needed = replicas(design.case)
    return {
        "name": _name(design),
        "slug": design.slug,
        "platform": comment(reason(design, "platform")),
        "serving": comment(reason(design, "serving")),
        "rollback": comment(reason(design, "rollback")),
        "inference": comment(reason(design, "inference")),
        "sizing": comment(f"Replicas: {counted(needed)}." if needed.result is not None else _unknown()),
        "least": least,
        "most": most,
        "ceiling": most if design.case.qps is None else max(most, math.ceil(most * 1.5)),
        "factor": FACTOR,
        "cpu_known": not design.case.cpu_is_assumed,
        "cron": when.cron,
        "starting_deadline": min(when.seconds // 2, 3_600),
        "timeout": when.timeout_seconds,
        "service": is_service(design),
    }


def _name(design: Design) -> str:
    """The slug as Kubernetes names things; words that YAML reads as a truth value or as nothing get a second one."""
    name = design.slug.replace("_", "-")
    return f"{name}-model" if name in {"true", "false", "yes", "no", "on", "off", "y", "n", "null"} else name


def _unknown() -> str:
    return "Replicas: nobody told the busiest second; measure it before the first release and set them by it."


ARTIFACT = Artifact(title="Kubernetes manifests", declines=_declines, make=_make)
