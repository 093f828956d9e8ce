"""Requirements that pull in different directions, and those that cannot be met at all, with the arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines import problem
from domain_agents.pipelines.arithmetic import computed, every, figure, span
from domain_agents.pipelines.case import ONLINE
from domain_agents.pipelines.compute import gate, reliability
from domain_agents.pipelines.compute.api_cost import api_cost
from domain_agents.pipelines.rules.ingestion import STREAM_SECONDS, freshness
from domain_agents.pipelines.rules.retraining import cadence_days
from domain_agents.pipelines.sizing import corpus_in_prompt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case
    from domain_agents.pipelines.cost import Cost

_DAY = 86_400.0
_WORTH_AN_INDEX = 100.0
"""Dollars a month for which an index is worth building; our own choice."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Requirements that cost one another something; the design says which way it went."""

    between: tuple[str, ...]
    says: str
    way_out: str

    def as_json(self) -> dict[str, Any]:
        """For the structured result."""
        return {"between": list(self.between), "says": self.says, "way_out": self.way_out}


@dataclass(frozen=True, slots=True)
class Impossible:
    """A requirement that nothing can meet, and the number that shows it."""

    requirements: tuple[str, ...]
    says: str
    computed: Computed
    way_out: str

    def as_json(self) -> dict[str, Any]:
        """For the structured result."""
        return {
            "requirements": list(self.requirements),
            "says": self.says,
            "computed": self.computed.as_json(),
            "way_out": self.way_out,
        }


def conflicts(case: Case, cost: Cost) -> tuple[Conflict, ...]:
    """What pulls in different directions."""
    return (*_of_time(case), *_of_retraining(case), *_of_operation(case), *_of_means(case, cost), *_of_law(case))


def _of_time(case: Case) -> Iterator[Conflict]:
    grid = case.grid
    found = freshness(case)
    if found is not None and found[0] < STREAM_SECONDS and not grid.oncall:
        yield Conflict(
            (found[1], "oncall"),
            f"data {span(found[0])} old needs a stream, and a stream needs somebody on "
            f"call{'' if grid.oncall is False else ', which nobody has told'}",
            "accept a few minutes of age (micro-batch, as designed here), or name who is on call",
        )
    if grid.inputs_known_in_advance and problem.is_waited_for(case.words) and case.rungs["inference"] < ONLINE:
        yield Conflict(
            ("inputs_known_in_advance", case.kind_by),
            "inputs are said to be known beforehand, and the use reads as if they came with the request",
            "check it: a batch as designed here cannot score what it has not seen",
        )
    if grid.rows is not None and grid.positives is not None and grid.positives > grid.rows:
        yield Conflict(
            ("positives", "rows"),
            f"{figure(grid.positives)} examples of the rarer class are said to be among {figure(grid.rows)} rows",
            "correct one of them: the rarer class is at most half of the rows",
        )
    fresh = grid.prediction_freshness_s
    if fresh is not None and case.forced["inference"] == ("prediction_freshness_s",) and not case.inputs_unknown:
        known = grid.inputs_known_in_advance is True
        taken = "is known" if known else "is taken to be known"
        yield Conflict(
            ("prediction_freshness_s", "inputs_known_in_advance") if known else ("prediction_freshness_s",),
            f"everything to score {taken} beforehand, and predictions at most {span(fresh)} old forbid the cheap batch",
            "ask what an hour would cost: from an hour on, a scheduled job and a table do, with nothing always on",
        )
    mean = None if grid.requests_per_day is None else grid.requests_per_day / _DAY
    if mean is not None and grid.peak_qps is not None and grid.peak_qps < mean:
        yield Conflict(
            ("peak_qps", "requests_per_day"),
            f"the busiest second ({figure(grid.peak_qps)}) is said to be under the day's mean ({figure(mean)})",
            "the mean is used here; correct one of them",
        )
    if (
        grid.prediction_freshness_s is not None
        and grid.feature_freshness_s is not None
        and grid.prediction_freshness_s < grid.feature_freshness_s / 10
        and case.rungs["inference"] >= ONLINE
    ):
        yield Conflict(
            ("prediction_freshness_s", "feature_freshness_s"),
            f"predictions {span(grid.prediction_freshness_s)} old rest on features that may be "
            f"{span(grid.feature_freshness_s)} old",
            "fresher predictions from the same features say the same: loosen the first, or tighten the second",
        )


