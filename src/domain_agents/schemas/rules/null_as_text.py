"""The word NULL for the value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _NullAsText(Rule):
    severity = Severity.WARNING
    harm = "The default is the text 'NULL', which IS NULL does not find."
    instead = "no default: a column without one is NULL"
    sources = ("https://www.schemacrawler.com/lint.html",)
    bad = "CREATE TABLE a (id bigint PRIMARY KEY, note text DEFAULT 'NULL');"
    good = "CREATE TABLE a (id bigint PRIMARY KEY, note text DEFAULT NULL);"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for column in table.columns:
                if column.default is not None and re.match(
                    r"\(*\s*'null'\s*(?:::.*)?\)*\Z", column.default.strip(), re.IGNORECASE
                ):
                    change = Change("set_default", table.name, {"column": column.name})
                    yield Seen(
                        f"{table.name}.{column.name} gets the text 'NULL', which IS NULL does not find",
                        table.name,
                        column.name,
                        changes=(change,),
                    )


RULE = _NullAsText()
