"""Rows written while a lock is held that stops everybody."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.engines import Blocks, Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, takes_one_value, verb


class _DataChangeWithBlockingLock(Rule):
    severity = Severity.ERROR
    harm = "Rows are written in the transaction of an ALTER TABLE, which keeps its lock until the end."
    instead = "change the data in a transaction of its own, after the one with the ALTER TABLE has committed"
    sources = ("https://www.postgresql.org/docs/18/explicit-locking.html#LOCKING-TABLES",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, name text);"
    bad = (
        "BEGIN;\nALTER TABLE users ADD COLUMN short text;\nUPDATE users SET short = left(name, 9) WHERE name > 'a';\n"
        "COMMIT;"
    )
    good = (
        "BEGIN;\nALTER TABLE users ADD COLUMN short text;\nCOMMIT;\n"
        "UPDATE users SET short = left(name, 9) WHERE name > 'a';"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        statement = at.statement
        if not (isinstance(statement, ddl.NoCatalogChange) and statement.kind in {"data", "copy"}) or at.is_alone:
            return None
        if not (history.lets_writers_pass and history.engine.can(Can.TRANSACTIONAL_DDL)):
            return None
        # The rows of a ledger are written with VALUES, or found by their version.
        if verb(at.sql) not in {"UPDATE", "DELETE", "MERGE"} or takes_one_value(at.sql):
            return None
        for place in history.earlier(at, same_transaction=True):
            if place.effect.blocks is Blocks.READS_AND_WRITES:
                return Said(
                    f"{place.effect.blocks.value} on {place.table} wait until these rows are written: the lock of line "
                    f"{place.line} ({place.effect.lock}) is held until the transaction ends"
                )
        return None


RULE = _DataChangeWithBlockingLock()
