"""Indexes of expressions and of some of the rows, where an engine's indexes take columns of all rows only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import IndexKey
from domain_agents.engines import Can, ComputesKeys
from domain_agents.operations import Migration, Phase

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Index, Schema
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class ComputedIndex:
    """An index as the engine can have it, the columns that it needs and that are not there yet, and what to know of it."""

    index: Index
    columns: tuple[Column, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def adding(self) -> tuple[ddl.Statement, ...]:
        """The columns as statements."""
        return tuple(ddl.AddColumn(self.index.table, column) for column in self.columns)


def computed(engine: Engine | None, schema: Schema, index: Index) -> ComputedIndex:
    """The index over columns that hold its expressions and its condition; itself where the engine takes them.

    Raises:
        CannotSpell: no column can hold one of them.
    """
    table = schema.table(index.table)
    if not isinstance(engine, ComputesKeys) or table is None:
        return ComputedIndex(index)
    columns: list[Column] = []
    told: list[str] = []
    keys: list[IndexKey] = []
    for key in index.keys:
        if not key.is_expression:
            keys.append(key)
            continue
        column = engine.computed_column(table, key.text, is_condition=False)
        columns.append(column)
        keys.append(replace(key, text=column.name, is_expression=False))
        told.append(
            f"{column.name} holds {key.text} for the index {index.name}: nothing is stored in the rows, SELECT * does not "
            f"show it where it can be hidden, and a query is sure to use the index when it says {column.name}"
        )
        plain = engine.compares_without_case(table, key.text)
        if plain:
            told.append(
                f"{table.name}.{plain} seems to have a collation that compares without case (SHOW FULL COLUMNS tells): "
                f"then a plain {'unique ' if index.unique else ''}index on {plain} does the same without a further column"
            )
    if index.include and not engine.can(Can.INDEX_INCLUDES):
        keys += [IndexKey(name) for name in index.include]
        told.append(f"{', '.join(index.include)} stand behind the keys of {index.name}: there is no INCLUDE here")
    if index.where is not None:
        column = engine.computed_column(table, index.where, is_condition=True)
        columns.append(column)
        keys.append(IndexKey(column.name))
        told.append(
            f"there is no partial index here: {column.name} is 1 where {index.where} and else NULL, and a unique index "
            f"never takes NULL for equal to anything; other rows stand in {index.name} too, but may agree"
            if index.unique
            else f"there is no partial index here: {column.name} is 1 where {index.where}, and queries must say "
            f"{column.name} = 1; the other rows stand in {index.name} too"
        )
    new = tuple(column for column in dict.fromkeys(columns) if table.column(column.name) is None)
    made = replace(index, table=table.name, keys=tuple(keys), include=(), where=None)
    return ComputedIndex(made, new, tuple(dict.fromkeys(told)))


def column_steps(engine: Engine, schema: Schema, made: ComputedIndex) -> tuple[Migration, ...]:
    """A file for the columns, before the one of the index: a build that fails must not have to add them again."""
    if not made.columns:
        return ()
    table, names = made.index.table, ", ".join(column.name for column in made.columns)
    away = tuple(ddl.DropColumn(table, column.name) for column in made.columns)
    current = ddl.apply_all(made.adding, schema)
    undo: list[str] = []
    for statement in away:
        undo += engine.spell(statement, current)
        current = statement.apply(current)
    return (
        Migration(
            title=f"add {names} to {table.name} for the index {made.index.name}",
            slug=f"add_{table.name}_{made.columns[0].name}",
            phase=Phase.EXPAND,
            why="an index takes columns here, not expressions or conditions: the server computes these when they are read",
            statements=made.adding,
            undo="; ".join(undo),
            warnings=made.told,
        ),
    )
