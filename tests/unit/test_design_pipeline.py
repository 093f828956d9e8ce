"""design_pipeline: what a caller gets for the problems people have, and what is refused with a way out."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain_agents.pipelines.arithmetic import computed, erlang_c
from domain_agents.pipelines.design import Design, design
from domain_agents.pipelines.filling import read_grid
from domain_agents.tools import Job, Result, Settings, ToolError
from domain_agents.tools._arguments import parse_arguments
from domain_agents.tools.design_pipeline import TOOL, DesignPipeline
from tests.golden import same_as_golden
from tests.unit.pipeline_grids import CEILING, EXCUSED, REPORTS, SMALL, SYSTEMS, Expected

DATE = "2026-11-21"


def result(grid: dict[str, Any] | None = None, **arguments: Any) -> Result:
    given = {"grid": grid or {}, "date": DATE, **arguments}
    return TOOL.call(DesignPipeline.model_validate(given), Settings(project=None), Job())


def made(grid: dict[str, Any]) -> Design:
    return design(read_grid(grid), DATE)


def refused(grid: dict[str, Any] | None = None, **arguments: Any) -> str:
    with pytest.raises(ToolError) as error:
        result(grid, **arguments)
    return str(error.value)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_small_case_gets_nothing_heavier_than_it_needs(name: str) -> None:
    rungs = {stage: decision.rung for stage, decision in made(SMALL[name]).stages.items()}
    most = {**CEILING, **EXCUSED.get(name, {})}
    assert {stage: rungs[stage] for stage in most if rungs[stage] > most[stage]} == {}


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_small_case_has_few_always_on_parts_and_a_small_bill(name: str) -> None:
    found = made(SMALL[name])
    assert len(found.cost.parts) <= 1
    assert found.cost.total("base") < 200
    assert found.impossible == ()


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_a_published_system_is_decided_as_its_engineers_did(name: str) -> None:
    grid, expected = SYSTEMS[name]
    rungs = {stage: decision.rung for stage, decision in made(grid).stages.items()}
    differs: Expected = {
        stage: (rungs[stage], low) for stage, (low, high) in expected.items() if not low <= rungs[stage] <= high
    }
    assert differs == {}


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_a_report_is_the_approved_one(name: str) -> None:
    same_as_golden(f"pipelines/{name}.md", result(REPORTS[name]).text)


def test_with_nothing_told_every_stage_is_on_its_lowest_rung_and_still_watched() -> None:
    found = result().structured
    assert {decision["rung"] for decision in found["decisions"]} == {0}
    assert all(decision["forced_by"] == [] for decision in found["decisions"])
    watched = next(decision for decision in found["decisions"] if decision["stage"] == "monitoring")
    assert "did-not-run alarm" in watched["choice"]


def test_a_report_fits_into_what_a_client_shows_and_keeps_its_tables() -> None:
    for name, grid in REPORTS.items():
        text = result(grid).text
        assert "[" not in text.rpartition("\n\n")[2] or "more characters" not in text, name
        for line in text.splitlines():
            if line.startswith("|"):
                assert line.endswith("|"), (name, line)
        assert "None" not in text.replace("None ", ""), name
        assert "{{" not in text
        assert "  " not in re.sub(r"(?m)^ +", "", text.split("```")[2])


EDGE = re.compile(r'  (\w+) -->(?:\|"[\w ,./%-]+"\|)? (\w+)')
NODE = re.compile(r'  (\w+)\["[A-Z][\w ]*(?:<br/>[\w ,./%-]+)?"\]')


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_a_diagram_joins_only_boxes_that_it_draws(name: str) -> None:
    first, *lines = made(REPORTS[name]).diagram.splitlines()
    assert first == "flowchart LR"
    boxes = {match[1] for line in lines if (match := NODE.fullmatch(line))}
    edges = [match.groups() for line in lines if (match := EDGE.fullmatch(line))]
    assert len(boxes) + len(edges) == len(lines)
    assert {end for edge in edges for end in edge} == boxes
    assert "end" not in boxes


def test_a_wrong_name_is_refused_with_the_nearest_field() -> None:
    assert "Did you mean peak_qps" in refused({"qps": 5})
    assert "Did you mean latency_p95_ms" in refused({"latency_p99_ms": 5})
    assert "Did you mean governance.pii" in refused({"gdpr": True})
    assert "Did you mean llm.corpus_tokens" in refused({"llm": {"corpus_token": 5}})
    assert "grid.governance.ppi" in refused({"governance": {"ppi": True}})


@pytest.mark.parametrize(
    ("grid", "says"),
    [
        ({"peak_qps": "plenty"}, "grid.peak_qps (requests in the busiest second) must be a number"),
        ({"peak_qps": -1}, "must be between"),
        ({"peak_qps": True}, "must be a number"),
        ({"availability_slo": 250}, "must be between 0 and 1"),
        ({"label_delay": "soonish"}, "must be a duration"),
        ({"inputs_known_in_advance": "maybe"}, "must be true or false"),
        ({"maturity": 9}, "must be between 0 and 4"),
        ({"governance": 7}, "grid.governance must be an object"),
        ({"existing_stack": {"airflow": True}}, "must be a list of texts"),
        ({"problem": {"a": "b"}}, "must be text"),
        ({"peak_qps": float("inf")}, "must be a number"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_field(grid: dict[str, Any], says: str) -> None:
    message = refused(grid)
    assert says in message
    assert "plenty" not in message


def test_a_value_is_read_as_a_person_writes_it() -> None:
    known = read_grid({
        "rows": "2M rows", "peak_qps": "1.2k", "latency_p95_ms": "0.1 s", "availability_slo": 99.9, "label_delay": "2 weeks",
        "retrain_cadence": "never", "budget_month": "$1,500", "governance": ["gdpr", "HIPAA"], "llm": {"n_chunks": "300k"},
        "data_gb": {"value": 20, "source": "user"}, "existing_stack": "Airflow, PostgreSQL", "jobs": "unknown", "oncall": None,
        "shared_online_features": True, "llm.dims": 768, "decay_per_week": "1 %",
    }).known()  # fmt: skip
    assert known == {
        "rows": 2e6, "peak_qps": 1_200.0, "latency_p95_ms": 100.0, "availability_slo": 0.999, "label_delay": 1_209_600.0,
        "retrain_cadence": pytest.approx(3.15576e9), "budget_month": 1_500.0, "governance.pii": True, "governance.phi": True,
        "llm.n_chunks": 300_000.0, "data_gb": 20.0, "existing_stack": ("Airflow", "PostgreSQL"), "shared_online_features": 1.0,
        "llm.dims": 768.0, "decay_per_week": 0.01,
    }  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["peak_qps", "label_delay", "problem", "problem_type", "rows", "governance", "llm", "existing_stack", "oncall",
                          "availability_slo", "latency_p95_ms", "active_fraction", "shared_online_features"])  # fmt: skip


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(FIELDS | st.text(max_size=12), JSON, max_size=4))
def test_whatever_is_written_there_is_an_answer_or_a_named_fault(grid: dict[str, Any]) -> None:
    try:
        found = result(grid).structured
    except ToolError as error:
        found = {"report": str(error).removeprefix("grid.")}
        told = str(error)
    else:
        told = "grid."
    json.dumps(found, allow_nan=False)
    assert told.startswith("grid.")


@pytest.mark.parametrize(
    ("field", "said", "value"),
    [
        ("requests_per_day", "50 tickets a day", 50), ("requests_per_day", "20k per hour", 480_000),
        ("requests_per_day", "100/s", 8_640_000), ("peak_qps", "60 per minute", 1), ("budget_month", "6000 per year", 500),
        ("budget_month", "$100/month", 100), ("n_entities", "3,000 customers", 3_000), ("ml_fte", "1 (part time)", 1),
        ("label_delay", "a few days", 3 * 86_400), ("growth_gb_month", "5 GB per month", 5), ("rows", "1 billion+", 1e9),
    ],
)  # fmt: skip
def test_a_quantity_is_read_with_its_period_and_what_is_counted(field: str, said: str, value: float) -> None:
    assert read_grid({field: said}).get(field) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize("said", ["700 per week", "5 hundred", "3 dozen", "2 percent", "1 in 1000", "2 to 3 million"])
def test_a_quantity_that_would_be_misread_is_refused(said: str) -> None:
    assert refused({"rows": said}).startswith("grid.rows (training rows) must be a")


def test_a_field_of_the_grid_beside_the_grid_is_shown_its_place() -> None:
    with pytest.raises(ToolError) as error:
        parse_arguments(TOOL, {"problem": "churn", "peak_qps": 5, "governance": {}})
    assert '{"grid": {"problem": "...", "peak_qps": "...", "governance": "..."}}' in str(error.value)


def test_a_stated_latency_of_counted_events_is_answered_while_somebody_waits() -> None:
    eta = {"problem": "ETA of a trip", "problem_type": "regression", "peak_qps": 500_000, "latency_p95_ms": 5}
    mode = made(eta).stages["inference"]
    assert (mode.rung, mode.forced_by) == (2, ("latency_p95_ms", "peak_qps"))
    assert made({**eta, "inputs_known_in_advance": True}).stages["inference"].rung == 0
    shown = made({"problem_type": "recommendation", "requests_per_day": "1M", "latency_p95_ms": 200})
    assert shown.stages["inference"].rung == 0
    assert "a few of the 200 ms" in shown.stages["inference"].choice
    assert shown.questions[0].field == "inputs_known_in_advance"


def test_scanned_pages_that_a_hosted_model_reads_train_no_network() -> None:
    found = made(
        {"problem": "OCR of invoices", "problem_type": "document extraction", "llm": {"task_kind": "extraction"}}
    )
    assert {stage: found.stages[stage].rung for stage in ("need", "training", "llm")} == {
        "need": 0,
        "training": 0,
        "llm": 1,
    }


def test_several_faults_of_a_grid_are_told_at_once() -> None:
    said = refused({"users": 5, "rows": "plenty", "governance": {"gdpr": True}})
    assert [line for line in said.splitlines() if line.startswith("grid.")] == [
        "grid.users: there is no such field. Did you mean n_entities (users, items or series to score)?",
        'grid.rows (training rows) must be a number, such as 100000; leave it out or write "unknown" if nobody knows',
        "grid.governance.gdpr: there is no such field. Did you mean governance.pii (personal data)?",
    ]
    assert said.count("Fields: ") == 1


@pytest.mark.parametrize("said", ["unlimited", "n/a", "-", "?", None, "as low as possible", "to be determined"])
def test_words_for_nobody_knows_are_unknown(said: object) -> None:
    assert read_grid({"budget_month": said, "peak_qps": said}).known() == {}


def test_speech_becomes_text_without_training_unless_there_are_labels() -> None:
    calls = {"problem": "transcribe calls nightly", "problem_type": "speech to text", "modality": "audio"}
    stages = made(calls).stages
    assert (stages["need"].rung, stages["training"].rung) == (2, 0)
    assert "used as it is" in stages["need"].choice
    assert made({**calls, "rows": 50_000}).stages["training"].rung == 1


def test_what_must_be_answered_soon_is_not_assumed_to_take_longer() -> None:
    found = made({"problem_type": "image classification", "modality": "image", "peak_qps": 100, "latency_p95_ms": 10})
    assert found.sizing["cores"].inputs["cpu_seconds"] == pytest.approx(0.005)


def test_two_figures_of_one_report_rest_on_one_estimate_of_the_traffic() -> None:
    grid = {"problem_type": "chatbot", "peak_qps": 4, "latency_p95_ms": 900}
    assert made(grid).sizing["api_cost"].inputs["calls_per_day"] == pytest.approx(34_560)


def test_where_no_budget_was_told_the_dearer_of_two_simple_ways_is_said_to_be_so() -> None:
    grid = {"problem_type": "chatbot", "requests_per_day": 100, "llm": {"n_chunks": 400}}
    assert "full-text search" in " ".join(one.says for one in made(grid).conflicts)
    assert made({**grid, "budget_month": 100}).stages["llm"].rung == 3


def test_a_corpus_in_every_prompt_is_on_the_bill_and_dear_where_calls_are_rare() -> None:
    def a_call(calls: int) -> float:
        grid = {"problem_type": "chatbot", "requests_per_day": calls, "llm": {"corpus_tokens": 100_000}}
        return made(grid).cost.total("base") / calls

    assert a_call(2_000) == pytest.approx(30.4 * (0.1 * 0.3 + 0.0005 * 3 + 0.0005 * 15), rel=0.01)
    assert a_call(5) > 5 * a_call(2_000)


def test_text_from_the_caller_cannot_leave_its_place_in_the_report_or_the_diagram() -> None:
    text = result({"problem": 'x | y\n# heading "quoted" <script>', "existing_stack": ['kubernetes"] --> evil']}).text
    assert "\n# heading" not in text
    assert "<script>" not in text
    assert "evil" not in text.split("```mermaid")[1].split("```")[0]


def test_an_artifact_nobody_knows_is_refused_and_a_known_one_is_made() -> None:
    assert "model_card" in refused(artifacts=["modelcard"])
    (card,) = result({"problem": "Weekly churn"}, artifacts=["model_card"]).structured["files"]
    assert card["path"] == "docs/weekly_churn_model_card.md"
    assert card["content"].startswith("# Model card: Weekly churn")


def test_files_are_written_once_and_never_over_what_is_there(tmp_path: Path) -> None:
    def call() -> Result:
        given = {"grid": {"problem": "Churn"}, "artifacts": ["model_card"], "write": True, "date": DATE}
        return TOOL.call(DesignPipeline.model_validate(given), Settings(project=tmp_path), Job())

    written = call().structured["written"]
    assert sorted(written) == ["docs/churn_architecture.md", "docs/churn_model_card.md"]
    assert all((tmp_path / path).is_file() for path in written)
    with pytest.raises(ToolError, match="exists already"):
        call()


def test_a_day_that_no_calendar_has_is_refused_and_an_old_price_says_so() -> None:
    assert refused(date="2026-02-30").startswith("date:")
    assert "**stale**" not in result().text
    assert "**stale**" in result(date="2027-11-21").text
    law = {"governance": {"ai_act_use": "hiring"}}
    assert "Stale legal dates" in result(law, date="2028-01-01").text


def test_a_prohibited_use_stops_everything() -> None:
    found = result(
        {"problem": "social scoring", "governance": {"ai_act_use": "social scoring of citizens"}},
        artifacts=["model_card"],
    )
    assert "Do not build this" in found.text
    assert found.structured["files"] == []
    assert found.structured["not_made"][0]["because"] == "the use as written is prohibited"


def test_what_cannot_be_met_is_said_with_the_arithmetic() -> None:
    def said(grid: dict[str, Any]) -> str:
        return " ".join(one["says"] for one in result(grid).structured["impossible"])

    online = {"inputs_known_in_advance": False, "latency_p95_ms": 50, "peak_qps": 100}
    assert "flipping an alias take 61.8 s" in said({**online, "availability_slo": 0.999, "rollback_rto_s": 30})
    assert "one prediction computes for 80 ms" in said({**online, "cpu_ms_per_request": 80})
    assert "2,500 ms to write" in said(
        {"problem_type": "generation", "latency_p95_ms": 300, "llm": {"tokens_out": 500}}
    )
    assert "even at the low end it costs" in said({**online, "cpu_ms_per_request": 30, "budget_month": 5})
    assert "does not end before the next one begins" in said({"training_hours": 30, "retrain_cadence": "daily"})


def test_a_question_is_asked_only_where_its_answer_changes_a_rung() -> None:
    from domain_agents.pipelines.deciding import settle

    found = made({"problem_type": "fraud detection", "latency_p95_ms": 100})
    assert 1 <= len(found.questions) <= 5
    for question in found.questions:
        low = settle(found.grid.with_value(question.field, question.low)).rungs
        high = settle(found.grid.with_value(question.field, question.high)).rungs
        assert [(stage, low[stage], high[stage]) for stage in low if low[stage] != high[stage]] == list(question.moves)


def test_at_ten_times_is_the_engine_run_again() -> None:
    grid = {
        "problem_type": "ranking",
        "peak_qps": 300,
        "latency_p95_ms": 80,
        "inputs_known_in_advance": False,
        "rows": "1M",
    }
    found = made(grid)
    grown = made({**grid, "peak_qps": 3_000, "rows": "10M"})
    assert {change.stage: change.rung_then for change in found.changes} == {
        stage: decision.rung for stage, decision in grown.stages.items() if decision.rung != found.rung(stage)
    }
    assert found.changes


def test_what_runs_already_is_reused_and_costs_nothing_again() -> None:
    grid = {
        "jobs": 9,
        "llm": {"n_chunks": 2_000_000, "dims": 768},
        "problem_type": "semantic search",
        "latency_p95_ms": 100,
    }
    alone, with_stack = made(grid), made({**grid, "existing_stack": ["airflow", "postgres"]})
    assert alone.rung("orchestration") == 2
    assert with_stack.rung("orchestration") == 1
    assert with_stack.stages["orchestration"].choice.startswith("airflow, which runs already")
    assert with_stack.cost.total("base") < alone.cost.total("base")


# Worked examples, each from its own source.
def test_erlang_c_gives_the_textbooks_numbers() -> None:
    assert erlang_c(4, 2.4) == pytest.approx(0.287, abs=0.001)
    assert erlang_c(1, 0.5) == pytest.approx(0.5)
    assert erlang_c(2, 2.0) == 1.0


def test_the_known_worked_examples_come_out() -> None:
    from domain_agents.pipelines.case import Case
    from domain_agents.pipelines.compute import experiments, gate, llm, reliability, vectors

    assert experiments.per_arm(0.05, 0.05).result == pytest.approx(119_303, abs=250)
    assert experiments.canary_seconds(200).result == pytest.approx(80.3)
    assert gate.auc_error(100, 1_000).result == pytest.approx(0.027, abs=0.001)
    assert gate.auc_error(30, 930).result == pytest.approx(0.049, abs=0.002)
    assert gate.slice_rows().result == 385
    assert reliability.detection(0.999).result == pytest.approx(52, abs=0.5)
    assert reliability.detection(0.999, 0.05).result == pytest.approx(17 * 60, abs=30)
    assert reliability.error_budget(0.999).result == pytest.approx(43.2)
    eight = Case(read_grid({"llm": {"params_b": 8.03, "context_tokens": 4096}}))
    assert llm.weights_gib(eight).result == pytest.approx(14.96, abs=0.01)
    assert llm.cache_mib(eight).result == 512
    assert llm.concurrency(eight).result == 7
    scan = Case(read_grid({"llm": {"n_chunks": 100_000, "dims": 768}}))
    assert vectors.scan_ms(scan).result == 33
    index = Case(read_grid({"llm": {"n_chunks": 1_000_000, "dims": 1536}}))
    assert vectors.hnsw_gb(index).result == pytest.approx(6.9, abs=0.01)


def test_the_psi_limit_is_the_chi_square_quantile() -> None:
    from domain_agents.pipelines.compute.drift import psi_critical

    # 16.919 is the 95 % quantile with nine degrees of freedom, 27.88 the 99.9 % one (50 features).
    assert psi_critical(1e12, 1, 1).result == pytest.approx(16.919, abs=0.05)
    assert psi_critical(1e12, 1, 50).result == pytest.approx(27.88, abs=0.2)
    assert psi_critical(10_000, 500, 50).result == pytest.approx(0.0585, abs=0.001)


def test_a_formula_cannot_do_more_than_arithmetic() -> None:
    with pytest.raises(ValueError, match="cannot evaluate"):
        computed("__import__('os')", value=1)
    assert computed("a / b", a=1, b=None).result is None


def test_a_version_that_has_ended_is_named_and_one_that_lives_is_not() -> None:
    stack = ["Python 3.9", "Airflow 2.10", "postgres 17", "Python 3.11", "kubernetes"]
    found = result(existing_stack=stack).structured["ends"]
    assert {one["part"]: "ended" in one for one in found} == {
        "Python 3.9": True,
        "Airflow 2.10": True,
        "Python 3.11": False,
    }
    assert "Airflow 3 refuses schedule_interval" in result(existing_stack=stack).text


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("every 2 weeks", 14),
        ("once a week", 7),
        ("3 times a day", 1 / 3),
        ("2x per month", 15.22),
        ("every 15 minutes", 1 / 96),
        (7, 7),
        ("1-3 months", 91.31),
        ("triggered", 36_525),
    ],
)
def test_a_cadence_is_read_as_people_say_it(said: object, days: float) -> None:
    assert read_grid({"retrain_cadence": said}).retrain_cadence == pytest.approx(days * 86_400, rel=0.001)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("route tickets to agents", "classification"), ("wind power generation forecast", "forecasting"), ("lead generation", ""),
        ("generate product descriptions", "generation"), ("text-generation", "generation"), ("RAG chatbot", "generation"), ("AI agent", "agent"),
        ("binary classification", "classification"), ("embedding/retrieval", "retrieval"), ("structured prediction", "extraction"),
        ("RL", "bandit"), ("time-series", "forecasting"), ("semantic_search", "retrieval"), ("learning to rank", "ranking"),
        ("dynamic pricing", "regression"), ("anything else", ""),
    ],
)  # fmt: skip
def test_a_problem_is_told_by_its_own_words(words: str, kind: str) -> None:
    from domain_agents.pipelines import problem

    assert problem.kind(words) == kind


def test_requirements_that_cost_one_another_something_are_shown() -> None:
    def said(grid: dict[str, Any]) -> str:
        return " ".join(one["says"] for one in result(grid).structured["conflicts"])

    online = {"inputs_known_in_advance": False, "latency_p95_ms": 50, "peak_qps": 900, "rows": "1M"}
    assert "forbid the cheap batch" in said({"prediction_freshness_s": 30, "inputs_known_in_advance": True})
    assert "a stream needs somebody on call" in said({**online, "feature_freshness_s": 5})
    assert "serving capacity is paid twice" in said({**online, "rollback_rto_s": 60})
    assert "holds at low prices" in said({**online, "budget_month": 80})
    assert "would go to a hosted model" in said({"problem_type": "chatbot", "governance": {"residency": "EU"}})
    assert "explains itself badly" in said({**online, "gbdt_ceiling_shown": True, "explainability": True})
    assert "under the day's mean" in said({**online, "peak_qps": 1, "requests_per_day": "50M"})
    assert "most runs see no new labels" in said({**online, "retrain_cadence": "daily", "label_delay": "60 days"})
    stream = {**online, "feature_freshness_s": 5, "oncall": True, "ml_fte": 1}
    assert "people to keep running" in said({**stream, "shared_online_features": 9})
