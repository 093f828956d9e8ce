"""A drop that takes along what nobody has listed."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations._upkeep import takes_everything
from domain_agents.migrations.rules import History, Place, Rule, Said

_DROPS = (
    ddl.DropTable, ddl.DropColumn, ddl.DropConstraint, ddl.DropIndex, ddl.DropView, ddl.DropType, ddl.KeepText,
    ddl.NoCatalogChange,
)  # fmt: skip


class _CascadingDrop(Rule):
    severity = Severity.WARNING
    engines = ("postgresql",)
    harm = "CASCADE drops whatever depends on the object - views, foreign keys, defaults - without naming it."
    instead = "without CASCADE: the refusal lists what depends on it, and each is dropped or changed by name"
    sources = ("https://www.postgresql.org/docs/18/ddl-depend.html",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY); CREATE VIEW everybody AS SELECT id FROM users;"
    bad = "DROP VIEW everybody CASCADE;"
    good = "DROP VIEW everybody;"

    def looks(self, at: Place, history: History) -> Said | None:
        if "CASCADE" not in at.dropped or not isinstance(at.statement, _DROPS) or at.is_alone:
            return None
        if takes_everything(at.sql):
            return None  # said by dropped_schema
        what = " ".join(at.sql.split()).rstrip(";")[:80]
        return Said(f"the server drops what depends on it as well, and says so only in a notice ({what})")


RULE = _CascadingDrop()
