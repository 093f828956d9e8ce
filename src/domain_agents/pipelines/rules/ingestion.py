"""G3: how data comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed, span
from domain_agents.pipelines.decision import Force, Rule, Rung, contested, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_MINUTES = own_choice(
    "a query on a schedule keeps up to a quarter of an hour; below that changes are cheaper to follow than to look for"
)
_SECONDS = contested(
    "a minute as the border of streaming is our own choice; Instacart 2022 went from hours to seconds when a "
    "requirement forced it, others begin with streams"
)
PULL_SECONDS = 900
STREAM_SECONDS = 60


def freshness(case: Case) -> tuple[float, str] | None:
    """How old the newest fact may be, and which field says so: features, or a corpus that changes."""
    told = [
        (value, name)
        for value, name in (
            (case.grid.feature_freshness_s, "feature_freshness_s"),
            (case.grid.llm.change_rate, "llm.change_rate"),
        )
        if value is not None
    ]
    return min(told) if told else None


def _forces(case: Case) -> Iterator[Force]:
    found = freshness(case)
    if found is None:
        return
    seconds, name = found
    if seconds < PULL_SECONDS:
        yield Force(1, (name,), f"data may be {span(seconds)} old, a scheduled query is slower", _MINUTES)
    if seconds < STREAM_SECONDS and case.grid.oncall:
        yield Force(
            2, (name, "oncall"), f"data may be {span(seconds)} old, and somebody is on call for a stream", _SECONDS
        )


def _figure(case: Case) -> Computed:
    found = freshness(case)
    return computed(
        "freshness_seconds / 2",
        "s",
        "longest interval between two loads: half the allowed age, so that one may be late",
        freshness_seconds=found[0] if found else None,
    )


def _wording(case: Case, rung: int) -> str:
    if rung == 0:
        pull = case.has("warehouse") or case.has("postgresql")
        return f"scheduled pull from {pull}, by date partition, idempotent" if pull else RULE.rungs[0].choice
    if rung == 1:
        return "change data capture, or a micro-batch of every few minutes along an updated-at column"
    broker = case.has("broker")
    return f"event stream on {broker}, which runs already" if broker else RULE.rungs[2].choice


RULE = Rule(
    id="G3",
    stage="ingestion",
    title="Ingestion",
    rungs=(
        Rung("scheduled pull, by date partition, idempotent"),
        Rung("change data capture or micro-batch", "facts that may not be a quarter of an hour old"),
        Rung("event stream", "facts that may not be a minute old, events that exist, and somebody on call"),
    ),
    forces=_forces,
    figure=_figure,
    default=stated("Google, Rules of Machine Learning, rule 8: know how fresh it must be"),
    wording=_wording,
    always="A load that runs twice leaves the same rows; late data lands in its own date.",
)
