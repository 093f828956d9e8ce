"""Memory of a language model that one runs oneself, and how many requests fit beside its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

PARAMS_B = 8.0
CONTEXT = 4_096.0
"""An 8-billion model and a short context; assumed where nothing is told."""
CARD_GB = 80.0
ANSWER_SECONDS = 10.0
GIB = 1.073741824
_SHAPES = ((12.0, 32, 8, 128), (40.0, 48, 8, 128), (1e9, 80, 8, 128))
"""Layers, key-value heads and head size up to so many billions of parameters (Llama 3: 8B 32 layers, 70B 80 layers)."""


def params_b(case: Case) -> float:
    """Billions of parameters: told, or 8."""
    return case.grid.llm.params_b or PARAMS_B


_ON_AVERAGE = "requests that are being answered at once on average; the busiest second was not told"


def in_flight(case: Case) -> Computed:
    """Requests that are being answered at once, by Little's law; the time of an answer is what the caller waits at most."""
    seconds = None if case.grid.latency_p95_ms is None else case.grid.latency_p95_ms / 1000
    return computed(
        "peak_qps * answer_seconds",
        "requests",
        ("requests that are being answered at once in the busiest second" if case.qps_is_peak else _ON_AVERAGE)
        + ("" if seconds else " (10 s an answer assumed)"),
        peak_qps=case.qps,
        answer_seconds=ANSWER_SECONDS if seconds is None else seconds,
    )


def card_gb(case: Case) -> float:
    """Memory of one copy's GPUs: a 24 GB card where weights and traffic fit, else as many of 80 as the weights take."""
    weights = params_b(case) * 2 / GIB
    if weights <= 16 and (in_flight(case).result or 0) <= (_fits(case, 24.0).result or 0):
        return 24.0
    cards = 1
    while 0.9 * CARD_GB * cards / GIB - 1.5 < weights * 1.1:
        cards *= 2
    return CARD_GB * cards


def copies(case: Case) -> Computed:
    """Copies of the model that the busiest second needs."""
    return computed(
        "max(1, ceil(in_flight / at_once))",
        "copies",
        "copies of the model that the busiest second needs",
        in_flight=in_flight(case).result,
        at_once=max(1, concurrency(case).result or 1),
    )


def weights_gib(case: Case) -> Computed:
    """GiB of weights in bf16."""
    return computed(
        "params_b * bytes_per_param / 1.073741824", "GiB", "weights in bf16", params_b=params_b(case), bytes_per_param=2
    )


def cache_mib(case: Case) -> Computed:
    """MiB of key-value cache for one request's context."""
    layers, heads, size = _shape(case)
    return computed(
        "2 * layers * kv_heads * head_size * bytes_per_value * context_tokens / 1048576",
        "MiB",
        "key-value cache of one request (grouped-query attention; other architectures have another term)",
        layers=layers,
        kv_heads=heads,
        head_size=size,
        bytes_per_value=2,
        context_tokens=case.grid.llm.context_tokens or CONTEXT,
    )


def concurrency(case: Case) -> Computed:
    """Requests that fit beside the weights."""
    return _fits(case, card_gb(case))


def _fits(case: Case, card: float) -> Computed:
    layers, heads, size = _shape(case)
    return computed(
        "floor((0.9 * card_gb / 1.073741824 - 1.5 - params_b * 2 / 1.073741824) * 1073741824"
        " / (2 * layers * kv_heads * head_size * 2 * context_tokens))",
        "requests",
        "requests that are answered at once on that memory",
        card_gb=card,
        params_b=params_b(case),
        layers=layers,
        kv_heads=heads,
        head_size=size,
        context_tokens=case.grid.llm.context_tokens or CONTEXT,
    )


def _shape(case: Case) -> tuple[int, int, int]:
    return next((layers, heads, size) for most, layers, heads, size in _SHAPES if params_b(case) <= most)
