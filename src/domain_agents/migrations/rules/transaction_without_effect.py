"""A transaction that each ALTER TABLE in it commits."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.engines import Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier

_NO_DDL = (ddl.NoCatalogChange, ddl.Verbatim)


class _TransactionWithoutEffect(Rule):
    tier = Tier.HYGIENE
    severity = Severity.WARNING
    engines = ("mysql", "mariadb")
    example_engine = "mysql"
    harm = "Every statement that changes the schema commits: BEGIN and ROLLBACK around several undo nothing."
    instead = "one change of the schema in a file, without BEGIN, and each safe to run again"
    sources = ("https://dev.mysql.com/doc/refman/8.4/en/implicit-commit.html",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY);"
    bad = (
        "SET SESSION lock_wait_timeout = 2;\nBEGIN;\nALTER TABLE users ADD COLUMN a int, ALGORITHM=INSTANT;\n"
        "ALTER TABLE users ADD COLUMN b int, ALGORITHM=INSTANT;\nCOMMIT;"
    )
    good = "SET SESSION lock_wait_timeout = 2;\nALTER TABLE users ADD COLUMN a int, ALGORITHM=INSTANT;"

    def looks(self, at: Place, history: History) -> Said | None:
        if history.engine.can(Can.TRANSACTIONAL_DDL) or not at.transaction or isinstance(at.statement, _NO_DDL):
            return None
        together = [place for place in history.together(at) if place.line != at.line or place.sql != at.sql]
        earlier = any(place.number < at.number and not isinstance(place.statement, _NO_DDL) for place in together)
        others = [
            place for place in together if not isinstance(place.statement, _NO_DDL) or place.statement.kind == "data"
        ]
        if earlier or not others:
            return None
        return Said(
            f"the server commits at this change of {at.table or 'the schema'} and at each that follows: when a later "
            "statement fails, what came before it stays"
        )


RULE = _TransactionWithoutEffect()
