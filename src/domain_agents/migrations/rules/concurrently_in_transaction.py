"""What the server refuses inside a transaction."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said

_REFUSED = (ddl.CreateIndex, ddl.DropIndex, ddl.Reindex, ddl.DetachPartition, ddl.Vacuum)


class _ConcurrentlyInTransaction(Rule):
    severity = Severity.ERROR
    harm = "CONCURRENTLY (and VACUUM) is refused inside a transaction: the migration fails."
    instead = "a file of its own that the framework runs without a transaction"
    sources = ("https://www.postgresql.org/docs/18/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
    bad = "BEGIN; CREATE INDEX CONCURRENTLY users_email ON users (email); COMMIT;"
    good = "CREATE INDEX CONCURRENTLY users_email ON users (email);"

    def looks(self, at: Place, history: History) -> Said | None:
        if not isinstance(at.statement, _REFUSED) or not at.transaction:
            return None
        if not history.engine.refuses_transaction(at.statement, at.schema):
            return None
        what = "VACUUM" if isinstance(at.statement, ddl.Vacuum) else "CONCURRENTLY"
        return Said(f"the server refuses {what} inside a transaction block, so the migration stops here")


RULE = _ConcurrentlyInTransaction()
