"""What holds for every grid: a higher requirement never lowers a rung, an unknown never raises one, numbers can be redone."""

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain_agents.pipelines.arithmetic import FUNCTIONS
from domain_agents.pipelines.deciding import decide, settle
from domain_agents.pipelines.design import design
from domain_agents.pipelines.filling import read_grid
from domain_agents.pipelines.grid import Grid, about
from domain_agents.pipelines.rules import rules

DAY = 86_400.0
KINDS = [
    "classification",
    "regression",
    "ranking",
    "recommendation",
    "retrieval",
    "generation",
    "forecasting",
    "anomaly detection",
]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "problem_type": st.sampled_from(KINDS),
    "modality": st.sampled_from(["tabular", "text", "image"]),
    "label_source": st.sampled_from(["clicks", "human annotation", "outcomes"]),
    "label_delay": st.sampled_from([0.0, 3600.0, DAY, 10 * DAY, 90 * DAY]),
    "rows": st.sampled_from([100.0, 5_000.0, 1e6, 1e9]),
    "positives": st.sampled_from([0.0, 5.0, 40.0, 500.0, 100_000.0]),
    "n_features": st.sampled_from([5.0, 50.0, 2_000.0]),
    "data_gb": st.sampled_from([0.01, 5.0, 50.0, 5_000.0]),
    "n_tables": st.sampled_from([1.0, 11.0]),
    "n_entities": st.sampled_from([100.0, 1e6, 3e8]),
    "requests_per_day": st.sampled_from([1.0, 1_000.0, 1e6, 1e9]),
    "peak_qps": st.sampled_from([0.01, 5.0, 400.0, 5_000.0, 100_000.0]),
    "latency_p95_ms": st.sampled_from([0.05, 1.0, 20.0, 300.0, 5_000.0, 60_000.0]),
    "feature_freshness_s": st.sampled_from([1.0, 45.0, 300.0, 3600.0, DAY]),
    "prediction_freshness_s": st.sampled_from([1.0, 120.0, 3600.0, DAY]),
    "inputs_known_in_advance": st.booleans(),
    "active_fraction": st.sampled_from([0.001, 0.5, 1.0]),
    "decay_per_week": st.sampled_from([0.0, 0.0005, 0.01, 0.03, 0.5]),
    "retrain_cadence": st.sampled_from([3600.0, DAY, 30 * DAY]),
    "training_hours": st.sampled_from([0.1, 20.0, 500.0]),
    "models_in_prod": st.sampled_from([1.0, 2.0, 3.0, 8.0]),
    "shared_online_features": st.sampled_from([0.0, 1.0, 30.0]),
    "point_in_time_incident": st.booleans(),
    "teams_sharing": st.sampled_from([1.0, 2.0, 3.0, 6.0]),
    "jobs": st.sampled_from([1.0, 6.0, 25.0]),
    "backfills": st.booleans(),
    "services": st.sampled_from([1.0, 3.0, 9.0]),
    "ml_fte": st.sampled_from([0.5, 1.0, 2.0, 9.0]),
    "platform_fte": st.sampled_from([0.0, 1.0, 4.0]),
    "oncall": st.booleans(),
    "existing_stack": st.sampled_from([("airflow",), ("kubernetes", "postgresql"), ("kafka", "redis")]),
    "availability_slo": st.sampled_from([0.9, 0.99, 0.999, 0.9995, 0.9999]),
    "rollback_rto_s": st.sampled_from([5.0, 30.0, 400.0, 1_800.0, DAY]),
    "budget_month": st.sampled_from([0.0, 50.0, 5_000.0, 1e6]),
    "gbdt_ceiling_shown": st.booleans(),
    "gpu": st.booleans(),
    "params_b": st.sampled_from([0.1, 1.0, 30.0]),
    "money_at_stake": st.booleans(),
    "on_device": st.booleans(),
    "sites": st.sampled_from([1.0, 4.0]),
    "offline_online_gap": st.booleans(),
    "governance.pii": st.booleans(),
    "governance.phi": st.booleans(),
    "governance.special_category": st.booleans(),
    "governance.automated_decision": st.booleans(),
    "governance.ai_act_use": st.sampled_from(["none", "chatbot", "employment", "social scoring"]),
    "governance.residency": st.sampled_from(["", "EU"]),
    "llm.task_kind": st.sampled_from(["chat", "summarisation", "search"]),
    "llm.corpus_tokens": st.sampled_from([0.0, 50_000.0, 5e6]),
    "llm.n_chunks": st.sampled_from([100.0, 200_000.0, 3e7]),
    "llm.dims": st.sampled_from([384.0, 1536.0]),
    "llm.tenants": st.sampled_from([1.0, 5_000.0]),
    "llm.tokens_in": st.sampled_from([100.0, 30_000.0]),
    "llm.tokens_out": st.sampled_from([10.0, 4_000.0]),
    "llm.eval_set_size": st.sampled_from([0.0, 20.0, 500.0]),
    "llm.examples": st.sampled_from([0.0, 5_000.0]),
    "llm.provider_allowed": st.booleans(),
    "llm.fts_recall": st.sampled_from([0.3, 0.8, 0.95]),
    "llm.failure": st.sampled_from(["knowledge", "behaviour"]),
    "llm.steps_enumerable": st.booleans(),
    "llm.params_b": st.sampled_from([1.0, 8.0, 70.0, 400.0]),
}
NAMES = sorted(VALUES)
GRIDS = st.dictionaries(st.sampled_from(NAMES), st.none(), max_size=24).flatmap(
    lambda chosen: st.fixed_dictionaries({name: VALUES[name] for name in chosen})
)
QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# requirement -> (the stages that serve it, whether a larger value asks for more)
SERVED: dict[str, tuple[tuple[str, ...], bool]] = {
    "peak_qps": (("serving", "platform", "vectors", "inference"), True),
    "requests_per_day": (("serving", "platform", "vectors", "evaluation"), True),
    "latency_p95_ms": (("inference", "vectors"), False),
    "feature_freshness_s": (("ingestion", "features"), False),
    "prediction_freshness_s": (("inference",), False),
    "availability_slo": (("serving", "rollback", "platform"), True),
    "rollback_rto_s": (("rollback",), False),
    "label_delay": (("evaluation", "monitoring"), True),
    "decay_per_week": (("retraining",), True),
    "retrain_cadence": (("retraining",), False),
    "models_in_prod": (("tracking", "features", "validation", "orchestration"), True),
    "shared_online_features": (("features",), True),
    "teams_sharing": (("validation", "features", "orchestration", "serving"), True),
    "n_tables": (("validation",), True),
    "jobs": (("orchestration",), True),
    "services": (("platform",), True),
    "ml_fte": (("tracking",), True),
    "data_gb": (("training",), True),
    "params_b": (("training",), True),
    "llm.corpus_tokens": (("llm",), True),
    "llm.n_chunks": (("vectors",), True),
    "llm.tenants": (("vectors",), True),
    "llm.fts_recall": (("llm", "vectors"), False),
    "sites": (("evaluation", "monitoring"), True),
}  # fmt: skip


