"""A column that SQLite's ADD COLUMN does not take."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.catalog import PrimaryKey, Unique
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, adds


class _RefusedColumn(Rule):
    severity = Severity.ERROR
    engines = ("sqlite",)
    example_engine = "sqlite"
    harm = "SQLite's ADD COLUMN takes no key, and on a table with rows no default that is not constant."
    instead = "add it without, fill it and build a unique index; or build the table anew (plan_migration writes both)"
    sources = ("https://www.sqlite.org/lang_altertable.html, section 4",)
    given = "CREATE TABLE users (id integer PRIMARY KEY); INSERT INTO users VALUES (1);"
    bad = "ALTER TABLE users ADD COLUMN made text DEFAULT CURRENT_TIMESTAMP;"
    good = "ALTER TABLE users ADD COLUMN made text DEFAULT '';"

    def looks(self, at: Place, history: History) -> Said | None:
        if not isinstance(at.statement, ddl.AddColumn):
            return None
        if at.is_alone and not adds(at.statement, PrimaryKey, Unique):
            return None
        if not history.engine.refuses_transaction(at.statement, at.schema):
            return None
        return Said(
            f"SQLite refuses to add {at.table}.{at.statement.column.name} like this, and the migration stops here"
        )


RULE = _RefusedColumn()
