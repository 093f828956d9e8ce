"""NOT NULL proved by a scan while everybody waits."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.engines import Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said


class _ScanningNotNull(Rule):
    severity = Severity.ERROR
    harm = "SET NOT NULL reads the whole table under a lock that stops readers and writers."
    instead = "CHECK (column IS NOT NULL) NOT VALID, VALIDATE CONSTRAINT in a later transaction, then SET NOT NULL"
    way = Can.CONSTRAINT_NOT_VALID
    sources = ("https://www.postgresql.org/docs/18/sql-altertable.html, SET/DROP NOT NULL",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
    bad = "ALTER TABLE users ALTER COLUMN email SET NOT NULL;"
    good = (
        "ALTER TABLE users ADD CONSTRAINT email_there CHECK (email IS NOT NULL) NOT VALID;\n"
        "ALTER TABLE users VALIDATE CONSTRAINT email_there;\n"
        "ALTER TABLE users ALTER COLUMN email SET NOT NULL;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        if not isinstance(at.statement, ddl.SetNotNull) or not (history.lets_writers_pass and at.blocks_for_long):
            return None
        column = at.column_of(at.statement.column)
        if column is not None and not column.nullable:
            return None  # it is so already: the server does nothing
        return Said(
            f"{at.effect.blocks.value} on {at.table} wait while every row is tested for {at.statement.column} "
            f"({at.effect.lock})"
        )


RULE = _ScanningNotNull()
