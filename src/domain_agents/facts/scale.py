"""Figures at which a design changes, each with its source and the day it was checked: `scale.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from domain_agents.facts import FactsError

_FIELDS = frozenset({"value", "unit", "says", "source", "checked"})


@dataclass(frozen=True, slots=True)
class Threshold:
    """A figure: what it is counted in, what happens there, where it is from."""

    name: str
    value: float
    unit: str
    says: str
    source: str
    checked: str


@cache
def thresholds() -> dict[str, Threshold]:
    """Every figure by name.

    Raises:
        FactsError: an entry without its source or day, or with a field there is not.
    """
    text = (files("domain_agents.facts") / "scale.toml").read_text(encoding="utf-8")
    return read_thresholds(text)


def read_thresholds(text: str) -> dict[str, Threshold]:
    """The figures that a TOML text holds.

    Raises:
        FactsError: with the entry and the field.
    """
    try:
        entries = tomllib.loads(text)["thresholds"]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise FactsError(f"scale.toml: write [thresholds.NAME] tables: {error}") from error
    return {name: _threshold(name, entry) for name, entry in entries.items()}


def threshold(name: str) -> Threshold:
    """One figure.

    Raises:
        LookupError: there is none of that name; the message lists those there are.
    """
    found = thresholds().get(name)
    if found is None:
        raise LookupError(f"no threshold named {name!r}; there are: {', '.join(sorted(thresholds()))}")
    return found


def _threshold(name: str, entry: object) -> Threshold:
    where = f"scale.toml, thresholds.{name}"
    if not isinstance(entry, dict) or set(entry) != _FIELDS:
        raise FactsError(f"{where}: has exactly the fields {', '.join(sorted(_FIELDS))}")
    if isinstance(entry["value"], bool) or not isinstance(entry["value"], int | float):
        raise FactsError(f"{where}.value: write a number")
    for field in ("unit", "says", "source"):
        if not isinstance(entry[field], str) or not entry[field].strip():
            raise FactsError(f"{where}.{field}: must be given as text")
    try:
        date.fromisoformat(str(entry["checked"]))
    except ValueError as error:
        raise FactsError(f"{where}.checked: write the day someone read the source, such as 2026-11-20") from error
    return Threshold(name, entry["value"], entry["unit"], entry["says"], entry["source"], str(entry["checked"]))
