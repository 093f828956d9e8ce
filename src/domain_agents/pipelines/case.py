"""A case: the grid, what follows from it at once, and the rungs that were chosen so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from domain_agents.pipelines import problem, stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain_agents.pipelines.grid import Grid

CPU_SECONDS: Final = 0.00183
"""A 300-tree forest in ONNX Runtime on one core: the least that was measured, so nothing unknown costs more."""
DEEP_CPU_SECONDS: Final = 0.03
"""One prediction of a small deep model on a CPU; assumed."""
UTILISATION: Final = 0.6
"""How busy a core may be: above it the queue grows faster than the traffic (Erlang C)."""
_NETWORKS: Final = frozenset(
    {"deep", "neural", "neural network", "network", "transformer", "cnn", "dnn", "lstm", "bert"}
)
INTERACTIVE_MS: Final = 10_000.0
"""Who waits less than this waits in person; our own choice."""


@dataclass(frozen=True)
class Case:
    """What the rules look at. `rungs` fills in the order of the rules: a later one may ask what an earlier one chose."""

    grid: Grid
    rungs: dict[str, int] = field(default_factory=dict)
    forced: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The requirements behind each rung, by their dotted grid names."""

    @cached_property
    def words(self) -> str:
        """The problem as its owner put it."""
        return " ".join(part for part in (self.grid.problem_type, self.grid.problem, self.grid.llm.task_kind) if part)

    @cached_property
    def kind(self) -> str:
        """The kind of problem: of its type, else of its description."""
        grid = self.grid
        return next(
            (
                found
                for text in (grid.problem_type, grid.llm.task_kind, grid.problem)
                if (found := problem.kind(text or ""))
            ),
            "",
        )

    @cached_property
    def kind_by(self) -> str:
        """The field that told the kind."""
        return self._said(lambda text: bool(problem.kind(text)), ("problem_type", "llm.task_kind", "problem"))

    @cached_property
    def costly_by(self) -> str:
        """The field that told that money or safety is at stake."""
        return "money_at_stake" if self.grid.money_at_stake else self._said(problem.is_costly)

    @cached_property
    def talk_by(self) -> str:
        """The field that told that people talk to it."""
        return self._said(problem.is_talk) if problem.is_talk(self.words) else self.kind_by

    @cached_property
    def born_by(self) -> str:
        """The field that told that inputs come with the request."""
        known = self.grid.inputs_known_in_advance is not None
        return "inputs_known_in_advance" if known else self._said(problem.is_waited_for)

    @cached_property
    def llm_by(self) -> str:
        """The field that told that a language model is thought of."""
        if self.kind in {"generation", "agent"}:
            return self.kind_by
        names = ("task_kind", "corpus_tokens", "tokens_in", "tokens_out", "fts_recall", "failure", "steps_enumerable")
        return next((f"llm.{name}" for name in names if getattr(self.grid.llm, name) is not None), "problem_type")

    @cached_property
    def deep_by(self) -> str:
        """The field that told that only a deep model can do it."""
        grid = self.grid
        if grid.gbdt_ceiling_shown:
            return "gbdt_ceiling_shown"
        if problem.is_deep(grid.modality or ""):
            return "modality"
        if problem.is_deep(self.words):
            return self._said(problem.is_deep)
        return "model_family" if grid.model_family and self._is_network else "params_b" if grid.params_b else "gpu"

    @cached_property
    def _is_network(self) -> bool:
        return (self.grid.model_family or "").lower() in _NETWORKS

    def _said(
        self, test: Callable[[str], bool], names: tuple[str, ...] = ("problem_type", "problem", "llm.task_kind")
    ) -> str:
        return next((name for name in names if test(self.grid.get(name) or "")), "problem_type")

    @cached_property
    def uses_llm(self) -> bool:
        """Whether a language model is thought of: the grid's llm part says something of one, or text is to be generated."""
        llm = self.grid.llm
        said = (llm.corpus_tokens, llm.tokens_in, llm.tokens_out, llm.fts_recall, llm.failure, llm.steps_enumerable)
        if self.kind in {"generation", "agent"} or any(value is not None for value in said):
            return True
        return bool(llm.task_kind) and not self.is_search_only

    @cached_property
    def is_search_only(self) -> bool:
        """Whether items are to be found and nothing is to be written."""
        task = (self.grid.llm.task_kind or "").lower()
        return self.kind == "retrieval" or "search" in task or "retriev" in task or "similar" in task or "embed" in task

    @cached_property
    def searches_by_meaning(self) -> bool:
        """Whether vectors are asked for: by the problem, by embeddings there are, or by keyword recall."""
        llm = self.grid.llm
        short = llm.fts_recall is not None and llm.fts_recall < 0.7
        asked = self.kind == "retrieval" and problem.is_by_meaning(self.words)
        return asked or llm.dims is not None or short

    @cached_property
    def meaning_by(self) -> str:
        """The field that told that vectors are asked for."""
        if self.grid.llm.dims is not None:
            return "llm.dims"
        if self.kind == "retrieval" and problem.is_by_meaning(self.words):
            return self._said(problem.is_by_meaning)
        return "llm.fts_recall"

    @cached_property
    def is_deep(self) -> bool:
        """Whether only a deep model can do it: images, sound, video; or trees were measured and fall short."""
        grid = self.grid
        return (
            (problem.is_deep(f"{grid.modality or ''} {self.words}") and not self.is_read_by_llm)
            or grid.gbdt_ceiling_shown is True
            or self._is_network
            or grid.gpu is True
            or (grid.params_b or 0) > 0
        )

    @cached_property
    def is_read_by_llm(self) -> bool:
        """Whether documents are read by a language model: pages that are scanned need no network of one's own."""
        reads = self.uses_llm and self.kind in {"extraction", "generation", "agent"}
        return reads and not problem.is_deep(self.grid.modality or "")

    @property
    def trains(self) -> bool:
        """Whether a model is trained at all."""
        return (self.rungs.get("need", 0) > 0 and not self.is_pretrained) or self.rungs.get("llm", 0) == FINE_TUNE

    @cached_property
    def is_pretrained(self) -> bool:
        """Whether a pretrained model is all that is needed, for embeddings or for turning speech and scans into text."""
        return (self.is_search_only and self.searches_by_meaning and not self.is_deep) or self.is_transcribed

    @cached_property
    def is_transcribed(self) -> bool:
        """Whether speech or scans become text, and nothing says that there are labels to train on."""
        grid = self.grid
        told = (
            grid.rows,
            grid.positives,
            grid.params_b,
            grid.retrain_cadence,
            grid.training_hours,
            grid.decay_per_week,
        )
        labelled = grid.label_source is not None or grid.gbdt_ceiling_shown is True
        return problem.is_transcription(self.words) and not labelled and all(value is None for value in told)

    @property
    def answers_requests(self) -> bool:
        """Whether a request waits for a prediction."""
        return self.rungs.get("inference", 0) >= ONLINE

    @cached_property
    def inputs_unknown(self) -> bool:
        """Whether inputs come into being with the request: said, or told by the use itself."""
        if self.grid.inputs_known_in_advance is not None:
            return not self.grid.inputs_known_in_advance
        return problem.is_waited_for(self.words)

    @cached_property
    def is_costly(self) -> bool:
        """Whether money or safety hangs on single predictions: said, or told by the use itself."""
        if self.grid.money_at_stake is not None:
            return self.grid.money_at_stake
        return problem.is_costly(self.words)

    @property
    def is_regulated(self) -> bool:
        """Whether law asks for records of how the model came to be and what it decided."""
        return self.rungs.get("governance", 0) >= REGULATED

    @cached_property
    def qps(self) -> float | None:
        """Requests in the busiest second. Where only the day is known, its mean: the least that the peak can be."""
        mean = None if self.grid.requests_per_day is None else self.grid.requests_per_day / 86_400
        known = [value for value in (self.grid.peak_qps, mean) if value is not None]
        return max(known) if known else None

    @property
    def qps_is_peak(self) -> bool:
        """Whether the busiest second was told; else only the mean of the day is known."""
        return self.qps_fields == ("peak_qps",)

    @cached_property
    def qps_fields(self) -> tuple[str, ...]:
        """Which field told the traffic."""
        mean = (self.grid.requests_per_day or 0) / 86_400
        return ("peak_qps",) if self.grid.peak_qps is not None and self.grid.peak_qps >= mean else ("requests_per_day",)

    @cached_property
    def cpu_seconds(self) -> float:
        """Processor time of one prediction: measured where told, else the least of its kind."""
        if self.grid.cpu_ms_per_request is not None:
            return self.grid.cpu_ms_per_request / 1000
        return DEEP_CPU_SECONDS if self.is_deep else CPU_SECONDS

    @cached_property
    def answer_cpu_seconds(self) -> float:
        """The same while somebody waits: what must be answered in five milliseconds cannot be assumed to take thirty."""
        wait = self.grid.latency_p95_ms
        if wait is None or not self.cpu_is_assumed:
            return self.cpu_seconds
        return min(self.cpu_seconds, max(wait / 2_000, CPU_SECONDS))

    @cached_property
    def cpu_is_assumed(self) -> bool:
        """Whether nobody measured a prediction."""
        return self.grid.cpu_ms_per_request is None

    def has(self, role: str) -> str:
        """The part of the existing stack in that role; empty where there is none."""
        return stack.named(self.grid.existing_stack, role)


BATCH: Final = 0
MICRO_BATCH: Final = 1
ONLINE: Final = 2
IN_PROCESS: Final = 3
IN_PROMPT: Final = 2
FINE_TUNE: Final = 5
AGENT: Final = 6
CANARY: Final = 2
REGULATED: Final = 2
PROHIBITED: Final = 3