def _of_retraining(case: Case) -> Iterator[Conflict]:
    grid = case.grid
    told = grid.retrain_cadence
    if not case.trains or told is None or told > 365 * _DAY:
        return
    days = cadence_days(case)
    if grid.decay_per_week is None:
        yield Conflict(
            ("retrain_cadence", "decay_per_week"),
            f"retraining {every(told)} was asked for, and nobody measured what a model loses in that time",
            "train on data of three and six months ago, measure on today's: the longest cadence whose loss is "
            "bearable is the right one",
        )
    elif days is None or told / _DAY < days / 3:
        yield Conflict(
            ("retrain_cadence", "decay_per_week"),
            f"{every(told)} was asked for; the measured decay allows {figure(days)} days"
            if days
            else "retraining was asked for, and no decay was measured",
            "retrain less often: each run costs money and moves the model without need",
        )
    if grid.label_delay is not None and grid.label_delay > told:
        yield Conflict(
            ("retrain_cadence", "label_delay"),
            f"retraining {every(told)}, while the truth takes {figure(grid.label_delay / _DAY)} "
            "days: most runs see no new labels",
            "a cadence no shorter than the label delay, or a proxy that comes sooner",
        )


def _of_operation(case: Case) -> Iterator[Conflict]:
    grid = case.grid
    if case.rungs["inference"] >= ONLINE and (grid.availability_slo or 0) >= 0.999 and grid.oncall is False:
        yield Conflict(
            ("availability_slo", "oncall"),
            f"{(grid.availability_slo or 0) * 100:g} % without anybody on call: one night's outage of eight hours "
            "spends "
            f"{_months_spent(grid.availability_slo or 0)}",
            "a fallback that needs no model, or a lower promise, or a rota",
        )
    if case.rungs["rollback"] >= 1 and case.rungs["inference"] == ONLINE and not case.rungs["llm"]:
        yield Conflict(
            ("rollback_rto_s" if grid.rollback_rto_s is not None else "availability_slo", "budget_month"),
            "the version before stays warm, so serving capacity is paid twice",
            "loosen the time back to ten minutes and it is paid once",
        )
    if case.has("kubernetes") and case.rungs["serving"] == 0:
        yield Conflict(
            ("existing_stack",),
            f"{case.has('kubernetes')} is there, and nothing here needs it",
            "a scheduled job on it is fine because somebody runs it; do not build one for this",
        )
    if grid.explainability and case.rungs["need"] == 2:
        yield Conflict(
            ("explainability", case.deep_by),
            "every prediction must be explained, and a deep model explains itself badly",
            "trees on features taken from the network, or an explanation that a person writes",
        )
    if case.is_costly and grid.label_source is None and case.trains:
        yield Conflict(
            (case.costly_by, "label_source"),
            "money or safety hangs on it, and nobody has said where the truth comes from",
            "name the source of the labels before the first model",
        )


