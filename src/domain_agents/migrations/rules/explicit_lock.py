"""A lock taken by hand and held over work."""

from __future__ import annotations

import re

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, verb

_BOUNDED = re.compile(r"\b(?:lock_timeout|lock_wait_timeout)\b", re.IGNORECASE)
_NOWAIT = re.compile(r"\bNOWAIT\s*\Z", re.IGNORECASE)
_ENDS = re.compile(r"\s*UNLOCK\s+TABLES\b", re.IGNORECASE)
_WRITES = {"UPDATE", "DELETE", "INSERT", "MERGE", "COPY", "REPLACE"}


class _ExplicitLock(Rule):
    severity = Severity.WARNING
    harm = "LOCK TABLE keeps others out until the transaction ends, over all that is read and written in it."
    instead = (
        "SET LOCAL lock_timeout (MySQL, MariaDB: lock_wait_timeout) before the lock, and nothing behind it that reads or "
        "writes many rows"
    )
    sources = (
        "https://www.postgresql.org/docs/18/sql-lock.html",
        "https://dev.mysql.com/doc/refman/8.4/en/lock-tables.html",
    )
    given = "CREATE TABLE users (id bigint PRIMARY KEY, name text);"
    bad = (
        "SET lock_timeout = '2s';\nBEGIN;\nLOCK TABLE users IN SHARE ROW EXCLUSIVE MODE;\n"
        "UPDATE users SET name = lower(name) WHERE name > 'a';\nCOMMIT;"
    )
    good = (
        "SET lock_timeout = '2s';\nBEGIN;\nLOCK TABLE users IN ACCESS EXCLUSIVE MODE;\n"
        "ALTER TABLE users ALTER COLUMN name SET DEFAULT '';\nCOMMIT;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        lock = at.statement
        if not (isinstance(lock, ddl.NoCatalogChange) and lock.kind == "lock") or not at.blocks or at.is_alone:
            return None
        who = f"{at.effect.blocks.value} on {at.table} wait"
        for place in _held(at, history):
            if _is_work(place):
                return Said(f"{who} until line {place.line} is done: the lock ({at.effect.lock}) is held over it")
        if _NOWAIT.search(at.sql) or any(
            place.file == at.file and _BOUNDED.search(place.sql) for place in history.earlier(at)
        ):
            return None
        return Said(
            f"{who} behind this statement for as long as it waits for its lock ({at.effect.lock}), which nothing bounds"
        )


def _held(at: Place, history: History) -> list[Place]:
    """What runs while the lock is held: the rest of its transaction, or what comes before UNLOCK TABLES."""
    found: list[Place] = []
    for place in history.later(at):
        if place.file != at.file or place.transaction != at.transaction or _ENDS.match(place.sql):
            break
        found.append(place)
    return found


def _is_work(at: Place) -> bool:
    """Whether it takes as long as there are rows."""
    return at.effect.is_long or (at.table is not None and verb(at.sql) in _WRITES and " values" not in at.sql.lower())


RULE = _ExplicitLock()
