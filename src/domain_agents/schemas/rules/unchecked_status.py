"""A status that may be anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator


class _UncheckedStatus(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    harm = "A text named status or state without a check, an enum or a lookup table takes every typing error."
    instead = "a check of its values"
    sources = ("our own choice, from the name",)
    bad = "CREATE TABLE a (id bigint PRIMARY KEY, status text NOT NULL);"
    good = "CREATE TABLE a (id bigint PRIMARY KEY, status text NOT NULL CHECK (status IN ('open', 'done')));"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            keyed = {name for key in table.foreign_keys for name in key.columns}
            for column in table.columns:
                named = re.fullmatch(r"(?:.*_)?(?:status|state|kind|priority|severity)", column.name, re.IGNORECASE)
                textual = "char" in at.type_of(column) or at.type_of(column) == "text"
                checked = any(re.search(rf"\b{re.escape(column.name)}\b", check.expression) for check in table.checks)
                if named and textual and not checked and column.name not in keyed:
                    yield Seen(f"{table.name}.{column.name} may be anything", table.name, column.name)


RULE = _UncheckedStatus()
