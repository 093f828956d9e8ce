"""Columns that are counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEANT = re.compile(r"(?:line|street|addr|md|sha|ipv|oauth|utf|base|level|lvl|tier|q|quarter)\Z", re.IGNORECASE)
"""What a number belongs to."""


class _NumberedColumns(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    harm = "phone1, phone2, phone3: the fourth has no place, and a search asks three times."
    instead = "a table of their own"
    sources = ("Karwin, SQL Antipatterns, ch. 8 (Multicolumn Attributes)",)
    bad = """
        CREATE TABLE a (id bigint PRIMARY KEY, phone1 text NOT NULL, phone2 text NOT NULL, phone3 text NOT NULL);
    """
    good = """
        CREATE TABLE a (id bigint PRIMARY KEY, address_line1 text NOT NULL, address_line2 text NOT NULL, md5 text NOT NULL);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            stems: dict[str, list[str]] = {}
            for column in table.columns:
                found = re.fullmatch(r"(.*?[a-z])_?([1-9])", column.name, re.IGNORECASE)
                if found and not _MEANT.search(found[1]):
                    stems.setdefault(found[1].lower(), []).append(column.name)
            for names in stems.values():
                if len(names) >= 3:
                    yield Seen(f"{', '.join(names)} are counted", table.name, names[0])


RULE = _NumberedColumns()
