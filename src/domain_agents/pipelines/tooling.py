"""Which tool stands for a rung, and what it was chosen over: one line a stage, each with the requirement behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.pipelines.case import Case
    from domain_agents.pipelines.decision import Decision

TOOLS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "need": (
        ("SQL", "a model"),
        ("scikit-learn (logistic regression, HistGradientBoosting)", "a network"),
        ("PyTorch with a pretrained model", "boosted trees"),
    ),
    "llm": (
        ("", ""),
        ("a hosted model behind one function", "retrieval"),
        ("prompt caching", "a search index"),
        ("full-text search (BM25)", "a vector database"),
        ("BM25 and vectors, ranks fused (RRF, k = 60)", "vectors alone"),
        ("LoRA (PEFT)", "full fine-tuning"),
        ("a loop over a few typed tools", "an agent framework"),
    ),
    "ingestion": (
        ("SQL on a schedule", "a stream"),
        ("change data capture (Debezium) or an updated-at column", "a stream"),
        ("Kafka or the cloud's own stream", "polling"),
    ),
    "validation": (
        ("assert statements", "a validation framework"),
        ("Pandera", "Great Expectations"),
        ("Great Expectations or dbt tests", "schemas in code"),
        ("data contracts in the producer's CI", "checks after the fact"),
    ),
    "features": (
        ("a Python module", "a feature store"),
        ("dbt models", "a feature store"),
        ("a key-value table (Redis)", "a feature store"),
        ("Feast", "a thin sync"),
    ),
    "training": (
        ("a Python script", "a managed job"),
        ("the cloud's training job", "a cluster"),
        ("Spark or Dask", "one large machine"),
        ("PyTorch FSDP", "one GPU"),
    ),
    "tracking": (
        ("a JSON manifest", "MLflow"),
        ("MLflow on PostgreSQL", "a managed registry"),
        ("MLflow registry with approvals", "aliases alone"),
    ),
    "orchestration": (
        ("cron or CI", "Airflow"),
        ("what is there", "a second orchestrator"),
        ("the cloud's workflow service", "an Airflow of one's own"),
        ("Airflow or Dagster", "a managed service"),
    ),
    "serving": (
        ("a table", "an API"),
        ("the application's own process", "a service"),
        ("FastAPI with ONNX Runtime", "a model server"),
        ("FastAPI with ONNX Runtime, several replicas", "a model server"),
        ("Triton", "a plain API"),
    ),
    "vectors": (
        ("", ""),
        ("NumPy over vectors in SQLite", "pgvector"),
        ("pgvector", "a dedicated engine"),
        ("Qdrant, Milvus or OpenSearch", "pgvector"),
    ),
    "platform": (
        ("one machine", "containers"),
        ("Cloud Run, ECS or the like", "Kubernetes"),
        ("the cluster there is", "a second platform"),
        ("a managed Kubernetes", "a container service"),
    ),
    "monitoring": (
        ("a heartbeat and SQL checks", "a monitoring platform"),
        ("PSI in a script, metrics in Prometheus", "a drift product"),
        ("a join of outcomes to predictions, by slice", "drift alone"),
        ("the join by site and group of people", "averages"),
    ),
}
_OF_ANSWERS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "tracking": (("git", "a prompt platform"), ("git", "a prompt platform"), ("git with reviews", "a prompt platform")),
    "serving": (
        ("a table", "an API"),
        ("the application's own process", "a service"),
        ("FastAPI", "an LLM gateway"),
        ("FastAPI, several replicas", "an LLM gateway"),
        ("vLLM", "a plain API around the weights"),
    ),
    "monitoring": (
        ("a log with cost and latency", "an LLM platform"),
        ("a trace log with cost (OpenTelemetry), a weekly sample", "an LLM platform"),
        ("a join of outcomes to answers, by slice", "scores of a judge alone"),
        ("the join by site and group of people", "averages"),
    ),
}
"""The same where a language model answers and nothing is trained."""
_EXISTING: Final = {
    ("orchestration", 1): "orchestrator",
    ("platform", 2): "kubernetes",
    ("platform", 1): "containers",
    ("tracking", 1): "tracking",
    ("tracking", 2): "tracking",
    ("features", 1): "warehouse",
    ("features", 2): "key_value",
    ("features", 3): "feature_store",
    ("ingestion", 2): "broker",
    ("vectors", 2): "postgresql",
    ("vectors", 3): "vectors",
    ("serving", 4): "model_server",
    ("orchestration", 0): "ci",
    ("platform", 0): "containers",
}


def stack_rows(case: Case, decisions: Mapping[str, Decision]) -> list[dict[str, Any]]:
    """For the structured result and the report: {stage, tool, over, because}; stages that need no tool are left out."""
    rows = []
    answers = case.rungs["llm"] > 0 and not case.trains
    for stage, tools in TOOLS.items():
        decision = decisions[stage]
        tool, over = (_OF_ANSWERS if answers else {}).get(stage, tools)[decision.rung]
        if stage == "vectors" and case.kind == "retrieval" and decision.rung == 0:
            tool, over = (
                f"{case.has('search') or case.has('postgresql') or 'PostgreSQL or SQLite'}, full-text search",
                "vectors",
            )
        if stage == "tracking" and not case.trains:
            tool, over = _OF_ANSWERS[stage][decision.rung]
        if (
            not tool
            or decision.choice.startswith(("none: nothing", "none: a table", "nothing to train"))
            or decision.choice == "none"
        ):
            continue
        there = case.has(_EXISTING.get((stage, decision.rung), "ci")) if (stage, decision.rung) in _EXISTING else ""
        if decision.rung and stage == "need" and decision.choice.startswith("a pretrained embedding"):
            tool, over = "a small embedding model (sentence-transformers, or hosted)", "training one"
        if decision.rung and stage == "need" and decision.choice.startswith("a pretrained model of"):
            tool, over = "an open or hosted model for it (Whisper, PaddleOCR or the like)", "training one"
        rows.append({
            "stage": stage,
            "tool": f"{there} (there already)" if there else tool,
            "over": over,
            "because": decision.because or "nothing in the grid asks for more",
            "forced_by": list(decision.forced_by),
        })  # fmt: skip
    return rows
