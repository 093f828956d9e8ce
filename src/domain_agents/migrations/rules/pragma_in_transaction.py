"""A PRAGMA that does nothing inside a transaction."""

from __future__ import annotations

import re

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said

_PRAGMA = re.compile(r"\s*PRAGMA\s+foreign_keys\s*(?:=|\()", re.IGNORECASE)


class _PragmaInTransaction(Rule):
    severity = Severity.WARNING
    engines = ("sqlite",)
    example_engine = "sqlite"
    harm = "PRAGMA foreign_keys does nothing inside a transaction, and says nothing."
    instead = "the PRAGMA before BEGIN, in a file that the framework runs without a transaction"
    sources = ("https://www.sqlite.org/pragma.html#pragma_foreign_keys",)
    given = "CREATE TABLE users (id integer PRIMARY KEY);"
    bad = "BEGIN;\nPRAGMA foreign_keys = ON;\nINSERT INTO users VALUES (1);\nCOMMIT;"
    good = "PRAGMA foreign_keys = ON;\nBEGIN;\nINSERT INTO users VALUES (1);\nCOMMIT;"

    def looks(self, at: Place, history: History) -> Said | None:
        found = _PRAGMA.match(at.sql)
        if found is None or not at.transaction:
            return None
        if any(place.file == at.file and isinstance(place.statement, ddl.DropTable) for place in history.later(at)):
            return None  # foreign_keys_on_rebuild says what comes of it
        return Said("inside a transaction SQLite leaves foreign_keys as it was, without a word")


RULE = _PragmaInTransaction()
