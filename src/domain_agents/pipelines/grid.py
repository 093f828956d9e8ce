"""The requirements grid: what the caller knows of a problem. Every field may be absent, and unknown is a value."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from domain_agents.pipelines import _values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Role = Literal["requirement", "capability", "measurement"]
"""A requirement forces rungs, a capability allows them, a measurement replaces a figure that is assumed otherwise."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a field: how it is read, what it means, and the ends between which its value usually lies."""

    name: str
    read: Callable[[Any], Any]
    means: str
    asks: str
    ends: tuple[Any, ...]
    grows: bool
    """Whether ten times the scale makes it ten times as large."""
    role: Role
    unit: str


def _ask(
    read: Callable[[Any], Any],
    means: str,
    *,
    asks: str = "",
    ends: tuple[Any, ...] = (),
    grows: bool = False,
    role: Role = "requirement",
    unit: str = "",
) -> Any:
    about = {"read": read, "means": means, "asks": asks, "ends": ends, "grows": grows, "role": role, "unit": unit}
    return field(default=None, metadata=about)


def _count(example: str, low: float = 0) -> Callable[[Any], float]:
    return lambda raw: _values.whole(raw, low, example=example)


def _amount(example: str, high: float = _values.MAX_NUMBER) -> Callable[[Any], float]:
    return lambda raw: _values.number(raw, 0, high, example=example)


def _per(period: str, example: str) -> Callable[[Any], float]:
    return lambda raw: _values.rate(raw, period, example=example)


def _seconds(example: str, bare: float = 1.0) -> Callable[[Any], float]:
    return lambda raw: _values.seconds(raw, bare=bare, example=example)


def _gigabytes(example: str) -> Callable[[Any], float]:
    return lambda raw: _values.gigabytes(raw, example=f'{example} or "{example} GB"')


_SHIFTS = {"24x7": True, "24/7": True, "rota": True, "rotation": True, "business hours": False, "office hours": False}


def _oncall(raw: object) -> bool:
    known = _SHIFTS.get(raw.strip().lower()) if isinstance(raw, str) else None
    return _values.flag(raw) if known is None else known


_CHANGES = {"low": 30 * 86_400.0, "slow": 30 * 86_400.0, "medium": 86_400.0, "high": 3_600.0, "fast": 3_600.0}


def _change_rate(raw: object) -> float:
    """How often it changes; so many changes a day say nothing of how fresh the index must be, so a day is taken."""
    word = raw.strip().lower() if isinstance(raw, str) else ""
    if word in _CHANGES:
        return _CHANGES[word]
    if "/" in word or " per " in word or word.endswith("%"):
        return 86_400.0
    return _values.seconds(raw, bare=86_400.0, example='"daily"')


def _milliseconds(raw: object) -> float:
    return _values.seconds(raw, bare=0.001, example='100 or "100 ms"') * 1000


def _some(raw: object) -> float:
    """A count, or yes for "some"."""
    if isinstance(raw, bool) or (
        isinstance(raw, str) and raw.strip().lower() in {"yes", "no", "true", "false", "none"}
    ):
        return 1.0 if _values.flag(raw) else 0.0
    if isinstance(raw, (list, tuple)):
        return float(len(raw))
    return _values.whole(raw, example="20, or true for some")


def _residency(raw: object) -> str:
    if isinstance(raw, bool):
        return "required" if raw else ""
    line = _values.text(raw)
    return "" if line.lower() in {"no", "none", "anywhere", "any"} else line


DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Governance:
    """What law and contract say about the data and the decisions."""

    pii: bool | None = _ask(_values.flag, "personal data", asks="Is there personal data in it?", ends=(False, True))
    special_category: bool | None = _ask(
        _values.flag, "health, biometric, ethnic or other special data", ends=(False, True)
    )
    phi: bool | None = _ask(_values.flag, "health data under HIPAA", ends=(False, True))
    card: bool | None = _ask(_values.flag, "payment card data", ends=(False, True))
    soc2: bool | None = _ask(_values.flag, "the company is audited against SOC 2", ends=(False, True))
    automated_decision: bool | None = _ask(
        _values.flag,
        "decides about people without a person",
        asks="Does it decide about people (credit, hiring, care) without a person in between?",
        ends=(False, True),
    )
    ai_act_use: str | None = _ask(
        _values.text,
        "use in the words of the EU AI Act",
        asks=(
            "Is it for employment, credit, education, essential services, biometrics, justice or another use that "
            "the EU AI Act lists?"
        ),
        ends=("none", "employment"),
    )
    sector: str | None = _ask(_values.text, "sector", ends=("retail", "health"))
    residency: str | None = _ask(_residency, "where data must stay", ends=("", "EU"))
    retention: float | None = _ask(_seconds('"6 months"', DAY), "how long predictions must be kept", ends=(), unit="s")


