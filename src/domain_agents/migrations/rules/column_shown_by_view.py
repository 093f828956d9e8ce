"""A column that a view holds."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.engines import Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said


class _ColumnShownByView(Rule):
    severity = Severity.ERROR
    engines = ("postgresql",)
    harm = "A column that a view shows cannot change its type or go: the server refuses."
    instead = "in one transaction: DROP VIEW, the change, CREATE VIEW as it was, and its privileges (plan_migration)"
    sources = ("https://www.postgresql.org/docs/18/ddl-depend.html",)
    given = (
        "CREATE TABLE users (id bigint PRIMARY KEY, email varchar(50)); CREATE VIEW mails AS SELECT email FROM users;"
    )
    bad = "ALTER TABLE users ALTER COLUMN email TYPE varchar(90);"
    good = (
        "BEGIN;\nDROP VIEW mails;\nALTER TABLE users ALTER COLUMN email TYPE varchar(90);\n"
        "CREATE VIEW mails AS SELECT email FROM users;\nCOMMIT;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        change = at.statement
        if not isinstance(change, ddl.ChangeType | ddl.DropColumn) or not history.engine.can(Can.VIEWS_HOLD_COLUMNS):
            return None
        if "CASCADE" in at.dropped:
            return None
        for view in at.schema.views.values():
            text = view.definition
            if ddl.mentions(text, change.table.name) and ddl.mentions(text, change.column):
                return Said(f"the server refuses this while view {view.name} shows {at.table}.{change.column}")
        return None


RULE = _ColumnShownByView()
