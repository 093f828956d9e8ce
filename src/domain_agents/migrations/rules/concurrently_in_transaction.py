"""What the server refuses inside a transaction."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said


class _ConcurrentlyInTransaction(Rule):
    severity = Severity.ERROR
    harm = "CONCURRENTLY is refused inside a transaction: the migration fails."
    instead = "a file of its own that the framework runs without a transaction"
    sources = ("https://www.postgresql.org/docs/18/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
    bad = "BEGIN; CREATE INDEX CONCURRENTLY users_email ON users (email); COMMIT;"
    good = "CREATE INDEX CONCURRENTLY users_email ON users (email);"

    def looks(self, at: Place, history: History) -> Said | None:
        concurrent = isinstance(at.statement, ddl.CreateIndex | ddl.DropIndex) and at.statement.concurrently
        if not concurrent or not at.transaction or not history.engine.refuses_transaction(at.statement, at.schema):
            return None
        return Said("the server refuses CONCURRENTLY inside a transaction block, so the migration stops here")


RULE = _ConcurrentlyInTransaction()
