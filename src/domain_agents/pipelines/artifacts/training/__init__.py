"""The training script: split as the grid says, a pipeline fitted on the training part only, a gate on the lower bound."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from domain_agents.pipelines.artifacts import Artifact, rendered
from domain_agents.pipelines.artifacts._telling import DAY, values

if TYPE_CHECKING:
    from domain_agents.pipelines.design import Design

_RARE = 0.05
"""A class rarer than this is judged by average precision: an AUC looks fine there while most alarms are false."""
_NUMBERS = frozenset({"regression", "forecasting"})
_NOT_ROWS = {
    "clustering": "there is no truth to train against",
    "bandit": "a bandit learns from its own choices, not from a table of rows",
    "generation": "text is generated, not a column predicted",
    "agent": "an agent is tested, not trained on rows",
    "retrieval": "a search is tuned against judged queries, not trained on rows",
}


def _declines(design: Design) -> str:
    case = design.case
    if not case.trains:
        return f"nothing is trained here: the choice is {design.stages['need'].choice}"
    if design.rung("llm"):
        return "a language model is tuned here; this script is for rows and columns"
    if case.is_deep or design.rung("need") == 2:
        return "the choice is a deep model; this script trains linear models and boosted trees on rows and columns"
    if design.rung("training") >= 2:
        return f"the choice is training {design.stages['training'].choice}; this script is for one machine"
    reason = _NOT_ROWS.get(case.kind)
    return f"the problem is {case.kind}: {reason}" if reason else ""


def split(design: Design) -> tuple[str, str]:
    """How the test rows are set aside: time, group or stratified; and why."""
    grid, case = design.grid, design.case
    if case.kind == "forecasting":
        return "time", "a forecast is judged on days after those it learned from"
    if grid.label_delay:
        days = grid.label_delay / DAY
        return "time", f"the truth comes {days:g} days later, so at training time the newest rows have none"
    if grid.decay_per_week:
        return "time", f"quality decays by {grid.decay_per_week:.1%} a week, so the past must predict the future"
    if grid.n_entities and grid.rows and grid.rows >= 1.5 * grid.n_entities:
        each = grid.rows / grid.n_entities
        return "group", f"there are {each:.3g} rows to an entity: one in both parts would be recognised, not predicted"
    if (grid.sites or 0) >= 2:
        return "group", "rows of one site or person resemble one another: an entity is in one part only"
    if grid.retrain_cadence and grid.retrain_cadence < 400 * DAY:
        return "time", "it is retrained on a calendar, so it is always used on rows newer than its own"
    return (
        "stratified",
        "nothing in the grid tells of time or of several rows to an entity; take time if rows have dates",
    )


def metric(design: Design) -> tuple[str, str]:
    """What is measured: roc_auc, average_precision or mae; and why."""
    grid = design.grid
    if design.case.kind in _NUMBERS:
        return "mae", "an amount is predicted: the mean error in its own unit"
    if grid.positives and grid.rows and grid.positives / grid.rows < _RARE:
        share = grid.positives / grid.rows
        return (
            "average_precision",
            f"{share:.2%} of the rows are positive: an AUC looks fine while most alarms are false",
        )
    return "roc_auc", "how well the two classes are ordered, at any threshold"


def _make(design: Design) -> tuple[tuple[str, str], ...]:
    how, because = split(design)
    measured, reason = metric(design)
    given = {
        **values(design),
        "split": how,
        "split_because": because.replace("%", " percent"),
        "metric": measured,
        "metric_because": reason.replace("%", " percent"),
        "embargo_days": math.ceil((design.grid.label_delay or 0) / DAY) if how == "time" else 0,
        "linear_only": "linear" in (design.grid.model_family or "").lower(),
        "forecasts": design.case.kind == "forecasting",
        "sites": (design.grid.sites or 0) >= 2,
    }
    folder = f"ml/{design.slug}"
    return (
        (f"{folder}/train.py", rendered(__name__, "train.py.j2", given)),
        (f"{folder}/requirements-train.txt", rendered(__name__, "requirements.txt.j2", given)),
    )


ARTIFACT = Artifact(title="Training script", declines=_declines, make=_make)
