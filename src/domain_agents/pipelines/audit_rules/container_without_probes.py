"""A container that gets traffic before it can answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen
from domain_agents.pipelines.audit_rules._examples import LIMITS, PROBES, deployment
from domain_agents.pipelines.reading.operations import containers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


class _ContainerWithoutProbes(Rule):
    severity = Severity.WARNING
    section = "infrastructure"
    harm = "Without a readiness probe a pod gets requests while its model is still loading."
    instead = (
        "readinessProbe that asks whether the model is loaded, livenessProbe (or startupProbe) "
        "that asks whether the process lives"
    )
    sources = ("https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",)
    bad = deployment(LIMITS)
    good = deployment(LIMITS, PROBES)

    def looks(self, at: Repository) -> Iterator[Seen]:
        for document, container in containers(at):
            if document.kind in ("Deployment", "StatefulSet") and "readinessProbe" not in container:
                yield Seen(
                    (
                        f"container {container.get('name', '?')} has no readiness probe: requests reach it while "
                        "its model is loading"
                    ),
                    document.path,
                    container.line,
                )


RULE = _ContainerWithoutProbes()
