"""A random key that the table is ordered by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _RandomClusteredKey(Rule):
    severity = Severity.INFO
    engines = (
        "mysql",
        "mariadb",
    )
    example_engine = "mariadb"
    harm = (
        "InnoDB keeps rows in the order of the primary key: random ones land on random pages, which split "
        "and fall out of the cache."
    )
    instead = "AUTO_INCREMENT, or a UUID that grows with time (version 7)"
    sources = (
        "https://dev.mysql.com/doc/refman/8.4/en/innodb-index-types.html",
        "RFC 9562, 5.7",
    )
    bad = "CREATE TABLE a (id char(36) NOT NULL DEFAULT (uuid()) PRIMARY KEY);"
    good = "CREATE TABLE a (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY);"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            if table.primary_key is None or not table.primary_key.columns:
                continue
            column = table.column(table.primary_key.columns[0])
            if (
                column is not None
                and column.default is not None
                and re.match(
                    r"\(*\s*uuid\s*\(|\(*\s*uuid_to_bin\s*\(\s*uuid\(\s*\)\s*\)", column.default, re.IGNORECASE
                )
            ):
                yield Seen(
                    f"rows of {table.name} are kept in the order of {column.name}: inserts split pages all over it",
                    table.name,
                    column.name,
                )


RULE = _RandomClusteredKey()
