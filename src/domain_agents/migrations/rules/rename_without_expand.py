"""A name that one of two running versions does not know."""

from __future__ import annotations

import re

from domain_agents import ddl
from domain_agents.engines import Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said

_VIEW = re.compile(r"CREATE\s+(?:OR\s+REPLACE\s+)?VIEW\s", re.IGNORECASE)


class _RenameWithoutExpand(Rule):
    severity = Severity.ERROR
    harm = "A rename in one step breaks the version of the application that runs, at that moment."
    instead = "both names side by side, kept in step until no old instance runs (plan_migration, kind rename_column)"
    sources = ("https://martinfowler.com/bliki/ParallelChange.html",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, name text);"
    bad = "ALTER TABLE users RENAME COLUMN name TO full_name;"
    good = "ALTER TABLE users ADD COLUMN full_name text;"

    def looks(self, at: Place, history: History) -> Said | None:
        if at.is_alone and at.size.rows is None:
            return None  # made by these files: no application knows it yet
        match at.statement:
            case ddl.RenameColumn(column=old, new_name=new):
                left = history.target.table(at.statement.table)
                is_exchange = (left is not None and left.column(old) is not None) or _took_away(at, history, new)
                if is_exchange or _made_here(at, history, old):
                    return None
                return Said(
                    f"instances that still say {at.table}.{old} fail from now on, and those that say {new} until it"
                )
            case ddl.RenameTable(new_name=new):
                if history.target.table(at.statement.table) is not None or _stays_as_view(at.statement, at, history):
                    return None  # another table takes its name, or a view that can be written to
                if not history.engine.can(Can.UPDATABLE_VIEWS):
                    return None  # there is no other way than to stop the application
                return Said(f"instances that still say {at.table} fail from now on, and those that say {new} until it")
        return None


def _stays_as_view(rename: ddl.RenameTable, at: Place, history: History) -> bool:
    """Whether the same file makes a view under the old name."""
    old, new = rename.table.name, rename.new_name
    texts = (
        place.statement.text
        for place in history.later(at)
        if place.file == at.file and isinstance(place.statement, ddl.KeepText)
    )
    return any(_VIEW.match(text) and ddl.mentions(text, old) and ddl.mentions(text, new) for text in texts)


def _took_away(at: Place, history: History, name: str) -> bool:
    """Whether the new name was another column's until just before: two columns that exchange their names."""
    return any(
        isinstance(place.statement, ddl.RenameColumn | ddl.DropColumn)
        and place.table == at.table
        and place.statement.column == name
        for place in history.earlier(at)
    )


def _made_here(at: Place, history: History, column: str) -> bool:
    return any(
        isinstance(place.statement, ddl.AddColumn) and place.table == at.table and place.statement.column.name == column
        for place in history.earlier(at)
    )


RULE = _RenameWithoutExpand()
