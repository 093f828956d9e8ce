"""Text that is filled up with blanks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODES = frozenset({1, 2, 3, 4, 5, 10, 12, 16, 22, 24, 26, 32, 36, 40, 44, 56, 60, 64, 96, 128})
"""Lengths of codes, identifiers and digests that are always full."""


class _PaddedText(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    engines = (
        "postgresql",
        "mysql",
        "mariadb",
    )
    harm = "char(n) pads with blanks and compares without them; it saves nothing."
    instead = "varchar or text, with a check on the length where it matters"
    sources = (
        "https://www.postgresql.org/docs/18/datatype-character.html",
        "https://wiki.postgresql.org/wiki/Don%27t_Do_This",
    )
    bad = "CREATE TABLE a (id bigint PRIMARY KEY, name char(50) NOT NULL);"
    good = "CREATE TABLE a (id bigint PRIMARY KEY, country char(2) NOT NULL);"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for column in table.columns:
                found = re.fullmatch(r"(?:char|character)\((\d+)\)", at.type_of(column))
                if found and int(found[1]) not in _CODES:
                    yield Seen(f"{table.name}.{column.name} is padded", table.name, column.name)


RULE = _PaddedText()
