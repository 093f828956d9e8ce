"""A numbered column for a table that has rows: numbers first by a default, then, where asked, by an identity."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.operations import Migration, Phase, Step
from domain_agents.operations._backfill import backfill_step
from domain_agents.operations._not_null import not_null_steps

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Schema, TableName
    from domain_agents.engines import Engine


def as_stored(engine: Engine, table: TableName, column: Column) -> Column:
    """The column as the server keeps it: a serial one is an integer with a default and without NULL."""
    sequence = engine.sequence_name(table, column.name)
    if not sequence or not ddl.is_serial(column.type):
        return column
    stored = engine.stored_type(column.type)
    return replace(column, type=stored, default=ddl.next_number(sequence), nullable=False)


def sequence_first(engine: Engine, table: TableName, column: Column) -> tuple[ddl.Statement, ...]:
    """The sequence that the default of a serial column takes its numbers from."""
    if not ddl.is_serial(column.type) or not engine.sequence_name(table, column.name):
        return ()
    return (ddl.CreateSequence(engine.sequence_name(table, column.name), engine.stored_type(column.type)),)


def sequence_owned(engine: Engine, table: TableName, column: Column) -> tuple[ddl.Statement, ...]:
    """The same sequence, as the column's own."""
    if not sequence_first(engine, table, column):
        return ()
    return (ddl.AlterSequence(engine.sequence_name(table, column.name), owned_by=(table, column.name)),)


def numbered_steps(engine: Engine, schema: Schema, table: TableName, column: Column) -> tuple[Step, ...]:
    """The column nullable with a default, its rows numbered in batches, NOT NULL, and an identity where that was asked."""
    stored = engine.stored_type(column.type)
    own = engine.sequence_name(table, column.name)
    sequence = engine.sequence_name(table, f"{column.name}_fill") if column.identity else own
    default = ddl.next_number(sequence)
    bare = replace(column, type=stored, nullable=True, default=None, identity="")
    owned = () if column.identity else sequence_owned(engine, table, column)
    statements: tuple[ddl.Statement, ...] = (
        ddl.CreateSequence(sequence, stored),
        ddl.AddColumn(table, bare),
        ddl.SetDefault(table, column.name, default),
        *owned,
    )
    current = ddl.apply_all(statements, schema)
    away = (*engine.spell(ddl.DropColumn(table, column.name), current), f"DROP SEQUENCE IF EXISTS {sequence}")
    label = f"{table.name}.{column.name}"
    steps: list[Step] = [
        Migration(
            title=f"add {label}, numbered by a default and empty in the rows there are",
            slug=f"add_{table.name}_{column.name}",
            phase=Phase.EXPAND,
            why="added at once as what it becomes, it would have every row written anew while everybody waits; new rows "
            "have their number from here on",
            statements=statements,
            undo="; ".join(away),
            undo_loses_data=True,
        ),
        replace(
            backfill_step(
                engine, schema=current, table=table, column=column.name, expression=default[: -len("::regclass)")] + ")",
                expect="0", undo="; ".join(away),
            ),
            undo_loses_data=True,
        ),
    ]  # fmt: skip
    tightening = [one for one in not_null_steps(engine, current, table, column.name) if isinstance(one, Migration)]
    steps += tightening
    if not column.identity:
        return tuple(steps)
    steps.append(
        Migration(
            title=f"make {label} an identity column",
            slug=f"identity_{table.name}_{column.name}",
            phase=Phase.CONTRACT,
            why="the default goes and the identity goes on with its next number, in one transaction of catalog notes",
            statements=(
                ddl.LockTables((table,)),
                ddl.SetDefault(table, column.name, None),
                ddl.AddIdentity(table, column.name, column.identity, own),
                ddl.ContinueIdentity(table, column.name, after_sequence=sequence),
                ddl.DropSequence(sequence),
            ),
            undo="; ".join(
                " ".join(sql.split())
                for one in _default_again(table, column, sequence, stored)
                for sql in engine.spell(one, current)
            ),
        )
    )
    return tuple(steps)


def _default_again(table: TableName, column: Column, sequence: str, stored: str) -> tuple[ddl.Statement, ...]:
    """The identity back to the default that it took over from."""
    return (
        ddl.DropIdentity(table, column.name),
        ddl.CreateSequence(sequence, stored),
        ddl.SetDefault(table, column.name, ddl.next_number(sequence)),
        ddl.ContinueIdentity(table, column.name, sequence=sequence),
    )
