"""What training takes: memory of a table, of a network, time against the cadence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

COPIES = 5
"""A data frame costs about five times its file while features are built; our own choice, after pandas' author's 5 to 10."""


def data_gb(case: Case) -> float | None:
    """The training data in gigabytes: told, or rows x features x 8 bytes."""
    grid = case.grid
    if grid.data_gb is not None:
        return grid.data_gb
    return None if grid.rows is None or grid.n_features is None else grid.rows * grid.n_features * 8 / 1e9


def table_memory(case: Case) -> Computed:
    """Gigabytes of memory that training on a table takes."""
    return computed(
        "data_gb * copies",
        "GB",
        "memory while features are built and the model is fitted",
        data_gb=data_gb(case),
        copies=COPIES,
    )


def network_memory(case: Case, *, lora: bool = False) -> Computed:
    """Gigabytes for training that many billions of parameters: AdamW in mixed precision, or LoRA on frozen weights."""
    params = case.grid.llm.params_b if lora else case.grid.params_b
    return computed(
        "params_b * bytes_per_param",
        "GB",
        "weights and adapters (LoRA), activations come on top"
        if lora
        else "weights, gradients and optimizer (AdamW, mixed precision), activations come on top",
        params_b=params,
        bytes_per_param=2.1 if lora else 16,
    )
