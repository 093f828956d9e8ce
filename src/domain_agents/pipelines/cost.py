"""What a design costs a month: lines of quantity times a dated price, as low, base and high; people apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain_agents.facts.dated import price
from domain_agents.pipelines.arithmetic import computed
from domain_agents.pipelines.case import IN_PROCESS, ONLINE
from domain_agents.pipelines.compute.api_cost import api_cost, corpus_millions
from domain_agents.pipelines.compute.batch import batch_work, predictions_per_day, refreshes_per_day
from domain_agents.pipelines.compute.llm import card_gb, copies
from domain_agents.pipelines.compute.replicas import cores, replicas
from domain_agents.pipelines.compute.training import data_gb
from domain_agents.pipelines.compute.vectors import hnsw_gb
from domain_agents.pipelines.sizing import corpus_in_prompt, prediction_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.facts.dated import DatedFact
    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

ENDS = ("low", "base", "high")
_FTE = {"low": 0.05, "base": 0.15, "high": 0.3}
"""Of a person for each always-on part, beside a tenth for the pipeline itself; our own choice."""
_CALLS = 1_000.0
"""Calls a day of a language model where nobody told any."""
_MONTH_SECONDS = 2_629_800.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line: so much of something a month, at a price."""

    name: str
    quantity: Computed
    fact: DatedFact
    note: str = ""

    def at(self, end: str) -> float:
        """Dollars a month at that end of the price."""
        return (self.quantity.result or 0.0) * self.fact.at(end)


@dataclass(frozen=True, slots=True)
class Cost:
    """The bill and the people, in dollars a month."""

    lines: tuple[Line, ...]
    people: tuple[tuple[str, float], ...]
    parts: tuple[str, ...]
    assumptions: tuple[str, ...]
    as_of: str
    stale: tuple[str, ...]

    def total(self, end: str) -> float:
        """The bill at that end, without people."""
        return sum(line.at(end) for line in self.lines)

    def fte(self, end: str) -> float:
        """People who keep it running at that end, in full-time equivalents."""
        return 0.1 + _FTE[end] * len(self.parts)

    def as_json(self) -> dict[str, Any]:
        """The shape that clients rely on (contract, design_pipeline)."""
        return {
            **{end: round(self.total(end), 2) for end in ENDS},
            "currency": "USD/month",
            "as_of": self.as_of,
            "assumptions": list(self.assumptions),
            "lines": [
                {
                    "name": line.name,
                    **{end: round(line.at(end), 2) for end in ENDS},
                    "quantity": line.quantity.as_json(),
                    "price": {end: line.fact.at(end) for end in ENDS}
                    | {"unit": line.fact.unit, "as_of": line.fact.as_of, "source": line.fact.source},
                    "note": line.note,
                }
                for line in self.lines
            ],
            "people": {
                **{end: round(value, 2) for end, value in self.people},
                "unit": "USD/month",
                "fte": {end: round(self.fte(end), 2) for end in ENDS},
                "parts": list(self.parts),
            },
            "stale": list(self.stale),
        }


def cost(case: Case, date: str) -> Cost:
    """The bill of a settled case; prices older than half a year on that day are named as stale."""
    lines = tuple(_lines(case))
    parts = tuple(_parts(case))
    used = {line.fact.name: line.fact for line in lines} | {"person_month": price("person_month")}
    people = tuple((end, (0.1 + _FTE[end] * len(parts)) * price("person_month").at(end)) for end in ENDS)
    stale = tuple(
        f"{fact.name.replace('_', ' ')} (as of {fact.as_of})" for fact in used.values() if fact.is_stale(date)
    )
    notes = tuple(dict.fromkeys(f"{line.name}: {line.note}" for line in lines if line.note))
    return Cost(
        lines,
        people,
        parts,
        (*notes, "prices are ranges of our own, in the order of public lists; put in your own"),
        min(fact.as_of for fact in used.values()),
        stale,
    )


