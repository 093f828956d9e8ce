"""Timestamps without a zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator


class _TimestampWithoutZone(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    engines = ("postgresql",)
    harm = "timestamp without time zone keeps no moment: what it means depends on who wrote it."
    instead = "timestamptz, which costs nothing more"
    sources = (
        "https://www.postgresql.org/docs/18/datatype-datetime.html",
        "https://wiki.postgresql.org/wiki/Don%27t_Do_This",
    )
    bad = "CREATE TABLE a (id bigint PRIMARY KEY, made timestamp NOT NULL);"
    good = "CREATE TABLE a (id bigint PRIMARY KEY, made timestamptz NOT NULL);"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for column in table.columns:
                if at.type_of(column).partition("(")[0] == "timestamp" and "zone" not in at.type_of(column):
                    yield Seen(f"{table.name}.{column.name} keeps no moment", table.name, column.name)


RULE = _TimestampWithoutZone()
