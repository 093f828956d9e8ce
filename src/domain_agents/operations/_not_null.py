"""The road to NOT NULL, which adding a column and tightening one share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import Check
from domain_agents.engines import Can
from domain_agents.operations import Migration, Phase, Query, Step

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine


def not_null_steps(engine: Engine, schema: Schema, table: TableName, column: str) -> tuple[Step, ...]:
    """The contract: no row may hold NULL. `schema` is as it is before, the column nullable and filled."""
    written, name = engine.quote_table(table), engine.quote(column)
    nulls = Query(
        f"SELECT count(*) FROM {written} WHERE {name} IS NULL",
        "0",
        "a row without a value makes this step fail; fill it first",
    )
    undo = undo_not_null(engine, schema, table, column)
    statement = ddl.SetNotNull(table, column)
    if not engine.can(Can.CONSTRAINT_NOT_VALID):
        return (
            Migration(
                title=f"make {table.name}.{column} NOT NULL",
                slug=f"set_{table.name}_{column}_not_null",
                phase=Phase.CONTRACT,
                why=f"{table.name}.{column} is filled and written by every application version",
                statements=(statement,),
                transaction=not engine.refuses_transaction(statement, schema),
                prechecks=(nulls,),
                undo=undo,
            ),
        )
    check = Check(f"{name} IS NOT NULL", engine.object_name(table, (column,), "not_null"), validated=False)
    guard = ddl.AddConstraint(table, check)
    drop_check = "; ".join(engine.spell(ddl.DropConstraint(table, check.name), guard.apply(schema)))
    return (
        Migration(
            title=f"guard {table.name}.{column} against new NULLs",
            slug=f"check_{table.name}_{column}_not_null",
            phase=Phase.CONTRACT,
            why="new and changed rows are checked from here on; existing rows are not scanned under the lock",
            statements=(guard,),
            prechecks=(nulls,),
            undo=drop_check,
        ),
        Migration(
            title=f"make {table.name}.{column} NOT NULL",
            slug=f"set_{table.name}_{column}_not_null",
            phase=Phase.CONTRACT,
            why="the scan runs while reads and writes pass; the validated check then spares SET NOT NULL its own scan. "
            "Each statement commits by itself: in one transaction the scan would hold back the lock that follows",
            statements=(
                ddl.ValidateConstraint(table, check.name),
                statement,
                ddl.DropConstraint(table, check.name),
            ),
            transaction=False,
            undo=undo,
        ),
    )


def undo_not_null(engine: Engine, schema: Schema, table: TableName, column: str) -> str:
    """What a migration that allows NULL again would do."""
    if not engine.can(Can.SET_NOT_NULL):
        return f"a new migration that rebuilds {engine.quote_table(table)} without NOT NULL on {engine.quote(column)}"
    after = ddl.SetNotNull(table, column).apply(schema)
    return "; ".join(engine.spell(ddl.DropNotNull(table, column), after))