def grid_of(values: dict[str, Any]) -> Grid:
    grid = Grid()
    for name, value in values.items():
        grid = grid.with_value(name, value)
    return grid


@QUICK
@given(GRIDS, st.sampled_from(sorted(SERVED)), st.data())
def test_raising_a_requirement_never_lowers_a_rung_that_serves_it(
    values: dict[str, Any], name: str, data: st.DataObject
) -> None:
    stages, larger = SERVED[name]
    low, high = sorted(data.draw(st.tuples(VALUES[name], VALUES[name])), reverse=not larger)
    before = settle(grid_of({**values, name: low})).rungs
    after = settle(grid_of({**values, name: high})).rungs
    assert {stage: (before[stage], after[stage]) for stage in stages if after[stage] < before[stage]} == {}


FLAGS = {
    "inputs_known_in_advance": (False, ("inference",)), "money_at_stake": (True, ("evaluation", "monitoring", "rollout")),
    "governance.pii": (True, ("governance",)), "governance.phi": (True, ("governance", "monitoring", "tracking")),
    "governance.automated_decision": (True, ("governance", "monitoring", "tracking")), "gpu": (True, ("serving", "training")),
    "oncall": (True, ("ingestion",)), "backfills": (True, ("orchestration",)), "llm.provider_allowed": (False, ("serving",)),
    "on_device": (True, ("inference",)), "offline_online_gap": (True, ("evaluation",)),
}  # fmt: skip


@QUICK
@given(GRIDS, st.sampled_from(sorted(FLAGS)))
def test_asking_for_more_never_lowers_a_rung_that_serves_it(values: dict[str, Any], name: str) -> None:
    more, stages = FLAGS[name]
    less, asked = (settle(grid_of({**values, name: value})).rungs for value in (not more, more))
    assert {stage for stage in stages if asked[stage] < less[stage]} == set()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(GRIDS, st.sampled_from([name for name in NAMES if about(name).role == "requirement"]))
