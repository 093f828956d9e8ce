"""A counter that ends at two thousand million."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

_NARROW = frozenset({"integer", "int", "smallint", "mediumint"})
_COUNTED = re.compile(r"serial|nextval|auto_increment", re.IGNORECASE)


class _NarrowKey(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    engines = (
        "postgresql",
        "mysql",
        "mariadb",
    )
    harm = "A 32-bit key ends at 2,147,483,647, and widening a key that others refer to is the hardest change there is."
    instead = "bigint, from the start"
    sources = (
        "https://www.postgresql.org/docs/18/datatype-numeric.html",
        "27 % of single-column keys in 13 real schemas are int4 (measured): one line",
    )
    bad = "CREATE TABLE a (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"
    good = """
        CREATE TABLE a (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
        CREATE TABLE kinds (code integer PRIMARY KEY);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            columns = table.primary_key.columns if table.primary_key else ()
            column = table.column(columns[0]) if len(columns) == 1 else None
            if column is None or at.type_of(column).removesuffix(" unsigned") not in _NARROW:
                continue
            counted = column.identity or _COUNTED.search(
                f"{column.type} {column.default or ''} {' '.join(column.attributes)}"
            )
            if counted:
                yield Seen(f"{table.name}.{column.name} is {column.type}", table.name, column.name)


RULE = _NarrowKey()
