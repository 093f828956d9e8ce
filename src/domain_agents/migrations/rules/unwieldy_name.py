"""A name that must be quoted, or does not fit."""

from __future__ import annotations

import re

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, Tier, written_columns, written_constraints

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
_ROOM = 63
"""Bytes of a name in PostgreSQL, which cuts off what is longer; MySQL and MariaDB take 64 characters."""


class _UnwieldyName(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    harm = "A name with capitals, blanks or too many letters must be quoted everywhere, or is cut off without an error."
    instead = "lower case, digits and underscores, at most 63 of them"
    sources = ("https://www.postgresql.org/docs/18/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS",)
    bad = 'CREATE TABLE users (id bigint PRIMARY KEY, "firstName" text);'
    good = "CREATE TABLE users (id bigint PRIMARY KEY, first_name text);"

    def looks(self, at: Place, history: History) -> Said | None:
        names = [column.name for column in written_columns(at.statement)]
        match at.statement:
            case ddl.CreateTable(table=table):
                names.append(table.name.name)
            case ddl.CreateIndex(index=index):
                names.append(index.name)
            case ddl.RenameTable(new_name=new) | ddl.RenameColumn(new_name=new):
                names.append(new)
        names += [one.name for one in written_constraints(at.statement)]
        found = [name for name in names if name and not (_PLAIN.fullmatch(name) and len(name) <= _ROOM)]
        return (
            Said(f"{', '.join(found)}: quotes in every query of {at.table}, or another name than was written")
            if found
            else None
        )


RULE = _UnwieldyName()
