"""A table rebuilt in the order that takes its references along."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said


class _RenameFirstRebuild(Rule):
    severity = Severity.ERROR
    plans = False
    engines = ("sqlite",)
    example_engine = "sqlite"
    harm = "Renaming the old table away takes foreign keys, views and triggers along to a name that is dropped then."
    instead = "create the new table under another name, copy, drop the old one, and rename the new one last"
    sources = ("https://www.sqlite.org/lang_altertable.html, section 7",)
    given = "CREATE TABLE users (id integer PRIMARY KEY, name text);"
    bad = (
        "ALTER TABLE users RENAME TO users_old;\nCREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL);\n"
        "INSERT INTO users SELECT * FROM users_old;\nDROP TABLE users_old;"
    )
    good = (
        "CREATE TABLE users_new (id integer PRIMARY KEY, name text NOT NULL);\n"
        "INSERT INTO users_new SELECT * FROM users;\nDROP TABLE users;\nALTER TABLE users_new RENAME TO users;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        rename = at.statement
        if not isinstance(rename, ddl.RenameTable) or at.is_alone or not rename.follow_references:
            return None
        later = [place.statement for place in history.later(at)]
        made = any(isinstance(one, ddl.CreateTable) and one.table.name.name == rename.table.name for one in later)
        dropped = any(isinstance(one, ddl.DropTable) and one.table.name == rename.new_name for one in later)
        if not (made and dropped):
            return None
        return Said(
            f"what refers to {rename.table} follows it to {rename.new_name}, and points nowhere once that is dropped"
        )


RULE = _RenameFirstRebuild()
