"""G18: how the truth comes back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from domain_agents.pipelines.arithmetic import computed, figure
from domain_agents.pipelines.compute.gate import auc_error, slice_rows
from domain_agents.pipelines.decision import Force, Rule, Rung, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_BY_HAND: Final = re.compile(
    r"human|manual|annotat|expert|reviewer|label(?:l)?er|clinician|radiolog|analyst|moderator|crowd|judg|survey|"
    r"^none|no labels|unlabel"
)
_LOGS = stated("Google, Rules of Machine Learning, rule 34 and 35: log what was served, mind what was never shown")
_SAMPLE = own_choice("where people give the truth, they give it for a random sample first: it is the only unbiased one")
_ACTIVE = stated("Settles 2009, Active Learning Literature Survey: uncertain examples first, when labels are dear")


def by_hand(case: Case) -> bool:
    """Whether people must give the truth."""
    return _BY_HAND.search((case.grid.label_source or "").lower()) is not None


def _forces(case: Case) -> Iterator[Force]:
    grid = case.grid
    if not by_hand(case):
        return
    yield Force(1, ("label_source",), "the truth is given by people, so it is given for a sample", _SAMPLE)
    error = auc_error(grid.positives, grid.rows).result
    if error is not None and error > 0.03 and (grid.requests_per_day or 0) >= 1_000:
        yield Force(
            2,
            ("label_source", "positives", "requests_per_day"),
            f"only {figure(grid.positives)} examples of the rarer class and {figure(grid.requests_per_day)} "
            "predictions a day: a random sample would hardly find more",
            _ACTIVE,
        )


def _figure(case: Case) -> Computed:
    return computed(
        "slice_rows / requests_per_day",
        "days",
        "until one slice of traffic has the 385 labels that tell five points apart, if every one were labelled",
        slice_rows=slice_rows().result,
        requests_per_day=case.grid.requests_per_day or None,
    )


RULE = Rule(
    id="G18",
    stage="feedback",
    title="Feedback",
    rungs=(
        Rung("log of predictions, joined to outcomes by prediction id"),
        Rung("a random sample is labelled", "a truth that people must give"),
        Rung(
            "active learning beside the random sample",
            "labels by hand, few examples of the rarer class, and many predictions",
        ),
    ),
    forces=_forces,
    figure=_figure,
    default=_LOGS,
    always="The outcome is stored with the prediction id and the model version.",
)
