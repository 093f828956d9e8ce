"""A required column whose value the server makes up."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier


class _InventedValue(Rule):
    tier = Tier.HYGIENE
    severity = Severity.WARNING
    engines = ("mysql", "mariadb")
    example_engine = "mysql"
    harm = (
        "ADD COLUMN ... NOT NULL without a default writes 0 or '' into every row, and old instances can insert no more."
    )
    instead = "a DEFAULT that is meant, or nullable: then fill it, and make it NOT NULL last"
    sources = ("https://dev.mysql.com/doc/refman/8.4/en/data-type-defaults.html",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY);"
    bad = (
        "SET SESSION lock_wait_timeout = 2;\nALTER TABLE users ADD COLUMN country char(2) NOT NULL, ALGORITHM=INSTANT;"
    )
    good = (
        "SET SESSION lock_wait_timeout = 2;\n"
        "ALTER TABLE users ADD COLUMN country char(2) NOT NULL DEFAULT 'DE', ALGORITHM=INSTANT;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        if not isinstance(at.statement, ddl.AddColumn) or at.is_alone:
            return None
        column = at.statement.column
        if column.nullable or column.default is not None or column.identity or column.generated is not None:
            return None
        return Said(
            f"the rows of {at.table} get a {column.name} that nobody chose (0, '' or a refusal, by type), and the version "
            "of the application that does not name it fails to insert in strict mode"
        )


RULE = _InventedValue()
