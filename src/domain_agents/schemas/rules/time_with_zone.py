"""A time of day with a zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _TimeWithZone(Rule):
    severity = Severity.WARNING
    engines = ("postgresql",)
    harm = "time with time zone keeps an offset without a date, so nobody knows whether summer time counts."
    instead = "timestamptz for a moment, time for a time of day with the zone in a column of its own"
    sources = (
        "https://www.postgresql.org/docs/18/datatype-datetime.html",
        "https://wiki.postgresql.org/wiki/Don%27t_Do_This",
    )
    bad = "CREATE TABLE shops (id bigint PRIMARY KEY, opens timetz NOT NULL);"
    good = "CREATE TABLE shops (id bigint PRIMARY KEY, opens time NOT NULL);"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for column in table.columns:
                if (
                    at.type_of(column).startswith("time")
                    and at.type_of(column).endswith("with time zone")
                    and not at.type_of(column).startswith("timestamp")
                ):
                    yield Seen(
                        f"{table.name}.{column.name} keeps an offset without a date: half the year it is an hour wrong",
                        table.name,
                        column.name,
                    )


RULE = _TimeWithZone()
