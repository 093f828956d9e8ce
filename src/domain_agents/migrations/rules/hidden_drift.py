"""IF NOT EXISTS takes whatever is there for what was meant."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.engines import Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier


class _HiddenDrift(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    harm = "IF NOT EXISTS goes on when something else of that name is there: databases drift apart, unseen."
    instead = "without IF NOT EXISTS where a failed migration rolls back whole: what is there already is then an error"
    sources = ("https://www.postgresql.org/docs/18/sql-createtable.html",)
    bad = "CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY);"
    good = "CREATE TABLE users (id bigint PRIMARY KEY);"

    def looks(self, at: Place, history: History) -> Said | None:
        made = at.statement
        is_meant = isinstance(made, ddl.CreateTable | ddl.AddColumn | ddl.CreateIndex) and made.if_not_exists
        if not is_meant or not history.engine.can(Can.TRANSACTIONAL_DDL):
            return None
        if isinstance(made, ddl.CreateIndex) and made.concurrently:
            return None  # concurrently_if_not_exists says worse
        return Said(
            f"where {at.table} or that part of it is there in another form, the migration goes on without a word"
        )


RULE = _HiddenDrift()
