"""A NOT NULL column that existing rows cannot have."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said


class _RequiredColumnWithoutDefault(Rule):
    severity = Severity.ERROR
    engines = ("postgresql", "sqlite")
    harm = "ADD COLUMN ... NOT NULL without a default fails as soon as the table has a row."
    instead = "add it with a constant default, or nullable: then fill it, and make it NOT NULL last"
    sources = (
        "https://www.postgresql.org/docs/18/ddl-alter.html#DDL-ALTER-ADDING-A-COLUMN",
        "https://www.sqlite.org/lang_altertable.html, section 4",
    )
    given = "CREATE TABLE users (id bigint PRIMARY KEY);"
    bad = "ALTER TABLE users ADD COLUMN country text NOT NULL;"
    good = "ALTER TABLE users ADD COLUMN country text NOT NULL DEFAULT 'DE';"

    def looks(self, at: Place, history: History) -> Said | None:
        if not isinstance(at.statement, ddl.AddColumn) or at.is_alone or at.effect.rewrites_table:
            return None
        column = at.statement.column
        has_value = column.default not in (None, "NULL", "null") or column.identity or column.generated is not None
        if column.nullable or has_value:
            return None
        return Said(
            f"the statement fails when {at.table} has a row; on an empty table, the version of the application that does "
            f"not know {column.name} yet can insert no more"
        )


RULE = _RequiredColumnWithoutDefault()
