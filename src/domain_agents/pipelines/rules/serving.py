"""G10: what answers a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import figure
from domain_agents.pipelines.case import IN_PROCESS, MICRO_BATCH, ONLINE
from domain_agents.pipelines.compute.llm import copies, in_flight
from domain_agents.pipelines.compute.replicas import cores, replicas
from domain_agents.pipelines.decision import Force, Rule, Rung, measured, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_CORES = measured(
    "one core at 60 % answers 257 (logistic) to 327 (300 trees in ONNX) requests a second; four cores are a small "
    "machine"
)
_ONE = own_choice("one machine is restarted, patched and lost now and then: two for three nines")
_GPU = stated("continuous batching is what a model server is for (vLLM, Triton)")
_CALLS = own_choice("a hosted model answers on its own machines; here a call only waits")
_SHARED = own_choice("five models on shared accelerators")
MACHINE_CORES = 4
_CORNER = 0.5
_MANY_IN_FLIGHT = 200
_ANSWER_SECONDS = 2
"""What a hosted model takes for a short answer; assumed."""


def _forces(case: Case) -> Iterator[Force]:
    mode = case.rungs["inference"]
    grid = case.grid
    if case.rungs["llm"] and grid.llm.provider_allowed is False:
        yield Force(
            4,
            ("llm.provider_allowed",),
            "text may not leave, so the model runs on your own GPU and batches what comes",
            _GPU,
        )
    if mode < MICRO_BATCH:
        return
    hosted = _is_hosted(case)
    awaited = "new items must be answered soon after they come"
    if mode >= ONLINE:
        awaited = "somebody or something waits for the answer"
    yield Force(1, case.forced["inference"], awaited, _CALLS if hosted else _CORES)
    if mode == IN_PROCESS or mode < ONLINE:
        return
    if hosted:
        yield from _hosted_model(case)
    else:
        yield from _own_model(case)
    if (grid.teams_sharing or 0) >= 2:
        yield Force(2, ("teams_sharing",), f"{figure(grid.teams_sharing)} teams call it", _ONE)
    if grid.availability_slo is not None and grid.availability_slo >= 0.999:
        yield Force(
            3,
            ("availability_slo",),
            f"{grid.availability_slo * 100:g} % allow {(1 - grid.availability_slo) * 43_200:.3g} minutes a month, "
            "and one replica is replaced for longer",
            _ONE,
        )


def _is_hosted(case: Case) -> bool:
    """Whether a language model that others run gives the answers."""
    return bool(case.rungs["llm"] and not case.rungs["need"] and case.grid.llm.provider_allowed is not False)


def _hosted_model(case: Case) -> Iterator[Force]:
    """Waiting costs no processor, but every open call is a connection that one process must hold."""
    if case.qps is None:
        return
    open_calls = case.qps * _ANSWER_SECONDS
    if open_calls > _MANY_IN_FLIGHT:
        yield Force(
            3,
            (*case.qps_fields,),
            f"{figure(case.qps)} calls a second of {_ANSWER_SECONDS} s each are {figure(open_calls)} open at once",
            _ONE,
        )


def _own_model(case: Case) -> Iterator[Force]:
    grid = case.grid
    needed = cores(case).result
    if there := case.has("model_server"):
        yield Force(2, ("existing_stack",), f"{there} is run already, so an endpoint there is nearly free", _ONE)
    if (grid.ml_fte or 0) >= 3:
        yield Force(
            2, ("ml_fte",), f"{figure(grid.ml_fte)} people release models at another pace than the application", _ONE
        )
    if needed is not None and needed > _CORNER:
        yield Force(
            2, case.qps_fields, f"{figure(needed)} cores at 60 %: more than a corner of the application", _CORES
        )
    if needed is not None and needed > MACHINE_CORES:
        yield Force(
            3, case.qps_fields, f"{figure(needed)} cores at 60 % exceed one small machine ({MACHINE_CORES})", _CORES
        )
    if grid.gpu:
        yield Force(2, ("gpu",), "the model answers from a GPU that the application does not have", _GPU)
    if grid.gpu and needed is not None and needed > MACHINE_CORES:
        yield Force(
            4,
            ("gpu", *case.qps_fields),
            f"{figure(grid.peak_qps or case.qps)} requests a second on GPUs must be batched",
            _GPU,
        )
    if grid.gpu and (grid.models_in_prod or 0) >= 5:
        yield Force(4, ("gpu", "models_in_prod"), f"{figure(grid.models_in_prod)} models share accelerators", _SHARED)


def _figure(case: Case) -> Computed:
    if case.rungs["llm"] and case.grid.llm.provider_allowed is False:
        return copies(case)
    if case.rungs["llm"] and not case.rungs["need"]:
        return in_flight(case)
    return replicas(case) if case.rungs.get("serving", 0) >= 3 else cores(case)


def _wording(case: Case, rung: int) -> str:
    there = case.has("model_server")
    if rung == 0:
        return "none: a table is read"
    if _is_hosted(case) and rung < 4:
        awaited = case.rungs["inference"] >= ONLINE
        where = (
            "",
            "a function in the application that calls the hosted model" if awaited else "a worker that calls the model",
            "a plain API that calls the hosted model",
            "a few replicas of a plain API that calls the hosted model",
        )[rung]
        return f"{where}, with timeout, retry, cache and a fallback answer"
    if rung == 1:
        mode = case.rungs["inference"]
        return (
            "a worker that loads the model once"
            if mode == MICRO_BATCH
            else "a function in the application, the model loaded once at start"
        )
    if rung == 4:
        llm = case.rungs["llm"] and case.grid.llm.provider_allowed is False
        return (
            f"{there}, which runs already"
            if there
            else "vLLM on your own GPU"
            if llm
            else "a model server with dynamic batching (Triton)"
        )
    if rung == 2 and there:
        return f"one endpoint on {there}, which runs already"
    return RULE.rungs[rung].choice


RULE = Rule(
    id="G10",
    stage="serving",
    title="Serving",
    rungs=(
        Rung("none: a table or file is read"),
        Rung("a function in the application", "answers that nobody could compute beforehand"),
        Rung("one plain API process (model in ONNX)", "more than one busy core, a GPU, or several teams that call it"),
        Rung(
            "several replicas behind an autoscaler", f"more than {MACHINE_CORES} busy cores after ONNX, or three nines"
        ),
        Rung("model server", "GPUs that must batch, models that share accelerators, or a language model of one's own"),
    ),
    forces=_forces,
    figure=_figure,
    default=own_choice("predictions in a table need no server"),
    wording=_wording,
    always="Input checked, timeout, a fallback that is stated; version and latency logged with every answer.",
)
