"""Starter files as a user gets them: made by the product, written to a folder, loaded as modules or run as programs."""

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from domain_agents.pipelines.artifacts import make
from domain_agents.pipelines.design import Design, design
from domain_agents.pipelines.filling import read_grid
from tests.unit.pipeline_grids import REPORTS, SMALL, SYSTEMS

GRIDS: dict[str, dict[str, Any]] = {**REPORTS, **SMALL}
EVERY_GRID: dict[str, dict[str, Any]] = {**GRIDS, **{name: grid for name, (grid, _) in SYSTEMS.items()}}
DATE = "2026-11-21"
_numbers = itertools.count()


def designed(grid: dict[str, Any]) -> Design:
    """The design of a grid, on a day that stays."""
    return design(read_grid(grid), DATE)


def files(artifact: str, grid: dict[str, Any]) -> dict[str, str]:
    """What the artifact makes for the grid; nothing where it declines."""
    return dict(make([artifact], designed(grid)).files)


def declined(artifact: str, grid: dict[str, Any]) -> str:
    """Why there is none."""
    return make([artifact], designed(grid)).declined[artifact]


def yielding(artifact: str) -> list[dict[str, Any]]:
    """Every grid that yields it."""
    return [grid for grid in EVERY_GRID.values() if files(artifact, grid)]


def written(folder: Path, artifact: str, grid: dict[str, Any]) -> dict[str, Path]:
    """The files on disk, by their names without folders."""
    found = {}
    for path, content in files(artifact, grid).items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content, encoding="utf-8")
        found[place.name] = place
    return found


def loaded(path: Path) -> ModuleType:
    """A rendered Python file as a module, each under a name of its own."""
    name = f"rendered_{path.stem}_{next(_numbers)}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
