"""Judging metadata locks, as MySQL and MariaDB have them: what a statement held while it worked, against what was declared.

Every change of a table takes the EXCLUSIVE lock for a moment, at its end or its beginning. What counts is what is held for
as long as the work takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain_agents.engines import Effect
    from domain_agents.observations import HeldLock, Observation

ENGINES: Final = frozenset({"mysql", "mariadb"})

LASTS_SECONDS: Final = 0.05
"""A lock that is held for less is over before anybody complains, and could not be told from a moment's."""

_STRENGTH: Final = (
    "SHARED_HIGH_PRIO", "SHARED", "SHARED_READ", "SHARED_WRITE_LOW_PRIO", "SHARED_WRITE", "SHARED_UPGRADABLE",
    "SHARED_READ_ONLY", "SHARED_NO_WRITE", "SHARED_NO_READ_WRITE", "EXCLUSIVE",
)  # fmt: skip
_BLOCKS_WRITES: Final = frozenset(_STRENGTH[_STRENGTH.index("SHARED_READ_ONLY") :])
BLOCKS_READS: Final = frozenset({"SHARED_NO_READ_WRITE", "EXCLUSIVE"})


def lasting(seen: Observation, tables: Mapping[str, int]) -> list[HeldLock]:
    """The locks that kept writers off one of the tables for as long as the statement worked, the strongest first."""
    found = [
        lock
        for lock in seen.locks
        if lock.relation in tables
        and lock.mode in _BLOCKS_WRITES
        and lock.held_seconds >= LASTS_SECONDS
        and lock.held_seconds > seen.seconds / 2
    ]
    return sorted(found, key=lambda lock: -_STRENGTH.index(lock.mode))


def differences(declared: Effect, seen: Observation, rows: Mapping[str, int]) -> list[str]:
    """What was seen and not declared, in words."""
    found: list[str] = []
    said = declared.lock if declared.lock in _STRENGTH else ""
    allowed = _STRENGTH.index(said) if said in _BLOCKS_WRITES else -1
    others = dict(declared.other_locks)
    for lock in lasting(seen, rows):
        told = others.get(lock.relation.rpartition(".")[2], "").partition(" for a moment")
        may = allowed if not told[0] else (_STRENGTH.index(told[0]) if not told[1] and told[0] in _STRENGTH else -1)
        if _STRENGTH.index(lock.mode) > may:
            found.append(
                f"{lock.mode} was held on {lock.relation} for {lock.held_seconds * 1000:,.0f} of its "
                f"{seen.seconds * 1000:,.0f} ms, declared was {told[0] + told[1] + told[2] or said or 'none'}"
            )
    modes = {lock.mode for lock in seen.locks if lock.relation in rows}
    weaker = said in _BLOCKS_WRITES and declared.is_long and modes and not modes & _BLOCKS_WRITES
    if weaker and seen.seconds >= LASTS_SECONDS:
        found.append(f"only {', '.join(sorted(modes))} was held, declared was {said}")
    rewrote = sorted(set(seen.rewrote) & set(rows))
    scanned = sorted(set(seen.scanned) & set(rows))
    if rewrote and not declared.rewrites_table:
        found.append(f"it rebuilt {', '.join(rewrote)}, which was not declared")
    if scanned and not declared.is_long:
        found.append(f"it read all of {', '.join(scanned)} to build an index, which was not declared")
    return found


def held_through(group: Sequence[Observation], big: Mapping[str, int]) -> list[tuple[Observation, HeldLock]]:
    """Statements that work through a big table while writers are kept off one; every one commits by itself."""
    found: list[tuple[Observation, HeldLock]] = []
    for seen in group:
        if (set(seen.rewrote) | set(seen.scanned)) & set(big):
            found += [(seen, lock) for lock in lasting(seen, big)]
    return found
