"""An index built while writers wait."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.engines import Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said

_PARTITIONED = (
    "CREATE INDEX ON ONLY the parent, CREATE INDEX CONCURRENTLY on each partition, ALTER INDEX ... ATTACH PARTITION"
)


class _BlockingIndexBuild(Rule):
    severity = Severity.ERROR
    harm = "CREATE INDEX makes writers wait until the whole table is read."
    instead = "CREATE INDEX CONCURRENTLY, outside a transaction, in a file of its own"
    way = Can.CONCURRENT_INDEX_BUILD
    sources = ("https://www.postgresql.org/docs/18/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
    bad = "CREATE INDEX users_email ON users (email);"
    good = "CREATE INDEX CONCURRENTLY users_email ON users (email);"

    def looks(self, at: Place, history: History) -> Said | None:
        if not isinstance(at.statement, ddl.CreateIndex) or not (history.lets_writers_pass and at.blocks_for_long):
            return None
        table = at.schema.table(at.statement.index.table)
        if "ONLY" in at.dropped and table is not None and (table.partitioned_by or table.name in at.unknown):
            return None  # only the parent's entry in the catalog: nothing is built
        said = (
            f"{at.effect.blocks.value} on {at.table} wait until index {at.statement.index.name} is built "
            f"({at.effect.lock})"
        )
        return Said(said, instead=_PARTITIONED if table is not None and table.partitioned_by else "")


RULE = _BlockingIndexBuild()
