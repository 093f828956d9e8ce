"""What no engine has a statement for, in several: as it is done where nobody else uses the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.engines import CannotSpell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain_agents.catalog import Schema
    from domain_agents.engines import Engine


def spelled_reshaping(
    engine: Engine, statement: ddl.ReshapeColumns | ddl.MoveColumn, schema: Schema
) -> tuple[str, ...]:
    """The statements, one behind the other.

    Raises:
        CannotSpell: the table is not in the schema at hand.
    """
    if schema.table(statement.table) is None:
        raise CannotSpell(f"there is no table {statement.table} in the schema at hand")
    if isinstance(statement, ddl.MoveColumn):
        added: Iterable[ddl.Statement] = (ddl.AddColumn(statement.to, statement.added),)
        settled: Iterable[ddl.Statement] = (ddl.DropColumn(statement.table, statement.column),)
        update = _carried(engine, statement)
    else:
        added, settled = statement.added, statement.settled
        values = ", ".join(f"{engine.quote(column.name)} = {value}" for column, value in statement.coming)
        update = f"UPDATE {engine.quote_table(statement.table)} SET {values}"
    written: list[str] = []
    for one in added:
        written += engine.spell(one, schema)
        schema = one.apply(schema)
    written.append(update)
    for one in settled:
        written += engine.spell(one, schema)
        schema = one.apply(schema)
    return tuple(written)


def _carried(engine: Engine, statement: ddl.MoveColumn) -> str:
    source, target = engine.quote_table(statement.table), engine.quote_table(statement.to)
    matched = " AND ".join(
        f"{source}.{engine.quote(here)} = {target}.{engine.quote(there)}" for here, there in statement.keys
    )
    value = f"(SELECT {source}.{engine.quote(statement.column)} FROM {source} WHERE {matched})"
    return f"UPDATE {target} SET {engine.quote(statement.added.name)} = {value}"
