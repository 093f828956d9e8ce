"""The statement that takes a change back, as a person would run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain_agents.catalog import Schema
    from domain_agents.ddl import Statement
    from domain_agents.engines import Engine


def undone(engine: Engine, statement: Statement, schema: Schema, rebuilt: str) -> str:
    """The statement spelled for `schema`, or where the engine builds the table anew for it, that in words.

    `rebuilt` says what the table is then, such as "without check positive".
    """
    if engine.refuses_transaction(statement, schema):
        table = getattr(statement, "table", None)
        return f"a new migration that rebuilds {engine.quote_table(table) if table else 'the table'} {rebuilt}"
    return "; ".join(engine.spell(statement, schema))
