"""A table of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 50


class _TooWideTable(Rule):
    severity = Severity.WARNING
    harm = (
        "More than fifty columns: every read carries them all, every change to any touches one row, and "
        "parts of it are mostly empty."
    )
    instead = "tables of their own for groups of columns that come and go together"
    sources = (
        "Sharma et al., Smelly Relations (ICSE-SEIP 2018): God table; 1.4 % of 1,775 tables are so wide (measured)",
    )
    bad = """
        CREATE TABLE a (
          id bigint PRIMARY KEY,
          north_south date NOT NULL, north_east date NOT NULL, north_west date NOT NULL, north_red date NOT NULL,
          north_green date NOT NULL, north_blue date NOT NULL, north_gold date NOT NULL, north_iron date NOT NULL,
          north_zinc date NOT NULL, north_lead date NOT NULL, north_tin date NOT NULL, south_north date NOT NULL,
          south_east date NOT NULL, south_west date NOT NULL, south_red date NOT NULL, south_green date NOT NULL,
          south_blue date NOT NULL, south_gold date NOT NULL, south_iron date NOT NULL, south_zinc date NOT NULL,
          south_lead date NOT NULL, south_tin date NOT NULL, east_north date NOT NULL, east_south date NOT NULL,
          east_west date NOT NULL, east_red date NOT NULL, east_green date NOT NULL, east_blue date NOT NULL,
          east_gold date NOT NULL, east_iron date NOT NULL, east_zinc date NOT NULL, east_lead date NOT NULL,
          east_tin date NOT NULL, west_north date NOT NULL, west_south date NOT NULL, west_east date NOT NULL,
          west_red date NOT NULL, west_green date NOT NULL, west_blue date NOT NULL, west_gold date NOT NULL,
          west_iron date NOT NULL, west_zinc date NOT NULL, west_lead date NOT NULL, west_tin date NOT NULL,
          red_north date NOT NULL, red_south date NOT NULL, red_east date NOT NULL, red_west date NOT NULL,
          red_green date NOT NULL, red_blue date NOT NULL, red_gold date NOT NULL
        );
    """
    good = """
        CREATE TABLE a (
          id bigint PRIMARY KEY,
          north_south date NOT NULL, north_east date NOT NULL, north_west date NOT NULL, north_red date NOT NULL,
          north_green date NOT NULL, north_blue date NOT NULL, north_gold date NOT NULL, north_iron date NOT NULL,
          north_zinc date NOT NULL, north_lead date NOT NULL, north_tin date NOT NULL, south_north date NOT NULL,
          south_east date NOT NULL, south_west date NOT NULL, south_red date NOT NULL, south_green date NOT NULL,
          south_blue date NOT NULL, south_gold date NOT NULL, south_iron date NOT NULL, south_zinc date NOT NULL
        );
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            if len(table.columns) > _MOST:
                yield Seen(
                    f"{table.name} has {len(table.columns)} columns: 98.6 % of real tables have at most {_MOST}",
                    table.name,
                )


RULE = _TooWideTable()
