"""A limit that nobody has chosen."""

from __future__ import annotations

import re

from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier, written_columns

_TYPE = re.compile(r"(?:varchar|character\s+varying)\s*\(\s*255\s*\)", re.IGNORECASE)


class _ArbitraryLength(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    engines = ("postgresql",)
    harm = "varchar(255) is a habit from elsewhere: it saves nothing, and one day refuses a value."
    instead = "text, with a CHECK where a limit is meant"
    sources = ("https://wiki.postgresql.org/wiki/Don't_Do_This#Don.27t_use_varchar.28n.29_by_default",)
    bad = "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(255));"
    good = "CREATE TABLE users (id bigint PRIMARY KEY, name text CHECK (char_length(name) <= 200));"

    def looks(self, at: Place, history: History) -> Said | None:
        found = [column.name for column in written_columns(at.statement) if _TYPE.fullmatch(column.type.strip())]
        return (
            Said(f"{', '.join(found)} of {at.table} refuses the 256th character, which nobody may have decided")
            if found
            else None
        )


RULE = _ArbitraryLength()
