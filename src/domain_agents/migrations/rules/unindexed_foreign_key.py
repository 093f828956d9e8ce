"""A foreign key that costs a scan for every row deleted from its parent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import ForeignKey
from domain_agents.engines import Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier, written_constraints

if TYPE_CHECKING:
    from domain_agents.catalog import Index, Schema, Table


class _UnindexedForeignKey(Rule):
    tier = Tier.HYGIENE
    severity = Severity.INFO
    harm = "A foreign key without an index on its columns scans the child for every row deleted from the parent."
    instead = "an index that begins with the foreign key's columns"
    sources = ("https://www.postgresql.org/docs/18/ddl-constraints.html#DDL-CONSTRAINTS-FK",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY);"
    bad = "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id));"
    good = (
        "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id));\n"
        "CREATE INDEX orders_user ON orders (user_id);"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        if history.engine.can(Can.FOREIGN_KEY_BRINGS_INDEX) or at.table is None:
            return None
        made = at.statement.table if isinstance(at.statement, ddl.CreateTable) else None
        keys = made.foreign_keys if made else written_constraints(at.statement)
        table = history.target.table(at.table)
        if table is None or (made is None and at.known(at.table) is None):
            return None
        for key in keys:
            if isinstance(key, ForeignKey) and key in table.foreign_keys and not _is_served(key, table, history.target):
                columns = ", ".join(key.columns)
                return Said(
                    f"every DELETE in {key.parent} and every change of its key reads all of {table.name}: no index "
                    f"begins with {columns}"
                )
        return None


def _is_served(key: ForeignKey, table: Table, schema: Schema) -> bool:
    wanted = set(key.columns)
    lists = [unique.columns for unique in table.uniques]
    lists += [table.primary_key.columns] if table.primary_key else []
    lists += [leading for index in schema.indexes_of(table.name) if (leading := _leading(index))]
    return any(set(columns[: len(wanted)]) == wanted for columns in lists)


def _leading(index: Index) -> tuple[str, ...]:
    """The plain columns that an index begins with; none when it leaves out rows that a foreign key can point from."""
    if index.where is not None and not re.search(r"\bIS\s+NOT\s+NULL\s*\)*\s*\Z", index.where, re.IGNORECASE):
        return ()
    found: list[str] = []
    for one in index.keys:
        if one.is_expression:
            break
        found.append(one.text)
    return tuple(found)


RULE = _UnindexedForeignKey()
