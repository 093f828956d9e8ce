"""Rows that do not say when."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.catalog import Table

_MADE = re.compile(
    r"(?:created|inserted|added|made|recorded|occurred|registered)(?:_?(?:at|on|date|time|ts))|(?:date|time)_(?:created|added)",
    re.IGNORECASE,
)


class _NoMomentOfChange(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    harm = "Most tables say when a row was made, these do not."
    instead = "created_at timestamptz NOT NULL DEFAULT now(), as the others have it"
    sources = ("our own choice: told only where the schema itself has the habit",)
    bad = """
        CREATE TABLE a (id bigint PRIMARY KEY, created_at timestamptz NOT NULL);
        CREATE TABLE b (id bigint PRIMARY KEY, created_at timestamptz NOT NULL);
        CREATE TABLE c (id bigint PRIMARY KEY, created_at timestamptz NOT NULL);
        CREATE TABLE d (id bigint PRIMARY KEY, x text NOT NULL, y text NOT NULL);
    """
    good = """
        CREATE TABLE a (id bigint PRIMARY KEY, x text NOT NULL, y text NOT NULL);
        CREATE TABLE b (id bigint PRIMARY KEY, x text NOT NULL, y text NOT NULL);
        CREATE TABLE c (id bigint PRIMARY KEY, x text NOT NULL, y text NOT NULL);
        CREATE TABLE d (id bigint PRIMARY KEY, x text NOT NULL, y text NOT NULL);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        having = [table for table in at.tables if _moment(table)]
        if len(having) < 3 or len(having) < 0.6 * len(at.tables):
            return
        for table in at.tables:
            keyed = {name for key in table.foreign_keys for name in key.columns}
            others = [column for column in table.columns if column.name not in keyed]
            if not _moment(table) and len(others) > 2:
                yield Seen(f"{table.name} does not say when", table.name)


def _moment(table: Table) -> bool:
    return any(_MADE.fullmatch(column.name) for column in table.columns)


RULE = _NoMomentOfChange()
