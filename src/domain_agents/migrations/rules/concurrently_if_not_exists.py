"""A failed build taken for a finished one."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said


class _ConcurrentlyIfNotExists(Rule):
    severity = Severity.WARNING
    harm = "IF NOT EXISTS takes the INVALID index of a failed concurrent build for a good one."
    instead = "DROP INDEX CONCURRENTLY IF EXISTS before it, and CREATE INDEX CONCURRENTLY without IF NOT EXISTS"
    sources = ("https://www.postgresql.org/docs/18/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
    bad = "CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email ON users (email);"
    good = "DROP INDEX CONCURRENTLY IF EXISTS users_email;\nCREATE INDEX CONCURRENTLY users_email ON users (email);"

    def looks(self, at: Place, history: History) -> Said | None:
        build = at.statement
        if not (isinstance(build, ddl.CreateIndex) and build.concurrently and build.if_not_exists):
            return None
        name = build.index.name
        for place in history.earlier(at):
            if isinstance(place.statement, ddl.DropIndex) and place.statement.index == name:
                return None
        return Said(
            f"a build of {name} that failed leaves it INVALID; run again, this statement takes it for done, and "
            "queries go on without it"
        )


RULE = _ConcurrentlyIfNotExists()
