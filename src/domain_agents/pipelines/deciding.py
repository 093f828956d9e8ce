"""The engine: a grid -> one decision for each stage. The same grid gives the same decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.case import Case
from domain_agents.pipelines.decision import decided
from domain_agents.pipelines.rules import rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.pipelines.decision import Decision
    from domain_agents.pipelines.grid import Grid


def decide(grid: Grid) -> tuple[Case, tuple[Decision, ...]]:
    """Every decision, in the order of their ids, with the case that holds the rungs."""
    case = settle(grid)
    found = [decided(rule, case) for rule in rules()]
    return case, tuple(sorted(found, key=lambda one: int(one.id[1:])))


def settle(grid: Grid) -> Case:
    """The rungs alone: what asking again and again needs."""
    case = Case(grid)
    for rule in rules():
        forces = tuple(rule.forces(case))
        rung = max((force.rung for force in forces), default=0)
        case.rungs[rule.stage] = rung
        case.forced[rule.stage] = tuple(
            dict.fromkeys(name for force in forces if force.rung == rung for name in force.by)
        )
    return case


def changed(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[str, ...]:
    """The stages whose rung is another."""
    return tuple(stage for stage in before if before[stage] != after[stage])
