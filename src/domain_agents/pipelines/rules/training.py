"""G6: where a model is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed, figure
from domain_agents.pipelines.case import FINE_TUNE
from domain_agents.pipelines.compute.training import network_memory, table_memory
from domain_agents.pipelines.decision import Force, Rule, Rung, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_MEMORY = own_choice(
    "a large workstation holds 64 GB, a large rented machine 768 GB; a frame costs five times its file"
)
_ZEOS = stated("ZEOS (Zalando) 2025: five million series trained and predicted in one job, all within two hours")
_TIME = own_choice("a run may take half the cadence, so that one may fail")
_ADAM = stated("Rajbhandari et al. 2020 (ZeRO): 16 bytes a parameter for AdamW in mixed precision")
MACHINE_GB = 64
RENTED_GB = 768
GPU_GB = 80


def _forces(case: Case) -> Iterator[Force]:
    if not case.trains:
        return
    grid = case.grid
    if not case.is_deep:
        yield from _table(case)
    yield from _network(case)
    hours = _hours_allowed(case)
    if hours is not None and grid.training_hours is not None and grid.training_hours > hours:
        rung = 3 if case.is_deep else 2
        yield Force(
            rung,
            ("training_hours", "retrain_cadence"),
            f"a run takes {figure(grid.training_hours)} h, the cadence leaves {figure(hours)}",
            _TIME,
        )


def _table(case: Case) -> Iterator[Force]:
    memory = table_memory(case).result
    by = "data_gb" if case.grid.data_gb is not None else "rows"
    if memory is not None and memory > MACHINE_GB:
        yield Force(1, (by,), f"{figure(memory)} GB of memory do not fit a workstation's {MACHINE_GB}", _MEMORY)
    if memory is not None and memory > RENTED_GB:
        yield Force(
            2,
            (by,),
            f"{figure(memory)} GB of memory fit no single machine one rents by the hour ({RENTED_GB} GB)",
            _MEMORY,
        )


def _network(case: Case) -> Iterator[Force]:
    if case.is_deep and case.rungs["need"] == 2:
        yield Force(1, (case.deep_by,), "a network is trained on a GPU that is rented for the run", _ADAM)
    memory = network_memory(case).result
    if memory is not None and memory > GPU_GB:
        yield Force(
            3, ("params_b",), f"weights, gradients and optimizer take {figure(memory)} GB, one GPU has {GPU_GB}", _ADAM
        )
    if case.rungs["llm"] >= FINE_TUNE and case.rungs["llm"] == FINE_TUNE:
        yield Force(1, ("llm.failure",), "adapters are trained on one rented GPU", _ADAM)


def _hours_allowed(case: Case) -> float | None:
    cadence = case.grid.retrain_cadence
    return None if cadence is None else cadence / 3600 / 2


def _figure(case: Case) -> Computed:
    if case.grid.params_b is not None:
        return network_memory(case)
    if case.grid.training_hours is not None and case.grid.retrain_cadence is not None:
        return computed(
            "training_hours / (cadence_hours / 2)",
            "",
            "share of the time that the cadence leaves for a run",
            training_hours=case.grid.training_hours,
            cadence_hours=case.grid.retrain_cadence / 3600 or None,
        )
    return table_memory(case)


def _wording(case: Case, rung: int) -> str:
    if rung == 0 and not case.trains:
        return "none: nothing is trained"
    if rung == 1 and case.is_deep:
        return "a managed job on one rented GPU, mixed precision"
    return RULE.rungs[rung].choice


RULE = Rule(
    id="G6",
    stage="training",
    title="Training",
    rungs=(
        Rung("a script on one machine"),
        Rung("a scheduled managed job on one rented machine", "memory beyond a workstation, or a GPU"),
        Rung(
            "distributed over several machines",
            "memory beyond the largest machine, or a run longer than half the cadence",
        ),
        Rung("a cluster of GPUs", "a network whose training state fits no single GPU"),
    ),
    forces=_forces,
    figure=_figure,
    default=_ZEOS,
    wording=_wording,
    always="Pinned: code (git), dependencies (lock file), data (snapshot), configuration, seeds. Never in a notebook.",
)
