"""A column for which every row is written anew while everybody waits."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said


class _RewritingColumn(Rule):
    severity = Severity.ERROR
    harm = (
        "A volatile default, serial, identity, stored generated column or new type rewrites the table under its lock."
    )
    instead = (
        "add the column empty, set its default, fill it in batches; for another type a second column kept in step by a "
        "trigger (plan_migration writes both)"
    )
    sources = ("https://www.postgresql.org/docs/18/sql-altertable.html, Notes",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
    bad = "ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid();"
    good = (
        "ALTER TABLE users ADD COLUMN token uuid;\nALTER TABLE users ALTER COLUMN token SET DEFAULT gen_random_uuid();"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        if not isinstance(at.statement, ddl.AddColumn | ddl.ChangeType | ddl.ModifyColumn):
            return None
        if not (history.lets_writers_pass and at.blocks_for_long and at.effect.rewrites_table):
            return None
        column = at.statement.column
        name = column if isinstance(column, str) else column.name
        waits = f"{at.effect.blocks.value} on {at.table} wait"
        if not isinstance(at.statement, ddl.AddColumn) and at.column_of(name) is None:
            return Said(
                f"today's type of {at.table}.{name} is not known here: unless the server can keep the rows as they are, "
                f"it writes the whole table anew, and {waits} ({at.effect.lock})",
                Severity.WARNING,
            )
        return Said(f"every row of {at.table} is written anew for {name}, and {waits} for it ({at.effect.lock})")


RULE = _RewritingColumn()
