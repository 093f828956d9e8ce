"""G2: when predictions are made: beforehand, soon after, while somebody waits, or inside the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import figure, span
from domain_agents.pipelines.case import BATCH, INTERACTIVE_MS, ONLINE
from domain_agents.pipelines.compute.batch import batch_against_online, batch_work, refreshes_per_day, wasted
from domain_agents.pipelines.decision import Force, Rule, Rung, measured, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_PERIOD = own_choice("an hourly batch is still a batch; below a minute no schedule keeps up")
_BORN = stated(
    "Google, MLOps: prediction service or batch prediction; Instacart 2022, Lessons learned: the journey to real-time "
    "machine learning"
)
_WASTE = measured(
    "arithmetic on the grid; the case of Pixie (Pinterest): computing everyone costs more than computing those who come"
)
_HOP = own_choice("a network hop inside a data centre takes about a millisecond")
_STATED = own_choice(
    "who states a p95 of two seconds or less and counts requests waits for each; a table would do if all inputs are "
    "known beforehand, so that is asked"
)
HOUR = 3_600
_SCREEN_MS = 2_000.0
_EACH = frozenset({"classification", "regression", "ranking", "anomaly", "extraction", "bandit"})
"""Kinds that judge one event at a time; what is recommended or forecast is listed beforehand."""
_HOP_MS = 2.0
_MINUTES_MS = 600_000.0
"""Who waits less cannot wait for the next run of a schedule."""
_ASKED = frozenset({"chat", "qa", "q&a", "assistant", "agent", "search", "copilot", "autocomplete", "code"})


def _forces(case: Case) -> Iterator[Force]:
    grid = case.grid
    fresh = grid.prediction_freshness_s
    if fresh is not None and fresh < HOUR:
        rung = ONLINE if fresh < 60 else 1
        yield Force(
            rung,
            ("prediction_freshness_s",),
            f"a prediction may be {span(fresh)} old; a batch is hourly at best",
            _PERIOD,
        )
    latency = grid.latency_p95_ms
    waits = latency is not None and latency <= INTERACTIVE_MS
    if case.inputs_unknown:
        by = case.born_by
        born = "what is scored comes into being with the request, so no table can hold it"
        yield Force(1, (by,), born, _BORN)
        if waits:
            yield Force(ONLINE, (by, "latency_p95_ms"), f"{born}, and the caller waits ({figure(latency)} ms)", _BORN)
        elif grid.inputs_known_in_advance is None and latency is None:
            yield Force(ONLINE, (by,), f"{born}, and somebody waits for the answer", _BORN)
    if case.rungs.get("llm", 0) and (waits or _is_conversation(case)):
        by = "latency_p95_ms" if waits else case.llm_by
        yield Force(ONLINE, (by,), "a person waits for the text", _BORN)
    if case.kind == "retrieval" and waits:
        yield Force(ONLINE, (case.kind_by, "latency_p95_ms"), "a query is not known before it is asked", _BORN)
    if _is_awaited(case):
        yield Force(
            ONLINE,
            ("latency_p95_ms", *case.qps_fields),
            f"{figure(grid.latency_p95_ms)} ms were stated for each of the requests that come, so somebody waits",
            _STATED,
        )
    work = batch_against_online(case)
    if wasted(work):
        by = "active_fraction" if grid.active_fraction is not None else "requests_per_day"
        yield Force(
            ONLINE,
            ("n_entities", by),
            f"a batch would compute {figure(work.batch.result)} core-hours a day, answering only those who come "
            f"takes {figure(work.online.result)}",
            _WASTE,
        )
    if latency is not None and latency < _HOP_MS:
        yield Force(3, ("latency_p95_ms",), f"{figure(latency)} ms leave no time for a network hop", _HOP)
    if grid.on_device:
        yield Force(3, ("on_device",), "it must predict without a network", _HOP)


def _is_awaited(case: Case) -> bool:
    """Whether the latency and the traffic that were told say that somebody waits for single events."""
    grid = case.grid
    if grid.inputs_known_in_advance is not None or case.inputs_unknown or case.qps is None or case.kind not in _EACH:
        return False
    return grid.latency_p95_ms is not None and grid.latency_p95_ms <= _SCREEN_MS


def _is_conversation(case: Case) -> bool:
    words = set((case.grid.llm.task_kind or "").lower().replace("/", " ").replace("-", " ").split())
    return bool(words & _ASKED) or any(
        word in case.words.lower() for word in ("chatbot", "assistant", "question answering", "copilot")
    )


def _figure(case: Case) -> Computed:
    return batch_work(case, refreshes_per_day(case))


def _wording(case: Case, rung: int) -> str:
    if rung == BATCH:
        if not case.rungs.get("need") and not case.rungs.get("llm"):
            return "batch: a scheduled query writes a table that the application reads"
        looked_up = "batch: a scheduled job writes predictions to a table that is looked up at request time"
        wait = case.grid.latency_p95_ms
        return looked_up if wait is None else f"{looked_up}; a look-up by key takes a few of the {figure(wait)} ms"
    if rung == 1:
        wait = case.grid.latency_p95_ms
        pace = "as they come" if wait is not None and wait < _MINUTES_MS else "every few minutes"
        return f"micro-batch: a worker takes new items from a table or queue {pace} and writes the answers back"
    if rung == ONLINE:
        return "online: the request is answered while the caller waits"
    return (
        "on the device: the model ships with the application"
        if case.grid.on_device
        else "in process: the model runs inside the calling program"
    )


RULE = Rule(
    id="G2",
    stage="inference",
    title="Inference mode",
    rungs=(
        Rung("batch predictions, looked up"),
        Rung(
            "micro-batch or asynchronous", "predictions that may not be an hour old, or inputs nobody knows beforehand"
        ),
        Rung("online", "inputs born with the request and a caller who waits, or predictions at most a minute old"),
        Rung("in process or on the device", "a latency budget under a network hop, or no network"),
    ),
    forces=_forces,
    figure=_figure,
    default=own_choice("everything to score is assumed known beforehand, the cheapest and most robust case"),
    wording=_wording,
    always="A prediction carries its model version and the time it was made.",
)