def _lines(case: Case) -> Iterator[Line]:
    if case.trains:
        yield _training(case)
    if case.rungs["inference"] < ONLINE:
        yield from _batch(case)
    elif case.rungs["inference"] < IN_PROCESS and (case.rungs["need"] or not case.rungs["llm"]):
        yield from _online(case)
    if case.rungs["llm"]:
        yield from _language(case)
    yield from _stores(case)
    if case.rungs["ingestion"] == 2 and not case.has("broker"):
        yield Line("event stream", _once(), price("stream_month"))
    if case.rungs["orchestration"] == 2:
        yield Line("managed workflow service", _once(), price("managed_orchestrator_month"))
    if case.rungs["orchestration"] == 3:
        yield Line(
            "own orchestrator: scheduler, database, workers",
            _once(8 * 730, "core-hours/month"),
            price("cpu_core_hour"),
            "8 cores around the clock",
        )
    if case.rungs["platform"] == 3:
        yield Line("Kubernetes control plane", _once(), price("kubernetes_control_plane_month"))


def _once(count: float = 1, unit: str = "a month") -> Computed:
    return computed("count", unit, count=count)


def _training(case: Case) -> Line:
    grid = case.grid
    runs = 1.0 if not grid.retrain_cadence else max(0.1, min(_MONTH_SECONDS / grid.retrain_cadence, 3_000.0))
    rung = case.rungs["training"]
    hours = grid.training_hours if grid.training_hours is not None else (0.5, 2.0, 4.0, 24.0)[rung]
    assumed = "" if grid.training_hours is not None else f"{hours:g} h a run assumed: measure on 5 % and extrapolate"
    gpus = {1: 1, 3: 8}.get(rung, 1) if case.is_deep else 0
    if gpus:
        quantity = computed(
            "runs_per_month * hours * gpus", "GPU-hours/month", runs_per_month=runs, hours=hours, gpus=gpus
        )
        return Line("training", quantity, price("gpu_hour_80gb"), assumed)
    number = (8, 32, 128, 128)[rung]
    quantity = computed(
        "runs_per_month * hours * cores", "core-hours/month", runs_per_month=runs, hours=hours, cores=number
    )
    return Line("training", quantity, price("cpu_core_hour"), assumed)


def _batch(case: Case) -> Iterator[Line]:
    work = batch_work(case, refreshes_per_day(case))
    if work.result is None:
        quantity = _once(30.4, "core-hours/month")
        yield Line(
            "scoring",
            quantity,
            price("cpu_core_hour"),
            "one core-hour a day assumed: the number of entities is unknown",
        )
        return
    quantity = computed("max(1, core_hours_per_day) * 30.4", "core-hours/month", core_hours_per_day=work.result)
    note = "time of one prediction assumed: measure it" if case.cpu_is_assumed else ""
    yield Line("scoring", quantity, price("cpu_core_hour"), note)


def _online(case: Case) -> Iterator[Line]:
    count = replicas(case).result
    rung = case.rungs["serving"]
    least = 2 if rung >= 3 else 1
    number = float(least if count is None or rung < 3 else max(least, count))
    if rung < 3 and count is not None:
        number = float(max(1, count - 1))
    if rung == 1:
        number = max(0.25, cores(case).result or 0.0)
    warm = 2 if case.rungs["rollback"] >= 1 else 1
    if case.grid.gpu:
        quantity = computed("gpus * 730 * warm_versions", "GPU-hours/month", gpus=number, warm_versions=warm)
        yield Line("serving on GPUs", quantity, price("gpu_hour_24gb"), "one prediction at a time; batching lowers it")
        return
    quantity = computed("cores * 730 * warm_versions", "core-hours/month", cores=number, warm_versions=warm)
    note = "twice, because the version before stays warm" if warm == 2 else ""
    if rung == 1:
        note = "a corner of the application's own machine, a quarter of a core at least"
    yield Line("serving", quantity, price("cpu_core_hour"), note)


def _language(case: Case) -> Iterator[Line]:
    grid = case.grid
    if grid.llm.provider_allowed is False:
        cards = max(1.0, card_gb(case) / 80)
        fact = price("gpu_hour_24gb" if card_gb(case) <= 24 else "gpu_hour_80gb")
        number = max(copies(case).result or 1, 2 if (grid.availability_slo or 0) >= 0.999 else 1)
        quantity = computed("cards * copies * 730", "GPU-hours/month", cards=cards, copies=number)
        yield Line("language model on your own GPU", quantity, fact, "around the clock")
        return
    tokens_in, tokens_out = _million_tokens(case)
    note = "" if grid.requests_per_day is not None else "a tenth of the busiest second assumed as the day's mean"
    if predictions_per_day(case) is None:
        note = "1,000 calls a day assumed"
    elif case.rungs["inference"] < ONLINE and grid.n_entities:
        note = ""
    if corpus := corpus_in_prompt(case):
        yield from _corpus(case, corpus)
    yield Line("hosted language model, input", tokens_in, price("llm_input_per_million_tokens"), note)
    yield Line("hosted language model, output", tokens_out, price("llm_output_per_million_tokens"), note)


