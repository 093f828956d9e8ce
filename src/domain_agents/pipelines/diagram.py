"""The architecture as a mermaid flowchart: what was chosen, in the order in which data flows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain_agents.pipelines.case import ONLINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.pipelines.case import Case
    from domain_agents.pipelines.decision import Decision

SHORT: Final[Mapping[str, tuple[str, ...]]] = {
    "inference": ("batch", "micro-batch", "online", "in process"),
    "ingestion": ("scheduled pull", "CDC or micro-batch", "event stream"),
    "validation": ("assertions", "schema, dead letters", "expectation suites", "data contracts"),
    "features": ("one shared module", "warehouse table", "thin online sync", "feature store"),
    "training": ("script, one machine", "managed job", "distributed", "GPU cluster"),
    "tracking": ("manifest", "MLflow", "registry, approvals"),
    "evaluation": ("hold-out, baseline", "CV, slices, intervals", "backtest or shadow", "online experiment"),
    "serving": ("table lookup", "function in the app", "API with ONNX", "replicas, autoscaler", "model server"),
    "vectors": ("full text", "exact scan", "pgvector, one node", "vector engine"),
    "monitoring": ("did-not-run, schema, rows", "prediction drift, PSI", "quality by slice", "quality by group"),
    "retraining": ("by hand, on evidence", "scheduled", "triggered", "incremental"),
    "rollout": ("replace, smoke test", "shadow", "canary", "experiment"),
    "feedback": ("joined by prediction id", "labelled sample", "active learning"),
    "llm": ("none", "prompt", "corpus in prompt", "full-text search", "hybrid search", "tuned", "agent"),
}
"""What a box says of each rung."""
_OF_ANSWERS: Final[Mapping[str, tuple[str, ...]]] = {
    "evaluation": ("acceptance set", "acceptance set, slices", "shadow answers", "online experiment"),
    "monitoring": ("cost, refusals, schema", "answers sampled weekly", "outcomes by slice", "outcomes by group"),
}
"""The same where a hosted model writes and nothing is trained."""


def diagram(case: Case, by_stage: Mapping[str, Decision]) -> str:
    """Mermaid text; every label is quoted and free of what mermaid would read."""
    if case.rungs["governance"] == 3:
        return 'flowchart LR\n  request["the use as written"] --> stop["prohibited: stop, ask counsel"]\n'
    nodes: list[tuple[str, str, str]] = [("sources", "Sources", "")]
    edges: list[tuple[str, str, str]] = []

    def words(stage: str) -> tuple[str, ...]:
        answers = case.rungs["llm"] > 0 and not case.trains
        return _OF_ANSWERS.get(stage, SHORT[stage]) if answers else SHORT[stage]

    def add(name: str, title: str, stage: str, after: str = "", label: str = "") -> None:
        nodes.append((name, title, words(stage)[by_stage[stage].rung]))
        if after:
            edges.append((after, name, label))

    online = case.rungs["inference"] >= ONLINE
    add("ingestion", "Ingestion", "ingestion", "sources")
    add("validation", "Validation", "validation", "ingestion")
    last = "validation"
    if case.trains or case.rungs["features"]:
        add("features", "Features", "features", last)
        last = "features"
    if case.trains:
        add("training", "Training", "training", last)
        add("evaluation", "Evaluation", "evaluation", "training")
        add("tracking", "Registry", "tracking", "evaluation", "passes the gate")
        add("rollout", "Rollout", "rollout", "tracking")
        before = "rollout"
    else:
        add("evaluation", "Acceptance" if case.rungs["llm"] else "Evaluation", "evaluation")
        add("rollout", "Rollout", "rollout", "evaluation", "passes the gate")
        before = "rollout"
    if case.rungs["vectors"] or case.rungs["llm"] >= 3:
        add("search", "Search", "vectors" if case.rungs["vectors"] else "llm", last)
        last = "search"
    answering = "serving" if online else "scoring"
    add(answering, "Serving" if online else "Scoring", "serving" if online else "inference", before)
    edges.append((last, answering, "at request time" if online else ""))
    if case.rungs["llm"]:
        where = "own GPU" if case.grid.llm.provider_allowed is False else "hosted"
        nodes.append(("model", "Language model", where))
        edges.append((answering, "model", ""))
    nodes.append(("users", "Caller" if online else "Readers of the table", ""))
    edges.append((answering, "users", ""))
    add("monitoring", "Monitoring", "monitoring", answering)
    add("feedback", "Feedback", "feedback", "users", "outcomes")
    edges.append(("monitoring", "rollout", "rollback"))
    if case.trains:
        edges.append(("feedback", "training", SHORT["retraining"][by_stage["retraining"].rung]))
    else:
        edges.append(("feedback", "evaluation", "new examples"))
    lines = ["flowchart LR"]
    lines += [f'  {name}["{_label(title, detail)}"]' for name, title, detail in nodes]
    lines += [f"  {one} -->{_on_edge(label)} {other}" for one, other, label in edges]
    return "\n".join(lines) + "\n"


def _label(title: str, detail: str) -> str:
    return f"{title}<br/>{detail}" if detail else title


def _on_edge(label: str) -> str:
    return f'|"{label}"|' if label else ""
