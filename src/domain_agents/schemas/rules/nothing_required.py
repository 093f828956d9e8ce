"""A table that any row fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_FEW = 5
"""Columns from which it is no accident; our own choice."""


class _NothingRequired(Rule):
    severity = Severity.WARNING
    harm = "Nothing but the key must be there: every reader has to reckon with every hole."
    instead = "NOT NULL on what a row makes no sense without"
    sources = ("https://www.schemacrawler.com/lint.html",)
    bad = """
        CREATE TABLE people (id bigint PRIMARY KEY, name text, mail text, phone text, street text, city text);
    """
    good = """
        CREATE TABLE people (id bigint PRIMARY KEY, name text NOT NULL, mail text, phone text, street text, city text);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            keys = set(table.primary_key.columns) if table.primary_key else set()
            others = [column for column in table.columns if column.name not in keys and column.generated is None]
            if len(others) >= _FEW and all(at.is_nullable(table, column.name) for column in others):
                yield Seen(
                    f"nothing of {table.name} but its key must be there: {len(others)} columns may all be NULL at once",
                    table.name,
                )


RULE = _NothingRequired()
