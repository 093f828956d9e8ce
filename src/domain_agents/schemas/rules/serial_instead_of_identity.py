"""serial where identity would do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator


class _SerialInsteadOfIdentity(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    engines = ("postgresql",)
    harm = "serial is a default on a sequence with rights and an owner of its own; identity is the standard's way."
    instead = "GENERATED ALWAYS AS IDENTITY in new tables"
    sources = (
        "https://www.postgresql.org/docs/18/ddl-identity-columns.html",
        "https://wiki.postgresql.org/wiki/Don%27t_Do_This",
    )
    bad = "CREATE TABLE a (id bigserial PRIMARY KEY);"
    good = "CREATE TABLE a (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for column in table.columns:
                if re.fullmatch(r"(?:small|big)?serial[248]?", column.type.strip(), re.IGNORECASE):
                    yield Seen(f"{table.name}.{column.name} is {column.type}", table.name, column.name)


RULE = _SerialInsteadOfIdentity()
