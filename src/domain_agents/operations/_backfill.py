"""The step that fills existing rows, which adding a column and tightening one share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.engines import Backfill
from domain_agents.operations import CannotPlan, Migration, Phase, Query

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine


def backfill_step(
    engine: Engine, schema: Schema, table: TableName, column: str, expression: str, *, expect: str, undo: str
) -> Migration:
    """Fill `column` where it is NULL, in batches along the primary key. `expect` is how many NULLs may remain.

    Raises:
        CannotPlan: the table's primary key is not known.
    """
    found = schema.table(table)
    key = found.primary_key.columns if found and found.primary_key else ()
    if not key:
        raise CannotPlan(
            f"table {table} has no primary key in the schema at hand; a backfill walks along it",
            field="schema",
            way_out="give today's CREATE TABLE with its primary key in `schema`",
        )
    name, written = engine.quote(column), engine.quote_table(table)
    return Migration(
        title=f"backfill {table.name}.{column}",
        slug=f"backfill_{table.name}_{column}",
        phase=Phase.MIGRATE,
        why=f"rows without a value get {expression}, in batches along {', '.join(key)}; a run that was cut off goes on "
        "where it stopped, and a second run changes nothing",
        backfill=Backfill(table, column, expression, key),
        transaction=False,
        validations=(
            Query(f"SELECT count(*) FROM {written} WHERE {name} IS NULL", expect, "the rows have their value"),
        ),
        undo=undo,
        undo_loses_data=True,
        warnings=(
            f"UPDATE triggers on {written} (updated_at, audit, search) fire for every row that the backfill fills",
        ),
    )
