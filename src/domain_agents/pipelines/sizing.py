"""The numbers behind a design, by name: each with formula, inputs and result, and only those that this design needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed
from domain_agents.pipelines.case import CANARY, IN_PROMPT, ONLINE
from domain_agents.pipelines.compute import (
    batch,
    drift,
    experiments,
    gate,
    llm,
    reliability,
    replicas,
    training,
    vectors,
)
from domain_agents.pipelines.compute.api_cost import api_cost
from domain_agents.pipelines.rules.llm import corpus_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case


def sizing(case: Case) -> dict[str, Computed]:
    """Every number that matters for the chosen rungs."""
    return dict(_numbers(case))


def _numbers(case: Case) -> Iterator[tuple[str, Computed]]:
    if case.rungs["inference"] >= ONLINE:
        yield from _serving(case)
    elif case.grid.n_entities is not None:
        yield "batch_work", batch.batch_work(case, batch.refreshes_per_day(case))
        yield "online_work", batch.batch_against_online(case).online
    if case.trains:
        yield from _learning(case)
    if case.rungs["llm"]:
        yield from _language(case)
    if case.rungs["vectors"]:
        yield "exact_scan", vectors.scan_ms(case)
        yield "hnsw_memory", vectors.hnsw_gb(case)
    if case.rungs["features"] >= 2:
        yield "online_store", _store(case)
    if case.grid.requests_per_day is not None:
        yield "prediction_log", prediction_log(case)


def _serving(case: Case) -> Iterator[tuple[str, Computed]]:
    own = case.rungs["need"] > 0 and not (case.rungs["llm"] and not case.trains)
    if own:
        count = replicas.replicas(case)
        yield "cores", replicas.cores(case)
        yield "replicas", count
        yield "in_flight", replicas.in_flight(case)
        servers = None if count.result is None else max(1, count.result - 1)
        yield "waiting_p95", replicas.waiting_p95(case, servers)
    if case.rungs["rollout"] >= CANARY:
        yield "canary", experiments.canary_seconds(case.qps)
    if case.grid.availability_slo is not None:
        yield "error_budget", reliability.error_budget(case.grid.availability_slo)
    yield "detection", reliability.detection(case.grid.availability_slo)
    yield "detection_of_5_percent", reliability.detection(case.grid.availability_slo, 0.05)


def _learning(case: Case) -> Iterator[tuple[str, Computed]]:
    if case.grid.positives is not None:
        yield "gate_error", gate.auc_error(case.grid.positives, case.grid.rows)
    yield "slice", gate.slice_rows()
    if training.data_gb(case) is not None:
        yield "training_memory", training.table_memory(case)
    if case.grid.params_b is not None:
        yield "network_memory", training.network_memory(case)
    if case.rungs["monitoring"] >= 1:
        yield "psi_sample", drift.until_enough(case)
        window = (
            1_000.0 if case.grid.requests_per_day is None else max(200.0, min(case.grid.requests_per_day, 10_000.0))
        )
        yield "psi_critical", drift.psi_critical(10_000.0, window, case.grid.n_features or 10.0)
    if case.rungs["evaluation"] >= 3:
        arm = experiments.per_arm(case.grid.base_rate, case.grid.effect)
        yield "experiment_arm", arm
        yield "experiment_days", experiments.experiment_days(arm.result, case.grid.requests_per_day)


def _language(case: Case) -> Iterator[tuple[str, Computed]]:
    grid = case.grid
    if grid.llm.provider_allowed is not False:
        calls = batch.predictions_per_day(case)
        yield "api_cost", api_cost(calls, grid.llm.tokens_in, grid.llm.tokens_out, corpus=corpus_in_prompt(case))
        return
    yield "llm_weights", llm.weights_gib(case)
    yield "kv_cache", llm.cache_mib(case)
    yield "llm_concurrency", llm.concurrency(case)
    yield "llm_in_flight", llm.in_flight(case)
    yield "llm_copies", llm.copies(case)
    if case.rungs["llm"] == 5:
        yield "lora_memory", training.network_memory(case, lora=True)


def corpus_in_prompt(case: Case) -> float | None:
    """Tokens of the corpus that every call sends, where that rung was chosen."""
    return corpus_tokens(case) if case.rungs["llm"] == IN_PROMPT else None


def _store(case: Case) -> Computed:
    return computed(
        "n_entities * bytes_per_entity * replicas * 1.3 / 1000000000",
        "GB",
        "ten float features per entity as one Redis hash with short names (measured: 202 B), two copies, a third to "
        "spare",
        n_entities=case.grid.n_entities,
        bytes_per_entity=202,
        replicas=2,
    )


def prediction_log(case: Case) -> Computed:
    """Gigabytes a month of logged predictions."""
    return computed(
        "requests_per_day * 30.4 * bytes_per_record / 1000000000",
        "GB/month",
        "prediction log, a kilobyte each, uncompressed: sample it or keep hashes when this is much",
        requests_per_day=case.grid.requests_per_day,
        bytes_per_record=1_000,
    )
