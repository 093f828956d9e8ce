"""A DAG whose tasks may hang for ever."""

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


_TOLD = re.compile(r"execution_timeout|dagrun_timeout")


class _DagWithoutTimeout(Rule):
    severity = Severity.WARNING
    section = "infrastructure"
    harm = "A task without a time limit can hang for days and block the ones behind it."
    instead = "execution_timeout in default_args, dagrun_timeout on the DAG"
    sources = ("https://airflow.apache.org/docs/apache-airflow/stable/best-practices.html",)
    bad = dag("on_failure_callback=print", "catchup=False", 'default_args={"retries": 2}')
    good = dag(
        "on_failure_callback=print",
        "catchup=False",
        'default_args={"retries": 2, "execution_timeout": timedelta(hours=1)}',
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source, node in dags(at):
            if not _TOLD.search(source.text):
                yield Seen(
                    "a task that hangs holds its slot, and the runs behind it, for ever",
                    source.path,
                    node.lineno,
                    source,
                )


RULE = _DagWithoutTimeout()
