"""A table built anew without its indexes and triggers."""

from __future__ import annotations

import re

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said


class _LostOnRebuild(Rule):
    severity = Severity.ERROR
    plans = False
    example_engine = "sqlite"
    harm = (
        "A table that is dropped and built anew under its name loses the indexes and triggers that nobody makes again."
    )
    instead = "make the indexes and triggers again after the rename, as sqlite_schema has them (plan_migration does)"
    sources = ("https://www.sqlite.org/lang_altertable.html, section 7",)
    given = "CREATE TABLE users (id integer PRIMARY KEY, name text); CREATE INDEX users_name ON users (name);"
    bad = (
        "CREATE TABLE users_new (id integer PRIMARY KEY, name text NOT NULL);\n"
        "INSERT INTO users_new SELECT * FROM users;\nDROP TABLE users;\nALTER TABLE users_new RENAME TO users;"
    )
    good = (
        "CREATE TABLE users_new (id integer PRIMARY KEY, name text NOT NULL);\n"
        "INSERT INTO users_new SELECT * FROM users;\nDROP TABLE users;\nALTER TABLE users_new RENAME TO users;\n"
        "CREATE INDEX users_name ON users (name);"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        drop = at.statement
        if not isinstance(drop, ddl.DropTable) or at.is_alone:
            return None
        before, after = at.known(drop.table), history.target.table(drop.table)
        if before is None or after is None:
            return None
        columns = {column.name for column in after.columns}
        left = {(index.columns, index.where) for index in history.target.indexes_of(after.name)}
        left |= {(unique.columns, None) for unique in after.uniques}
        lost = [
            f"index {index.name}"
            for index in at.schema.indexes_of(before.name)
            if (index.columns, index.where) not in left and set(index.columns) <= columns
        ]
        lost += [f"trigger {name}" for name in _triggers(at, drop.table.name) if not _is_made_again(name, at, history)]
        return (
            Said(f"{', '.join(lost)} went with {drop.table}, and the table of that name that follows has none")
            if lost
            else None
        )


def _triggers(at: Place, table: str) -> list[str]:
    pattern = re.compile(
        rf"""\s*CREATE\s+(?:TEMP\w*\s+)?TRIGGER\s+(?:IF\s+NOT\s+EXISTS\s+)?["`\[]?(\w+)["`\]]?\s[^;]*?\sON\s+["`\[]?{re.escape(table)}["`\]]?\s""",
        re.IGNORECASE,
    )
    return [found[1] for text in at.schema.extras if (found := pattern.match(text))]


def _is_made_again(trigger: str, at: Place, history: History) -> bool:
    made = re.compile(rf"\s*CREATE\s+.*?TRIGGER\b.*?\b{re.escape(trigger)}\b", re.IGNORECASE | re.DOTALL)
    return any(made.match(place.sql) for place in history.later(at))


RULE = _LostOnRebuild()
