"""G11: where vectors are searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import figure
from domain_agents.pipelines.compute.vectors import hnsw_gb, scan_ms
from domain_agents.pipelines.decision import Force, Rule, Rung, contested, measured, own_choice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_SCAN = measured("exact scan on one core: 33 ms for 100,000 x 768, 96 ms for 300,000 x 768")
_NODE = contested(
    "published borders for a dedicated engine run from a few hundred thousand to ten million vectors; memory of one "
    "node and tenants are what is computed here"
)
_MEMORY = own_choice("8 GB of vectors in an application's memory, 64 GB in one database node")
MANY = 10_000_000
_SCAN_GB = 8
_NODE_GB = 64
_TENANTS = 1_000
_SEARCH_SECONDS = 0.005


def _forces(case: Case) -> Iterator[Force]:
    grid = case.grid
    if not case.searches_by_meaning:
        return
    yield Force(1, (case.meaning_by,), "what is searched for is a meaning, not a word", _SCAN)
    scan, chunks = scan_ms(case).result, grid.llm.n_chunks
    if scan is None or chunks is None:
        return
    if grid.latency_p95_ms is not None and scan > grid.latency_p95_ms / 3:
        yield Force(
            2,
            ("llm.n_chunks", "latency_p95_ms"),
            f"an exact scan takes {figure(scan)} ms, more than a third of {figure(grid.latency_p95_ms)} ms",
            _SCAN,
        )
    if case.qps is not None and case.qps * scan / 1000 > 0.6:
        yield Force(
            2,
            ("llm.n_chunks", *case.qps_fields),
            f"{figure(case.qps)} scans of {figure(scan)} ms a second keep more than a core busy",
            _SCAN,
        )
    memory = hnsw_gb(case).result or 0
    if memory > _SCAN_GB:
        yield Force(
            2, ("llm.n_chunks",), f"{figure(memory)} GB of vectors do not belong into the application's memory", _MEMORY
        )
    if chunks > MANY or memory > _NODE_GB:
        yield Force(
            3,
            ("llm.n_chunks",),
            f"{figure(chunks)} vectors, {figure(memory)} GB with their index, outgrow one node ({_NODE_GB} GB, "
            f"{MANY:,} vectors)",
            _NODE,
        )
    if (grid.llm.tenants or 0) > _TENANTS and chunks > 1_000_000:
        yield Force(
            3,
            ("llm.tenants", "llm.n_chunks"),
            f"{figure(grid.llm.tenants)} tenants filter {figure(chunks)} vectors",
            _NODE,
        )
    if case.qps is not None and case.qps * _SEARCH_SECONDS / 0.6 > 8 and chunks > 100_000:
        yield Force(
            3,
            case.qps_fields,
            f"{figure(case.qps)} index searches a second need {figure(case.qps * _SEARCH_SECONDS / 0.6)} cores, more "
            "than one database node gives",
            _NODE,
        )


def _figure(case: Case) -> Computed:
    return scan_ms(case) if case.rungs.get("vectors", 0) < 2 else hnsw_gb(case)


def _wording(case: Case, rung: int) -> str:
    if rung == 0:
        return (
            "none"
            if case.rungs["llm"] < 3 and case.kind != "retrieval"
            else f"none: full-text search in {case.has('search') or case.has('postgresql') or 'PostgreSQL or SQLite'}"
        )
    if rung == 2:
        there = case.has("postgresql") or case.has("search") or case.has("key_value")
        return (
            f"{there}, which runs already, with an HNSW index (pgvector or its own)" if there else RULE.rungs[2].choice
        )
    if rung == 3 and (there := case.has("vectors") or case.has("search")):
        return f"{there}, which runs already"
    return RULE.rungs[rung].choice


RULE = Rule(
    id="G11",
    stage="vectors",
    title="Vector search",
    rungs=(
        Rung("none, or full-text search"),
        Rung("exact scan in memory, vectors in SQLite or a file", "search by meaning"),
        Rung(
            "pgvector (HNSW) on one node", "a scan longer than a third of the latency budget, or more scans than a core"
        ),
        Rung(
            "a dedicated vector engine",
            f"more vectors than one node holds ({MANY:,}, {_NODE_GB} GB), or thousands of tenants",
        ),
    ),
    forces=_forces,
    figure=_figure,
    default=_SCAN,
    wording=_wording,
    always="Embeddings are cached by content hash; recall is measured against the exact scan.",
)