def test_an_unknown_never_raises_a_rung(values: dict[str, Any], name: str) -> None:
    """Whatever the value, not knowing it asks for no more than some value of it would: least of all than the least."""
    unknown = settle(grid_of({**values, name: None})).rungs
    stages = SERVED[name][0] if name in SERVED else tuple(unknown)
    known = [settle(grid_of({**values, name: value})).rungs for value in LOWEST.get(name, ())]
    for rungs in known:
        assert {stage: (unknown[stage], rungs[stage]) for stage in stages if unknown[stage] > rungs[stage]} == {}


LOWEST: dict[str, tuple[Any, ...]] = {
    name: (values,) if not isinstance(values, tuple) else values
    for name, values in {
        "label_delay": 0.0, "rows": 100.0, "positives": 5.0, "data_gb": 0.01, "n_tables": 1.0, "n_entities": 100.0,
        "requests_per_day": 1.0, "peak_qps": 0.01, "latency_p95_ms": (300.0, 60_000.0), "feature_freshness_s": DAY,
        "prediction_freshness_s": DAY, "decay_per_week": 0.0, "retrain_cadence": 3.2e9,
        "models_in_prod": 1.0, "shared_online_features": 0.0, "point_in_time_incident": False, "teams_sharing": 1.0, "jobs": 1.0,
        "backfills": False, "services": 1.0, "ml_fte": 1.0, "availability_slo": 0.9, "rollback_rto_s": DAY,
        "gbdt_ceiling_shown": False, "gpu": False, "money_at_stake": False, "on_device": False, "sites": 1.0,
        "offline_online_gap": False, "governance.pii": False, "governance.phi": False, "governance.special_category": False,
        "governance.automated_decision": False, "governance.ai_act_use": "none", "governance.residency": "",
        "llm.n_chunks": 100.0, "llm.tenants": 1.0, "llm.provider_allowed": True, "llm.steps_enumerable": True,
    }.items()
}  # fmt: skip


@QUICK
@given(GRIDS)
def test_not_knowing_the_inputs_asks_for_no_more_where_nothing_says_that_somebody_waits(values: dict[str, Any]) -> None:
    """A stated latency is no unknown: with traffic it says that somebody waits, unless all inputs are known beforehand."""
    quiet = {**values, "latency_p95_ms": None, "inputs_known_in_advance": None}
    known = settle(grid_of({**quiet, "inputs_known_in_advance": True})).rungs
    assert settle(grid_of(quiet)).rungs == known


@QUICK
@given(GRIDS)
def test_every_number_can_be_computed_again_from_its_printed_formula(values: dict[str, Any]) -> None:
    made = design(grid_of(values), "2026-11-21").as_json()
    numbers = [decision["computed"] for decision in made["decisions"]]
    numbers += [
        *made["sizing"].values(),
        made["rollback"]["computed"],
        *(line["quantity"] for line in made["cost"]["lines"]),
    ]
    numbers += [one["computed"] for one in made["impossible"]]
    for number in numbers:
        unknown = [name for name, value in number["inputs"].items() if value is None]
        if unknown:
            assert number["result"] is None
        else:
            again = eval(number["formula"], {"__builtins__": {}}, {**FUNCTIONS, **number["inputs"]})
            assert math.isfinite(again)
            assert number["result"] == pytest.approx(again, rel=1e-9)


@QUICK
@given(GRIDS)
def test_every_decision_says_what_forces_it_and_what_it_was_chosen_over(values: dict[str, Any]) -> None:
    grid = grid_of(values)
    known = set(grid.known())
    for decision in design(grid, "2026-11-21").as_json()["decisions"]:
        assert set(decision["forced_by"]) <= known
        assert bool(decision["forced_by"]) == (decision["rung"] > 0)
        assert decision["rejected"], decision["stage"]
        assert decision["source"].endswith(("(stated)", "(measured)", "(contested)", "(own choice)"))
        assert set(decision["computed"]) >= {"formula", "inputs", "result"}


@QUICK
@given(GRIDS)
def test_the_same_grid_gives_the_same_design(values: dict[str, Any]) -> None:
    first, second = (design(grid_of(values), "2026-11-21").as_json() for _ in range(2))
    assert first == second
    assert len(first["questions"]) <= 5
    assert len(first["risks"]) == 3
    assert first["cost"]["low"] <= first["cost"]["base"] <= first["cost"]["high"]


