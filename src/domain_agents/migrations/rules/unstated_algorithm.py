"""Long work whose algorithm is left to the server."""

from __future__ import annotations

import re

from domain_agents import ddl
from domain_agents.catalog import ForeignKey
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier, adds

_STATED = re.compile(r"\b(?:ALGORITHM|LOCK)\s*=?\s*\w+", re.IGNORECASE)
_FEW_ROWS = 100_000
"""Rebuilt in about a second on the servers that were measured."""


class _UnstatedAlgorithm(Rule):
    tier = Tier.HYGIENE
    severity = Severity.INFO
    engines = ("mysql", "mariadb")
    example_engine = "mysql"
    harm = "Without ALGORITHM and LOCK the server falls back to a copy that stops writers, and does not say so."
    instead = (
        "the same with ALGORITHM=INPLACE, LOCK=NONE, so that the server refuses instead of keeping writers waiting"
    )
    sources = ("https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-performance.html",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, email varchar(50));"
    bad = "SET SESSION lock_wait_timeout = 2;\nALTER TABLE users ADD INDEX users_email (email);"
    good = (
        "SET SESSION lock_wait_timeout = 2;\n"
        "ALTER TABLE users ADD INDEX users_email (email), ALGORITHM=INPLACE, LOCK=NONE;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        if isinstance(at.statement, ddl.NoCatalogChange | ddl.Verbatim | ddl.CreateTable) or at.is_alone:
            return None
        if adds(at.statement, ForeignKey):
            return None  # what it costs is decided by foreign_key_checks: copying_foreign_key
        if not at.effect.is_long or at.blocks or at.clauses or _STATED.search(at.sql):
            return None
        if at.size.rows is not None and at.size.rows < _FEW_ROWS:
            return None
        return Said(
            f"writers of {at.table} pass while this works, unless something about the table forbids it (a fulltext index, "
            "a version, a setting): then they wait, without a word"
        )


RULE = _UnstatedAlgorithm()
