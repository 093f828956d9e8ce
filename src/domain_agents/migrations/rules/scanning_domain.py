"""A domain's new constraint tested against every column of it, at once."""

from __future__ import annotations

import re

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said

_TESTS = re.compile(
    r"ALTER\s+DOMAIN\s+(?P<name>[\w.\"]+)\s+(?:ADD\s+(?!.*\bNOT\s+VALID\s*\Z)|SET\s+NOT\s+NULL)",
    re.IGNORECASE | re.DOTALL,
)


class _ScanningDomain(Rule):
    severity = Severity.WARNING
    engines = ("postgresql",)
    harm = "ALTER DOMAIN with a new constraint reads every table that has a column of the domain while writers wait."
    instead = "ALTER DOMAIN ... ADD CONSTRAINT ... NOT VALID, then VALIDATE CONSTRAINT in a later transaction"
    sources = ("https://www.postgresql.org/docs/18/sql-alterdomain.html",)
    given = "CREATE DOMAIN age AS integer; CREATE TABLE users (id bigint PRIMARY KEY, years age);"
    bad = "ALTER DOMAIN age ADD CONSTRAINT age_is_one CHECK (VALUE > 0);"
    good = "ALTER DOMAIN age ADD CONSTRAINT age_is_one CHECK (VALUE > 0) NOT VALID;"

    def looks(self, at: Place, history: History) -> Said | None:
        found = _TESTS.match(at.statement.text) if isinstance(at.statement, ddl.KeepText) else None
        if found is None:
            return None
        name = found["name"].rpartition(".")[2].strip('"').lower()
        made = re.compile(rf'CREATE\s+DOMAIN\s+(?:[\w"]+\.)?"?{re.escape(name)}\b', re.IGNORECASE)
        if any(
            isinstance(place.statement, ddl.KeepText) and made.match(place.statement.text)
            for place in history.earlier(at)
        ):
            return None
        users = [
            str(table.name)
            for table in at.schema.tables.values()
            if any(column.type.rpartition(".")[2].strip('"').lower() == name for column in table.columns)
        ]
        where = ", ".join(users) if users else f"every table that the server finds with a column of {name}"
        return Said(f"writes on {where} wait (SHARE) while every row is tested")


RULE = _ScanningDomain()