@dataclass(frozen=True, slots=True)
class Llm:
    """What is known where a language model is thought of."""

    task_kind: str | None = _ask(
        _values.text,
        "what a language model would do: chat, qa, search, summarisation, extraction, classification, agent",
        ends=(),
    )
    corpus_tokens: float | None = _ask(
        _count("200000"),
        "size of the private text that answers rest on",
        asks="How many tokens of private text must answers rest on (about 400 to a page)?",
        ends=(0.0, 50_000_000.0),
        grows=True,
        unit="tokens",
    )
    n_chunks: float | None = _ask(
        _count("100000"), "pieces of text, or items, to search", ends=(1_000.0, 20_000_000.0), grows=True
    )
    dims: float | None = _ask(_count("768", 1), "dimensions of an embedding", role="measurement")
    change_rate: float | None = _ask(_change_rate, "how often the corpus changes", ends=(), unit="s")
    tenants: float | None = _ask(_count("50"), "tenants whose text must stay apart", ends=(1.0, 5_000.0), grows=True)
    tokens_in: float | None = _ask(_count("3000"), "tokens sent per call", role="measurement")
    tokens_out: float | None = _ask(_count("500"), "tokens returned per call", role="measurement")
    eval_set_size: float | None = _ask(_count("200"), "labelled examples that judge answers", role="capability")
    examples: float | None = _ask(_count("1000"), "examples to tune on", role="capability")
    provider_allowed: bool | None = _ask(
        _values.flag,
        "whether text may go to a hosted model",
        asks="May the text go to a hosted model?",
        ends=(True, False),
    )
    fts_recall: float | None = _ask(
        lambda raw: _values.share(raw, example="0.85"),
        "recall@k of keyword search on the eval set",
        asks="Which share of the eval set's questions does plain keyword search find the passage for?",
        ends=(0.95, 0.5),
    )
    failure: str | None = _ask(_values.text, "what fails today: knowledge or behaviour", ends=())
    steps_enumerable: bool | None = _ask(
        _values.flag,
        "whether the steps can be listed beforehand",
        asks="Can the steps of the task be listed beforehand?",
        ends=(True, False),
    )
    params_b: float | None = _ask(
        _amount("8", 100_000), "billions of parameters of a model you run", role="measurement"
    )
    context_tokens: float | None = _ask(_count("4096", 1), "context held per request", role="measurement")


