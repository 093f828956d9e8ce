"""The drift monitor: PSI with a least sample and a test of significance, prediction drift, quality as labels arrive."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from domain_agents.pipelines.artifacts import Artifact, rendered
from domain_agents.pipelines.artifacts._telling import DAY, values
from domain_agents.pipelines.artifacts.training import metric

if TYPE_CHECKING:
    from domain_agents.pipelines.design import Design


def _declines(design: Design) -> str:
    if not design.case.trains:
        return f"no model of yours that could drift: the choice is {design.stages['need'].choice}"
    if design.rung("llm"):
        return "a tuned language model is watched by reading a sample of its answers, not by distributions of columns"
    if design.rung("monitoring") == 0:
        return f"nothing in the grid asks for it: the choice is {design.stages['monitoring'].choice}"
    return ""


def _retrain(design: Design) -> str:
    """What a fall of quality leads to, by the rung of retraining."""
    return (
        "retrain by hand and release only past the gate",
        "start the scheduled retraining now; it releases only past the gate and the champion",
        "start the retraining job; it releases only past the gate and the champion",
        "pause the incremental updates, go back to the last good snapshot and retrain from it",
    )[design.rung("retraining")]


def _make(design: Design) -> tuple[tuple[str, str], ...]:
    measured, reason = metric(design)
    grid = design.grid
    given = {
        **values(design),
        "metric": measured,
        "metric_because": reason.replace("%", " percent"),
        "retrain": _retrain(design),
        "page": "page whoever is on call" if grid.oncall else "open a ticket for the owner, to be read the same day",
        "delay_days": math.ceil((grid.label_delay or 0) / DAY),
        "sites": (grid.sites or 0) >= 2,
    }
    folder = f"ml/{design.slug}"
    return (
        (f"{folder}/monitor.py", rendered(__name__, "monitor.py.j2", given)),
        (f"{folder}/requirements-monitor.txt", "# What monitor.py was run with.\nnumpy~=2.4\npandas~=3.0\n"),
    )


ARTIFACT = Artifact(title="Drift monitor", declines=_declines, make=_make)
