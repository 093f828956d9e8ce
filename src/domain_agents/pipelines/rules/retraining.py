"""G14: when a model is trained again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed, every, figure
from domain_agents.pipelines.decision import Force, Rule, Rung, contested, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_CURVE = own_choice("two points of quality may be lost before a model is replaced; the longest cadence that keeps them")
_TOLD = contested(
    "a cadence that was asked for without a measured decay: harmless with a champion comparison, but measure it"
)
_INCREMENTAL = stated(
    "Egg 2021, Online Learning for Recommendations at Grubhub: up to 45 times cheaper than stateless batches"
)
TOLERANCE = 0.02
_DAY = 86_400
_HALF_YEAR = 26 * 7
_BIG_GB = 100


def cadence_days(case: Case) -> float | None:
    """The longest cadence in days whose loss stays under the tolerance."""
    return _figure(case).result


def _forces(case: Case) -> Iterator[Force]:
    if not case.trains:
        return
    grid = case.grid
    days = cadence_days(case)
    told = grid.retrain_cadence
    if days is not None and days < _HALF_YEAR:
        yield Force(
            1,
            ("decay_per_week",),
            f"{(grid.decay_per_week or 0) * 100:.2g} % are lost in a week, {TOLERANCE * 100:g} points in "
            f"{figure(days)} days",
            _CURVE,
        )
    if told is not None and told < 365 * _DAY:
        yield Force(1, ("retrain_cadence",), f"retraining {every(told)} was asked for", _TOLD)
    if days is not None and days < 7:
        yield Force(
            2,
            ("decay_per_week",),
            f"two points are gone in {figure(days)} days: waiting for the calendar costs more than watching",
            _CURVE,
        )
    if days is not None and days < 1:
        yield Force(3, ("decay_per_week",), f"two points are gone in {figure(days * 24)} hours", _INCREMENTAL)
    if told is not None and told < _DAY:
        yield Force(
            3,
            ("retrain_cadence",),
            f"a model {every(told)} continues from the last one",
            _INCREMENTAL,
        )
    if told is not None and told <= _DAY and (grid.data_gb or 0) >= _BIG_GB:
        yield Force(
            3, ("retrain_cadence", "data_gb"), f"{figure(grid.data_gb)} GB from the beginning every day", _INCREMENTAL
        )


def _figure(case: Case) -> Computed:
    return computed(
        "tolerance / decay_per_week * 7",
        "days",
        "longest cadence whose loss stays under two points",
        tolerance=TOLERANCE,
        decay_per_week=case.grid.decay_per_week or None,
    )


def _wording(case: Case, rung: int) -> str:
    return "none: nothing is trained" if rung == 0 and not case.trains else RULE.rungs[rung].choice


RULE = Rule(
    id="G14",
    stage="retraining",
    title="Retraining",
    rungs=(
        Rung("by hand, when the measured quality says so"),
        Rung(
            "scheduled, released only if it beats the champion on the same rows",
            "a measured decay, or a cadence that was asked for",
        ),
        Rung("triggered: prediction drift and quality agree", "two points lost within a week"),
        Rung("incremental or online", "two points lost within a day, or a model several times a day"),
    ),
    forces=_forces,
    figure=_figure,
    default=stated("Google, Rules of Machine Learning, rule 8: measure how a model ages before choosing a cadence"),
    wording=_wording,
    always="A challenger that does not beat the champion is logged and dropped.",
)
