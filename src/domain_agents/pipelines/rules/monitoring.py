"""G13: how one hears of it when it goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed, figure, span
from domain_agents.pipelines.compute.drift import until_enough
from domain_agents.pipelines.compute.gate import slice_rows
from domain_agents.pipelines.decision import Force, Rule, Rung, measured, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_SILENT = stated(
    "GOV.UK related links: broken for several months before anybody noticed; Rules of Machine Learning, rule 10"
)
_DELAY = own_choice("while the truth is away, only inputs and predictions can speak")
_GROUPS = stated("Valan et al. 2025, Sepsis Watch at another hospital: quality reported site by site")
_PSI = measured("PSI simulated at 50 to 10,000 rows: below 200 rows it is noise")
_DAY = 86_400


def _forces(case: Case) -> Iterator[Force]:
    grid = case.grid
    delay = (grid.label_delay or 0) / _DAY
    if case.answers_requests:
        yield Force(1, case.forced["inference"], "nobody looks at single answers", _PSI)
    if delay >= 1:
        yield Force(
            1,
            ("label_delay",),
            f"the truth comes {span(delay * _DAY)} late: a shift of the predictions is seen first",
            _DELAY,
        )
    if case.is_costly:
        yield Force(
            2,
            (case.costly_by,),
            "money or safety hangs on it: quality is followed by slice as labels arrive",
            _DELAY,
        )
    if delay >= 7:
        yield Force(
            2,
            ("label_delay",),
            f"labels of {figure(delay)} days ago are joined to their predictions as they arrive, or quality is never "
            "known",
            _DELAY,
        )
    if case.is_regulated:
        yield Force(3, case.forced["governance"], "groups of people must be followed one by one", _GROUPS)
    if (grid.sites or 0) >= 2:
        yield Force(3, ("sites",), f"{figure(grid.sites)} sites: an average hides the one that fails", _GROUPS)


def _figure(case: Case) -> Computed:
    if case.rungs.get("llm") and not case.trains:
        return computed(
            "slice_rows / requests_per_day",
            "days",
            "until 385 answers are there: a sample that tells five points apart",
            slice_rows=slice_rows().result,
            requests_per_day=case.grid.requests_per_day or None,
        )
    return until_enough(case)


def _wording(case: Case, rung: int) -> str:
    if not case.trains and case.rungs.get("llm"):
        return (
            "did-it-run alarm, cost, latency, refusals and schema failures per day",
            "cost, latency, refusals, schema failures, length and topic of answers; a sample read each week",
            "all of that, and the outcome of answers (accepted, corrected) by slice",
            "all of that by site and group of people",
        )[rung]
    return RULE.rungs[rung].choice


RULE = Rule(
    id="G13",
    stage="monitoring",
    title="Monitoring",
    rungs=(
        Rung("did-not-run alarm, schema, row count, age of the newest output"),
        Rung(
            "prediction drift and input PSI, with a least sample and a test of significance",
            "requests nobody looks at, or a truth that comes later",
        ),
        Rung("quality by slice as labels arrive", "labels a week late or more, or money and safety at stake"),
        Rung("quality by site and group of people", "a regulated use, or several sites"),
    ),
    forces=_forces,
    figure=_figure,
    default=_SILENT,
    wording=_wording,
    always="Silence is an alarm: output older than 1.5 periods pages somebody. Every alert names an action.",
)
