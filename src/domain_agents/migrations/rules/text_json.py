"""JSON kept as text."""

from __future__ import annotations

import re

from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier, written_columns

_TYPE = re.compile(r"json", re.IGNORECASE)


class _TextJson(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    engines = ("postgresql",)
    harm = "json is parsed again at each access, and has neither equality nor an index of its own."
    instead = "jsonb"
    sources = ("https://www.postgresql.org/docs/18/datatype-json.html",)
    bad = "CREATE TABLE users (id bigint PRIMARY KEY, options json);"
    good = "CREATE TABLE users (id bigint PRIMARY KEY, options jsonb);"

    def looks(self, at: Place, history: History) -> Said | None:
        found = [column.name for column in written_columns(at.statement) if _TYPE.fullmatch(column.type.strip())]
        return Said(f"{', '.join(found)} of {at.table}: no DISTINCT, no GROUP BY, no GIN index") if found else None


RULE = _TextJson()
