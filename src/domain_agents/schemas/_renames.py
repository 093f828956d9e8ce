"""What was probably renamed: a name that went and one that came, of the same shape. A guess says so, and asks."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from domain_agents.schemas.comparing import same_expression, same_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.catalog import Column, Table

LIKELY = 0.6
"""From here on a pair is taken for a rename and asked about; below, for a drop and an add, which is asked about too where
nothing else of the shape came or went. Our own choice."""
_SAME_SHAPE = 0.45
"""What the same type, nullability and default count; the rest is the likeness of the names and of the place."""
_NAME, _PLACE = 0.4, 0.15
_SHARED_COLUMNS = 0.6
"""The part of two tables' columns that must be the same for one to be the other's new name."""


@dataclass(frozen=True, slots=True)
class Rename:
    """An old name, its new one, and how sure it is."""

    old: str
    new: str
    confidence: float


def likely_columns(engine: str, before: Table, after: Table) -> tuple[Rename, ...]:
    """The columns of a table that were probably renamed, the surest first; each name stands in one pair only."""
    gone = [column for column in before.columns if after.column(column.name) is None]
    came = [column for column in after.columns if before.column(column.name) is None]
    pairs = [
        Rename(old.name, new.name, _column_likeness(engine, before, after, old, new))
        for old in gone
        for new in came
        if same_type(engine, old.type, new.type) and (old.generated is None) == (new.generated is None)
    ]
    if len(gone) == len(came) == 1 and len(pairs) == 1:
        # Nothing else came or went: whoever drops one column and adds another of its very type has mostly renamed it.
        only = pairs[0]
        return (Rename(only.old, only.new, max(only.confidence, LIKELY)),)
    return _best(pairs)


def likely_tables(engine: str, gone: Sequence[Table], came: Sequence[Table]) -> tuple[Rename, ...]:
    """The tables that were probably renamed, by their quoted-free names."""
    pairs = [
        Rename(str(old.name), str(new.name), _table_likeness(engine, old, new))
        for old in gone
        for new in came
        if old.name.schema == new.name.schema
    ]
    return _best(pairs)


def _best(pairs: Sequence[Rename]) -> tuple[Rename, ...]:
    taken: set[str] = set()
    given: set[str] = set()
    found: list[Rename] = []
    for pair in sorted(pairs, key=lambda one: (-one.confidence, one.old, one.new)):
        if pair.confidence < LIKELY or pair.old in taken or pair.new in given:
            continue
        taken.add(pair.old)
        given.add(pair.new)
        found.append(pair)
    return tuple(found)


def _column_likeness(engine: str, before: Table, after: Table, old: Column, new: Column) -> float:
    shape = _SAME_SHAPE
    shape -= 0.1 * (old.nullable != new.nullable)
    shape -= 0.1 * (not same_expression(engine, old.default, new.default))
    same_place = before.columns.index(old) == after.columns.index(new)
    score = shape + _NAME * _name_likeness(old.name, new.name) + _PLACE * same_place
    return round(min(score, 0.95), 2)


def _name_likeness(old: str, new: str) -> float:
    """How alike two names are: by their letters, or by the words that one has of the other."""
    letters = SequenceMatcher(None, old.lower(), new.lower()).ratio()
    words, others = set(old.lower().split("_")), set(new.lower().split("_"))
    return max(letters, len(words & others) / max(len(words), len(others)))


def _table_likeness(engine: str, old: Table, new: Table) -> float:
    there = {column.name: column for column in new.columns}
    same = sum(
        1 for column in old.columns if column.name in there and same_type(engine, column.type, there[column.name].type)
    )
    shared = same / max(len(old.columns), len(new.columns), 1)
    if shared < _SHARED_COLUMNS:
        return 0.0
    return round(min(0.95, 0.6 * shared + 0.35 * _name_likeness(old.name.name, new.name.name)), 2)
