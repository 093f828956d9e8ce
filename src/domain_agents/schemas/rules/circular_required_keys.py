"""Rows that cannot be inserted first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.catalog import Table, TableName


class _CircularRequiredKeys(Rule):
    severity = Severity.WARNING
    harm = "Tables that require each other: whichever row comes first refers to one that is not there yet."
    instead = "one of the keys DEFERRABLE INITIALLY DEFERRED, or its column nullable"
    sources = ("https://www.postgresql.org/docs/18/sql-createtable.html#SQL-CREATETABLE-PARMS-DEFERRABLE",)
    bad = """
        CREATE TABLE a (id bigint PRIMARY KEY, b_id bigint NOT NULL UNIQUE);
        CREATE TABLE b (id bigint PRIMARY KEY, a_id bigint NOT NULL UNIQUE REFERENCES a (id));
        ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b_id) REFERENCES b (id);
    """
    good = """
        CREATE TABLE a (id bigint PRIMARY KEY, b_id bigint UNIQUE);
        CREATE TABLE b (id bigint PRIMARY KEY, a_id bigint NOT NULL UNIQUE REFERENCES a (id));
        ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b_id) REFERENCES b (id);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        needs = {table.name: _needed(at, table) for table in at.tables}
        told: set[frozenset[TableName]] = set()
        for start in needs:
            ring = _ring(start, needs)
            if ring and frozenset(ring) not in told:
                told.add(frozenset(ring))
                yield Seen(
                    f"{' needs '.join(map(str, (*ring, ring[0])))}: the first row of none of them can be inserted",
                    start,
                )


def _needed(at: Subject, table: Table) -> tuple[TableName, ...]:
    """The other tables that a row must refer to at once."""
    found = []
    for key in table.foreign_keys:
        parent = at.parent(key)
        required = not any(at.is_nullable(table, name) for name in key.columns)
        if parent is not None and parent.name != table.name and required and not key.deferrable:
            found.append(parent.name)
    return tuple(dict.fromkeys(found))


def _ring(start: TableName, needs: dict[TableName, tuple[TableName, ...]]) -> tuple[TableName, ...]:
    """The shortest way back to where it began; empty when there is none."""
    ways: list[tuple[TableName, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop(0)
        for following in needs.get(way[-1], ()):
            if following == start:
                return way
            if following not in seen:
                seen.add(following)
                ways.append((*way, following))
    return ()


RULE = _CircularRequiredKeys()
