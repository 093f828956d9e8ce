"""A DAG that gives up at once."""

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


_TOLD = re.compile(r"\bretries\b")


class _DagWithoutRetries(Rule):
    severity = Severity.WARNING
    section = "infrastructure"
    harm = "Without retries a moment's network fault costs a night's run."
    instead = "retries and retry_delay in default_args"
    sources = ("https://airflow.apache.org/docs/apache-airflow/stable/best-practices.html",)
    bad = dag("on_failure_callback=print", "catchup=False", 'default_args={"execution_timeout": timedelta(hours=1)}')
    good = dag(
        "on_failure_callback=print",
        "catchup=False",
        'default_args={"retries": 2, "execution_timeout": timedelta(hours=1)}',
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source, node in dags(at):
            if not _TOLD.search(source.text):
                yield Seen(
                    "one dropped connection fails the run, and the next data waits for a person",
                    source.path,
                    node.lineno,
                    source,
                )


RULE = _DagWithoutRetries()
