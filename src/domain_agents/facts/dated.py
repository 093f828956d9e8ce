"""Facts that age: prices, legal dates, ends of life. Each has a source, the day it was checked and the day it was true.

[entries.cpu_core_hour]
low = 0.03                  # a range: low, base, high; or `value`, a text such as a date
base = 0.05
high = 0.1
unit = "USD"
note = "..."
as_of = "2026-11-20"        # the day for which it holds
checked = "2026-11-20"      # the day somebody read the source
source = "..."
standing = "own choice"     # stated | measured | contested | own choice
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from domain_agents.facts import FactsError

if TYPE_CHECKING:
    from collections.abc import Mapping

STALE_DAYS: Final = 180
"""After so long a price is said to be stale; our own choice."""
_STANDINGS: Final = ("stated", "measured", "contested", "own choice")
_FIELDS: Final = frozenset({"low", "base", "high", "value", "unit", "note", "as_of", "checked", "source", "standing"})


@dataclass(frozen=True, slots=True)
class DatedFact:
    """One fact: a range (low, base, high) or a text `value`."""

    name: str
    low: float
    base: float
    high: float
    value: str
    unit: str
    note: str
    as_of: str
    checked: str
    source: str
    standing: str

    def at(self, end: str) -> float:
        """The low, base or high end of the range."""
        return {"low": self.low, "base": self.base, "high": self.high}[end]

    def is_stale(self, today: str) -> bool:
        """Whether it is older than `STALE_DAYS` on that day (ISO)."""
        return days_between(self.as_of, today) > STALE_DAYS


def days_between(first: str, then: str) -> int:
    """Days from one ISO day to another; negative when the other comes first."""
    return (date.fromisoformat(then) - date.fromisoformat(first)).days


def is_day(text: str) -> bool:
    """Whether the text is a day that the calendar has, as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@cache
def dated(name: str) -> Mapping[str, DatedFact]:
    """The facts of one file: prices, regulation, ends.

    Raises:
        FactsError: the file says something that cannot be used.
    """
    text = (files(__package__) / f"{name}.toml").read_text(encoding="utf-8")
    return read_dated(name, text)


def price(name: str) -> DatedFact:
    """A price by its name."""
    return dated("prices")[name]


def read_dated(name: str, text: str) -> dict[str, DatedFact]:
    """The dated facts that a TOML text holds.

    Raises:
        FactsError: with the entry and the field, and what to write there.
    """
    try:
        entries = tomllib.loads(text).get("entries")
    except tomllib.TOMLDecodeError as error:
        raise FactsError(f"{name}.toml: {error}") from error
    if not isinstance(entries, dict) or not entries:
        raise FactsError(f"{name}.toml: write one table [entries.NAME] for each fact")
    return {key: _fact(f"{name}.toml, entries.{key}", key, entry) for key, entry in entries.items()}


def _fact(where: str, name: str, entry: Any) -> DatedFact:
    if not isinstance(entry, dict) or set(entry) - _FIELDS:
        raise FactsError(f"{where}: a table with some of: {', '.join(sorted(_FIELDS))}")
    for field in ("source", "standing", "as_of", "checked"):
        if not isinstance(entry.get(field), str) or not entry[field].strip():
            raise FactsError(f"{where}.{field}: must be given as text")
    if entry["standing"] not in _STANDINGS:
        raise FactsError(f"{where}.standing: one of: {', '.join(_STANDINGS)}")
    for field in ("as_of", "checked"):
        if not is_day(entry[field]):
            raise FactsError(f"{where}.{field}: a day, such as 2026-11-20")
    low, base, high = (entry.get(field, 0.0) for field in ("low", "base", "high"))
    if not all(isinstance(number, (int, float)) for number in (low, base, high)) or not 0 <= low <= base <= high:
        raise FactsError(f"{where}: low, base and high, in that order")
    if not entry.get("value") and not high:
        raise FactsError(f"{where}: give low, base and high, or value")
    return DatedFact(
        name,
        float(low),
        float(base),
        float(high),
        str(entry.get("value", "")),
        str(entry.get("unit", "")),
        str(entry.get("note", "")),
        entry["as_of"],
        entry["checked"],
        entry["source"],
        entry["standing"],
    )
