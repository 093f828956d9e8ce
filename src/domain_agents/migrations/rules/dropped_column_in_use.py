"""A column that running code may still name."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier


class _DroppedColumnInUse(Rule):
    tier = Tier.HYGIENE
    severity = Severity.WARNING
    harm = "DROP COLUMN breaks every instance that still names the column, and its values are gone."
    instead = "first deploy a version that does not name it, and take it away when no older one runs (plan_migration)"
    sources = ("https://www.postgresql.org/docs/18/ddl-alter.html#DDL-ALTER-REMOVING-A-COLUMN",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, name text);"
    bad = "SET lock_timeout = '2s';\nALTER TABLE users DROP COLUMN name;"
    good = "SET lock_timeout = '2s';\nALTER TABLE users ALTER COLUMN name DROP NOT NULL;"

    def looks(self, at: Place, history: History) -> Said | None:
        drop = at.statement
        if not isinstance(drop, ddl.DropColumn) or at.is_alone or at.is_without_effect:
            return None
        table = history.target.table(drop.table)
        made = any(
            isinstance(place.statement, ddl.AddColumn)
            and place.table == at.table
            and place.statement.column.name == drop.column
            for place in history.earlier(at)
        )
        if made or (table is not None and table.column(drop.column) is not None):
            return None
        return Said(
            f"instances that still name {at.table}.{drop.column} fail from now on, and no undo brings its values back"
        )


RULE = _DroppedColumnInUse()