def _of_means(case: Case, cost: Cost) -> Iterator[Conflict]:
    """Money and people against what was asked for."""
    grid = case.grid
    low, base = cost.total("low"), cost.total("base")
    if grid.budget_month is not None and low <= grid.budget_month < base:
        yield Conflict(
            ("budget_month",),
            f"the budget of {figure(grid.budget_month)} USD a month holds at low prices ({figure(round(low, 2))}) "
            "and not at "
            f"usual ones ({figure(round(base, 2))})",
            "agree on the price before the design, or loosen what the largest line of the bill is forced by",
        )
    corpus = corpus_in_prompt(case)
    if corpus and grid.budget_month is None and grid.llm.tokens_in is None:
        calls = grid.requests_per_day
        whole = api_cost(calls, None, grid.llm.tokens_out, corpus=corpus).result or 0.0
        found = api_cost(calls, None, grid.llm.tokens_out).result or 0.0
        if whole > found + _WORTH_AN_INDEX:
            yield Conflict(
                ("llm.corpus_tokens" if grid.llm.corpus_tokens is not None else "llm.n_chunks", "requests_per_day"),
                f"the whole corpus in every prompt comes to {figure(round(whole))} USD a month, full-text search and a "
                f"few passages to about {figure(round(found))}",
                "tell a budget (budget_month): below the first figure full-text search is the design",
            )
    told = grid.ml_fte is not None or grid.platform_fte is not None
    people = (grid.ml_fte or 0) + (grid.platform_fte or 0)
    if told and cost.fte("base") > people / 2 and len(cost.parts) >= 2:
        yield Conflict(
            ("ml_fte" if grid.ml_fte is not None else "platform_fte",),
            f"{len(cost.parts)} parts that are always on take about {figure(cost.fte('base'))} people to keep "
            "running, and "
            f"{figure(people)} are there",
            "buy the parts as services, or loosen what forces them",
        )


def _months_spent(slo: float) -> str:
    """How much of the error budget eight hours are."""
    allowed = (1 - slo) * 43_200
    return f"the budget of {figure(480 / allowed)} months" if allowed > 0 else "a budget that does not exist"


def _of_law(case: Case) -> Iterator[Conflict]:
    grid = case.grid
    law = grid.governance
    hosted = case.rungs["llm"] > 0 and grid.llm.provider_allowed is not False
    for name, held, what in (
        ("phi", law.phi, "health data"),
        ("special_category", law.special_category, "special personal data"),
        ("residency", law.residency, "data bound to a place"),
        ("card", law.card, "card data"),
    ):
        if hosted and held:
            yield Conflict(
                (f"governance.{name}", "llm.provider_allowed"),
                f"{what} would go to a hosted model",
                "a contract and a region that cover it, or take it out of the text before it leaves, or a model of "
                "your own (llm.provider_allowed: false)",
            )
    if grid.on_device and hosted:
        yield Conflict(
            ("on_device", "llm.provider_allowed"),
            "it must work without a network, and the model is hosted",
            "a small model on the device, measured on the acceptance set",
        )
    if law.automated_decision and grid.latency_p95_ms is not None and case.rungs["inference"] >= ONLINE:
        yield Conflict(
            ("governance.automated_decision", "latency_p95_ms"),
            "a decision about a person in milliseconds leaves no time for a person",
            "decide at once only in the person's favour; the rest goes to a queue that people work through",
        )


def impossibilities(case: Case, cost: Cost) -> tuple[Impossible, ...]:
    """What cannot be met, whatever is built."""
    return (*_of_arithmetic(case), *_of_labels(case), *_of_money(case, cost))


