"""A key whose index is built while everybody waits."""

from __future__ import annotations

from domain_agents.catalog import PrimaryKey, Unique
from domain_agents.engines import Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, adds, key_words, written_constraints


class _BlockingUniqueConstraint(Rule):
    severity = Severity.ERROR
    harm = "ADD UNIQUE or PRIMARY KEY builds its index under a lock that stops readers and writers."
    instead = "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT ... USING INDEX"
    way = Can.CONSTRAINT_USING_INDEX
    sources = ("https://www.postgresql.org/docs/18/sql-altertable.html, ADD table_constraint_using_index",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
    bad = "ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);"
    good = (
        "CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON users (email);\n"
        "ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        if not adds(at.statement, PrimaryKey, Unique) or at.effect.rewrites_table:
            return None
        if not (history.lets_writers_pass and at.blocks_for_long):
            return None
        key = next(one for one in written_constraints(at.statement) if isinstance(one, PrimaryKey | Unique))
        return Said(
            f"{at.effect.blocks.value} on {at.table} wait until the index of the {key_words(key)} is built "
            f"({at.effect.lock})"
        )


RULE = _BlockingUniqueConstraint()
