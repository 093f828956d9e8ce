"""A table emptied at once."""

from __future__ import annotations

import re

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier

_CASCADE = re.compile(r"\bCASCADE\s*\Z", re.IGNORECASE)


class _EmptiedTable(Rule):
    tier = Tier.HYGIENE
    severity = Severity.WARNING
    harm = "TRUNCATE takes every row, fires no DELETE trigger, and with CASCADE empties the tables that refer to it."
    instead = "keep a dump, and delete the rows that nobody needs in batches; or drop the partition that holds them"
    sources = (
        "https://www.postgresql.org/docs/18/sql-truncate.html",
        "https://dev.mysql.com/doc/refman/8.4/en/truncate-table.html",
    )
    given = "CREATE TABLE users (id bigint PRIMARY KEY);"
    bad = "SET lock_timeout = '2s';\nTRUNCATE users;"
    good = "DELETE FROM users WHERE id BETWEEN 1 AND 1000;"

    def looks(self, at: Place, history: History) -> Said | None:
        emptied = at.statement
        if not (isinstance(emptied, ddl.NoCatalogChange) and emptied.kind == "truncate") or at.is_alone:
            return None
        if _CASCADE.search(at.sql):
            return Said(
                f"every row of {at.table} is gone, and every row of each table with a foreign key to it, however far that "
                "goes",
                Severity.ERROR,
            )
        return Said(f"every row of {at.table} is gone from this moment on, and no undo brings it back")


RULE = _EmptiedTable()
