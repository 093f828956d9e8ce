"""Names in capitals or with blanks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator


class _NamesToQuote(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    engines = ("postgresql",)
    harm = "Names that are not lower case must be quoted in every query."
    instead = "lower case with underscores"
    sources = (
        "https://www.postgresql.org/docs/18/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS",
        "https://wiki.postgresql.org/wiki/Don%27t_Do_This",
    )
    bad = 'CREATE TABLE a (id bigint PRIMARY KEY, "createdBy" text NOT NULL);'
    good = "CREATE TABLE a (id bigint PRIMARY KEY, created_by text NOT NULL);"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for name, column in ((table.name.name, ""), *((one.name, one.name) for one in table.columns)):
                if not re.fullmatch(r"[a-z_\u0080-\uffff][a-z0-9_$\u0080-\uffff]*", name):
                    yield Seen(f"{name} must be quoted", table.name, column)


RULE = _NamesToQuote()
