"""Judging metadata locks: what is held as long as the work takes counts, and a moment's lock does not."""

from __future__ import annotations

import pytest

from domain_agents.engines import Blocks, Effect
from domain_agents.migrations import _proof_locks as locks
from domain_agents.observations import HeldLock, Observation

ROWS = {"users": 200_000, "orders": 200_000}
ONLINE = Effect("create_index", "SHARED_UPGRADABLE", Blocks.NONE, builds_index=True)
COPY = Effect("change_type", "SHARED_NO_WRITE", Blocks.WRITES, rewrites_table=True)
INSTANT = Effect("add_column", "EXCLUSIVE", Blocks.READS_AND_WRITES)
KEY = Effect("add_foreign_key", "SHARED_UPGRADABLE", Blocks.NONE, other_locks=(("orders", "EXCLUSIVE for a moment"),))


def seen(*locks: tuple[str, str, float], seconds: float = 2.0, **more: object) -> Observation:
    """A statement of some seconds that held some locks."""
    held = tuple(HeldLock(*lock) for lock in locks)
    return Observation("0001.sql", "ALTER TABLE users ...", seconds=seconds, locks=held, **more)  # type: ignore[arg-type] # the rest by name


@pytest.mark.parametrize(
    ("declared", "observation"),
    [
        (ONLINE, seen(("users", "SHARED_UPGRADABLE", 1.9), ("users", "EXCLUSIVE", 0.3))),
        (COPY, seen(("users", "SHARED_NO_WRITE", 1.9), ("users", "EXCLUSIVE", 0.1), rewrote=("users",))),
        (INSTANT, seen(("users", "EXCLUSIVE", 0.2), seconds=0.2)),
        (KEY, seen(("users", "SHARED_UPGRADABLE", 1.9), ("orders", "EXCLUSIVE", 0.2))),
        (ONLINE, seen(("users", "EXCLUSIVE", 0.02), seconds=0.03)),
        (ONLINE, seen(("made_by_the_migration", "EXCLUSIVE", 2.0))),
        (ONLINE, seen(("users", "SHARED_NO_WRITE", 2.0), error="1206 no")),
        (None, seen(("users", "EXCLUSIVE", 2.0), rewrote=("users",))),
    ],
)
@pytest.mark.parametrize("engine", ["mysql", "mariadb"])
def test_what_was_declared_agrees(declared: Effect | None, observation: Observation, engine: str) -> None:
    assert locks.agrees(declared, observation, ROWS, engine)


@pytest.mark.parametrize(
    ("declared", "observation", "told"),
    [
        (
            ONLINE,
            seen(("users", "SHARED_NO_WRITE", 1.9)),
            "SHARED_NO_WRITE was held on users for 1,900 of its 2,000 ms",
        ),
        (COPY, seen(("users", "EXCLUSIVE", 1.9)), "EXCLUSIVE was held on users"),
        (
            COPY,
            seen(("users", "SHARED_UPGRADABLE", 1.9)),
            "only SHARED_UPGRADABLE was held, declared was SHARED_NO_WRITE",
        ),
        (
            KEY,
            seen(("orders", "SHARED_NO_WRITE", 1.9)),
            "on orders for 1,900 of its 2,000 ms, declared was EXCLUSIVE for a",
        ),
        (INSTANT, seen(("users", "EXCLUSIVE", 0.1), rewrote=("users",)), "it rebuilt users, which was not declared"),
        (INSTANT, seen(scanned=("users",)), "it read all of users to build an index, which was not declared"),
    ],
)
def test_what_was_not_declared_is_told(declared: Effect, observation: Observation, told: str) -> None:
    assert told in locks.disagreement(declared, observation, ROWS, "mariadb")


def test_a_long_lock_harms_only_a_big_table_that_is_worked_through() -> None:
    copy = seen(("users", "SHARED_NO_WRITE", 1.9), rewrote=("users",), writes_ms=1_900.0, made_wait=True)
    (harm,) = locks.harms([[copy]], ROWS, "mysql")
    assert harm.endswith("writes wait until it ends (1,900 ms here, at 200,000 rows)")
    assert locks.harms([[copy]], {"users": 1_000}, "mysql") == []
    assert locks.harms([[seen(("users", "EXCLUSIVE", 1.9))]], ROWS, "mysql") == []


def test_one_change_does_not_hold_its_lock_through_the_next() -> None:
    # Unlike on PostgreSQL a transaction around them keeps nothing: the first lock is gone before the second statement.
    first = seen(("users", "EXCLUSIVE", 0.01), seconds=0.01)
    second = seen(("orders", "SHARED_UPGRADABLE", 1.9), scanned=("orders",))
    assert locks.harms([[first, second]], ROWS, "mariadb") == []


def test_a_wait_that_the_plan_said_aloud_is_no_harm_but_readers_that_wait_are() -> None:
    copy = seen(("users", "SHARED_NO_WRITE", 1.9), rewrote=("users",), writes_ms=1_900.0, made_wait=True)
    waiting = frozenset({copy.file})
    assert locks.harms([[copy]], ROWS, "mysql")
    assert locks.harms([[copy]], ROWS, "mysql", waiting) == []
    said = locks.announced_waits([[copy]], ROWS, "mysql", waiting)
    assert said
    assert all(one.startswith("writers wait, as the plan says aloud: ") for one in said)
    both = seen(("users", "EXCLUSIVE", 1.9), rewrote=("users",), reads_ms=1_900.0, writes_ms=1_900.0, made_wait=True)
    assert len(locks.harms([[both]], ROWS, "mysql", waiting)) == len(locks.harms([[both]], ROWS, "mysql"))
