"""Numbers with sources: what was read in a document or measured on a server, and on which day.

A fact without its source and the day it was checked does not load. `locks/ENGINE.toml` holds one entry per statement
form:

    [forms.create_index]
    lock = "SHARE"                          # the engine's own word
    blocks = "writes"                       # none | writes | reads and writes
    builds_index = true                     # also: rewrites_table, scans_table; false when left out
    seconds_per_million_rows = [0.3, 3.0]   # measured range with margin; constant_seconds = [0.0, 0.1] when size-free
    other_locks = { referenced = "..." }    # locks on other tables, by their role
    note = "..."
    source = "URL, section"                 # or a list of them
    checked = "2026-11-20"
    measured_on = ["17.11", "18.6"]
    since = "8.2"                           # the first version that has the form; until: the first that has it no more

    [[forms.create_index.versions]]         # what is different from `from` on, up to (not including) `until`
    from = "18"
    blocks = "none"
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCKS: Final = ("none", "writes", "reads and writes")
"""Whom a lock can keep waiting, in the words of the contract."""

_FLAGS: Final = ("rewrites_table", "scans_table", "builds_index")
_RANGES: Final = ("seconds_per_million_rows", "constant_seconds")
_FIELDS: Final = frozenset(
    {"lock", "blocks", "other_locks", "note", "source", "checked", "measured_on", "since", "until", *_FLAGS, *_RANGES}
)
_VERSION: Final = re.compile(r"\d+(\.\d+)*\Z", re.ASCII)


class FactsError(ValueError):
    """A fact file says something that cannot be used; the message names the file, the entry and the field."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What one form of statement does on one version.

    `lock` is the engine's own word for the lock on the statement's table, `other_locks` pairs a role ("referenced")
    with the lock on that table. The two ranges are seconds (low, high); their sum is a statement's time.
    """

    form: str
    lock: str
    blocks: str
    sources: tuple[str, ...]
    checked: str
    rewrites_table: bool = False
    scans_table: bool = False
    builds_index: bool = False
    seconds_per_million_rows: tuple[float, float] = (0.0, 0.0)
    constant_seconds: tuple[float, float] = (0.0, 0.0)
    other_locks: tuple[tuple[str, str], ...] = ()
    note: str = ""
    measured_on: tuple[str, ...] = ()

    def seconds(self, rows: int | None) -> tuple[float, float]:
        """The time on a table of that many rows, as a range; None (unknown) counts as a million."""
        millions = 1.0 if rows is None else rows / 1_000_000
        low, high = (
            constant + per_million * millions
            for constant, per_million in zip(self.constant_seconds, self.seconds_per_million_rows, strict=True)
        )
        return low, high


@dataclass(frozen=True, slots=True)
class _Form:
    name: str
    since: str
    until: str
    base: Fact
    overrides: tuple[tuple[str, str, Fact], ...]


@dataclass(frozen=True, slots=True)
class LockFacts:
    """The facts of one engine."""

    engine: str
    _forms: Mapping[str, _Form]

    @property
    def names(self) -> tuple[str, ...]:
        """The statement forms that there are facts about, in alphabetical order."""
        return tuple(sorted(self._forms))

    def form(self, name: str, version: str) -> Fact:
        """What the form does on that version.

        Raises:
            LookupError: no such form (the message lists those there are), or that version does not have it.
        """
        entry = self._forms.get(name)
        if entry is None:
            raise LookupError(f"no {self.engine} statement form named {name!r}; there are: {', '.join(self.names)}")
        asked = version_key(version)
        if not _within(asked, entry.since, entry.until):
            span = " ".join(
                f"{word} {value}" for word, value in (("since", entry.since), ("until", entry.until)) if value
            )
            raise LookupError(f"{self.engine} {version} has no {name}: the form exists {span}")
        found = entry.base
        for first, until, override in entry.overrides:
            if _within(asked, first, until):
                found = override
        return found


def version_key(version: str) -> tuple[int, ...]:
    """A version as numbers, so that "9.6" comes before "10" and "3.40" is "3.40.0".

    Raises:
        ValueError: the text is not numbers joined by dots.
    """
    if not _VERSION.match(version):
        raise ValueError(f"not a version: {version!r}; write numbers joined by dots, such as 16 or 10.11")
    numbers = [int(part) for part in version.split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _within(asked: tuple[int, ...], since: str, until: str) -> bool:
    return (not since or asked >= version_key(since)) and (not until or asked < version_key(until))


@cache
def locks(engine: str) -> LockFacts:
    """The lock facts of an engine.

    Raises:
        LookupError: there are none; the message lists the engines there are facts about.
        FactsError: the file says something that cannot be used.
    """
    folder = files(__name__) / "locks"
    known = {entry.name.removesuffix(".toml"): entry for entry in folder.iterdir() if entry.name.endswith(".toml")}
    if engine not in known:
        raise LookupError(f"no lock facts for {engine!r}; there are: {', '.join(sorted(known))}")
    return read_locks(engine, known[engine].read_text(encoding="utf-8"))


def read_locks(engine: str, text: str) -> LockFacts:
    """The facts that a TOML text holds.

    Raises:
        FactsError: with the engine, the form and the field, and what to write there.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FactsError(f"locks/{engine}.toml: {error}") from error
    forms = data.get("forms")
    if not isinstance(forms, dict) or not forms or set(data) != {"forms"}:
        raise FactsError(f"locks/{engine}.toml: write one table [forms.NAME] per statement form, and nothing else")
    return LockFacts(engine, {name: _form(f"locks/{engine}.toml, forms.{name}", name, forms[name]) for name in forms})


