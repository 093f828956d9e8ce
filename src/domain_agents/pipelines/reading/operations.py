"""What runs where: DAGs, containers and their images, request handlers."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.reading.manifests import Lined, children, inner
from domain_agents.pipelines.reading.sources import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository
    from domain_agents.pipelines.reading.manifests import Document
    from domain_agents.pipelines.reading.sources import Source

_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "ReplicaSet"})
_FROM = re.compile(r"^\s*FROM\s+(?:--platform=\S+\s+)?(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?", re.IGNORECASE)
_ROUTES = frozenset({"post", "get", "put", "route", "patch", "websocket", "api_route"})


def dags(at: Repository) -> Iterator[tuple[Source, ast.Call]]:
    """Every Airflow DAG: the call that makes it, or its decorator."""
    for source in at.code:
        if "airflow" not in source.imports:
            continue
        for name, node in source.call_nodes:
            if name in ("DAG", "dag") and (node.args or node.keywords):
                yield source, node


def containers(at: Repository) -> Iterator[tuple[Document, Lined]]:
    """Every container of a Kubernetes workload."""
    for document in at.documents:
        if document.kind not in _WORKLOADS:
            continue
        for spec in _pod_specs(document.content):
            for container in children(spec, "containers"):
                yield document, container


def _pod_specs(content: Lined) -> Iterator[Any]:
    for path in (("spec", "template", "spec"), ("spec", "jobTemplate", "spec", "template", "spec"), ("spec",)):
        spec = inner(content, *path)
        if isinstance(spec, dict) and "containers" in spec:
            yield spec


def images(at: Repository) -> Iterator[tuple[str, int, str]]:
    """Every image that is built on or run: file, line, name."""
    for path, text in at.dockerfiles:
        stages: set[str] = set()
        for number, line in enumerate(text.split("\n"), start=1):
            match = _FROM.match(line)
            if not match:
                continue
            if match["image"].lower() not in stages:
                yield path, number, match["image"]
            if match["stage"]:
                stages.add(match["stage"].lower())
    for document, container in containers(at):
        image = container.get("image")
        if isinstance(image, str):
            yield document.path, container.at("image"), image
    for document in at.documents:
        if document.is_compose:
            for service in document.content["services"].values():
                image = service.get("image") if isinstance(service, Lined) else None
                if isinstance(image, str) and "build" not in service:
                    yield document.path, service.at("image"), image


def is_loose(image: str) -> bool:
    """Whether an image's name leaves its version open. What a variable fills in is not judged."""
    if "$" in image or "{" in image or "@sha256:" in image or image == "scratch":
        return False
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return not colon or tag.lower() == "latest"


def handlers(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions that answer requests."""
    if not source.imports & {"fastapi", "flask", "starlette", "quart", "sanic", "litestar"}:
        return
    for node in source.nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(
            isinstance(one, ast.Call) and name_of(one.func) in _ROUTES for one in node.decorator_list
        ):
            yield node
