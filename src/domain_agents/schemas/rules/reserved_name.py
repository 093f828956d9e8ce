"""A name that must be quoted everywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _ReservedName(Rule):
    severity = Severity.WARNING
    harm = "The name is a reserved word of this engine: every query that forgets the quotes fails."
    instead = "another name"
    sources = (
        "https://www.postgresql.org/docs/18/sql-keywords-appendix.html",
        "https://dev.mysql.com/doc/refman/8.4/en/keywords.html",
        "https://www.sqlite.org/lang_keywords.html",
    )
    bad = 'CREATE TABLE a (id bigint PRIMARY KEY, "order" integer NOT NULL);'
    good = "CREATE TABLE a (id bigint PRIMARY KEY, ordinal integer NOT NULL);"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            named = [(table.name.name, ""), *((column.name, column.name) for column in table.columns)]
            for name, column in named:
                if (
                    re.fullmatch(r"[a-z_][a-z0-9_]*", name)
                    and at.engine.quote(name) != name
                    and at.engine.quote(f"{name}_x") == f"{name}_x"
                ):
                    kind = "rename_column" if column else "rename_table"
                    yield Seen(
                        f"{name} is a reserved word of {at.engine.name}: {table.name} must quote it ({kind} mends it)",
                        table.name,
                        column,
                    )


RULE = _ReservedName()
