"""An exact number that rounds to whole ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject, is_money

if TYPE_CHECKING:
    from collections.abc import Iterator


class _MoneyWithoutCents(Rule):
    severity = Severity.WARNING
    engines = (
        "mysql",
        "mariadb",
    )
    example_engine = "mariadb"
    harm = "DECIMAL without a scale is DECIMAL(10,0): cents are rounded away when they are stored."
    instead = "a scale: DECIMAL(19,4)"
    sources = ("https://dev.mysql.com/doc/refman/8.4/en/fixed-point-types.html",)
    bad = "CREATE TABLE items (id bigint NOT NULL PRIMARY KEY, unit_price decimal(10) NOT NULL);"
    good = "CREATE TABLE items (id bigint NOT NULL PRIMARY KEY, unit_price decimal(12,2) NOT NULL);"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for column in table.columns:
                if is_money(column.name) and re.fullmatch(r"decimal\(\d+,0\)", at.type_of(column)):
                    change = Change("change_type", table.name, {"column": column.name, "type": "decimal(19,4)"})
                    yield Seen(
                        f"{table.name}.{column.name} is {column.type}: cents are rounded away as they are stored",
                        table.name,
                        column.name,
                        changes=(change,),
                    )


RULE = _MoneyWithoutCents()
