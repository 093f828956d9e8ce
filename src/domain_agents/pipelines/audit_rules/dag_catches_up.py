"""A DAG that runs for every day since its start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen
from domain_agents.pipelines.audit_rules._examples import dag
from domain_agents.pipelines.reading.operations import dags
from domain_agents.pipelines.reading.sources import keyword, literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


class _DagCatchesUp(Rule):
    severity = Severity.WARNING
    section = "infrastructure"
    harm = "catchup=True starts one run for each interval since start_date the day it is switched on, all at once."
    instead = "catchup=False, or max_active_runs=1 and tasks that are idempotent by date"
    sources = ("https://airflow.apache.org/docs/apache-airflow/stable/best-practices.html",)
    bad = dag(
        "on_failure_callback=print",
        'default_args={"retries": 2, "execution_timeout": timedelta(hours=1)}',
        "catchup=True",
    )
    good = dag(
        "on_failure_callback=print",
        'default_args={"retries": 2, "execution_timeout": timedelta(hours=1)}',
        "catchup=False",
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source, node in dags(at):
            caught = literal(keyword(node, "catchup"))
            by_default = keyword(node, "catchup") is None and keyword(node, "schedule_interval") is not None
            if (
                (caught is True or by_default)
                and keyword(node, "max_active_runs") is None
                and "catchup_by_default" not in source.text
            ):
                yield Seen(
                    ("catchup is on by default where schedule_interval is written (Airflow 2): " if by_default else "")
                    + "every interval since start_date is run at once when the DAG is switched on",
                    source.path,
                    node.lineno,
                    source,
                )


RULE = _DagCatchesUp()
