"""A lock waited for without an end."""

from __future__ import annotations

import re

from domain_agents import ddl
from domain_agents.engines import Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier

_TIMEOUT = re.compile(r"\b(?:lock_timeout|lock_wait_timeout|statement_timeout)\b", re.IGNORECASE)


class _MissingLockTimeout(Rule):
    tier = Tier.HYGIENE
    severity = Severity.INFO
    harm = "A statement that waits for its lock makes everybody behind it wait too, without an end."
    instead = (
        "SET lock_timeout = '2s' (MySQL, MariaDB: lock_wait_timeout = 2) before it, and try again when it gives up"
    )
    sources = ("https://www.postgresql.org/docs/18/runtime-config-client.html#GUC-LOCK-TIMEOUT",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY);"
    bad = "ALTER TABLE users ADD COLUMN name text;"
    good = "SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN name text;"

    def looks(self, at: Place, history: History) -> Said | None:
        engine = history.engine
        if not (engine.can(Can.LOCK_TIMEOUT) and engine.can(Can.CONCURRENT_WRITES)):
            return None
        if not _waits(at):
            return None
        for place in history.earlier(at):
            if place.file != at.file:
                break
            if _TIMEOUT.search(place.sql) or _waits(place):
                return None
        return Said(
            f"while this waits for a long query on {at.table}, every query that comes after it on {at.table} waits as well"
        )


def _waits(at: Place) -> bool:
    return at.blocks and not at.is_alone and at.table is not None and not isinstance(at.statement, ddl.CreateTable)


RULE = _MissingLockTimeout()
