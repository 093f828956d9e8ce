"""Values that another type does not hold: listed, and kept in a table of their own before the old column goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain_agents import ddl
from domain_agents.catalog import Column, PrimaryKey, Table
from domain_agents.operations import CannotPlan, Migration, Phase, Query

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine

_WIDER: Final = ("smallint", "int2", "integer", "int", "int4", "bigint", "int8", "numeric", "text")
"""Each holds every value of those before it."""


def always_converts(old: str, new: str) -> bool:
    """Whether a type holds every value of another as it is."""
    one, other = old.strip().lower(), new.strip().lower()
    return other == "text" or (one in _WIDER and other in _WIDER and _WIDER.index(one) <= _WIDER.index(other))


def list_unconverted(engine: Engine, table: Table | None, name: TableName, pair: tuple[str, str], type_: str) -> Query:
    """What lists the values that could not be converted; `pair` is the column with the value and the one without."""
    old, new = map(engine.quote, pair)
    key = ", ".join(map(engine.quote, table.primary_key.columns)) if table and table.primary_key else "*"
    return Query(
        f"SELECT {key}, {old} FROM {engine.quote_table(name)} WHERE {new} IS NULL AND {old} IS NOT NULL ORDER BY {key}",
        "no row",
        f"lists the values that are no {type_}: the application reads NULL for them",
    )


def quarantine_table(engine: Engine, table: Table, column: Column, name: TableName) -> Table:
    """A table for the values of a column that cannot be converted, by the key of their rows.

    Raises:
        CannotPlan: the rows have no key.
    """
    key = table.primary_key.columns if table.primary_key else ()
    if not key:
        raise CannotPlan(
            f"{table.name} has no primary key to tell the rows by", field="schema", way_out="give it in `schema`"
        )
    keys = [one for one in table.columns if one.name in key]
    columns = [Column(one.name, engine.stored_type(one.type), nullable=False) for one in keys]
    return Table(
        name,
        (*columns, Column(column.name, engine.stored_type(column.type))),
        PrimaryKey(key, engine.object_name(name, (), "pkey")),
    )


def quarantine_steps(
    engine: Engine, schema: Schema, made: Table, table: TableName, names: tuple[str, str], type_: str
) -> tuple[Migration, ...]:
    """The table, and what goes into it; `names` are the column's and what the old one is called since."""
    column, old = names
    quoted, name = engine.quote, engine.quote_table(made.name)
    columns = ", ".join(quoted(one.name) for one in made.columns)
    key = ", ".join(quoted(one.name) for one in made.columns[:-1])
    kept = (
        f"INSERT INTO {name} ({columns})\nSELECT {key}, {quoted(old)} FROM {engine.quote_table(table)}\n"
        f" WHERE {quoted(column)} IS NULL AND {quoted(old)} IS NOT NULL"
    )
    create = ddl.CreateTable(made)
    label = f"{table.name}.{column}"
    return (
        Migration(
            title=f"create table {made.name}",
            slug=f"create_{made.name.name}",
            phase=Phase.CONTRACT,
            why=f"for the values of {label} that are no {type_}",
            statements=(create,),
            undo="; ".join(engine.spell(ddl.DropTable(made.name), create.apply(schema))),
        ),
        Migration(
            title=f"keep the values of {label} that are no {type_} in {made.name}",
            slug=f"keep_{made.name.name}",
            phase=Phase.CONTRACT,
            why="the old column goes in the next step, and with it what could not be converted; rows that were repaired "
            "since are not among them",
            statements=(ddl.Verbatim(f"{kept}\nON CONFLICT DO NOTHING", "copy", table),),
            transaction=False,
            undo=f"DELETE FROM {name}",
            validations=(Query(f"SELECT {columns} FROM {name}", "what is to be repaired", "nothing was lost"),),
        ),
    )
