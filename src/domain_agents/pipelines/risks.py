"""The first three production risks of this very design: those that its own grid makes likely, the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.arithmetic import figure, span
from domain_agents.pipelines.case import MICRO_BATCH, ONLINE
from domain_agents.pipelines.rules.feedback import by_hand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.case import Case

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Risk:
    """What may go wrong. `likely` and `bad` from 1 to 5 are our own judgement; their product ranks."""

    name: str
    why: str
    mitigation: str
    watch: str
    likely: int
    bad: int

    def as_json(self) -> dict[str, Any]:
        """For the structured result."""
        return {
            "risk": self.name,
            "why": self.why,
            "mitigation": self.mitigation,
            "watch": self.watch,
            "likely": self.likely,
            "bad": self.bad,
        }


def risks(case: Case) -> tuple[Risk, ...]:
    """Three, by likelihood times damage."""
    ranked = sorted(enumerate(_candidates(case)), key=lambda item: (-item[1].likely * item[1].bad, item[0]))
    return tuple(risk for _, risk in ranked[:3])


def _candidates(case: Case) -> Iterator[Risk]:
    yield from _everywhere(case)
    if case.trains:
        yield from _of_a_model(case)
    if case.rungs["llm"]:
        yield from _of_a_language_model(case)
    if case.rungs["vectors"] and not case.rungs["llm"]:
        yield Risk(
            "vectors of two models in one index",
            "a new embedding model makes every old vector meaningless",
            "the model's version is part of the index's name; a new one is filled beside the old, then switched",
            "recall@k against an exact scan of 100 queries, each week",
            3,
            4,
        )


def _everywhere(case: Case) -> Iterator[Risk]:
    period = case.grid.prediction_freshness_s or _DAY
    if case.rungs["inference"] <= MICRO_BATCH:
        yield Risk(
            "it stops and nobody notices",
            "the last table goes on being read after the job has died",
            f"an alarm from elsewhere when the newest output is older than {span(1.5 * period)}; the reader shows "
            "the age or falls back to the rule",
            "age of the newest output",
            4,
            4,
        )
    else:
        yield Risk(
            "it is slow or gone while somebody waits",
            "every answer now depends on one more process",
            "a timeout shorter than the caller's patience, and a fallback answer that needs no model",
            "share of answers from the fallback",
            3,
            3,
        )
    if case.rungs["inference"] > MICRO_BATCH and (case.grid.availability_slo or 0) >= 0.999 and not case.grid.oncall:
        yield Risk(
            "nobody is awake when it fails",
            "three nines were promised, and the grid names nobody on call",
            "a fallback answer that needs no model, or an on-call rota before the promise",
            "burn rate of the error budget",
            4,
            4,
        )
    people = (case.grid.ml_fte or 0) + (case.grid.platform_fte or 0)
    if case.grid.ml_fte is not None and people <= 1:
        yield Risk(
            "one person knows it",
            "one person builds and runs it" if people == 1 else f"{figure(people)} of a person builds and runs it",
            "a runbook that a second person has followed once; no part that only its author can restart",
            "date of the last rehearsal",
            3,
            3,
        )
    if case.rungs["features"] == 3 or case.rungs["ingestion"] == 2:
        yield Risk(
            "a part fails that the model only leans on",
            "a stream or feature store must be up for every answer",
            "default values for missing features, and a model that was evaluated with them missing",
            "share of answers with a default in them",
            3,
            4,
        )

    yield Risk(
        "the data changes under it",
        "whoever writes the source renames, rescales or drops something, and tells nobody",
        "checks before the load that stop the run and keep the last good state; the owner of each source is known",
        "rows, nulls and newest date per source",
        3,
        3,
    )
    yield Risk(
        "the number that is optimised is not the one that matters",
        "a proxy improves while the business metric does not",
        "both stand side by side on one page; the proxy is dropped when they part",
        "business metric by version",
        3,
        2,
    )


def _of_a_model(case: Case) -> Iterator[Risk]:
    grid = case.grid
    online = case.rungs["inference"] >= ONLINE
    bad = 5 if case.is_costly else 4
    if online:
        yield Risk(
            "training and serving compute a feature differently",
            "two code paths: one over tables, one in the request",
            "one module for both; a test scores logged requests with the training path and compares to 1e-6",
            "share of logged requests whose two scores differ",
            4,
            bad,
        )
    else:
        yield Risk(
            "training has seen the future",
            "a table joined on its newest values knows what happened after the prediction",
            "join on the prediction's date; split by time; a result too good is a leak until shown otherwise",
            "offline metric against the first month's real one",
            3,
            bad,
        )
    delay = (grid.label_delay or 0) / _DAY
    if delay >= 7:
        yield Risk(
            "it is wrong for weeks before anybody can know",
            f"the truth comes {figure(delay)} days after the prediction",
            "prediction drift and proxies in the meantime; a random sample labelled by hand each week",
            "distribution of predictions per day, by version",
            4,
            bad,
        )
    if case.kind in {"recommendation", "ranking", "bandit"}:
        yield Risk(
            "it learns from its own choices",
            "outcomes are known only for what was shown",
            "a few percent of random or old-policy traffic, propensities in the log",
            "share of items never shown",
            4,
            3,
        )
    if (grid.positives or 1e9) < 1_000:
        yield Risk(
            "the gate decides by luck",
            f"{figure(grid.positives)} examples of the rarer class",
            "gate on the lower bound, paired against the champion on the same rows",
            "width of the interval at each release",
            4,
            3,
        )
    if by_hand(case):
        yield Risk(
            "labels mean what the labeller of the day meant",
            "people give the truth",
            "a written guide, a tenth labelled twice",
            "agreement between labellers (kappa)",
            3,
            3,
        )
    if case.is_regulated:
        yield Risk(
            "it fails one group of people",
            "decisions about people, judged on an average",
            "slices by group with intervals before each release; a person can overrule",
            "quality by group, each month",
            3,
            5,
        )


def _of_a_language_model(case: Case) -> Iterator[Risk]:
    grid = case.grid
    reads = case.rungs["llm"] >= 2
    yield Risk(
        "text that it reads gives it orders" if reads else "a user's text gives it orders",
        "instructions hide in documents and requests (prompt injection)",
        "what is read is data: no tool or secret that a reader may not use; output checked against a schema",
        "share of answers that fail the schema or the filter",
        4 if case.rungs["llm"] == 6 else 3,
        5,
    )
    if grid.llm.eval_set_size is None or grid.llm.eval_set_size < 50:
        yield Risk(
            "nobody can tell whether a change made it better",
            "no acceptance set, or fewer than 50 examples",
            "fifty real examples with the expected answer before the first release",
            "pass rate on the set, by prompt version",
            5,
            3,
        )
    if grid.llm.provider_allowed is not False:
        yield Risk(
            "the provider changes the model or the price",
            "a hosted model is retired or revised on its owner's calendar",
            "the version pinned; the acceptance set run against the next one before the old one ends",
            "pass rate and cost per answer",
            3,
            3,
        )
        if (grid.requests_per_day or 0) >= 10_000 or case.rungs["llm"] == 6:
            yield Risk(
                "the bill runs away",
                "cost grows with every retry, step and token",
                "budget per request and per day that stops calls; steps limited",
                "dollars per answered request, each hour",
                3,
                4,
            )
