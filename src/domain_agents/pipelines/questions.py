"""What is worth asking: the unknowns whose answer changes a rung, found by deciding at both ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from domain_agents.pipelines.deciding import changed, settle
from domain_agents.pipelines.grid import abouts

if TYPE_CHECKING:
    from domain_agents.pipelines.case import Case

MAX_QUESTIONS: Final = 5
_WEIGHT: Final = {
    "inference": 5,
    "governance": 2,
    "serving": 4,
    "llm": 4,
    "need": 4,
    "vectors": 3,
    "features": 3,
    "training": 3,
}
"""What a wrong rung costs to change later, in our own estimate; the others count one."""


_HOW_SURE: Final = {"inputs_known_in_advance": 1.2, "governance": 0.6}
"""Everybody knows the answer to the first; the second is asked, but after what shapes the machine."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and which rungs its answer moves: stage -> (rung at the low end, rung at the high end)."""

    field: str
    asks: str
    moves: tuple[tuple[str, int, int], ...]
    low: Any
    high: Any

    def as_json(self) -> dict[str, Any]:
        """For the structured result."""
        return {
            "field": self.field,
            "question": self.asks,
            "moves": [{"stage": stage, "at_low": low, "at_high": high} for stage, low, high in self.moves],
            "low": self.low,
            "high": self.high,
        }


def questions(case: Case) -> tuple[Question, ...]:
    """At most five, the one that moves most first."""
    found: list[tuple[float, int, Question]] = []
    for number, one in enumerate(abouts()):
        if not one.ends or not one.asks or case.grid.get(one.name) is not None:
            continue
        if not _concerns(case, one.name):
            continue
        low, high = (settle(case.grid.with_value(one.name, end)).rungs for end in one.ends)
        moved = changed(low, high)
        if moved:
            weight = _HOW_SURE.get(one.name.partition(".")[0], 1.0) * sum(
                _WEIGHT.get(stage, 1) * (1 + 0.1 * abs(high[stage] - low[stage])) for stage in moved
            )
            moves = tuple((stage, low[stage], high[stage]) for stage in moved)
            found.append((-weight, number, Question(one.name, one.asks, moves, *one.ends)))
    chosen: list[Question] = []
    for _, _, question in sorted(found, key=lambda item: item[:2]):
        # Two questions that move the very same rungs (what the law says) are one too many.
        if all(question.moves != other.moves for other in chosen):
            chosen.append(question)
    return tuple(chosen[:MAX_QUESTIONS])


_OF_SEARCH: Final = frozenset({"llm.n_chunks", "llm.fts_recall"})
_OF_TRAINING: Final = frozenset({"positives", "rows", "label_delay", "decay_per_week", "data_gb", "label_source"})


def _concerns(case: Case, name: str) -> bool:
    """Whether the field says anything about this kind of problem."""
    if name == "latency_p95_ms" and case.grid.prediction_freshness_s is not None:
        return False
    if name == "llm.corpus_tokens" and case.grid.llm.n_chunks is not None:
        return False
    if name in _OF_SEARCH:
        return case.uses_llm or case.searches_by_meaning or case.kind == "retrieval"
    if name.startswith("llm."):
        return case.uses_llm
    if name == "governance.automated_decision":
        return case.kind in {"classification", "regression", "anomaly", ""} and not case.uses_llm
    if name == "on_device":
        return case.is_deep or "offline" in case.words.lower() or "device" in case.words.lower()
    if name == "shared_online_features":
        return case.trains
    if name == "positives":
        return case.kind in {"classification", "anomaly", ""} and not case.uses_llm
    return name not in _OF_TRAINING or not (case.uses_llm or case.is_pretrained or case.kind == "retrieval")
