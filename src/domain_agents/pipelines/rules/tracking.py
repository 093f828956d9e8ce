"""G7: how one knows which model that was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed, figure
from domain_agents.pipelines.decision import Force, Rule, Rung, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_BRECK = stated("Breck et al. 2017, The ML Test Score, Infra 1 and 7: reproducible training, serving rolls back")
_TWO = own_choice("two people or two models need a place to compare; one person has a folder")
_YEAR = 31_557_600.0


def _forces(case: Case) -> Iterator[Force]:
    grid = case.grid
    if case.is_regulated:
        yield Force(
            2, case.forced["governance"], "who approved which version, on what evidence, must be on record", _BRECK
        )
    if not case.trains:
        return
    if (grid.ml_fte or 0) >= 2:
        yield Force(1, ("ml_fte",), f"{figure(grid.ml_fte)} people compare their runs", _TWO)
    if (grid.models_in_prod or 0) >= 2:
        yield Force(1, ("models_in_prod",), f"{figure(grid.models_in_prod)} models in production", _TWO)


def _figure(case: Case) -> Computed:
    cadence = case.grid.retrain_cadence
    return computed(
        "models_in_prod * retrainings_per_year",
        "versions/year",
        "versions to tell apart",
        models_in_prod=case.grid.models_in_prod or 1,
        retrainings_per_year=_YEAR / cadence if cadence else None,
    )


def _wording(case: Case, rung: int) -> str:
    runs = case.has("tracking")
    if rung == 0 and not case.trains:
        if not case.rungs.get("llm"):
            return "the query or configuration and its measured results in git"
        return "prompts, configuration and results of the acceptance set in git"
    if rung == 1:
        return f"{runs}, which is there already" if runs else RULE.rungs[1].choice
    if rung == 2 and runs:
        return f"registry of {runs}, a second person approves each release"
    return RULE.rungs[rung].choice


RULE = Rule(
    id="G7",
    stage="tracking",
    title="Tracking and registry",
    rungs=(
        Rung("a manifest beside each model in object storage: git, data hash, metrics, environment, owner"),
        Rung(
            "MLflow on a SQL database, aliases for champion and challenger", "two people, or two models in production"
        ),
        Rung("a registry with approvals", "a duty to show who approved what"),
    ),
    forces=_forces,
    figure=_figure,
    default=_BRECK,
    wording=_wording,
    always="The version before stays deployable; there is no model in production without a version.",
)
