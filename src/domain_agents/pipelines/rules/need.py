"""G0: whether anything must be learned, and by what kind of model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed, figure
from domain_agents.pipelines.compute.batch import MEAN_OF_PEAK
from domain_agents.pipelines.compute.gate import auc_error
from domain_agents.pipelines.decision import Force, Rule, Rung, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_RULES_OF_ML = stated("Google, Rules of Machine Learning, rules 1, 3 and 4")
MAX_AUC_ERROR = 0.03
_SCALE = own_choice(
    "at 10,000 requests a day or 100,000 entities, outcomes of one in a hundred give enough examples in a month"
)
_MANY_ENTITIES = 100_000
_MANY_REQUESTS = 10_000
_QUIET_DAY = 86_400 * MEAN_OF_PEAK
"""Seconds of the busiest kind in a day."""
_LEARNED = frozenset(
    {
        "linear",
        "logistic",
        "gbdt",
        "xgboost",
        "lightgbm",
        "catboost",
        "forest",
        "random forest",
        "trees",
        "boosted trees",
    }
)


def _forces(case: Case) -> Iterator[Force]:
    grid = case.grid
    if grid.heuristic_sufficient is True:
        return
    if case.is_deep:
        why = (
            "trees were measured and fall short"
            if grid.gbdt_ceiling_shown
            else (
                "pixels and sound have no columns a tree could split; a pretrained network is the simplest thing "
                "that works"
            )
        )
        yield Force(2, (case.deep_by,), why, _RULES_OF_ML)
    if case.is_search_only and case.searches_by_meaning and not case.is_deep:
        yield Force(
            2,
            (case.meaning_by,),
            "finding by meaning needs embeddings; a pretrained model gives them, nothing is trained",
            _RULES_OF_ML,
        )
    if case.uses_llm and case.kind in {"generation", "agent"}:
        return
    if grid.heuristic_sufficient is False:
        yield Force(1, ("heuristic_sufficient",), "the rule was measured and is not good enough", _RULES_OF_ML)
    if (grid.model_family or "").lower() in _LEARNED:
        yield Force(1, ("model_family",), f"a {grid.model_family} model is in use already", _RULES_OF_ML)
    if grid.decay_per_week or grid.retrain_cadence is not None:
        yield Force(
            1,
            ("decay_per_week" if grid.decay_per_week else "retrain_cadence",),
            "what is retrained is learned",
            _RULES_OF_ML,
        )
    if (grid.models_in_prod or 0) >= 2:
        yield Force(
            1, ("models_in_prod",), f"{figure(grid.models_in_prod)} models are in production already", _RULES_OF_ML
        )
    if grid.cpu_ms_per_request is not None or grid.training_hours is not None:
        by = "training_hours" if grid.training_hours is not None else "cpu_ms_per_request"
        yield Force(1, (by,), "there is a model to measure already", _RULES_OF_ML)
    if there := case.has("model_server") or case.has("feature_store"):
        yield Force(1, ("existing_stack",), f"{there} is there, so models are in use", _RULES_OF_ML)
    yield from _scale(case)
    error = _error(case).result
    if error is not None and error <= MAX_AUC_ERROR:
        yield Force(
            1,
            ("positives",),
            f"{figure(grid.positives)} examples of the rarer class are enough to prove a model better than the rule "
            f"(standard error of the AUC {error:.3f}, at most {MAX_AUC_ERROR})",
            own_choice(
                "a standard error of 0.03 makes a gate on the lower bound useful; formula: Hanley and McNeil 1982"
            ),
        )
    half = _half_width(case)
    if grid.positives is None and half is not None and half <= 0.05 and _is_supervised(case):
        yield Force(
            1,
            ("rows",),
            f"{figure(grid.rows)} rows: a fifth of them held out pins a share to within {half * 100:.1f} points",
            own_choice("a hold-out that tells five points apart; formula: normal approximation"),
        )


def _scale(case: Case) -> Iterator[Force]:
    """At that scale outcomes alone teach: one in a hundred of them is enough within weeks."""
    grid = case.grid
    if not _is_supervised(case) or (grid.label_source or "").lower() in {
        "none",
        "no labels",
        "unlabelled",
        "unlabeled",
    }:
        return
    if (grid.n_entities or 0) >= _MANY_ENTITIES:
        yield Force(
            1,
            ("n_entities",),
            f"outcomes of {figure(grid.n_entities)} entities teach more than a rule can hold",
            _SCALE,
        )
    daily = max(grid.requests_per_day or 0, (case.qps or 0) * _QUIET_DAY)
    if daily >= _MANY_REQUESTS:
        yield Force(1, case.qps_fields, f"about {figure(daily)} outcomes a day teach more than a rule can hold", _SCALE)


def _is_supervised(case: Case) -> bool:
    return case.kind in {
        "classification",
        "regression",
        "forecasting",
        "recommendation",
        "ranking",
        "extraction",
        "anomaly",
        "bandit",
    }


def _half_width(case: Case) -> float | None:
    rows = case.grid.rows
    return None if not rows else 1.96 * (0.25 / (0.2 * rows)) ** 0.5


def _error(case: Case) -> Computed:
    return auc_error(case.grid.positives, case.grid.rows)


def _figure(case: Case) -> Computed:
    if case.grid.positives is None and case.grid.rows:
        return computed(
            "1.96 * sqrt(0.25 / (0.2 * rows))",
            "",
            "half width of a 95 % interval on a fifth of the rows",
            rows=case.grid.rows,
        )
    return _error(case)


def _wording(case: Case, rung: int) -> str:
    if rung == 0:
        if case.kind == "retrieval":
            return "nothing to train: a full-text index ranks by words; measure its recall first"
        if case.uses_llm:
            whose = (
                "an open language model, as it is,"
                if case.grid.llm.provider_allowed is False
                else "a hosted language model"
            )
            return f"nothing to train: {whose} does the reading and writing"
        return "a rule, a heuristic or SQL, measured; its log is the training data of a later model"
    if rung == 1:
        return "linear model first, then gradient-boosted trees; the rule stays as the baseline to beat"
    if case.is_transcribed:
        return "a pretrained model of speech or print, used as it is; its errors are counted on a sample"
    if case.is_search_only and not case.is_deep:
        return "a pretrained embedding model, used as it is"
    return "a pretrained deep model, frozen first, tuned when that falls short; the simpler model stays as the baseline"


RULE = Rule(
    id="G0",
    stage="need",
    title="What must be learned",
    rungs=(
        Rung("a rule, a heuristic or SQL"),
        Rung(
            "linear model or gradient-boosted trees",
            "a rule that was measured and falls short, or enough labels to prove a model better",
        ),
        Rung("deep model", "boosted trees that were measured and fall short, or images, sound, video"),
    ),
    forces=_forces,
    figure=_figure,
    default=_RULES_OF_ML,
    wording=_wording,
    always="The baseline is measured on the same hold-out as every model.",
)
