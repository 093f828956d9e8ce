"""A table that running code may still name."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier


class _DroppedTable(Rule):
    tier = Tier.HYGIENE
    severity = Severity.WARNING
    harm = "DROP TABLE breaks every instance that still names the table, and its rows are gone."
    instead = "see that nothing reads or writes it any more (the server's own counts tell), keep a dump, then drop it"
    sources = ("https://www.postgresql.org/docs/18/sql-droptable.html",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY);"
    bad = "SET lock_timeout = '2s';\nDROP TABLE users;"
    good = "CREATE TABLE staging (id bigint);\nDROP TABLE staging;"

    def looks(self, at: Place, history: History) -> Said | None:
        drop = at.statement
        if not isinstance(drop, ddl.DropTable) or at.is_alone or at.is_without_effect:
            return None
        if history.target.table(drop.table) is not None:
            return None  # built anew under its name
        for place in history.earlier(at):
            renamed = place.statement
            if isinstance(renamed, ddl.RenameTable) and renamed.new_name == drop.table.name:
                return None  # put aside by these files: the rename is what the application notices
        return Said(f"whoever still names {drop.table} fails from this moment on, and no undo brings its rows back")


RULE = _DroppedTable()
