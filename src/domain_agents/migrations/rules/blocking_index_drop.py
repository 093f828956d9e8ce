"""An index dropped under a lock that stops readers too."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.engines import Blocks, Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said


class _BlockingIndexDrop(Rule):
    severity = Severity.WARNING
    harm = "DROP INDEX waits for every query on the table, and every later query waits behind it."
    instead = "DROP INDEX CONCURRENTLY, outside a transaction"
    sources = ("https://www.postgresql.org/docs/18/sql-dropindex.html",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, email text); CREATE INDEX users_email ON users (email);"
    bad = "DROP INDEX users_email;"
    good = "DROP INDEX CONCURRENTLY users_email;"

    def looks(self, at: Place, history: History) -> Said | None:
        drop = at.statement
        if not isinstance(drop, ddl.DropIndex) or drop.concurrently or at.is_alone:
            return None
        if not history.engine.can(Can.CONCURRENT_INDEX_BUILD):
            return None
        table = at.schema.table(at.table) if at.table else None
        if table is not None and table.partitioned_by:
            return None  # CONCURRENTLY is refused there
        if any(one.table == at.table and _locks_out(one) for one in history.together(at)):
            return None  # the transaction takes that lock anyway
        on = f" on {at.table}" if at.table else ""
        return Said(
            f"reads and writes{on} wait for as long as DROP INDEX {drop.index} waits for the queries that run "
            "(ACCESS EXCLUSIVE)"
        )


def _locks_out(at: Place) -> bool:
    return at.effect.blocks is Blocks.READS_AND_WRITES and not isinstance(at.statement, ddl.DropIndex)


RULE = _BlockingIndexDrop()
