"""Knex: a module per migration, named by time.

Each statement goes to the server by `knex.raw`. Knex opens a transaction around a migration, which `config.transaction`
keeps it from; the statements then share one connection of the pool, because settings hold for a connection. On PostgreSQL
`raw` takes every question mark for a parameter, unless a backslash stands before it.

Source: https://knexjs.org/guide/migrations.html ("Transactions in migrations"), https://knexjs.org/guide/raw.html,
lib/dialects/postgres/index.js of 3.3 (positionBindings); read 2026-11-21. Run with 3.3 in tests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.migrations.formats._javascript import NodeFormat, sent, style
from domain_agents.operations import CannotPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.formats import UnreadPart
    from domain_agents.migrations.formats._script import Made
    from domain_agents.migrations.formats._sql import Place
    from domain_agents.migrations.plan import Project

_NUMBERS_MARKS = frozenset({"postgresql"})
_SENDS = r"\b(?:run|(?:knex|trx)(?:\.schema)?\.raw)\("
_OTHERS = r"\b(?:knex|trx)\.(?:batchInsert|transaction)\b|\b(?:knex|trx)\.schema\s*\.\w+|\b(?:knex|trx)\((?=['\"])"


class _Knex(NodeFormat):
    """Knex's modules."""

    package = __name__

    @property
    def name(self) -> str:
        return "knex"

    @property
    def tried_on(self) -> frozenset[str]:
        return frozenset({"mariadb", "postgresql", "sqlite"})

    def values(self, place: Place, project: Project, engine: Engine) -> Mapping[str, object]:
        return {"style": style(place, project)}

    def sendable(self, sql: str, engine: Engine) -> str:
        if engine.name not in _NUMBERS_MARKS:
            return sql
        if "\\?" in sql:
            raise CannotPlan(
                "Knex loses a backslash that stands before a question mark in a statement",
                field="sql",
                way_out="write the text in another way, such as E'\\\\x3f' for the question mark",
            )
        return sql.replace("?", "\\?")

    def received(self, sql: str, engine: str) -> str:
        return sql.replace("\\?", "?") if engine in _NUMBERS_MARKS else sql

    def opens_transaction(self, content: str) -> bool:
        return re.search(r"\btransaction\s*:\s*false", content) is None

    def sent(self, content: str, engine: str) -> tuple[list[Made], list[UnreadPart]]:
        return sent(content, _SENDS, _OTHERS, engine, flavour="knex")

    def notes(self, project: Project) -> tuple[str, ...]:
        return (
            "`knex migrate:up` applies one file, `migrate:latest` all: stop where a deploy or check comes first",
            "`knex migrate:rollback` throws and changes nothing: each file is undone by a new migration",
        )


FORMAT = _Knex()
