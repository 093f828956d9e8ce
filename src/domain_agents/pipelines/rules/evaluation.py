"""G8: how one knows that a model is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import figure
from domain_agents.pipelines.case import ONLINE
from domain_agents.pipelines.compute.experiments import experiment_days, per_arm
from domain_agents.pipelines.compute.gate import auc_error, slice_rows
from domain_agents.pipelines.decision import Force, Rule, Rung, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_BRECK = stated("Breck et al. 2017, The ML Test Score, Model 2, 5 and 6")
_LOGS = stated(
    "Google, Rules of Machine Learning, rules 24 and 25: measure the delta between models, usefulness before fit"
)
_ENOUGH = own_choice("an experiment that fills both arms in four weeks")
MAX_DAYS = 28
_DAY = 86_400


def _forces(case: Case) -> Iterator[Force]:
    grid = case.grid
    if case.is_costly:
        yield Force(
            1,
            (case.costly_by,),
            "money or safety hangs on single predictions: slices and an interval, not one average",
            _BRECK,
        )
    if case.is_regulated:
        yield Force(1, case.forced["governance"], "groups of people must be looked at one by one", _BRECK)
    if (grid.sites or 0) >= 2:
        yield Force(1, ("sites",), f"{figure(grid.sites)} sites, each its own slice", _BRECK)
    error = auc_error(grid.positives, grid.rows).result
    if error is not None and error > 0.03 and case.trains:
        yield Force(
            1,
            ("positives",),
            f"with {figure(grid.positives)} examples one hold-out is luck (standard error {error:.3f}): cross-validate",
            _BRECK,
        )
    if case.kind == "forecasting" and case.trains:
        yield Force(
            2,
            (case.kind_by,),
            "a forecast is judged by rolling back in time, never by a random split",
            _BRECK,
        )
    if (grid.label_delay or 0) >= 7 * _DAY and case.trains:
        yield Force(
            2,
            ("label_delay",),
            f"the truth comes {figure((grid.label_delay or 0) / _DAY)} days later: replay the past before trusting "
            "the future",
            _BRECK,
        )
    if grid.offline_online_gap:
        yield Force(3, ("offline_online_gap",), "offline gains have not shown online before", _LOGS)
    days = _days(case).result
    if case.kind in {"recommendation", "ranking", "bandit"} and days is not None and days <= MAX_DAYS and case.trains:
        yield Force(
            3,
            (case.kind_by, "requests_per_day"),
            f"the log shows only what was shown, and traffic fills an experiment in {figure(days)} days",
            _ENOUGH,
        )


def _days(case: Case) -> Computed:
    return experiment_days(per_arm(case.grid.base_rate, case.grid.effect).result, case.grid.requests_per_day)


def _figure(case: Case) -> Computed:
    if (
        case.rungs.get("inference", 0) >= ONLINE
        and case.grid.requests_per_day
        and case.kind in {"recommendation", "ranking", "bandit"}
    ):
        return _days(case)
    if case.grid.positives:
        return auc_error(case.grid.positives, case.grid.rows)
    return slice_rows()


def _wording(case: Case, rung: int) -> str:
    if case.rungs.get("llm", 0) and not case.rungs.get("need"):
        return (
            (
                "acceptance set written before the change: task success, schema, refusals; a judge with a rubric, "
                "people "
                "for a sample"
            ),
            "acceptance set with slices and an interval, a person reads a sample of every release",
            "acceptance set with slices, then the new version answers in the shadow of the old",
            "acceptance set, then an online experiment on the business metric",
        )[rung]
    return RULE.rungs[rung].choice


RULE = Rule(
    id="G8",
    stage="evaluation",
    title="Evaluation",
    rungs=(
        Rung("hold-out by time or group, against the baseline; gate on the lower bound"),
        Rung(
            "cross-validation, slices, calibration and confidence intervals",
            "money, safety or people at stake, or too few examples for one hold-out",
        ),
        Rung("backtest over past dates, or shadow", "labels that come a week late or later, or a forecast"),
        Rung(
            "online experiment",
            "a log that shows only what was shown, or offline gains that did not show online, and the traffic for it",
        ),
    ),
    forces=_forces,
    figure=_figure,
    default=_BRECK,
    wording=_wording,
    always="The test set is frozen and never tuned on; business metric first, model metric second.",
)
