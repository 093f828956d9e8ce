"""G15: how a new version meets its users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import figure
from domain_agents.pipelines.compute.experiments import canary_seconds
from domain_agents.pipelines.decision import Force, Rule, Rung, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_CANARY = own_choice(
    "a canary that needs more than a day is a slow replacement; 803 requests: one-sided 1 %, power 95 %, errors 0.1 "
    "% against 1 %"
)
_SHADOW = stated(
    "Breck et al. 2017, The ML Test Score, Infra 4 and 6: quality is checked before serving, models are canaried"
)
_EXPERIMENT = stated("Kohavi, Tang, Xu 2020, Trustworthy Online Controlled Experiments")
_DAY = 86_400


def _forces(case: Case) -> Iterator[Force]:
    grid = case.grid
    careful = _careful(case)
    if careful is not None:
        yield Force(1, careful[0], f"{careful[1]}: the new version first answers unseen", _SHADOW)
    if not case.answers_requests:
        return
    seconds = canary_seconds(case.qps).result
    visible = case.rungs["serving"] >= 3 or careful is not None
    if visible and seconds is not None and seconds < _DAY:
        by = case.qps_fields if careful is None else (*case.qps_fields, *careful[0])
        yield Force(2, by, f"a twentieth of the traffic shows a bad version within {_duration(seconds)}", _CANARY)
    if case.rungs["evaluation"] >= 3:
        yield Force(
            3,
            ("offline_online_gap",) if grid.offline_online_gap else (case.kind_by, "requests_per_day"),
            "only an experiment tells whether it is better",
            _EXPERIMENT,
        )


def _careful(case: Case) -> tuple[tuple[str, ...], str] | None:
    if case.is_regulated:
        return (case.forced["governance"], "a regulated use")
    if case.is_costly:
        return (
            (case.costly_by,),
            "money or safety is at stake",
        )
    return None


def _duration(seconds: float) -> str:
    for size, unit in ((3600.0, "hours"), (60.0, "minutes")):
        if seconds >= size:
            return f"{figure(seconds / size)} {unit}"
    return f"{figure(seconds)} seconds"


def _figure(case: Case) -> Computed:
    return canary_seconds(case.qps)


def _wording(case: Case, rung: int) -> str:
    if rung == 0 and not case.answers_requests:
        return "compare the new table with the old (rows, distribution, largest changes), then switch"
    if rung == 1:
        return "shadow: the new version scores beside the old, a person compares, then the switch"
    return RULE.rungs[rung].choice


RULE = Rule(
    id="G15",
    stage="rollout",
    title="Rollout",
    rungs=(
        Rung("replace, then a smoke test"),
        Rung("shadow", "money, safety or people at stake"),
        Rung("canary: 1, 10, 50, 100 %", "a visible risk, and traffic that shows a bad version within a day"),
        Rung("experiment on the business metric", "a question that only users' behaviour answers"),
    ),
    forces=_forces,
    figure=_figure,
    default=own_choice("nothing in the grid says that a bad version hurts before it is seen"),
    wording=_wording,
    always="The smoke test scores known inputs and compares with the scores of training.",
)
