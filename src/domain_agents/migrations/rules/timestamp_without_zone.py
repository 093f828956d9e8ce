"""A point in time that does not say which."""

from __future__ import annotations

import re

from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier, written_columns

_TYPE = re.compile(r"timestamp(?:\s*\(\d\))?(?:\s+without\s+time\s+zone)?", re.IGNORECASE)


class _TimestampWithoutZone(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    engines = ("postgresql",)
    harm = "timestamp holds a clock's face, not a moment: sessions in two time zones write different things."
    instead = "timestamptz, which is as large"
    sources = ("https://wiki.postgresql.org/wiki/Don't_Do_This#Don.27t_use_timestamp_.28without_time_zone.29",)
    bad = "CREATE TABLE users (id bigint PRIMARY KEY, made timestamp);"
    good = "CREATE TABLE users (id bigint PRIMARY KEY, made timestamptz);"

    def looks(self, at: Place, history: History) -> Said | None:
        found = [column.name for column in written_columns(at.statement) if _TYPE.fullmatch(column.type.strip())]
        return (
            Said(f"what {', '.join(found)} of {at.table} means depends on the time zone of whoever wrote it")
            if found
            else None
        )


RULE = _TimestampWithoutZone()
