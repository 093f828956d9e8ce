"""Judging locks and waits: pure functions from what was seen to what differs from the plan, and to what harms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain_agents.migrations import _proof_metadata_locks as metadata_locks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from domain_agents.engines import Effect
    from domain_agents.observations import Observation

SMALL_TABLE_ROWS: Final = 5_000
"""Below this a whole scan is over in milliseconds: a lock held for it harms nobody."""

MAX_ROWS_IN_ONE_TRANSACTION: Final = 10_000
"""More changed rows than this in one transaction keep writers of those rows waiting: the size of a batch, twice."""

MAX_WAIT_MS: Final = 2_000.0
"""What no application statement may wait behind a migration, whatever the lock."""

SERVERS_THAT_REFUSE: Final = metadata_locks.ENGINES
"""Engines whose statements say how they are to be carried out, so that another version may refuse one."""

_STRENGTH: Final = (
    "", "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)  # fmt: skip
_BLOCKS_WRITES: Final = frozenset(_STRENGTH[_STRENGTH.index("SHARE") :])
_BLOCKS_READS: Final = frozenset({"ACCESS EXCLUSIVE"})


def strongest(modes: Collection[str]) -> str:
    """The strongest of some PostgreSQL lock modes; "" of none. A mode that is not PostgreSQL's counts as the strongest."""
    return max(modes, key=lambda mode: _STRENGTH.index(mode) if mode in _STRENGTH else len(_STRENGTH), default="")


def head(sql: str) -> str:
    """A statement in one short line."""
    line = " ".join(sql.split())
    return line if len(line) <= 90 else f"{line[:87]}..."


def _locks_seen(seen: Observation, rows: Mapping[str, int]) -> set[str]:
    """The modes taken on tables that were there before: nobody else uses one that the migration itself made."""
    return {lock.mode for lock in seen.locks if lock.relation in rows}


def agrees(declared: Effect | None, seen: Observation, rows: Mapping[str, int], engine: str) -> bool:
    """Whether what was declared is what was seen; what was not declared cannot be wrong."""
    return declared is None or not _differences(declared, seen, rows, engine)


def disagreement(declared: Effect | None, seen: Observation, rows: Mapping[str, int], engine: str) -> str:
    """The difference in words."""
    told = "; ".join(_differences(declared, seen, rows, engine)) if declared else ""
    return f"{seen.file}: {head(seen.sql)}: {told}"


def _differences(declared: Effect, seen: Observation, rows: Mapping[str, int], engine: str) -> list[str]:
    if seen.error:
        # What it would have taken was not seen to the end.
        return []
    if engine in metadata_locks.ENGINES:
        return metadata_locks.differences(declared, seen, rows)
    if engine != "postgresql":
        # One lock for the whole file: it is taken or it is not, and a rebuild is many statements of which one shows it.
        taken = bool(seen.locks) and declared.lock in ("", "none")
        return [f"it took the {seen.locks[0].mode}, which was not declared"] if taken else []
    found = _lock_difference(declared, seen, rows)
    rewrote = sorted(set(seen.rewrote) & set(rows))
    scanned = sorted(set(seen.scanned) & set(rows))
    if rewrote and not declared.rewrites_table:
        found.append(f"it rewrote {', '.join(rewrote)}, which was not declared")
    if scanned and not declared.is_long:
        found.append(f"it read all of {', '.join(scanned)}, which was not declared")
    return found


_VIEWS = frozenset({"replace_view", "drop_view", "refresh_view", "refresh_view_concurrently"})
"""The statements that lock a view as declared, and only read the tables behind it."""


def _lock_difference(declared: Effect, seen: Observation, rows: Mapping[str, int]) -> list[str]:
    taken = strongest(_locks_seen(seen, rows))
    said = strongest([mode for mode in (declared.lock, *_other_modes(declared, rows)) if mode in _STRENGTH])
    if declared.operation in _VIEWS and taken == "ACCESS SHARE":
        return []
    if taken == said or (not _is_stronger(taken, said) and (not seen.in_transaction or not taken)):
        # Outside a transaction locks are seen by sampling, which can miss a short one but never invents one; a statement on
        # a table that is new, or of which another statement of the transaction took the lock, shows none at all.
        return []
    return [f"the lock taken is {taken}, declared was {said or 'none'}"]


def _other_modes(declared: Effect, rows: Mapping[str, int]) -> list[str]:
    """The modes declared for other tables that were there before; one that the migration made is nobody else's."""
    known = {name.rpartition(".")[2] for name in rows}
    return [mode for table, mode in declared.other_locks if table.rpartition(".")[2] in known]


