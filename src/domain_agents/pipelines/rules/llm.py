"""G1: how far up the language-model ladder: nothing, a prompt, the corpus in it, retrieval, tuning, an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import figure
from domain_agents.pipelines.compute.api_cost import prompt_cost
from domain_agents.pipelines.decision import Force, Rule, Rung, contested, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_EFFECTIVE = stated("Anthropic, Building effective agents, 2024: the simplest solution first")
_IN_PROMPT = contested(
    "Anthropic, Contextual retrieval, 2024: under 200,000 tokens put it all into the prompt; windows have grown "
    "since, cost has not gone"
)
_RECALL = contested("90 / 70 rule for keyword recall, techinfini; measure on your own eval set")
_TUNE = own_choice("500 examples and a baselined eval set of 100 before tuning")
IN_PROMPT_TOKENS = 200_000
TOKENS_PER_CHUNK = 400
MIN_RECALL = 0.7
_CALLED = ("requests_per_day",)


def corpus_tokens(case: Case) -> float | None:
    """Tokens that answers rest on: told, or so many chunks of usual size."""
    llm = case.grid.llm
    if llm.corpus_tokens is not None:
        return llm.corpus_tokens
    return None if llm.n_chunks is None else llm.n_chunks * TOKENS_PER_CHUNK


def _forces(case: Case) -> Iterator[Force]:
    if not case.uses_llm:
        return
    llm = case.grid.llm
    yield Force(1, (case.llm_by,), "text must be understood or written", _EFFECTIVE)
    tokens = corpus_tokens(case)
    told = "llm.corpus_tokens" if llm.corpus_tokens is not None else "llm.n_chunks"
    if tokens:
        yield Force(2, (told,), f"answers rest on {figure(tokens)} tokens that the model has never seen", _EFFECTIVE)
    if tokens and tokens > IN_PROMPT_TOKENS:
        yield Force(
            3,
            (told,),
            f"{figure(tokens)} tokens do not go into every prompt (about {IN_PROMPT_TOKENS:,} do)",
            _IN_PROMPT,
        )
    yield from _too_dear(case, told, tokens)
    if tokens and (llm.fts_recall or 1.0) < MIN_RECALL:
        yield Force(
            4,
            ("llm.fts_recall",),
            f"keyword search finds only {(llm.fts_recall or 0) * 100:.0f} % of the passages",
            _RECALL,
        )
    if tokens and llm.dims is not None and tokens > IN_PROMPT_TOKENS:
        yield Force(4, ("llm.dims",), "embeddings of the corpus are there already", _EFFECTIVE)
    behaves = (
        "behav" in (llm.failure or "").lower()
        or "format" in (llm.failure or "").lower()
        or "style" in (llm.failure or "").lower()
    )
    if behaves and (llm.examples or 0) >= 500 and (llm.eval_set_size or 0) >= 100:
        yield Force(
            5,
            ("llm.failure", "llm.examples", "llm.eval_set_size"),
            f"behaviour fails, not knowledge, and {figure(llm.examples)} examples and a baselined eval set are there",
            _TUNE,
        )
    if llm.steps_enumerable is False:
        yield Force(
            6,
            ("llm.steps_enumerable",),
            "the steps cannot be listed beforehand, so no fixed chain of calls will do",
            _EFFECTIVE,
        )


def _too_dear(case: Case, told: str, tokens: float | None) -> Iterator[Force]:
    """The corpus in every prompt, cached, against the budget."""
    budget = case.grid.budget_month
    if not tokens or budget is None or case.grid.llm.provider_allowed is False:
        return
    cost = prompt_cost(case.grid.requests_per_day, tokens).result
    if cost is not None and cost > budget:
        yield Force(
            3,
            (told, *_CALLED, "budget_month"),
            f"the corpus in every prompt costs {figure(cost)} USD a month even when cached, the budget is "
            f"{figure(budget)}",
            _IN_PROMPT,
        )


def _figure(case: Case) -> Computed:
    hosted = case.uses_llm and case.grid.llm.provider_allowed is not False
    return prompt_cost(case.grid.requests_per_day, corpus_tokens(case) if hosted else None)


def _wording(case: Case, rung: int) -> str:
    if rung == 0:
        return "no language model"
    corpus = corpus_tokens(case)
    if rung == 5:
        return "fine-tune (LoRA) on the examples, against the prompted model as the baseline" + (
            "; retrieval stays for the facts" if corpus else ""
        )
    if rung == 6:
        return "an agent loop with few tools, a step limit and a budget per task" + (
            "; retrieval is one of its tools" if corpus else ""
        )
    return RULE.rungs[rung].choice


RULE = Rule(
    id="G1",
    stage="llm",
    title="Language model",
    rungs=(
        Rung("no language model"),
        Rung("one prompt, with examples and a schema for the answer", "text that must be understood or written"),
        Rung("the whole corpus in the prompt, cached", "private or changing text that answers rest on"),
        Rung(
            "retrieval by full-text search",
            f"a corpus over about {IN_PROMPT_TOKENS:,} tokens, or one too dear to send with every call",
        ),
        Rung(
            "retrieval by full text and vectors, ranks fused",
            "keyword recall under 70 % on the eval set, or items without words",
        ),
        Rung("fine-tuning", "a failure of behaviour, not of knowledge, with examples and a baselined eval set"),
        Rung("an agent loop", "steps that cannot be listed beforehand"),
    ),
    forces=_forces,
    figure=_figure,
    default=_EFFECTIVE,
    wording=_wording,
    always="Acceptance set before the first change; prompts in git; tokens, cost and trace id logged per call.",
)
