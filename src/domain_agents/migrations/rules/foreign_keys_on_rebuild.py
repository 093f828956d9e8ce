"""A parent dropped for a rebuild while its foreign keys act."""

from __future__ import annotations

import re

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said

_PRAGMA = re.compile(r"\s*PRAGMA\s+foreign_keys\s*(?:=|\()\s*['\"]?(\w+)", re.IGNORECASE)
_OFF = {"off", "0", "no", "false"}


class _ForeignKeysOnRebuild(Rule):
    severity = Severity.ERROR
    plans = False
    engines = ("sqlite",)
    example_engine = "sqlite"
    harm = "DROP TABLE of a parent deletes its rows first: children cascade, or the drop fails."
    instead = "PRAGMA foreign_keys = OFF before the transaction (inside one it does nothing), and ON after it"
    sources = (
        "https://www.sqlite.org/lang_altertable.html, section 7",
        "https://www.sqlite.org/foreignkeys.html, section 5",
    )
    given = (
        "CREATE TABLE users (id integer PRIMARY KEY, name text);"
        " CREATE TABLE orders (id integer PRIMARY KEY, user_id integer REFERENCES users (id) ON DELETE CASCADE);"
    )
    bad = (
        "BEGIN;\nPRAGMA foreign_keys = OFF;\nCREATE TABLE users_new (id integer PRIMARY KEY, name text NOT NULL);\n"
        "INSERT INTO users_new SELECT * FROM users;\nDROP TABLE users;\nALTER TABLE users_new RENAME TO users;\nCOMMIT;"
    )
    good = (
        "PRAGMA foreign_keys = OFF;\nBEGIN;\nCREATE TABLE users_new (id integer PRIMARY KEY, name text NOT NULL);\n"
        "INSERT INTO users_new SELECT * FROM users;\nDROP TABLE users;\nALTER TABLE users_new RENAME TO users;\nCOMMIT;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        drop = at.statement
        if not isinstance(drop, ddl.DropTable) or at.is_alone or history.target.table(drop.table) is None:
            return None
        children = [
            str(name)
            for name, table in at.schema.tables.items()
            if name != at.table and any(key.parent.name == drop.table.name for key in table.foreign_keys)
        ]
        if not children or _are_off(at, history):
            return None
        return Said(
            f"where foreign keys are on, DROP TABLE {drop.table} deletes its rows first: those of {', '.join(children)} go "
            "with them (CASCADE, SET NULL), or the drop fails"
        )


def _are_off(at: Place, history: History) -> bool:
    for place in history.earlier(at):
        if place.file != at.file:
            return False
        found = _PRAGMA.match(place.sql)
        if found is not None and not place.transaction:
            return found[1].lower() in _OFF
    return False


RULE = _ForeignKeysOnRebuild()