def _is_stronger(one: str, other: str) -> bool:
    return one != other and strongest([one, other]) == one


def harms(
    groups: Sequence[Sequence[Observation]],
    rows: Mapping[str, int],
    engine: str,
    waiting: frozenset[str] = frozenset(),
) -> list[str]:
    """What would keep the application waiting in production, in words; `groups` are the statements by transaction.

    `waiting` are files whose plan says that writers wait: only what keeps readers waiting too is a harm in them.
    """
    found: list[str] = []
    for group in groups if engine != "sqlite" else ():
        metadata = engine in metadata_locks.ENGINES
        held = _held_through_work(group, rows, waiting) if metadata else _held_through(group, rows, waiting)
        found += held or ([] if group[0].file in waiting else _too_many_rows(group))
    for seen in (seen for group in groups for seen in group if seen.made_wait):
        waited = seen.reads_ms if seen.file in waiting else max(seen.reads_ms, seen.writes_ms)
        if waited > MAX_WAIT_MS:
            who = "reads" if seen.reads_ms >= waited else "writes"
            found.append(f"{seen.file}: {head(seen.sql)} kept the application's {who} waiting {waited:,.0f} ms")
    return found


def announced_waits(
    groups: Sequence[Sequence[Observation]], rows: Mapping[str, int], engine: str, waiting: frozenset[str]
) -> list[str]:
    """The waits that were seen and that the plan had said, in words."""
    counted = set(harms(groups, rows, engine, waiting))
    seen = [one for one in harms(groups, rows, engine) if one not in counted]
    return [f"writers wait, as the plan says aloud: {one}" for one in seen]


def _held_through(group: Sequence[Observation], rows: Mapping[str, int], waiting: frozenset[str]) -> list[str]:
    """Statements that take long on a big table while their transaction holds a lock that stops the application."""
    big = {table for table, count in rows.items() if count >= SMALL_TABLE_ROWS}
    held: dict[str, str] = {}
    found: list[str] = []
    for seen in group:
        for lock in seen.locks:
            held[lock.relation] = strongest([lock.mode, held.get(lock.relation, "")])
        long = sorted((set(seen.rewrote) | set(seen.scanned)) & big)
        if not long and seen.rows_changed <= MAX_ROWS_IN_ONE_TRANSACTION:
            continue
        stopped = {table: mode for table, mode in held.items() if table in big and mode in _BLOCKS_WRITES}
        found += [
            _harm(seen, table, mode, rows)
            for table, mode in sorted(stopped.items())
            if seen.file not in waiting or mode in _BLOCKS_READS
        ]
    return found


def _held_through_work(group: Sequence[Observation], rows: Mapping[str, int], waiting: frozenset[str]) -> list[str]:
    big = {table: count for table, count in rows.items() if count >= SMALL_TABLE_ROWS}
    return [
        _harm(seen, lock.relation, lock.mode, rows)
        for seen, lock in metadata_locks.held_through(group, big)
        if seen.file not in waiting or lock.mode in metadata_locks.BLOCKS_READS
    ]


def _harm(seen: Observation, table: str, mode: str, rows: Mapping[str, int]) -> str:
    if seen.rewrote:
        doing = f"rewrites {', '.join(seen.rewrote)}"
    elif seen.scanned:
        doing = f"reads all of {', '.join(seen.scanned)}"
    else:
        doing = f"changes {seen.rows_changed:,} rows"
    who, waited = (
        ("reads and writes", max(seen.reads_ms, seen.writes_ms))
        if mode in _BLOCKS_READS | metadata_locks.BLOCKS_READS
        else ("writes", seen.writes_ms)
    )
    return (
        f"{seen.file}: {head(seen.sql)} {doing} while {mode} is held on {table}: {who} wait until it ends "
        f"({waited:,.0f} ms here, at {rows[table]:,} rows)"
    )


def _too_many_rows(group: Sequence[Observation]) -> list[str]:
    changing = [seen for seen in group if seen.sql.lstrip()[:6].upper() in {"UPDATE", "DELETE", "MERGE "}]
    count = sum(seen.rows_changed for seen in changing)
    if count <= MAX_ROWS_IN_ONE_TRANSACTION:
        return []
    longest = max(changing, key=lambda seen: seen.rows_changed)
    return [
        (
            f"{longest.file}: {head(longest.sql)} changes {count:,} rows in one transaction: whoever writes one of them "
            f"waits until it commits ({longest.writes_ms:,.0f} ms here); do it in batches"
        )
    ]
