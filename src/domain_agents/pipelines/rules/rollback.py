"""G16: the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed, figure
from domain_agents.pipelines.compute.reliability import DECIDE_SECONDS, FLIP_SECONDS, ROLLING_SECONDS, recovery
from domain_agents.pipelines.decision import Force, Rule, Rung, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_ARITHMETIC = own_choice(
    "arithmetic: four waves of a minute for a rolling update, seconds for an alias, five minutes for a person to decide"
)
_BURN = stated("Google, SRE Workbook, chapter 5: 14.4 times the budget over an hour")
FAST_SLO = 0.9999
WARM_SLO = 0.9995


def _forces(case: Case) -> Iterator[Force]:
    if not case.answers_requests:
        return
    rto, slo = case.grid.rollback_rto_s, case.grid.availability_slo
    if rto is not None and rto < DECIDE_SECONDS + ROLLING_SECONDS:
        yield Force(
            1,
            ("rollback_rto_s",),
            f"{figure(rto)} s: deciding ({DECIDE_SECONDS:.0f} s) and a rolling update ({ROLLING_SECONDS:.0f} s) take "
            f"{DECIDE_SECONDS + ROLLING_SECONDS:.0f} s",
            _ARITHMETIC,
        )
    if rto is not None and rto < DECIDE_SECONDS + FLIP_SECONDS:
        yield Force(
            2,
            ("rollback_rto_s",),
            f"{figure(rto)} s leave no time for a person to decide ({DECIDE_SECONDS:.0f} s)",
            _ARITHMETIC,
        )
    if slo is not None and slo >= WARM_SLO:
        yield Force(
            1,
            ("availability_slo",),
            f"{slo * 100:g} % allow {(1 - slo) * 43_200:.3g} minutes a month: a rolling update uses a fifth of it or "
            "more",
            _BURN,
        )
    if slo is not None and slo >= FAST_SLO:
        yield Force(
            2,
            ("availability_slo",),
            f"{slo * 100:g} % allow {(1 - slo) * 43_200:.3g} minutes a month: less than a person needs to decide",
            _BURN,
        )


def _figure(case: Case) -> Computed:
    rung = case.rungs.get("rollback", 0)
    if not case.answers_requests:
        return computed(
            "decide_seconds + act_seconds",
            "s",
            "from the failed check to the last good table: the run's own checks see it before readers do",
            decide_seconds=DECIDE_SECONDS,
            act_seconds=FLIP_SECONDS,
        )
    decide = 0.0 if rung == 2 else DECIDE_SECONDS
    act = FLIP_SECONDS if rung else ROLLING_SECONDS
    return recovery(case.grid.availability_slo, decide, act)


def _wording(case: Case, rung: int) -> str:
    if rung == 0 and not case.answers_requests:
        return "point the view back to the table of the run before (the last seven are kept)"
    if rung == 1:
        return "alias flip: the version before stays warm, the alias or load balancer points back to it"
    return RULE.rungs[rung].choice


RULE = Rule(
    id="G16",
    stage="rollback",
    title="Rollback",
    rungs=(
        Rung("redeploy the image before, by digest"),
        Rung(
            "alias flip or blue-green, the version before kept warm",
            "a way back in less time than a decision and a rolling update take",
        ),
        Rung(
            "automatic alias flip, on the burn rate of the error budget",
            "a way back in less time than a person needs to decide, or four nines",
        ),
    ),
    forces=_forces,
    figure=_figure,
    default=own_choice("the image before is one command away"),
    wording=_wording,
    always="The way back is exercised before the first release and once a quarter.",
)
