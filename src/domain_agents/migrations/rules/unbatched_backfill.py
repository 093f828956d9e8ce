"""A whole table written in one statement."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, condition, takes_whole_table, verb

_FEW_ROWS = 10_000
"""Written in well under a second on any server that was measured (write_batches in the facts)."""


class _UnbatchedBackfill(Rule):
    severity = Severity.WARNING
    harm = "One UPDATE or DELETE of a whole table locks every row until its end, and floods log and replicas."
    instead = "batches along the primary key, each committed by itself (plan_migration writes them)"
    sources = ("https://www.postgresql.org/docs/18/explicit-locking.html#LOCKING-ROWS",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, name text, short text);"
    bad = "UPDATE users SET short = left(name, 9) WHERE short IS NULL;"
    good = "UPDATE users SET short = left(name, 9) WHERE short IS NULL AND id BETWEEN 1 AND 1000;"

    def looks(self, at: Place, history: History) -> Said | None:
        statement = at.statement
        if not (isinstance(statement, ddl.NoCatalogChange) and statement.kind == "data") or at.is_alone:
            return None
        if (at.size.rows is not None and at.size.rows <= _FEW_ROWS) or not takes_whole_table(at.sql):
            return None
        if any(_is_batch(place, at) for place in history.earlier(at)):
            return None  # the last of a walk in batches takes what they left
        return Said(
            f"one statement goes through all of {at.table or 'the table'}: who writes a row it has touched waits until "
            "its end, and a failure loses all of it"
        )


def _is_batch(place: Place, at: Place) -> bool:
    """Whether an earlier statement writes a part of the same table: itself, or in a routine or trigger that it makes."""
    if place.file != at.file or at.table is None or takes_whole_table(place.sql):
        return False
    if verb(place.sql):
        return place.table == at.table and verb(place.sql) == verb(at.sql) and bool(condition(place.sql))
    return verb(at.sql) in place.sql.upper() and ddl.mentions(place.sql, at.table.name)


RULE = _UnbatchedBackfill()
