"""G9: what starts the jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed, figure
from domain_agents.pipelines.decision import Force, Rule, Rung, contested, own_choice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_CRON = contested(
    "independent scripts run on cron (bugbug: 18 models, twice a month, on CI); the number of jobs is disputed, "
    "dependencies and backfills are not"
)
_REUSE = own_choice(
    "what somebody runs already has its alarms and its owner: one more job is nearly free (Monzo, Zalando, GOV.UK)"
)
_OWN = own_choice("an orchestrator of one's own is a person's part-time work")
DEPENDENT_JOBS = 5
MANY_JOBS = 20


def _forces(case: Case) -> Iterator[Force]:
    grid = case.grid
    jobs = grid.jobs or 0
    there = case.has("orchestrator")
    if there:
        yield Force(1, ("existing_stack",), f"{there} is run already", _REUSE)
        return
    if jobs > DEPENDENT_JOBS:
        yield Force(
            2,
            ("jobs",),
            f"{figure(jobs)} jobs that depend on one another: cron does not know that the one before failed",
            _CRON,
        )
    if grid.backfills and jobs > 1:
        yield Force(2, ("backfills", "jobs"), "past dates are computed again, in order", _CRON)
    if (grid.teams_sharing or 0) >= 3 and (grid.models_in_prod or 0) >= 3:
        yield Force(
            2,
            ("teams_sharing", "models_in_prod"),
            f"{figure(grid.teams_sharing)} teams wait for one another's tables",
            _CRON,
        )
    if jobs > MANY_JOBS and (grid.platform_fte or 0) >= 1:
        yield Force(3, ("jobs", "platform_fte"), f"{figure(jobs)} jobs and somebody to run it", _OWN)


def _figure(case: Case) -> Computed:
    cadence = case.grid.prediction_freshness_s or 86_400
    if case.answers_requests:
        # What is answered on request is no run of a schedule: what remains is data for training, and training.
        cadence = case.grid.retrain_cadence or 86_400
    return computed(
        "max(1, jobs) * 30 * 86400 / period_seconds",
        "runs/month",
        "runs to look after, one for each job and period",
        jobs=case.grid.jobs or 1,
        period_seconds=max(60.0, min(cadence, 2_629_800.0)),
    )


def _wording(case: Case, rung: int) -> str:
    if rung == 0:
        ci = case.has("ci")
        return f"a schedule in {ci}" if ci else "cron or a scheduled job of the platform"
    return f"{case.has('orchestrator')}, which runs already: one more DAG" if rung == 1 else RULE.rungs[rung].choice


RULE = Rule(
    id="G9",
    stage="orchestration",
    title="Orchestration",
    rungs=(
        Rung("cron or a CI schedule"),
        Rung("the orchestrator there is", "one that somebody runs already"),
        Rung(
            "a managed workflow service",
            f"more than {DEPENDENT_JOBS} jobs that depend on one another, backfills by date, or teams that wait for "
            "one another",
        ),
        Rung("an Airflow or Dagster of one's own", f"more than {MANY_JOBS} dependent jobs and somebody who runs it"),
    ),
    forces=_forces,
    figure=_figure,
    default=_CRON,
    wording=_wording,
    always="A job that did not run raises an alarm, on every rung: the check runs elsewhere than the job.",
)
