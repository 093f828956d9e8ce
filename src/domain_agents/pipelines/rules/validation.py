"""G4: what stands between bad data and the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed, figure
from domain_agents.pipelines.decision import Force, Rule, Rung, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_BRECK = stated("Breck et al. 2017, The ML Test Score, Data 1: feature expectations are captured in a schema")
_TEAMS = own_choice("who did not write the data cannot know what it promises; two teams, then three, then five")
_TABLES = own_choice("more than ten tables are not held in one head")


def _forces(case: Case) -> Iterator[Force]:
    teams, tables = case.grid.teams_sharing or 0, case.grid.n_tables or 0
    if teams >= 2:
        yield Force(1, ("teams_sharing",), f"{figure(teams)} teams stand on the same data", _TEAMS)
    if tables > 10:
        yield Force(1, ("n_tables",), f"{figure(tables)} tables", _TABLES)
    if (case.grid.models_in_prod or 0) >= 3:
        yield Force(1, ("models_in_prod",), f"{figure(case.grid.models_in_prod)} models read it", _BRECK)
    if case.is_regulated:
        yield Force(1, case.forced["governance"], "what went into a regulated model must be shown later", _BRECK)
    if teams >= 3:
        yield Force(
            2,
            ("teams_sharing",),
            f"{figure(teams)} teams need to see what the data promises, not only that a check failed",
            _TEAMS,
        )
    if teams >= 2 and (tables > 10 or case.is_regulated):
        yield Force(
            2,
            ("teams_sharing", *(("n_tables",) if tables > 10 else case.forced["governance"])),
            f"{figure(teams)} teams and {'many tables' if tables > 10 else 'duties of record'}",
            _TEAMS,
        )
    if teams >= 5:
        yield Force(
            3, ("teams_sharing",), f"{figure(teams)} teams: a change must be agreed before it is shipped", _TEAMS
        )


def _figure(case: Case) -> Computed:
    return computed(
        "3 / rows",
        "",
        "share of bad rows that stays possible when a whole load had none (rule of three)",
        rows=case.grid.rows or None,
    )


RULE = Rule(
    id="G4",
    stage="validation",
    title="Validation",
    rungs=(
        Rung("assertions in the loading code: columns, types, row count, nulls, newest date"),
        Rung(
            "a schema at the border (Pandera), dirty rows to a dead-letter table",
            "data that another team writes, more than ten tables, or a duty of record",
        ),
        Rung(
            "expectation suites with data docs (Great Expectations, dbt tests)",
            "three or more teams that must see what the data promises",
        ),
        Rung("data contracts with owners, checked in the producer's CI", "five or more teams that produce or use it"),
    ),
    forces=_forces,
    figure=_figure,
    default=_BRECK,
    always="Checked before it is loaded; a failed check stops the run and keeps yesterday's table.",
)
