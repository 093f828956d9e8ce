"""Data-quality checks: bad rows set aside with their reason, a bad load stopped, nothing lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines import problem
from domain_agents.pipelines.arithmetic import span
from domain_agents.pipelines.artifacts import Artifact, rendered
from domain_agents.pipelines.artifacts._telling import DAY, values

if TYPE_CHECKING:
    from domain_agents.pipelines.design import Design

_PERIODS = 1.5
"""Silence is an alarm from one and a half periods on (monitoring)."""
_BAD = 0.01
"""Rows that may be bad before the whole load is suspect; our own choice."""


def _declines(design: Design) -> str:
    if design.rung("llm") and not design.case.trains:
        return "what comes in is text for a language model, not a table with columns to check"
    if design.rung("need") == 2 and not design.case.trains:
        return "a pretrained model reads texts or images, not a table with columns to check"
    if problem.is_deep(f"{design.grid.modality or ''} {design.case.words}"):
        return "images, sound and video are checked by decoding them; these checks are for tables with columns"
    return ""


def _period(design: Design) -> tuple[float, str]:
    """How often a load is expected, in seconds, and who says so."""
    for name in ("feature_freshness_s", "prediction_freshness_s"):
        value = design.grid.get(name)
        if value:
            return max(value, 60.0), f"{name} is {span(value)}"
    return DAY, "nothing tells how often it comes; a day is assumed"


def _make(design: Design) -> tuple[tuple[str, str], ...]:
    period, said = _period(design)
    pandera = design.rung("validation") >= 1
    given = {
        **values(design),
        "pandera": pandera,
        "max_age_hours": round(_PERIODS * period / 3600, 4),
        "max_age_because": said,
        "max_bad": _BAD if pandera else 0.0,
    }
    folder = f"ml/{design.slug}"
    made = [(f"{folder}/checks.py", rendered(__name__, "checks.py.j2", given))]
    if pandera:
        made.append(
            (f"{folder}/requirements-checks.txt", "# What checks.py was run with.\npandas~=3.0\npandera~=0.35\n")
        )
    return tuple(made)


ARTIFACT = Artifact(title="Data-quality checks with dead-letter", declines=_declines, make=_make)
