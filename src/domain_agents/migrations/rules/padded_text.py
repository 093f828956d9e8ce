"""Text filled up with blanks."""

from __future__ import annotations

import re

from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier, written_columns

_TYPE = re.compile(r"(?:char|character|bpchar)\s*(?:\(\s*\d+\s*\))?", re.IGNORECASE)


class _PaddedText(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    engines = ("postgresql",)
    harm = "char(n) fills up with blanks, which count or not depending on the operator, and saves nothing."
    instead = "text with CHECK (char_length(column) = n)"
    sources = ("https://wiki.postgresql.org/wiki/Don't_Do_This#Don.27t_use_char.28n.29",)
    bad = "CREATE TABLE users (id bigint PRIMARY KEY, country char(2));"
    good = "CREATE TABLE users (id bigint PRIMARY KEY, country text CHECK (char_length(country) = 2));"

    def looks(self, at: Place, history: History) -> Said | None:
        found = [column.name for column in written_columns(at.statement) if _TYPE.fullmatch(column.type.strip())]
        return Said(f"{', '.join(found)} of {at.table}: shorter values are filled up with blanks") if found else None


RULE = _PaddedText()
