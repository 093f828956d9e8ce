"""A container that may take the whole node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files
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
    bad = files(
        {
            "k8s/deployment.yaml": "apiVersion: apps/v1\n"
            "kind: Deployment\n"
            "metadata:\n"
            "  name: scorer\n"
            "spec:\n"
            "  replicas: 2\n"
            "  template:\n"
            "    spec:\n"
            "      containers:\n"
            "        - name: api\n"
            "          image: registry.example/scorer:1.4.2\n"
            "          readinessProbe:\n"
            "            httpGet: {path: /ready, port: 8000}\n"
            "          livenessProbe:\n"
            "            httpGet: {path: /live, port: 8000}\n"
        }
    )
    good = files(
        {
            "k8s/deployment.yaml": "apiVersion: apps/v1\n"
            "kind: Deployment\n"
            "metadata:\n"
            "  name: scorer\n"
            "spec:\n"
            "  replicas: 2\n"
            "  template:\n"
            "    spec:\n"
            "      containers:\n"
            "        - name: api\n"
            "          image: registry.example/scorer:1.4.2\n"
            "          resources:\n"
            "            requests: {cpu: 500m, memory: 512Mi}\n"
            "            limits: {memory: 512Mi}\n"
            "          readinessProbe:\n"
            "            httpGet: {path: /ready, port: 8000}\n"
            "          livenessProbe:\n"
            "            httpGet: {path: /live, port: 8000}\n"
        }
    )

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
