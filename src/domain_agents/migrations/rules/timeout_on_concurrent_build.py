"""A timeout that leaves an INVALID index behind."""

from __future__ import annotations

import re

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said

_SET = re.compile(
    r"\s*SET\s+(?:(?P<local>LOCAL)\s+|SESSION\s+)?(?P<name>lock_timeout|statement_timeout)\s*(?:=|TO)\s*'?(?P<value>[\w.]+)",
    re.IGNORECASE,
)
_OFF = re.compile(r"0+\w*\Z|default\Z", re.IGNORECASE)
_RESET = re.compile(r"\s*RESET\s+(?:ALL|lock_timeout|statement_timeout)\b", re.IGNORECASE)


class _TimeoutOnConcurrentBuild(Rule):
    severity = Severity.WARNING
    engines = ("postgresql",)
    harm = "A concurrent build waits for older transactions; a timeout ends it and leaves an INVALID index."
    instead = "SET lock_timeout = 0 and SET statement_timeout = 0 before it"
    sources = ("https://www.postgresql.org/docs/18/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
    bad = "SET lock_timeout = '2s';\nCREATE INDEX CONCURRENTLY users_email ON users (email);"
    good = "SET lock_timeout = 0;\nCREATE INDEX CONCURRENTLY users_email ON users (email);"

    def looks(self, at: Place, history: History) -> Said | None:
        if not (isinstance(at.statement, ddl.CreateIndex | ddl.Reindex) and at.statement.concurrently) or at.is_alone:
            return None
        decided: set[str] = set()
        for place in history.earlier(at):
            if place.file != at.file or _RESET.match(place.sql):
                return None
            found = _SET.match(place.sql)
            if found is None or found["local"] or found["name"].lower() in decided:
                continue
            decided.add(found["name"].lower())
            if not _OFF.match(found["value"]):
                return Said(
                    f"{found['name'].lower()} = {found['value']} (line {place.line}) ends the build when an older "
                    f"transaction or {at.table} keeps it waiting, and the index stays INVALID"
                )
        return None


RULE = _TimeoutOnConcurrentBuild()
