"""A character set that lacks characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.comparing import table_options
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _ThreeByteUtf8(Rule):
    severity = Severity.WARNING
    engines = (
        "mysql",
        "mariadb",
    )
    example_engine = "mariadb"
    harm = "utf8 there holds three bytes a character and latin1 one: emoji and many names are refused or lost."
    instead = "utf8mb4, with CONVERT TO planned as the copy of the table that it is"
    sources = ("https://dev.mysql.com/doc/refman/8.4/en/charset-unicode-utf8mb3.html",)
    bad = "CREATE TABLE a (id bigint NOT NULL PRIMARY KEY, name varchar(50) NOT NULL) DEFAULT CHARSET=utf8;"
    good = "CREATE TABLE a (id bigint NOT NULL PRIMARY KEY, name varchar(50) NOT NULL) DEFAULT CHARSET=utf8mb4;"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            options = table_options(table)
            charset = options.get("charset") or options.get("collate", "").partition("_")[0]
            if charset in ("utf8", "utf8mb3", "latin1") and any(
                _is_text(at.type_of(column)) for column in table.columns
            ):
                yield Seen(
                    f"{table.name} is {charset}: a four-byte character is refused, or lost where strict mode is off",
                    table.name,
                )


def _is_text(type_: str) -> bool:
    return type_.startswith(("varchar", "char", "text", "tinytext", "mediumtext", "longtext", "enum", "set"))


RULE = _ThreeByteUtf8()