def _corpus(case: Case, corpus: float) -> Iterator[Line]:
    calls = predictions_per_day(case) or _CALLS
    note = "kept by the provider for ten minutes, calls at random in ten hours of the day"
    for cached, name in ((True, "from the cache"), (False, "not in the cache")):
        fact = price("llm_cached_input_per_million_tokens" if cached else "llm_input_per_million_tokens")
        quantity = corpus_millions(calls, corpus, cached=cached)
        yield Line(f"hosted language model, the corpus {name}", quantity, fact, note if cached else "")


def _million_tokens(case: Case) -> tuple[Computed, Computed]:
    grid = case.grid
    told = predictions_per_day(case)
    calls = _CALLS if told is None else told
    inputs = api_cost(calls, grid.llm.tokens_in, grid.llm.tokens_out, corpus=corpus_in_prompt(case)).inputs
    return (
        computed(
            "calls_per_day * 30.4 * tokens_in / 1000000",
            "million tokens/month",
            calls_per_day=calls,
            tokens_in=inputs["tokens_in"],
        ),
        computed(
            "calls_per_day * 30.4 * tokens_out / 1000000",
            "million tokens/month",
            calls_per_day=calls,
            tokens_out=inputs["tokens_out"],
        ),
    )


def _stores(case: Case) -> Iterator[Line]:
    grid = case.grid
    kept = (data_gb(case) or 1.0) * 2
    log = prediction_log(case).result or 0.1
    storage = computed(
        "(data_gb + 12 * growth_gb_month) * 2 + log_gb_month * 6",
        "GB",
        data_gb=kept / 2,
        growth_gb_month=grid.growth_gb_month or 0.0,
        log_gb_month=log,
    )
    yield Line(
        "storage",
        storage,
        price("object_storage_gb_month"),
        "two copies of the data as it will be in a year, six months of prediction log",
    )
    if case.rungs["features"] >= 2 and not case.has("key_value"):
        memory = computed(
            "max(1, n_entities * 202 * 2 * 1.3 / 1000000000)", "GB", n_entities=grid.n_entities or 1_000_000.0
        )
        note = "" if grid.n_entities is not None else "a million entities assumed"
        yield Line("online features in memory", memory, price("redis_gb_month"), note)
    if case.rungs["vectors"] == 2 and not case.has("postgresql"):
        index = hnsw_gb(case).result or 1.0
        nodes = computed("max(1, index_gb / 4)", "nodes", index_gb=index)
        yield Line("database for vectors", nodes, price("database_month"), "a small node for every 4 GB of index")
    if case.rungs["vectors"] == 3 and not _has_engine(case):
        index = hnsw_gb(case).result or 64.0
        nodes = computed("max(1, index_gb / 64)", "engines", index_gb=index)
        yield Line("vector engine", nodes, price("vector_engine_month"), "one small engine for every 64 GB of index")


def _has_engine(case: Case) -> bool:
    """Whether an engine that searches vectors runs already; a search engine does, too."""
    return bool(case.has("vectors") or case.has("search"))


def _parts(case: Case) -> Iterator[str]:
    """What must be up day and night because of this design, and is not there yet."""
    rungs = case.rungs
    if rungs["inference"] == ONLINE:
        yield "the service that answers requests"
    if rungs["serving"] == 4 and not case.has("model_server"):
        yield "the model server"
    if rungs["ingestion"] == 2:
        yield "the stream"
    if rungs["features"] >= 2 and not (rungs["features"] == 3 and case.has("feature_store")):
        yield "the online features"
    if rungs["features"] == 3 and not case.has("feature_store"):
        yield "the feature store's own services"
    if rungs["vectors"] == 3 and not _has_engine(case):
        yield "the vector engine"
    if rungs["orchestration"] >= 3:
        yield "the orchestrator"
    if rungs["platform"] == 3:
        yield "the cluster"
