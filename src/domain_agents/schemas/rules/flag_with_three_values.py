"""A yes or no that may be neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator


class _FlagWithThreeValues(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    harm = "A nullable boolean has three values, and WHERE NOT flag forgets the third."
    instead = "NOT NULL with a default"
    sources = ("https://www.postgresql.org/docs/18/functions-logical.html",)
    bad = "CREATE TABLE a (id bigint PRIMARY KEY, done boolean);"
    good = "CREATE TABLE a (id bigint PRIMARY KEY, done boolean NOT NULL DEFAULT false);"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for column in table.columns:
                if (
                    at.type_of(column) in ("boolean", "tinyint(1)")
                    and at.is_nullable(table, column.name)
                    and column.generated is None
                ):
                    yield Seen(f"{table.name}.{column.name} may be neither", table.name, column.name)


RULE = _FlagWithThreeValues()
