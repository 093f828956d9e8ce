"""An ALGORITHM or LOCK that the server cannot keep."""

from __future__ import annotations

from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said


class _RefusedAlgorithm(Rule):
    severity = Severity.ERROR
    engines = ("mysql", "mariadb")
    example_engine = "mysql"
    harm = "The server refuses an ALGORITHM or LOCK that it cannot carry the statement out with: the migration fails."
    instead = "the cheapest that this version accepts for this very change (plan_migration writes it out)"
    sources = ("https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, email varchar(50));"
    bad = "SET SESSION lock_wait_timeout = 2;\nALTER TABLE users MODIFY email bigint, ALGORITHM=INPLACE, LOCK=NONE;"
    good = "SET SESSION lock_wait_timeout = 2;\nALTER TABLE users ADD COLUMN number bigint, ALGORITHM=INSTANT;"

    def looks(self, at: Place, history: History) -> Said | None:
        clause = at.refused_clause
        if not clause:
            return None
        work = "copied or built anew" if at.effect.rewrites_table else "read whole"
        return Said(f"the server refuses {clause} here: for this change {at.table} is {work}, and the migration stops")


RULE = _RefusedAlgorithm()
