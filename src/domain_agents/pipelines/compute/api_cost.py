"""What a hosted language model costs a month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.facts.dated import price
from domain_agents.pipelines.arithmetic import computed

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed

TOKENS_IN = 3_000.0
TOKENS_OUT = 500.0
QUESTION_TOKENS = 500.0
"""A question with a few retrieved passages, its answer, and a question alone; assumed where nobody measured."""


CACHE_SECONDS = 600.0
"""How long a provider keeps a prompt that nobody asks for again: five minutes to an hour, so ten are assumed."""
BUSY_SECONDS = 36_000.0
"""Ten hours in which most calls of a day come; assumed."""


_RATE = "usd_cached + (usd_plain - usd_cached) * exp(-calls_per_day * cache_seconds / busy_seconds)"
"""What a token costs that every call sends again: full price where the call before is longer ago than the cache lives
(calls that come at random in the busy hours)."""


def prompt_cost(calls_per_day: float | None, tokens: float | None) -> Computed:
    """Dollars a month for sending that many tokens with every call, from the cache where it still holds them."""
    return computed(
        f"calls_per_day * 30.4 * tokens / 1000000 * ({_RATE})",
        "USD/month",
        "sending the whole corpus with every call, from the provider's cache where it still holds it",
        calls_per_day=calls_per_day,
        tokens=tokens,
        **_rate_inputs("base"),
    )


def _rate_inputs(end: str) -> dict[str, float]:
    return {
        "usd_cached": price("llm_cached_input_per_million_tokens").at(end),
        "usd_plain": price("llm_input_per_million_tokens").at(end),
        "cache_seconds": CACHE_SECONDS,
        "busy_seconds": BUSY_SECONDS,
    }


def corpus_millions(calls_per_day: float, corpus: float, *, cached: bool) -> Computed:
    """Million tokens a month of a corpus that every call sends: those that the cache holds, or the others."""
    missed = "exp(-calls_per_day * cache_seconds / busy_seconds)"
    return computed(
        f"calls_per_day * 30.4 * corpus_tokens / 1000000 * {f'(1 - {missed})' if cached else missed}",
        "million tokens/month",
        calls_per_day=calls_per_day,
        corpus_tokens=corpus,
        cache_seconds=CACHE_SECONDS,
        busy_seconds=BUSY_SECONDS,
    )


def api_cost(
    calls_per_day: float | None,
    tokens_in: float | None,
    tokens_out: float | None,
    *,
    end: str = "base",
    corpus: float | None = None,
) -> Computed:
    """Dollars a month for calls of that size; `end` is low, base or high. `corpus`: tokens that every call sends again."""
    if corpus:
        rest = question_tokens(tokens_in, corpus)
        return computed(
            f"calls_per_day * 30.4 / 1000000 * (corpus_tokens * ({_RATE}) + tokens_in * usd_plain + tokens_out * usd_out)",
            "USD/month",
            "hosted model: the corpus in every prompt, the question, the answer",
            calls_per_day=calls_per_day,
            corpus_tokens=corpus,
            tokens_in=rest,
            tokens_out=TOKENS_OUT if tokens_out is None else tokens_out,
            **_rate_inputs(end),
            usd_out=price("llm_output_per_million_tokens").at(end),
        )
    return computed(
        "calls_per_day * 30.4 * (tokens_in * usd_in + tokens_out * usd_out) / 1000000",
        "USD/month",
        "hosted model, input and output tokens",
        calls_per_day=calls_per_day,
        tokens_in=TOKENS_IN if tokens_in is None else tokens_in,
        tokens_out=TOKENS_OUT if tokens_out is None else tokens_out,
        usd_in=price("llm_input_per_million_tokens").at(end),
        usd_out=price("llm_output_per_million_tokens").at(end),
    )


def question_tokens(tokens_in: float | None, corpus: float) -> float:
    """Tokens of a call beside the corpus: what was told, less the corpus where it was counted in."""
    if tokens_in is None:
        return QUESTION_TOKENS
    return tokens_in - corpus if tokens_in > corpus else tokens_in