REACHED: dict[str, dict[int, dict[str, Any]]] = {
    "need": {1: {"positives": 5_000}, 2: {"modality": "image"}},
    "llm": {
        1: {"problem_type": "summarization"},
        2: {"problem_type": "chatbot", "llm": {"corpus_tokens": 50_000}},
        3: {"problem_type": "chatbot", "llm": {"corpus_tokens": 900_000}},
        4: {"problem_type": "chatbot", "llm": {"corpus_tokens": 900_000, "fts_recall": 0.5}},
        5: {"problem_type": "extraction", "llm": {"failure": "behaviour", "examples": 2_000, "eval_set_size": 300}},
        6: {"problem_type": "agent", "llm": {"steps_enumerable": False}},
    },
    "inference": {
        1: {"inputs_known_in_advance": False},
        2: {"inputs_known_in_advance": False, "latency_p95_ms": 200},
        3: {"latency_p95_ms": 0.5},
    },
    "ingestion": {1: {"feature_freshness_s": 300}, 2: {"feature_freshness_s": 5, "oncall": True}},
    "validation": {1: {"teams_sharing": 2}, 2: {"teams_sharing": 3}, 3: {"teams_sharing": 5}},
    "features": {
        1: {"positives": 5_000, "teams_sharing": 2},
        2: {"shared_online_features": 9, "inputs_known_in_advance": False, "latency_p95_ms": 99},
        3: {"shared_online_features": 9, "inputs_known_in_advance": False, "latency_p95_ms": 99, "models_in_prod": 4, "teams_sharing": 3},
    },
    "training": {
        1: {"positives": 5_000, "data_gb": 50},
        2: {"positives": 5_000, "data_gb": 500},
        3: {"modality": "text", "params_b": 7},
    },
    "tracking": {1: {"models_in_prod": 2}, 2: {"governance": {"phi": True}}},
    "evaluation": {
        1: {"money_at_stake": True},
        2: {"positives": 5_000, "label_delay": "30 days"},
        3: {"problem_type": "ranking", "requests_per_day": "1M"},
    },
    "orchestration": {1: {"existing_stack": ["dagster"]}, 2: {"jobs": 8}, 3: {"jobs": 30, "platform_fte": 2}},
    "serving": {
        1: {"inputs_known_in_advance": False},
        2: {"inputs_known_in_advance": False, "latency_p95_ms": 99, "peak_qps": 500},
        3: {"inputs_known_in_advance": False, "latency_p95_ms": 99, "peak_qps": 5_000},
        4: {"problem_type": "chatbot", "llm": {"provider_allowed": False}},
    },
    "vectors": {
        1: {"problem_type": "semantic search", "llm": {"n_chunks": 500}},
        2: {"problem_type": "semantic search", "llm": {"n_chunks": "2M", "dims": 768}, "latency_p95_ms": 100},
        3: {"problem_type": "semantic search", "llm": {"n_chunks": "50M", "dims": 768}},
    },
    "platform": {1: {"services": 3}, 2: {"existing_stack": ["EKS"]}, 3: {"services": 9, "platform_fte": 3}},
    "monitoring": {1: {"label_delay": "2 days"}, 2: {"label_delay": "20 days"}, 3: {"sites": 4}},
    "retraining": {
        1: {"decay_per_week": 0.005},
        2: {"decay_per_week": 0.03},
        3: {"retrain_cadence": "hourly"},
    },
    "rollout": {
        1: {"money_at_stake": True},
        2: {"money_at_stake": True, "inputs_known_in_advance": False, "latency_p95_ms": 99, "peak_qps": 50},
        3: {"problem_type": "ranking", "requests_per_day": "1M", "inputs_known_in_advance": False, "latency_p95_ms": 99},
    },
    "rollback": {
        1: {"inputs_known_in_advance": False, "latency_p95_ms": 99, "rollback_rto_s": 400},
        2: {"inputs_known_in_advance": False, "latency_p95_ms": 99, "rollback_rto_s": 30},
    },
    "governance": {1: {"governance": {"pii": True}}, 2: {"governance": {"phi": True}}, 3: {"governance": {"ai_act_use": "social scoring"}}},
    "feedback": {
        1: {"label_source": "experts"},
        2: {"label_source": "experts", "positives": 20, "requests_per_day": 5_000},
    },
}  # fmt: skip


@pytest.mark.parametrize("stage", sorted(rule.stage for rule in rules()))
def test_every_rung_is_reached_by_a_grid_and_the_lowest_by_none(stage: str) -> None:
    ladder = next(rule.rungs for rule in rules() if rule.stage == stage)
    assert sorted(REACHED[stage]) == list(range(1, len(ladder)))
    assert settle(Grid()).rungs[stage] == 0
    for rung, grid in REACHED[stage].items():
        _, decisions = decide(read_grid(grid))
        found = next(decision for decision in decisions if decision.stage == stage)
        assert found.rung == rung
        assert found.because
