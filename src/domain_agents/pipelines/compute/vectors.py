"""Searching vectors: the exact scan, and what an HNSW index takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

DIMS = 384.0
"""Of a small embedding model; the least that is usual, so nothing unknown costs more."""
SCAN_MS = 33.0
"""100,000 vectors of 768 dimensions on one core, measured."""


def scan_ms(case: Case) -> Computed:
    """Milliseconds of an exact scan on one core."""
    return computed(
        "scan_ms * n_chunks * dims / (100000 * 768)",
        "ms",
        "exact scan of every vector on one core (measured: 33 ms for 100,000 x 768)",
        scan_ms=SCAN_MS,
        n_chunks=case.grid.llm.n_chunks,
        dims=case.grid.llm.dims or DIMS,
    )


def hnsw_gb(case: Case) -> Computed:
    """Memory of an HNSW index, links included."""
    return computed(
        "1.1 * n_chunks * (4 * dims + 8 * links) / 1000000000",
        "GB",
        "memory of an HNSW index with 16 links a node (faiss: N x (4d + 8M); a tenth more for the engine)",
        n_chunks=case.grid.llm.n_chunks,
        dims=case.grid.llm.dims or DIMS,
        links=16,
    )
