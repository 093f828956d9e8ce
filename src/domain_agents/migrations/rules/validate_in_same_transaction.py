"""A validation that holds the lock it was meant to spare."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said


class _ValidateInSameTransaction(Rule):
    severity = Severity.ERROR
    harm = "VALIDATE CONSTRAINT in the transaction of ADD CONSTRAINT scans under the lock of the latter."
    instead = "VALIDATE CONSTRAINT in a transaction of its own, after the one that added the constraint has committed"
    sources = ("https://www.postgresql.org/docs/18/sql-altertable.html, Notes",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, age integer);"
    bad = (
        "BEGIN;\nALTER TABLE users ADD CONSTRAINT age_is_one CHECK (age > 0) NOT VALID;\n"
        "ALTER TABLE users VALIDATE CONSTRAINT age_is_one;\nCOMMIT;"
    )
    good = (
        "BEGIN;\nALTER TABLE users ADD CONSTRAINT age_is_one CHECK (age > 0) NOT VALID;\nCOMMIT;\n"
        "BEGIN;\nALTER TABLE users VALIDATE CONSTRAINT age_is_one;\nCOMMIT;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        if not isinstance(at.statement, ddl.ValidateConstraint) or at.is_alone:
            return None
        for place in history.earlier(at, same_transaction=True):
            if place.table == at.table and place.blocks:
                return Said(
                    f"the lock of line {place.line} ({place.effect.lock}) is held until the transaction ends: "
                    f"{place.effect.blocks.value} on {at.table} wait while every row is tested"
                )
        return None


RULE = _ValidateInSameTransaction()
