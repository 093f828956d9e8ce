"""An exclusion constraint built while everybody waits."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said


class _BlockingExclusion(Rule):
    severity = Severity.ERROR
    engines = ("postgresql",)
    harm = "ADD CONSTRAINT ... EXCLUDE builds its index under a lock that stops readers and writers; no other way is there."
    instead = "a new table with the constraint, kept in step by triggers and exchanged; or a moment without users"
    sources = ("https://www.postgresql.org/docs/18/sql-createtable.html#SQL-CREATETABLE-EXCLUDE",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, stay tsrange);"
    bad = "ALTER TABLE users ADD CONSTRAINT once EXCLUDE USING gist (stay WITH &&);"
    good = "CREATE TABLE stays (stay tsrange, CONSTRAINT once EXCLUDE USING gist (stay WITH &&));"

    def looks(self, at: Place, history: History) -> Said | None:
        if not isinstance(at.statement, ddl.AddExclusion) or not at.blocks_for_long:
            return None
        return Said(f"{at.effect.blocks.value} on {at.table} wait until its index is built ({at.effect.lock})")


RULE = _BlockingExclusion()
