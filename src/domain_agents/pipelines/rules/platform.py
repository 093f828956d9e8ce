"""G12: what it all runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import figure
from domain_agents.pipelines.compute.llm import copies, in_flight
from domain_agents.pipelines.compute.replicas import cores
from domain_agents.pipelines.decision import Force, Rule, Rung, contested, own_choice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_REUSE = own_choice("a cluster that a platform team runs is the cheapest place for one more container")
_OWN = contested(
    "a cluster of one's own pays with many services and people for it (tildalice: a month's revenue burned), others "
    "start there"
)
_CONTAINER = own_choice("replicas and autoscaling are what a container service is for")
MANY_SERVICES = 5


def _forces(case: Case) -> Iterator[Force]:
    grid = case.grid
    serving = case.rungs["serving"]
    there = case.has("kubernetes")
    if there:
        yield Force(2, ("existing_stack",), f"{there} is run already", _REUSE)
    if serving >= 3:
        yield Force(
            1,
            case.forced["serving"],
            "a container on a GPU that must be placed and replaced"
            if serving == 4
            else "several replicas that come and go",
            _CONTAINER,
        )
    if (grid.services or 0) > 1:
        yield Force(1, ("services",), f"{figure(grid.services)} services are deployed one by one", _CONTAINER)
    if (grid.services or 0) > MANY_SERVICES and (grid.platform_fte or 0) >= 2 and not there:
        yield Force(
            3,
            ("services", "platform_fte"),
            f"{figure(grid.services)} services and {figure(grid.platform_fte)} people who would run a cluster",
            _OWN,
        )
    if serving == 4 and (grid.models_in_prod or 0) >= 5 and (grid.platform_fte or 0) >= 2 and not there:
        yield Force(
            3,
            (*case.forced["serving"], "models_in_prod", "platform_fte"),
            f"{figure(grid.models_in_prod)} models are scheduled onto GPUs, by people who are there for it",
            _OWN,
        )


def _figure(case: Case) -> Computed:
    if case.rungs["llm"] and not case.rungs["need"]:
        return copies(case) if case.grid.llm.provider_allowed is False else in_flight(case)
    return cores(case)


def _wording(case: Case, rung: int) -> str:
    if rung == 0:
        if case.grid.on_device:
            return "the device itself; training on one machine"
        there = case.has("containers")
        return (
            f"{there}, where the application runs already"
            if there
            else "where the application runs already: one machine or a platform service"
        )
    if rung == 1 and case.rungs.get("serving") == 4 and not case.has("containers"):
        return "a container service with GPUs, or one GPU machine"
    if rung == 1:
        return f"{case.has('containers')}, which is there" if case.has("containers") else RULE.rungs[1].choice
    return (
        f"{case.has('kubernetes')}, which is there, in a namespace of its own" if rung == 2 else RULE.rungs[rung].choice
    )


RULE = Rule(
    id="G12",
    stage="platform",
    title="Platform",
    rungs=(
        Rung("one machine or a platform service"),
        Rung("a container service (serverless containers)", "several replicas, or several services"),
        Rung("the Kubernetes there is", "a cluster that somebody runs already"),
        Rung(
            "a Kubernetes of one's own",
            f"more than {MANY_SERVICES} services or many models on GPUs, and two people who run it",
        ),
    ),
    forces=_forces,
    figure=_figure,
    default=own_choice("nothing asks for more than one machine"),
    wording=_wording,
    always="Images by digest, secrets from a manager, staging first.",
)
