"""A condition that leaves nothing out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject, only_tests_null

if TYPE_CHECKING:
    from collections.abc import Iterator


class _IdleIndexCondition(Rule):
    severity = Severity.INFO
    engines = (
        "postgresql",
        "sqlite",
    )
    harm = "The index's condition tests a NOT NULL column for NULL: it holds every row, and fewer queries match it."
    instead = "the index without the condition"
    sources = ("https://www.postgresql.org/docs/18/indexes-partial.html",)
    bad = """
        CREATE TABLE a (id bigint PRIMARY KEY, x bigint NOT NULL);
        CREATE INDEX a_x ON a (x) WHERE x IS NOT NULL;
    """
    good = """
        CREATE TABLE a (id bigint PRIMARY KEY, x bigint);
        CREATE INDEX a_x ON a (x) WHERE x IS NOT NULL;
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for index in at.indexes(table):
                if index.where is None or not only_tests_null(index.where):
                    continue
                names = re.findall(r'["`]?([\w]+)["`]?\s+is\s+not\s+null', index.where, re.IGNORECASE)
                if names and all(table.column(name) and not at.is_nullable(table, name) for name in names):
                    yield Seen(
                        f"WHERE {index.where} leaves out no row of {table.name}: {', '.join(names)} is NOT NULL",
                        table.name,
                        name=index.name,
                    )


RULE = _IdleIndexCondition()
