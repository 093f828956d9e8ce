"""A key that runs out of numbers."""

from __future__ import annotations

import re

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier

_SMALL = re.compile(
    r"(?:(?:tiny|small|medium)?int|integer|int[24]|(?:small)?serial|serial[24])\s*(?:\(\d+\))?(?:\s+unsigned)?",
    re.IGNORECASE,
)


class _SmallKey(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    engines = ("postgresql", "mysql", "mariadb")
    harm = "A key of 32 bits ends at 2,147,483,647, and widening it later is the dearest change there is."
    instead = "bigint, or uuid"
    sources = ("https://www.postgresql.org/docs/18/datatype-numeric.html#DATATYPE-INT",)
    bad = "CREATE TABLE users (id integer PRIMARY KEY);"
    good = "CREATE TABLE users (id bigint PRIMARY KEY);"

    def looks(self, at: Place, history: History) -> Said | None:
        if not isinstance(at.statement, ddl.CreateTable):
            return None
        table = at.statement.table
        key = table.primary_key.columns if table.primary_key else ()
        column = table.column(key[0]) if len(key) == 1 else None
        refers = column is not None and any(column.name in one.columns for one in table.foreign_keys)
        if column is None or refers or not _SMALL.fullmatch(column.type.strip()):
            return None
        return Said(
            f"{table.name}.{column.name} is {column.type}: inserts into {table.name} fail when its numbers are used up"
        )


RULE = _SmallKey()
