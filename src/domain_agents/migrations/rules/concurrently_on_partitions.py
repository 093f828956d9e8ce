"""CONCURRENTLY on a partitioned table."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said


class _ConcurrentlyOnPartitions(Rule):
    severity = Severity.ERROR
    engines = ("postgresql",)
    harm = "CREATE INDEX CONCURRENTLY is refused on a partitioned table: the migration fails."
    instead = (
        "CREATE INDEX ON ONLY the parent, CREATE INDEX CONCURRENTLY on each partition, ALTER INDEX ... ATTACH PARTITION"
    )
    sources = ("https://www.postgresql.org/docs/18/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",)
    given = "CREATE TABLE users (id bigint, email text) PARTITION BY LIST (id);"
    bad = "CREATE INDEX CONCURRENTLY users_email ON users (email);"
    good = "CREATE INDEX users_email ON ONLY users (email);"

    def looks(self, at: Place, history: History) -> Said | None:
        build = at.statement
        if not isinstance(build, ddl.CreateIndex) or not build.concurrently:
            return None
        table = at.known(build.index.table)
        if table is None or not table.partitioned_by:
            return None
        return Said(f"{table.name} is partitioned: the server refuses CONCURRENTLY there, and the migration stops here")


RULE = _ConcurrentlyOnPartitions()
