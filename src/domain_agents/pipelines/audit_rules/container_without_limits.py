"""A container that may take the whole node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen
from domain_agents.pipelines.audit_rules._examples import LIMITS, PROBES, deployment
from domain_agents.pipelines.reading.operations import containers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


class _ContainerWithoutLimits(Rule):
    severity = Severity.WARNING
    section = "infrastructure"
    harm = "Without requests the scheduler packs blindly, without a memory limit one leak takes its neighbours down."
    instead = "resources.requests for CPU and memory, resources.limits for memory, from what was measured"
    sources = (
        "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
        "checkov CKV_K8S_11, CKV_K8S_13",
    )
    bad = deployment(PROBES)
    good = deployment(LIMITS, PROBES)

    def looks(self, at: Repository) -> Iterator[Seen]:
        for document, container in containers(at):
            resources = container.get("resources")
            given = resources if isinstance(resources, dict) else {}
            missing = [name for name in ("requests", "limits") if name not in given]
            if missing:
                yield Seen(
                    f"container {container.get('name', '?')} has no resource {' and no '.join(missing)}: one "
                    "that grows takes the node's "
                    "memory from all others",
                    document.path,
                    container.line,
                )


RULE = _ContainerWithoutLimits()