def _form(where: str, name: str, entry: object) -> _Form:
    if not isinstance(entry, dict):
        raise FactsError(f"{where}: must be a table")
    own = {key: value for key, value in entry.items() if key != "versions"}
    base = _fact(where, name, own)
    overrides: list[tuple[str, str, Fact]] = []
    versions = entry.get("versions", [])
    if not isinstance(versions, list) or not all(isinstance(item, dict) for item in versions):
        raise FactsError(f"{where}.versions: write [[forms.{name}.versions]] tables")
    for number, override in enumerate(versions, start=1):
        place = f"{where}.versions, entry {number}"
        if "from" not in override and "until" not in override:
            raise FactsError(f"{place}: needs `from`, `until` or both")
        first = _version(place, "from", override.get("from", ""))
        until = _version(place, "until", override.get("until", ""))
        different = {key: value for key, value in override.items() if key not in {"from", "until"}}
        if _RANGES[0] in different or _RANGES[1] in different:
            inherited = {key: value for key, value in own.items() if key not in _RANGES}
        else:
            inherited = own
        overrides.append((first, until, _fact(place, name, {**inherited, **different})))
    return _Form(
        name,
        _version(where, "since", entry.get("since", "")),
        _version(where, "until", entry.get("until", "")),
        base,
        tuple(overrides),
    )


def _fact(where: str, name: str, entry: Mapping[str, Any]) -> Fact:
    unknown = sorted(set(entry) - _FIELDS)
    if unknown:
        raise FactsError(f"{where}: unknown field {unknown[0]!r}; there are: {', '.join(sorted(_FIELDS))}")
    blocks = entry.get("blocks")
    if blocks not in BLOCKS:
        raise FactsError(f"{where}.blocks: write one of: {', '.join(BLOCKS)}")
    flags = {flag: entry.get(flag, False) for flag in _FLAGS}
    for flag, value in flags.items():
        if not isinstance(value, bool):
            raise FactsError(f"{where}.{flag}: write true or false")
    if not any(field in entry for field in _RANGES):
        raise FactsError(f"{where}: write {_RANGES[0]} or {_RANGES[1]}, a range [low, high]")
    return Fact(
        form=name,
        lock=_text(where, "lock", entry.get("lock")),
        blocks=blocks,
        sources=_texts(where, "source", entry.get("source")),
        checked=_day(where, entry.get("checked")),
        seconds_per_million_rows=_range(where, _RANGES[0], entry.get(_RANGES[0], (0.0, 0.0))),
        constant_seconds=_range(where, _RANGES[1], entry.get(_RANGES[1], (0.0, 0.0))),
        other_locks=_roles(where, entry.get("other_locks", {})),
        note=_text(where, "note", entry["note"]) if "note" in entry else "",
        measured_on=_texts(where, "measured_on", entry["measured_on"]) if "measured_on" in entry else (),
        **flags,
    )


def _text(where: str, field: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise FactsError(f"{where}.{field}: must be given as text")
    return value


def _texts(where: str, field: str, value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) and value else [value]
    return tuple(_text(where, field, item) for item in values)


def _day(where: str, value: object) -> str:
    try:
        return (value if isinstance(value, date) else date.fromisoformat(str(value))).isoformat()[:10]
    except ValueError as error:
        raise FactsError(f"{where}.checked: write the day someone read the source, such as 2026-11-20") from error


def _version(where: str, field: str, value: object) -> str:
    if value == "":
        return ""
    text = _text(where, field, value)
    try:
        version_key(text)
    except ValueError as error:
        raise FactsError(f"{where}.{field}: {error}") from error
    return text


def _range(where: str, field: str, value: object) -> tuple[float, float]:
    match value:
        case [int() | float() as low, int() | float() as high] if 0 <= low <= high:
            return float(low), float(high)
        case _:
            raise FactsError(f"{where}.{field}: write [low, high], seconds, low first")


def _roles(where: str, value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise FactsError(f'{where}.other_locks: write {{ role = "lock" }}, such as {{ referenced = "..." }}')
    return tuple((role, _text(where, f"other_locks.{role}", lock)) for role, lock in value.items())
