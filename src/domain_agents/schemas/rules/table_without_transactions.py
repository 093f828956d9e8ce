"""A storage engine that forgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.comparing import table_options
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _TableWithoutTransactions(Rule):
    severity = Severity.WARNING
    engines = (
        "mysql",
        "mariadb",
    )
    example_engine = "mariadb"
    harm = "MyISAM has no transactions, no foreign keys and no crash recovery; a write locks the whole table."
    instead = "ENGINE=InnoDB"
    sources = ("https://dev.mysql.com/doc/refman/8.4/en/myisam-storage-engine.html",)
    bad = "CREATE TABLE a (id bigint NOT NULL PRIMARY KEY) ENGINE=MyISAM;"
    good = "CREATE TABLE a (id bigint NOT NULL PRIMARY KEY) ENGINE=InnoDB;"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            engine = table_options(table).get("engine", "")
            if engine in ("myisam", "aria", "merge", "mrg_myisam"):
                yield Seen(
                    f"{table.name} is {engine}: a crash may cost rows, and a write locks out everyone", table.name
                )


RULE = _TableWithoutTransactions()
