"""The model card: what is known of the model before it is trained, and the lines that training must fill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import figure
from domain_agents.pipelines.artifacts import Artifact, rendered

if TYPE_CHECKING:
    from domain_agents.pipelines.design import Design


def _never(_design: Design) -> str:
    return ""


def _make(design: Design) -> tuple[tuple[str, str], ...]:
    values = {
        **design.as_json(),
        "title": design.title,
        "date": design.date,
        "slug": design.slug,
        "trains": design.case.trains,
        "language_model": design.rung("llm") > 0,
        "stages": {name: decision.as_json() for name, decision in design.stages.items()},
        "grid": design.grid.known(),
        "figure": figure,
    }
    return ((f"docs/{design.slug}_model_card.md", rendered(__name__, "card.md.j2", values)),)


ARTIFACT = Artifact(title="Model card", declines=_never, make=_make)
