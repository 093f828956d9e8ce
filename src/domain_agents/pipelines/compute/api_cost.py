"""What a hosted language model costs a month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.facts.dated import price
from domain_agents.pipelines.arithmetic import computed

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed

TOKENS_IN = 3_000.0
TOKENS_OUT = 500.0
"""A question with a few retrieved passages, and its answer; assumed where nobody measured."""


def prompt_cost(calls_per_day: float | None, tokens: float | None, *, cached: bool) -> Computed:
    """Dollars a month for sending that many tokens with every call."""
    name = "llm_cached_input_per_million_tokens" if cached else "llm_input_per_million_tokens"
    return computed(
        "calls_per_day * 30.4 * tokens / 1000000 * usd_per_million_tokens",
        "USD/month",
        "sending the whole corpus with every call, cached" if cached else "input tokens of every call",
        calls_per_day=calls_per_day,
        tokens=tokens,
        usd_per_million_tokens=price(name).base,
    )


def api_cost(
    calls_per_day: float | None, tokens_in: float | None, tokens_out: float | None, *, end: str = "base"
) -> Computed:
    """Dollars a month for calls of that size; `end` is low, base or high."""
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
