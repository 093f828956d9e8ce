"""Which indexes a table needs, from what must be found quickly: as few as serve everything.

A need is columns compared for equality (in any order among themselves), then columns that sort, then a range. An index that
begins so serves it. Where one need is the beginning of another, one index serves both: the equal columns of the longer one
are put in the order that makes it so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from domain_agents.schemas.draft import Need

_Block = tuple[str, ...]
"""Columns whose order is still free."""


@dataclass
class Candidate:
    """An index to be. `blocks` are its columns in order, each block's own order still open; `descending` those that do."""

    blocks: list[_Block]
    where: str
    descending: dict[str, bool]
    needs: list[Need]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in an order that serves all its needs."""
        return tuple(name for block in self.blocks for name in block)


def tail_of(need: Need) -> list[str]:
    """What stands behind the equal columns: what sorts, then the ranges that do not sort already."""
    sorts = [name for name, _ in need.order if name not in need.equal]
    return list(dict.fromkeys([*sorts, *(name for name in need.range if name not in need.equal)]))


def candidates(needs: Iterable[Need], first: str = "") -> list[Candidate]:
    """The indexes that serve these needs; `first` is a column that leads wherever it is compared for equality."""
    found: list[Candidate] = []
    ordered = sorted(needs, key=lambda need: -(len(need.equal) + len(tail_of(need))))
    for need in ordered:
        blocks = blocks_of(need, first)
        if not blocks:
            continue
        if not any(_joins(candidate, need, blocks) for candidate in found):
            found.append(Candidate(blocks, need.where, directions(need), [need]))
    return found


def blocks_of(need: Need, first: str) -> list[_Block]:
    """A need's columns: the leading one, the equal ones in any order, then one by one."""
    equal = tuple(dict.fromkeys(need.equal))
    leads = [(first,)] if first and first in equal else []
    rest = tuple(name for name in equal if name != first or not leads)
    return [*leads, *([rest] if rest else []), *((name,) for name in tail_of(need))]


def directions(need: Need) -> dict[str, bool]:
    """Which sorted columns descend. All one way is no direction at all: an index is read from either end."""
    found = {name: descends for name, descends in need.order if name not in need.equal}
    return found if len(set(found.values())) > 1 else {}


def _joins(candidate: Candidate, need: Need, blocks: Sequence[_Block]) -> bool:
    """Let a candidate serve one more need, if its free orders allow."""
    if candidate.where != need.where and candidate.where:
        return False
    wanted = directions(need)
    known = {name: down for name, down in candidate.descending.items() if any(name in block for block in blocks)}
    sorts = {name for name, _ in need.order}
    if (wanted or {name for name in known if name in sorts}) and wanted != known:
        return False
    refined = refine(candidate.blocks, blocks)
    if refined is None:
        return False
    candidate.blocks = refined
    candidate.needs.append(need)
    return True


def refine(have: Sequence[_Block], want: Sequence[_Block]) -> list[_Block] | None:
    """The blocks of `have`, ordered further so that they begin with `want`; None where they cannot."""
    result: list[_Block] = []
    left = [list(block) for block in have]
    for block in want:
        open_names = set(block)
        while open_names:
            if not left:
                return None
            here = set(left[0])
            common = here & open_names
            if not common or (common != here and common != open_names):
                return None
            result.append(tuple(name for name in left[0] if name in common))
            left[0] = [name for name in left[0] if name not in common]
            if not left[0]:
                left.pop(0)
            open_names -= common
    return [*result, *(tuple(block) for block in left)]


def serves(columns: Sequence[str], need: Need, first: str = "") -> bool:
    """Whether an index on these columns, in this order, begins with what the need asks for."""
    return refine([(name,) for name in columns], blocks_of(need, first)) is not None
