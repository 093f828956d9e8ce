"""The scheduled job by its rung: under cron or CI with a did-not-run alarm, or as an Airflow DAG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.artifacts import Artifact, rendered
from domain_agents.pipelines.artifacts._reasons import comment, counted, reason
from domain_agents.pipelines.artifacts._schedule import schedule
from domain_agents.pipelines.case import IN_PROCESS

if TYPE_CHECKING:
    from domain_agents.pipelines.design import Design

_AIRFLOW = ("airflow", "mwaa", "composer")
LATE_DAYS = 3


def _declines(design: Design) -> str:
    if design.rung("inference") == IN_PROCESS:
        return "predictions are made inside the calling program, so nothing is scored on a schedule"
    if design.is_online and not design.case.trains:
        return "answers are given while a caller waits and nothing is trained, so no table is filled on a schedule"
    return ""


def _scheduler(design: Design) -> str:
    rung = design.rung("orchestration")
    there = design.case.has("orchestrator").lower()
    if rung == 0:
        ci = design.case.has("ci").lower()
        return "github" if "github" in ci else "cron"
    return "airflow" if rung > 1 or any(name in there for name in _AIRFLOW) else "other"


def _scorer(design: Design) -> str:
    if design.case.trains:
        return "onnx"
    return "hosted" if design.rung("llm") else "rule"


def _make(design: Design) -> tuple[tuple[str, str], ...]:
    scheduler = _scheduler(design)
    folder = "dags" if scheduler == "airflow" else "jobs"
    values = _values(design, scheduler, folder)
    slug = design.slug
    files = [
        (f"{folder}/{slug}_job.py", "job.py.j2"),
        (f"{folder}/{slug}_scorer.py", f"scorer_{_scorer(design)}.py.j2"),
        (f"{folder}/{slug}_watch.py", "watch.py.j2"),
    ]
    if scheduler == "airflow":
        files += [(f"dags/{slug}_dag.py", "dag.py.j2"), ("dags/.airflowignore", "airflowignore.j2")]
    elif scheduler == "github":
        files += [
            (f".github/workflows/{slug}.yml", "workflow.yml.j2"),
            (f".github/workflows/{slug}_watch.yml", "workflow_watch.yml.j2"),
        ]
    elif scheduler == "cron":
        files += [(f"ops/{slug}.cron", "job.cron.j2"), (f"ops/{slug}_watch.cron", "watch.cron.j2")]
    if scheduler != "airflow":
        files.append((f"jobs/{slug}_requirements.txt", "requirements.txt.j2"))
    return tuple((path, rendered(__name__, template, values)) for path, template in files)


def _values(design: Design, scheduler: str, folder: str) -> dict[str, Any]:
    when = schedule(design)
    minutes = when.seconds // 60
    return {
        "slug": design.slug,
        "folder": folder,
        "scheduler": scheduler,
        "scorer": _scorer(design),
        "orchestrator": design.case.has("orchestrator"),
        "cron": when.cron,
        "period": when.seconds,
        "period_says": when.says,
        "alarm": when.alarm_seconds,
        "timeout": when.timeout_seconds,
        "daily": when.is_daily_or_rarer,
        "watch_cron": f"*/{max(5, min(30, minutes))} * * * *" if minutes < 60 else "45 * * * *",
        "late_days": LATE_DAYS,
        "date": design.date,
        "start": [int(part) for part in design.date.split("-")],
        "purpose": comment(f"For: {design.title}."),
        "orchestration": comment(reason(design, "orchestration")),
        "inference": comment(reason(design, "inference")),
        "runs": comment(counted(design.stages["orchestration"].computed)),
        "online": design.is_online,
        "told": when.from_grid,
    }


ARTIFACT = Artifact(title="Scheduled job or DAG", declines=_declines, make=_make)
