"""The money type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _LocaleBoundMoney(Rule):
    severity = Severity.WARNING
    engines = ("postgresql",)
    harm = "The type money takes its currency and its decimals from lc_monetary: another setting reads other amounts."
    instead = "numeric, with the currency in a column of its own"
    sources = (
        "https://www.postgresql.org/docs/18/datatype-money.html",
        "https://wiki.postgresql.org/wiki/Don%27t_Do_This",
    )
    bad = "CREATE TABLE items (id bigint PRIMARY KEY, paid money NOT NULL);"
    good = "CREATE TABLE items (id bigint PRIMARY KEY, paid numeric(12, 2) NOT NULL);"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for column in table.columns:
                if at.type_of(column) == "money":
                    change = Change("change_type", table.name, {"column": column.name, "type": "numeric(19,4)"})
                    yield Seen(
                        f"{table.name}.{column.name} is money: another lc_monetary reads other amounts",
                        table.name,
                        column.name,
                        changes=(change,),
                    )


RULE = _LocaleBoundMoney()
