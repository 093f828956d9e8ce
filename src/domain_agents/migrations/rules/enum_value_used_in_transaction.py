"""A new enum value used before it is committed."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said


class _EnumValueUsedInTransaction(Rule):
    severity = Severity.ERROR
    engines = ("postgresql",)
    harm = "A value that ALTER TYPE ... ADD VALUE has made cannot be used before its transaction commits."
    instead = "ALTER TYPE ... ADD VALUE in a file of its own, and what uses the value in a later one"
    sources = ("https://www.postgresql.org/docs/18/sql-altertype.html, Notes",)
    given = "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE users (id bigint PRIMARY KEY, mood mood);"
    bad = "BEGIN;\nALTER TYPE mood ADD VALUE 'glad';\nINSERT INTO users VALUES (1, 'glad');\nCOMMIT;"
    good = "ALTER TYPE mood ADD VALUE 'glad';\nINSERT INTO users VALUES (1, 'glad');"

    def looks(self, at: Place, history: History) -> Said | None:
        if isinstance(at.statement, ddl.AddEnumValue) or "'" not in at.sql:
            return None
        earlier = [place.statement for place in history.earlier(at, same_transaction=True)]
        made = {one.enum.name.name for one in earlier if isinstance(one, ddl.CreateEnum)}
        for one in earlier:
            if not isinstance(one, ddl.AddEnumValue) or one.enum.name in made:
                continue
            if "'" + one.value.replace("'", "''") + "'" in at.sql:
                return Said(
                    f"the server refuses {one.value!r} of {one.enum} here (55P04): its transaction has not committed"
                )
        return None


RULE = _EnumValueUsedInTransaction()
