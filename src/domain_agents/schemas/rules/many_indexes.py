"""More indexes than anybody uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 10


class _ManyIndexes(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    harm = "More than ten indexes on a table: each one is written for every row."
    instead = "the ones that the server's own counts show in use"
    sources = (
        "Sharma et al., Smelly Relations (ICSE-SEIP 2018): index abuse; 5.7 % of 814 tables have over eight (measured)",
    )
    bad = """
        CREATE TABLE a (id bigint PRIMARY KEY,
          north date NOT NULL, south date NOT NULL, east date NOT NULL, west date NOT NULL, red date NOT NULL,
          green date NOT NULL, blue date NOT NULL, gold date NOT NULL, iron date NOT NULL,
          zinc date NOT NULL, lead date NOT NULL);
        CREATE INDEX a_north ON a (north);
        CREATE INDEX a_south ON a (south);
        CREATE INDEX a_east ON a (east);
        CREATE INDEX a_west ON a (west);
        CREATE INDEX a_red ON a (red);
        CREATE INDEX a_green ON a (green);
        CREATE INDEX a_blue ON a (blue);
        CREATE INDEX a_gold ON a (gold);
        CREATE INDEX a_iron ON a (iron);
        CREATE INDEX a_zinc ON a (zinc);
        CREATE INDEX a_lead ON a (lead);
    """
    good = """
        CREATE TABLE a (id bigint PRIMARY KEY,
          x bigint NOT NULL);
        CREATE INDEX a_x ON a (x);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            count = len(at.indexes(table)) + len(table.uniques) + (table.primary_key is not None)
            if count > _MOST:
                yield Seen(f"{table.name} has {count} indexes", table.name)


RULE = _ManyIndexes()