@dataclass(frozen=True, slots=True)
class Grid:
    """The whole grid. Durations are seconds unless the name says otherwise, money is US dollars a month."""

    problem: str | None = _ask(_values.text, "the problem, in a sentence")
    problem_type: str | None = _ask(
        _values.text, "kind of problem: classification, ranking, forecasting, generation, ..."
    )
    business_metric: str | None = _ask(_values.text, "what the business measures it by")
    label_source: str | None = _ask(
        _values.text, "where the truth comes from", ends=("outcomes logged anyway", "human annotation")
    )
    label_delay: float | None = _ask(
        _seconds('"30 days"', DAY),
        "how long until the truth is known",
        asks="How long after a prediction is the truth known?",
        ends=(0.0, 90 * DAY),
        unit="s",
    )
    rows: float | None = _ask(
        _count("100000"),
        "training rows",
        asks="How many labelled rows are there to learn from?",
        ends=(1_000.0, 10_000_000.0),
        grows=True,
    )
    positives: float | None = _ask(
        _count("2000"),
        "rows of the rarer class",
        asks="How many labelled examples of the rarer class are there?",
        ends=(0.0, 20_000.0),
        grows=True,
    )
    n_features: float | None = _ask(_count("50"), "features", role="measurement")
    data_gb: float | None = _ask(
        _gigabytes("20"), "training data after column pruning", ends=(0.1, 1_000.0), grows=True, unit="GB"
    )
    growth_gb_month: float | None = _ask(_gigabytes("5"), "growth of the data", grows=True, unit="GB/month")
    n_tables: float | None = _ask(_count("8"), "tables or feeds it reads", ends=(1.0, 40.0))
    n_entities: float | None = _ask(
        _count("1000000"), "users, items or series to score", ends=(1_000.0, 100_000_000.0), grows=True
    )
    modality: str | None = _ask(_values.text, "what the data is: tabular, text, image, audio, video, time_series")
    requests_per_day: float | None = _ask(
        _per("day", "50000"), "predictions asked for in a day", ends=(100.0, 50_000_000.0), grows=True
    )
    peak_qps: float | None = _ask(
        _per("second", "50"),
        "requests in the busiest second",
        asks="How many requests come in the busiest second?",
        ends=(0.1, 5_000.0),
        grows=True,
        unit="requests/s",
    )
    latency_p95_ms: float | None = _ask(
        _milliseconds,
        "how long 95 of 100 callers wait at most",
        asks="How long may a caller wait (p95)?",
        ends=(60_000.0, 20.0),
        unit="ms",
    )
    feature_freshness_s: float | None = _ask(
        _seconds("3600"),
        "how old a feature may be",
        asks="How old may the newest fact be that a prediction uses?",
        ends=(DAY, 5.0),
        unit="s",
    )
    prediction_freshness_s: float | None = _ask(
        _seconds("86400"),
        "how old a prediction may be",
        asks="How old may a prediction be when it is used?",
        ends=(DAY, 1.0),
        unit="s",
    )
    inputs_known_in_advance: bool | None = _ask(
        _values.flag,
        "whether everything to score is known before it is asked for",
        asks=(
            "Is everything that will be scored known before anybody asks (customers, items), so that a table can be "
            "filled?"
        ),
        ends=(True, False),
    )
    active_fraction: float | None = _ask(
        lambda raw: _values.share(raw, example="0.2"), "share of the entities asked for between two refreshes", ends=()
    )
    decay_per_week: float | None = _ask(
        lambda raw: _values.share(raw, example="0.01"),
        "measured loss of quality per week without retraining",
        asks="How much quality does a model lose in a week without retraining (measured)?",
        ends=(0.0, 0.05),
    )
    retrain_cadence: float | None = _ask(
        _seconds('"monthly"', DAY), "how often it is retrained", ends=(_values.NEVER, DAY), unit="s"
    )
    training_hours: float | None = _ask(_amount("2", 1e6), "one training run, measured", role="measurement", unit="h")
    models_in_prod: float | None = _ask(
        _count("2"), "models in production, this one included", ends=(1.0, 10.0), grows=True
    )
    shared_online_features: float | None = _ask(
        _some,
        "features that are shared, looked up online and not in the request",
        asks="Are there features that several models look up while a request waits (not sent with it)?",
        ends=(0.0, 20.0),
    )
    point_in_time_incident: bool | None = _ask(
        _values.flag, "training saw what serving could not know, and it hurt", ends=(False, True)
    )
    teams_sharing: float | None = _ask(
        _count("2"),
        "teams that produce or use the same data or features",
        asks="How many teams produce or use the same data or features?",
        ends=(1.0, 6.0),
    )
    jobs: float | None = _ask(_count("6"), "jobs that depend on one another", ends=(1.0, 30.0), grows=True)
    backfills: bool | None = _ask(_values.flag, "past dates are computed again", ends=(False, True))
    services: float | None = _ask(_count("3"), "services that are deployed for it", ends=(1.0, 12.0))
    ml_fte: float | None = _ask(_amount("2", 1e6), "people who build models", ends=(1.0, 6.0), unit="people")
    platform_fte: float | None = _ask(
        _amount("0.5", 1e6), "people who run the platform", ends=(0.0, 4.0), role="capability", unit="people"
    )
    oncall: bool | None = _ask(
        _oncall,
        "whether somebody is woken at night",
        asks="Is somebody on call for this?",
        ends=(False, True),
        role="capability",
    )
    maturity: float | None = _ask(
        lambda raw: _values.whole(raw, 0, 4, example="1"), "MLOps maturity, 0 to 4", role="capability"
    )
    existing_stack: tuple[str, ...] | None = _ask(_values.texts, "what somebody runs already", role="capability")
    availability_slo: float | None = _ask(
        lambda raw: _values.share(raw, example="0.999"),
        "share of good requests",
        asks="Which share of requests must be answered well?",
        ends=(0.99, 0.9995),
    )
    rollback_rto_s: float | None = _ask(
        _seconds("900"),
        "how soon a bad model must be gone",
        asks="How soon after its first bad answer must a bad model be gone?",
        ends=(86_400.0, 30.0),
        unit="s",
    )
    budget_month: float | None = _ask(_per("month", "500"), "what it may cost", role="measurement", unit="USD/month")
    heuristic_sufficient: bool | None = _ask(_values.flag, "whether a rule was measured and is good enough", ends=())
    gbdt_ceiling_shown: bool | None = _ask(
        _values.flag, "boosted trees were measured and fall short", ends=(False, True)
    )
    model_family: str | None = _ask(_values.text, "the model there is: linear, gbdt, forest, deep")
    cpu_ms_per_request: float | None = _ask(
        _amount("4", 1e7), "processor time of one prediction, measured", role="measurement", unit="ms"
    )
    gpu: bool | None = _ask(_values.flag, "whether the model needs a GPU to answer in time", ends=(False, True))
    params_b: float | None = _ask(
        _amount("0.3", 100_000), "billions of parameters that are trained", ends=(), unit="billion"
    )
    money_at_stake: bool | None = _ask(
        _values.flag,
        "money or safety hangs on single predictions",
        asks="Does money or somebody's safety hang on single predictions?",
        ends=(False, True),
    )
    explainability: bool | None = _ask(_values.flag, "every prediction must be explained", ends=())
    on_device: bool | None = _ask(
        _values.flag,
        "predicts without a network",
        asks="Must it predict where there is no network?",
        ends=(False, True),
    )
    sites: float | None = _ask(_count("3"), "sites or groups that must each be served well", ends=(1.0, 5.0))
    offline_online_gap: bool | None = _ask(_values.flag, "offline gains did not show online", ends=(False, True))
    base_rate: float | None = _ask(
        lambda raw: _values.share(raw, example="0.05"), "rate that an experiment compares", role="measurement"
    )
    effect: float | None = _ask(
        lambda raw: _values.share(raw, example="0.05"), "relative change worth finding", role="measurement"
    )
    governance: Governance = field(default_factory=Governance)
    llm: Llm = field(default_factory=Llm)

    def get(self, name: str) -> Any:
        """A field by its dotted name; None is unknown."""
        holder, _, last = name.rpartition(".")
        return getattr(getattr(self, holder) if holder else self, last)

    def with_value(self, name: str, value: Any) -> Grid:
        """The same grid with one field changed."""
        holder, _, last = name.rpartition(".")
        if not holder:
            return replace(self, **{last: value})
        return replace(self, **{holder: replace(getattr(self, holder), **{last: value})})

    def known(self) -> Mapping[str, Any]:
        """Every field that has a value, by its dotted name."""
        return {about.name: value for about in abouts() if (value := self.get(about.name)) is not None}

    def times(self, factor: float) -> Grid:
        """The same problem at so many times the scale: traffic, data, entities, corpus and models."""
        grown = self
        for about in abouts():
            value = self.get(about.name)
            if about.grows and value is not None:
                grown = grown.with_value(about.name, value * factor)
        return grown


@cache
def abouts() -> tuple[About, ...]:
    """Every field, in order, with its dotted name."""
    return tuple(_abouts(Grid, ""))


def _abouts(holder: type, prefix: str) -> Iterator[About]:
    groups = {"governance": Governance, "llm": Llm}
    for one in fields(holder):
        if one.name in groups:
            yield from _abouts(groups[one.name], f"{one.name}.")
        else:
            yield About(name=prefix + one.name, **one.metadata)


@cache
def about(name: str) -> About:
    """The field of that dotted name."""
    return next(one for one in abouts() if one.name == name)
