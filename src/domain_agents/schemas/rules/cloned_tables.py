"""One table cut up by its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.catalog import TableName

_SERIAL = re.compile(
    r"_(?:\d{4}(?:_?\d{2})*|\d{1,3}|q[1-4]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\Z", re.IGNORECASE
)
_CLONES = 3


class _ClonedTables(Rule):
    severity = Severity.WARNING
    harm = (
        "The same table once per year or region: every question is a UNION, and every change must be made everywhere."
    )
    instead = "one table, partitioned by that value"
    sources = (
        "Karwin, SQL Antipatterns, ch. 9 (Metadata Tribbles)",
        "https://www.postgresql.org/docs/18/ddl-partitioning.html",
    )
    bad = """
        CREATE TABLE orders_2023 (id bigint PRIMARY KEY, total numeric(12, 2) NOT NULL);
        CREATE TABLE orders_2024 (id bigint PRIMARY KEY, total numeric(12, 2) NOT NULL);
        CREATE TABLE orders_2025 (id bigint PRIMARY KEY, total numeric(12, 2) NOT NULL);
    """
    good = """
        CREATE TABLE orders (id bigint, year integer, total numeric(12, 2) NOT NULL, PRIMARY KEY (id, year))
          PARTITION BY LIST (year);
        CREATE TABLE orders_2024 PARTITION OF orders FOR VALUES IN (2024);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        groups: dict[object, list[TableName]] = {}
        for table in at.tables:
            stem = _SERIAL.sub("_#", table.name.name)
            if stem != table.name.name:
                shape = tuple((column.name, at.type_of(column)) for column in table.columns)
                groups.setdefault((table.name.schema, stem, shape), []).append(table.name)
        for names in groups.values():
            if len(names) >= _CLONES:
                yield Seen(
                    f"{', '.join(map(str, names[:4]))}{' ...' if len(names) > 4 else ''} are one table cut up by its name",
                    names[0],
                )


RULE = _ClonedTables()
