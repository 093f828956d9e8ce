"""One file per unit: a package's modules are its catalogue, a file's name is its unit's name."""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


@lru_cache(maxsize=256)
def unit_names(package: ModuleType) -> tuple[str, ...]:
    """The units of a package, by file name, in alphabetical order; modules that start with an underscore are not units.

    Listed once: an installed package does not change while it runs.
    """
    return tuple(sorted(info.name for info in pkgutil.iter_modules(package.__path__) if not info.name.startswith("_")))


def load_unit(package: ModuleType, name: str) -> ModuleType:
    """The module that holds a unit.

    Raises:
        LookupError: there is no unit of that name; the message lists those there are.
    """
    names = unit_names(package)
    if name not in names:
        raise LookupError(
            f"no {package.__name__.rpartition('.')[2]} unit named {name!r}; there are: {', '.join(names)}"
        )
    return import_module(f"{package.__name__}.{name}")
