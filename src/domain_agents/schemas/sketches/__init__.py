"""The same page of meaning for another kind of store: one file per store, each a document with its trade-offs.

A sketch is for deciding, not for loading: what the store cannot keep true is said beside what it does well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.registry import load_unit, unit_names

if TYPE_CHECKING:
    from domain_agents.schemas.design import Design


def sketch_names() -> tuple[str, ...]:
    """The stores there are sketches for."""
    import domain_agents.schemas.sketches as package

    return unit_names(package)


def sketch(name: str, made: Design) -> str:
    """A design as a document for that store, in Markdown."""
    import domain_agents.schemas.sketches as package

    text: str = load_unit(package, name).sketch(made)
    return text
