"""Money in binary floating point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject, is_float, is_money

if TYPE_CHECKING:
    from collections.abc import Iterator


class _FloatingPointMoney(Rule):
    severity = Severity.ERROR
    harm = "0.1 + 0.2 is not 0.3 there: sums drift by cents, and equality fails."
    instead = "an exact number: numeric (decimal), or whole minor units in bigint"
    sources = (
        "https://www.postgresql.org/docs/18/datatype-numeric.html#DATATYPE-FLOAT",
        "https://dev.mysql.com/doc/refman/8.4/en/problems-with-float.html",
    )
    bad = "CREATE TABLE items (id bigint PRIMARY KEY, unit_price real NOT NULL);"
    good = """
        CREATE TABLE items (id bigint PRIMARY KEY, unit_price numeric(12, 2) NOT NULL, weight real NOT NULL);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for column in table.columns:
                if is_money(column.name) and is_float(at.type_of(column)):
                    exact = (
                        "integer"
                        if at.engine.name == "sqlite"
                        else "decimal(19,4)"
                        if at.engine.name != "postgresql"
                        else "numeric(19,4)"
                    )
                    changes = (
                        ()
                        if at.engine.name == "sqlite"
                        else (Change("change_type", table.name, {"column": column.name, "type": exact}),)
                    )
                    yield Seen(
                        f"{table.name}.{column.name} is {column.type}: sums of money drift by cents",
                        table.name,
                        column.name,
                        changes=changes,
                    )


RULE = _FloatingPointMoney()