def _of_arithmetic(case: Case) -> Iterator[Impossible]:
    grid = case.grid
    if grid.rollback_rto_s is not None and case.answers_requests:
        best = reliability.recovery(grid.availability_slo, 0.0, reliability.FLIP_SECONDS)
        if best.result is not None and grid.rollback_rto_s < best.result:
            yield Impossible(
                ("rollback_rto_s",),
                f"{figure(grid.rollback_rto_s)} s from the first bad answer cannot be met: seeing it and flipping an "
                f"alias take {figure(best.result)} s",
                best,
                "read it as the time of the act itself, which an alias flip meets, and say so in the promise; or "
                "alert on something faster than the error budget",
            )
    if (
        grid.cpu_ms_per_request is not None
        and grid.latency_p95_ms is not None
        and grid.cpu_ms_per_request > grid.latency_p95_ms
        and case.rungs["inference"] >= ONLINE
    ):
        yield Impossible(
            ("latency_p95_ms", "cpu_ms_per_request"),
            f"one prediction computes for {figure(grid.cpu_ms_per_request)} ms, the caller waits "
            f"{figure(grid.latency_p95_ms)} ms",
            computed(
                "cpu_ms / latency_ms", "", cpu_ms=grid.cpu_ms_per_request, latency_ms=grid.latency_p95_ms or 0.001
            ),
            "a smaller or distilled model, ONNX, a GPU, or answers computed beforehand",
        )
    tokens = grid.llm.tokens_out
    if case.rungs["llm"] and tokens and grid.latency_p95_ms is not None:
        writing = computed(
            "tokens_out / tokens_per_second * 1000",
            "ms",
            "writing the answer at 200 tokens a second, which is fast",
            tokens_out=tokens,
            tokens_per_second=200,
        )
        if writing.result is not None and writing.result > grid.latency_p95_ms:
            yield Impossible(
                ("latency_p95_ms", "llm.tokens_out"),
                f"{figure(tokens)} tokens take {figure(writing.result)} ms to write, the caller waits "
                f"{figure(grid.latency_p95_ms)} ms",
                writing,
                "stream the answer and promise the first token, shorten it, or write it beforehand",
            )
    if (
        grid.training_hours is not None
        and grid.retrain_cadence
        and grid.training_hours * 3600 > grid.retrain_cadence
        and case.trains
    ):
        yield Impossible(
            ("training_hours", "retrain_cadence"),
            f"a run of {figure(grid.training_hours)} h does not end before the next one begins",
            computed(
                "training_hours * 3600 / cadence_seconds",
                "",
                training_hours=grid.training_hours,
                cadence_seconds=grid.retrain_cadence,
            ),
            "train on a sample or incrementally, on a larger machine, or less often",
        )


def _of_labels(case: Case) -> Iterator[Impossible]:
    grid = case.grid
    if case.trains and grid.positives is not None and 0 < grid.positives < 10:
        error = gate.auc_error(grid.positives, grid.rows)
        yield Impossible(
            ("positives",),
            f"with {figure(grid.positives)} examples no model can be shown to be better than another (standard error "
            f"{figure(error.result)})",
            error,
            "collect labels with the rule first",
        )
    if case.rungs["governance"] == 3:
        yield Impossible(
            ("governance.ai_act_use",),
            "the use as written is prohibited; no architecture makes it lawful",
            computed("0", ""),
            "stop, and ask counsel whether the use is what was written",
        )


def _of_money(case: Case, cost: Cost) -> Iterator[Impossible]:
    budget = case.grid.budget_month
    if budget is None or cost.total("low") <= budget:
        return
    dearest = max(cost.lines, key=lambda line: line.at("low"))
    yield Impossible(
        ("budget_month",),
        f"even at the low end it costs {figure(round(cost.total('low'), 2))} USD a month, the budget is "
        f"{figure(budget)}",
        computed("low_total / budget", "", low_total=cost.total("low"), budget=budget or 0.01),
        f"the largest line is {dearest.name} ({figure(round(dearest.at('low'), 2))} USD): "
        f"{_cheaper(case, dearest.name)}",
    )


_STAGE = {
    "serving": "serving",
    "training": "training",
    "scoring": "inference",
    "event stream": "ingestion",
    "managed workflow service": "orchestration",
    "online features in memory": "features",
    "database for vectors": "vectors",
    "vector engine": "vectors",
}
"""The stage that a line of the bill belongs to."""


def _cheaper(case: Case, name: str) -> str:
    if "hosted language model" in name:
        return "a smaller model, fewer tokens, a cache for repeated questions, or fewer calls"
    if "GPU" in name:
        return "a hosted model, a smaller one, or hours instead of round the clock"
    forced = case.forced.get(_STAGE.get(name, ""), ())
    return f"loosen what forces it ({', '.join(forced)})" if forced else "do less of it, or pay for it"
