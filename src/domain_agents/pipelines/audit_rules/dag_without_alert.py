"""A DAG that fails in silence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen
from domain_agents.pipelines.audit_rules._examples import dag
from domain_agents.pipelines.reading.operations import dags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


_TOLD = re.compile(r"on_failure_callback|email_on_failure|sla_miss_callback|notifier|Notifier|deadline")


class _DagWithoutAlert(Rule):
    severity = Severity.WARNING
    section = "monitoring"
    harm = "Nobody is told when the run fails."
    instead = "on_failure_callback (and a dead-man alarm outside of Airflow: it cannot say that it is down)"
    sources = ("https://airflow.apache.org/docs/apache-airflow/stable/best-practices.html",)
    bad = dag("catchup=False", 'default_args={"retries": 2, "execution_timeout": timedelta(hours=1)}')
    good = dag(
        "on_failure_callback=print",
        "catchup=False",
        'default_args={"retries": 2, "execution_timeout": timedelta(hours=1)}',
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source, node in dags(at):
            if not _TOLD.search(source.text):
                yield Seen(
                    "a failed run, or one that never began, is noticed by whoever misses its data",
                    source.path,
                    node.lineno,
                    source,
                )


RULE = _DagWithoutAlert()
