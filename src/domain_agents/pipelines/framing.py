"""The problem in the words of those who judge it: what goes in, what comes out, what it is measured by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain_agents.pipelines.arithmetic import figure, span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.pipelines.case import Case

_KINDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "classification": (
        "facts about a case",
        "a calibrated probability, and a threshold somebody answers for",
        "precision and recall at the threshold; log loss for calibration",
    ),
    "regression": (
        "facts about a case",
        "a number with an interval",
        ("mean absolute error against the median; bias by slice"),
    ),
    "ranking": (
        "a query or context, and candidates",
        "the candidates in order",
        ("NDCG on logged clicks, corrected for position"),
    ),
    "recommendation": (
        "a user or item, and what may be shown",
        "a short list",
        ("recall@k and coverage on a later week; the experiment decides"),
    ),
    "retrieval": ("a query", "the nearest items", "recall@k against judged queries"),
    "forecasting": (
        "history by series, and what is known ahead",
        "a quantile per series and date",
        "weighted absolute error and bias against the naive forecast",
    ),
    "anomaly": ("measurements by time", "a score and the reason for it", "precision of the alarms that people opened"),
    "extraction": (
        "a document",
        "fields that fit a schema, or a refusal",
        ("exact match per field, and the share that needs a person"),
    ),
    "clustering": ("facts about cases", "a group for each", "stability when refitted; use that somebody makes of it"),
    "bandit": ("a context and actions", "an action with its probability", "reward by inverse propensity on the log"),
    "generation": (
        "a request, and text it may rest on",
        "text, with its sources where it rests on any",
        "task success on the acceptance set, judged with a rubric and by people for a sample",
    ),
    "agent": (
        "a task and a few tools",
        "a result, and the trace of steps",
        ("task success and steps per task on the acceptance set"),
    ),
}
_RARE: Final = 0.05


def framing(case: Case) -> dict[str, str]:
    """Task, inputs, outputs, metrics and promises, each on one line."""
    grid = case.grid
    inputs, outputs, proxy = _KINDS.get(
        case.kind, ("not told", "not told", "not told: choose it before the first model")
    )
    if (
        case.kind in {"classification", "anomaly"}
        and grid.positives
        and grid.rows
        and grid.positives / grid.rows < _RARE
    ):
        proxy = (
            "recall at a fixed share of false alarms, average precision: accuracy says nothing at "
            f"{100 * grid.positives / grid.rows:.2g} % positives"
        )
    return {
        "Task": case.kind or "not recognised from problem_type or problem",
        "Inputs": inputs,
        "Outputs": outputs,
        "Business metric": grid.business_metric or "not told: name it before choosing a model",
        "Proxy metric": proxy,
        "Freshness": _fresh(case),
        "Latency and throughput": _load(case),
        "Team": _team(case),
        "Budget": "not told" if grid.budget_month is None else f"{figure(grid.budget_month)} USD a month",
    }


def _fresh(case: Case) -> str:
    told = [
        f"{name} at most {span(value)} old"
        for name, value in (
            ("predictions", case.grid.prediction_freshness_s),
            ("features", case.grid.feature_freshness_s),
        )
        if value is not None
    ]
    return ", ".join(told) or "not told: a day is assumed"


def _load(case: Case) -> str:
    grid = case.grid
    told = []
    if grid.latency_p95_ms is not None:
        told.append(f"p95 {figure(grid.latency_p95_ms)} ms")
    if grid.peak_qps is not None:
        told.append(f"{figure(grid.peak_qps)} requests in the busiest second")
    if grid.requests_per_day is not None:
        told.append(f"{figure(grid.requests_per_day)} a day")
    return ", ".join(told) or "not told"


def _team(case: Case) -> str:
    grid = case.grid
    told = []
    if grid.ml_fte is not None:
        told.append(f"{figure(grid.ml_fte)} for models")
    if grid.platform_fte is not None:
        told.append(f"{figure(grid.platform_fte)} for the platform")
    if grid.oncall is not None:
        told.append("on call" if grid.oncall else "nobody on call")
    if grid.maturity is not None:
        told.append(f"maturity {figure(grid.maturity)} of 4")
    return ", ".join(told) or "not told"
