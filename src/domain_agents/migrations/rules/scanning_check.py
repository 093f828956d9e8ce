"""A check tested against every row while everybody waits."""

from __future__ import annotations

from domain_agents.catalog import Check
from domain_agents.engines import Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, adds


class _ScanningCheck(Rule):
    severity = Severity.ERROR
    harm = "ADD CHECK tests every row under a lock that stops readers and writers."
    instead = "ADD CONSTRAINT ... CHECK ... NOT VALID, then VALIDATE CONSTRAINT in a later transaction"
    way = Can.CONSTRAINT_NOT_VALID
    sources = ("https://www.postgresql.org/docs/18/sql-altertable.html, Notes",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, age integer);"
    bad = "ALTER TABLE users ADD CONSTRAINT age_is_one CHECK (age > 0);"
    good = (
        "ALTER TABLE users ADD CONSTRAINT age_is_one CHECK (age > 0) NOT VALID;\n"
        "ALTER TABLE users VALIDATE CONSTRAINT age_is_one;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        if not adds(at.statement, Check) or at.effect.rewrites_table:
            return None
        if not (history.lets_writers_pass and at.blocks_for_long):
            return None
        return Said(f"{at.effect.blocks.value} on {at.table} wait while every row is tested ({at.effect.lock})")


RULE = _ScanningCheck()
