"""A table, its indexes or a view's rows written anew while others wait."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations._upkeep import rebuilds_everything
from domain_agents.migrations.rules import History, Place, Rule, Said

_REINDEX = "REINDEX ... CONCURRENTLY, outside a transaction"
_REFRESH = "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index on plain columns of all its rows"
_TABLE = "VACUUM without FULL, which gives space back for reuse; else pg_repack, or a moment without users"


class _BlockingRebuild(Rule):
    severity = Severity.ERROR
    engines = ("postgresql",)
    harm = "REINDEX, VACUUM FULL, CLUSTER and REFRESH MATERIALIZED VIEW make others wait until all is written anew."
    instead = _REINDEX
    sources = (
        "https://www.postgresql.org/docs/18/sql-reindex.html",
        "https://www.postgresql.org/docs/18/sql-vacuum.html",
        "https://www.postgresql.org/docs/18/sql-refreshmaterializedview.html",
    )
    given = "CREATE TABLE users (id bigint PRIMARY KEY, email text); CREATE INDEX users_email ON users (email);"
    bad = "REINDEX TABLE users;"
    good = "REINDEX TABLE CONCURRENTLY users;"

    def looks(self, at: Place, history: History) -> Said | None:
        if rebuilds_everything(at.sql):
            return Said(
                f"the server writes table after table or index after index anew ({' '.join(at.sql.split())[:60]}), and "
                "whoever writes the one at hand waits until it is done",
                instead="one table or index at a time, with the form that lets others pass",
            )
        if not at.blocks_for_long:
            return None
        waits = f"{at.effect.blocks.value} on {at.table or 'the table'} wait"
        match at.statement:
            case ddl.Reindex(index=name):
                built = f"{name} is" if name else "all its indexes are"
                return Said(f"{waits} until {built} built anew ({at.effect.lock})")
            case ddl.RefreshView():
                return Said(f"{waits} until the view's query has run ({at.effect.lock})", Severity.WARNING, _REFRESH)
            case ddl.Vacuum(full=True) | ddl.NoCatalogChange(kind="cluster"):
                return Said(f"{waits} until the table and its indexes are copied ({at.effect.lock})", instead=_TABLE)
        return None


RULE = _BlockingRebuild()
