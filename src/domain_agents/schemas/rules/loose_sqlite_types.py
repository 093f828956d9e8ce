"""Types that are only a hint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator


class _LooseSqliteTypes(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    engines = ("sqlite",)
    example_engine = "sqlite"
    harm = "Without STRICT a column takes any value: text stands where numbers should."
    instead = "STRICT behind the table (SQLite 3.37)"
    sources = ("https://www.sqlite.org/stricttables.html",)
    bad = "CREATE TABLE a (id integer PRIMARY KEY, x integer NOT NULL);"
    good = "CREATE TABLE a (id integer PRIMARY KEY, x integer NOT NULL) STRICT;"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            tail = (table.definition.rpartition(")")[2] if table.definition else "") + " " + table.options
            if not re.search(r"\bstrict\b", tail, re.IGNORECASE):
                yield Seen(f"{table.name} takes any value", table.name)


RULE = _LooseSqliteTypes()
