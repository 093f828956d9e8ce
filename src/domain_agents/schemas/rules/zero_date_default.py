"""A date that is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _ZeroDateDefault(Rule):
    severity = Severity.WARNING
    engines = (
        "mysql",
        "mariadb",
    )
    example_engine = "mariadb"
    harm = "'0000-00-00' is no date: drivers read it as NULL or fail, and strict mode refuses it."
    instead = "NULL where the moment is not known"
    sources = ("https://dev.mysql.com/doc/refman/8.4/en/sql-mode.html#sqlmode_no_zero_date",)
    bad = """
        CREATE TABLE a (id bigint NOT NULL PRIMARY KEY, done datetime NOT NULL DEFAULT '0000-00-00 00:00:00');
    """
    good = "CREATE TABLE a (id bigint NOT NULL PRIMARY KEY, done datetime NULL);"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for column in table.columns:
                if column.default is not None and column.default.strip("'\" ").startswith("0000-00-00"):
                    yield Seen(
                        f"{table.name}.{column.name} is '0000-00-00' unless told: drivers take it for NULL, or fail",
                        table.name,
                        column.name,
                    )


RULE = _ZeroDateDefault()
