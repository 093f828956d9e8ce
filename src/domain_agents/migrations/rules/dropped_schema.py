"""All of a database or a schema dropped."""

from __future__ import annotations

import re

from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said

_DATABASE = re.compile(r"\s*DROP\s+(?:DATABASE|OWNED)\b", re.IGNORECASE)
_SCHEMA = re.compile(r"\s*DROP\s+SCHEMA\b", re.IGNORECASE)
_CASCADE = re.compile(r"\bCASCADE\s*\Z", re.IGNORECASE)
_NAME = re.compile(r"\s*DROP\s+SCHEMA\s+(?:IF\s+EXISTS\s+)?([\w\"`]+)", re.IGNORECASE)


class _DroppedSchema(Rule):
    severity = Severity.ERROR
    harm = "DROP DATABASE, DROP OWNED and DROP SCHEMA ... CASCADE take everything with them, without a list."
    instead = "drop the tables that nobody uses one by one, by name, and the empty schema without CASCADE"
    sources = (
        "https://www.postgresql.org/docs/18/sql-dropschema.html",
        "https://www.postgresql.org/docs/18/sql-dropdatabase.html",
        "https://dev.mysql.com/doc/refman/8.4/en/drop-database.html",
    )
    given = "CREATE SCHEMA old; CREATE TABLE old.users (id bigint PRIMARY KEY);"
    bad = "DROP SCHEMA old CASCADE;"
    good = "CREATE SCHEMA staging;\nDROP SCHEMA staging;"

    def looks(self, at: Place, history: History) -> Said | None:
        schema = _SCHEMA.match(at.sql)
        # Where tables have no schemas of their own, a schema is a database.
        is_all = _DATABASE.match(at.sql) or (schema and (_CASCADE.search(at.sql) or at.schema.indexes_by_table))
        if not is_all:
            return None
        name = _NAME.match(at.sql)
        if name and any(
            re.match(rf"\s*CREATE\s+(?:SCHEMA|DATABASE)\s+{re.escape(name[1])}\b", place.sql, re.IGNORECASE)
            for place in history.earlier(at)
        ):
            return None
        what = " ".join(at.sql.split())[:80]
        return Said(f"the server drops every table and all its rows in one go ({what}), whoever uses them")


RULE = _DroppedSchema()
