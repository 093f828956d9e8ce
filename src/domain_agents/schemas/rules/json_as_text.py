"""json where jsonb would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator


class _JsonAsText(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    engines = ("postgresql",)
    harm = "json is kept as text: it is read anew for every question and cannot be indexed as a whole."
    instead = "jsonb, unless the order of keys and the blanks must stay"
    sources = ("https://www.postgresql.org/docs/18/datatype-json.html",)
    bad = "CREATE TABLE a (id bigint PRIMARY KEY, doc json NOT NULL);"
    good = "CREATE TABLE a (id bigint PRIMARY KEY, doc jsonb NOT NULL);"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for column in table.columns:
                if at.type_of(column) == "json":
                    yield Seen(f"{table.name}.{column.name} is json", table.name, column.name)


RULE = _JsonAsText()
