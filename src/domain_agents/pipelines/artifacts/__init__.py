"""Starter files, one unit each: `ARTIFACT` in artifacts/NAME.py, or in a folder artifacts/NAME/ with its templates.

A unit is given the design and makes files for the rungs that were chosen; for the others it says why there are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from domain_agents.registry import load_unit, unit_names
from domain_agents.rendering import render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from domain_agents.pipelines.design import Design


@dataclass(frozen=True, slots=True)
class Artifact:
    """One kind of file.

    `declines` gives the reason why this design needs none, in a sentence, or "" where it does. `make` gives (path from
    the project's root with forward slashes, content ending in a line feed), and is asked only where nothing declines.
    """

    title: str
    declines: Callable[[Design], str]
    make: Callable[[Design], Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Made:
    """What came of asking for artifacts: path -> content, and name -> why there is none."""

    files: Mapping[str, str]
    declined: Mapping[str, str]


@cache
def artifact_names() -> tuple[str, ...]:
    """Every artifact that can be asked for."""
    import domain_agents.pipelines.artifacts as package

    return unit_names(package)


def artifact(name: str) -> Artifact:
    """The artifact of that name.

    Raises:
        LookupError: there is none; the message lists those there are.
    """
    import domain_agents.pipelines.artifacts as package

    found: Artifact = load_unit(package, name).ARTIFACT
    return found


def make(names: Sequence[str], design: Design) -> Made:
    """The files of those artifacts, in the order asked.

    Raises:
        LookupError: a name that is none.
    """
    made: dict[str, str] = {}
    declined: dict[str, str] = {}
    for name in dict.fromkeys(names):
        unit = artifact(name)
        reason = "the use as written is prohibited" if design.rung("governance") == 3 else unit.declines(design)
        if reason:
            declined[name] = reason
            continue
        for path, content in unit.make(design):
            if made.setdefault(path, content) != content:
                raise ValueError(f"two artifacts write {path}")
    return Made(made, declined)


def rendered(package: str, template: str, values: Mapping[str, Any]) -> str:
    """A template that lies beside the code of an artifact (`package` is its `__name__`), filled in."""
    source = (files(package) / template).read_text(encoding="utf-8")
    return render(source, values, name=template)
