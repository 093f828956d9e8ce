"""What answers a request, by its rung: a module for the application, or a FastAPI service with its image; in ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.arithmetic import figure
from domain_agents.pipelines.artifacts import Artifact, rendered
from domain_agents.pipelines.artifacts._reasons import comment, counted, reason

if TYPE_CHECKING:
    from domain_agents.pipelines.design import Design

API, REPLICAS, MODEL_SERVER = 2, 3, 4
ASSUMED_LATENCY_MS = 1_000
MAX_IN_FLIGHT = 32


def _declines(design: Design) -> str:
    if design.rung("serving") == 0:
        return "no server was chosen: predictions are read from a table"
    if design.rung("serving") == MODEL_SERVER:
        return f"{design.stages['serving'].choice} was chosen, which brings a server and an image of its own"
    if design.rung("llm") and not design.case.trains:
        return "answers come from a hosted language model; the starter serves a model of one's own, in ONNX"
    if not design.case.trains:
        return "no model is trained here that could be converted and served; a rule belongs into the application"
    return ""


def timeout_ms(design: Design) -> int:
    """Milliseconds after which the fallback answers: four fifths of the caller's budget."""
    return max(1, round(0.8 * (design.grid.latency_p95_ms or ASSUMED_LATENCY_MS)))


def is_service(design: Design) -> bool:
    """Whether the design has a plain API of its own, so an image that can be deployed."""
    return design.rung("serving") in {API, REPLICAS} and not _declines(design)


def _make(design: Design) -> tuple[tuple[str, str], ...]:
    values = _values(design)
    folder = f"serving/{design.slug}"
    names = ["predictor.py", "export_onnx.py", "requirements.txt", "requirements_export.txt"]
    if is_service(design):
        names += ["app.py", "Dockerfile", ".dockerignore"]
    return tuple((f"{folder}/{name}", rendered(__name__, f"{name.lstrip('.')}.j2", values)) for name in names)


def _values(design: Design) -> dict[str, Any]:
    latency = design.grid.latency_p95_ms
    return {
        "slug": design.slug,
        "service": is_service(design),
        "serving": comment(reason(design, "serving")),
        "rollback": comment(reason(design, "rollback")),
        "cores": comment(counted(design.stages["serving"].computed)),
        "timeout": timeout_ms(design),
        "budget": f"{figure(latency)} ms at p95" if latency else f"{ASSUMED_LATENCY_MS} ms, assumed: nobody told",
        "max_in_flight": MAX_IN_FLIGHT,
    }


ARTIFACT = Artifact(title="Serving", declines=_declines, make=_make)
