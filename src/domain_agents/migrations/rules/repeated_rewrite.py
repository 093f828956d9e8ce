"""A table built anew several times in a row."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier


class _RepeatedRewrite(Rule):
    tier = Tier.HYGIENE
    severity = Severity.INFO
    engines = ("mysql", "mariadb")
    example_engine = "mysql"
    harm = "Each of several ALTER TABLE statements builds the table anew; one with all changes builds it once."
    instead = "one ALTER TABLE with all of the changes, separated by commas"
    sources = ("https://dev.mysql.com/doc/refman/8.4/en/alter-table.html",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, a int NOT NULL, b int NOT NULL);"
    bad = (
        "SET SESSION lock_wait_timeout = 2;\nALTER TABLE users MODIFY a int NULL, ALGORITHM=INPLACE, LOCK=NONE;\n"
        "ALTER TABLE users MODIFY b int NULL, ALGORITHM=INPLACE, LOCK=NONE;"
    )
    good = (
        "SET SESSION lock_wait_timeout = 2;\n"
        "ALTER TABLE users MODIFY a int NULL, MODIFY b int NULL, ALGORITHM=INPLACE, LOCK=NONE;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        if not at.effect.rewrites_table or at.is_alone or isinstance(at.statement, ddl.NoCatalogChange):
            return None
        for place in history.earlier(at):
            if place.file != at.file or place.table != at.table or not place.effect.rewrites_table:
                continue
            if (place.line, place.column) != (at.line, at.column):
                return Said(f"{at.table} is built anew here, as line {place.line} did just before")
        return None


RULE = _RepeatedRewrite()
