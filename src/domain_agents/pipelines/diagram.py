"""The architecture as a mermaid flowchart: what was chosen, in the order in which data flows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.case import ONLINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.pipelines.case import Case
    from domain_agents.pipelines.decision import Decision

_WIDTH = 30


def diagram(case: Case, by_stage: Mapping[str, Decision]) -> str:
    """Mermaid text; every label is quoted and free of what mermaid would read."""
    if case.rungs["governance"] == 3:
        return 'flowchart LR\n  request["the use as written"] --> stop["prohibited: stop, ask counsel"]\n'
    nodes: list[tuple[str, str, str]] = [("sources", "Sources", "")]
    edges: list[tuple[str, str, str]] = []

    def add(name: str, title: str, stage: str, after: str = "", label: str = "") -> None:
        nodes.append((name, title, by_stage[stage].choice))
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
        edges.append(("feedback", "training", by_stage["retraining"].choice))
    else:
        edges.append(("feedback", "evaluation", "new examples"))
    lines = ["flowchart LR"]
    lines += [f'  {name}["{_label(title, detail)}"]' for name, title, detail in nodes]
    lines += [
        f"  {one} -->{f'|{chr(34)}{_plain(label)}{chr(34)}|' if label else ''} {other}" for one, other, label in edges
    ]
    return "\n".join(lines) + "\n"


def _label(title: str, detail: str) -> str:
    return f"{title}<br/>{_plain(detail)}" if detail else title


def _plain(text: str) -> str:
    """The first words of a choice, without what mermaid reads as its own."""
    short = text.split(":", maxsplit=1)[0].split(";", maxsplit=1)[0].split("(", maxsplit=1)[0]
    kept = "".join(letter if letter.isalnum() or letter in " -,./%" else " " for letter in short)
    words = " ".join(kept.split()).rstrip(" ,.-")
    if len(words) <= _WIDTH:
        return words
    return words[:_WIDTH].rsplit(" ", 1)[0].rstrip(" ,.-")
