"""A foreign key tested against every row while writers of both tables wait."""

from __future__ import annotations

from domain_agents.catalog import ForeignKey
from domain_agents.engines import Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, adds, written_constraints


class _ScanningForeignKey(Rule):
    severity = Severity.ERROR
    harm = "ADD FOREIGN KEY looks up every row while writers of both tables wait."
    instead = "ADD CONSTRAINT ... FOREIGN KEY ... NOT VALID, then VALIDATE CONSTRAINT in a later transaction"
    way = Can.CONSTRAINT_NOT_VALID
    sources = ("https://www.postgresql.org/docs/18/sql-altertable.html, Notes",)
    given = (
        "CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint);"
        " CREATE INDEX orders_user ON orders (user_id);"
    )
    bad = "ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id);"
    good = (
        "ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;\n"
        "ALTER TABLE orders VALIDATE CONSTRAINT orders_user;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        if not adds(at.statement, ForeignKey) or at.effect.rewrites_table:
            return None
        if not (history.lets_writers_pass and at.blocks_for_long):
            return None
        parents = [key.parent for key in written_constraints(at.statement) if isinstance(key, ForeignKey)]
        tables = " and ".join(dict.fromkeys(str(name) for name in (at.table, *parents)))
        return Said(f"{at.effect.blocks.value} on {tables} wait while every row of {at.table} is looked up")


RULE = _ScanningForeignKey()
