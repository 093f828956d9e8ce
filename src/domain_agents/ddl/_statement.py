"""What every DDL statement is, and how it finds what it changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from domain_agents.catalog import Check, Column, ForeignKey, PrimaryKey, Schema, Table, TableName, Unique

if TYPE_CHECKING:
    from collections.abc import Iterable


Constraint: TypeAlias = PrimaryKey | Unique | Check | ForeignKey


class DoesNotApply(Exception):
    """A statement that the schema at hand refuses; the message says what is missing or already there."""


@runtime_checkable
class Statement(Protocol):
    """One DDL statement."""

    def apply(self, schema: Schema) -> Schema:
        """The schema after the statement.

        Raises:
            DoesNotApply: the schema does not have what the statement needs, or has it already.
        """
        ...


def table_in(schema: Schema, name: TableName) -> Table:
    table = schema.table(name)
    if table is None:
        raise DoesNotApply(f"there is no table {name}")
    return table


def with_own_columns(table: Table) -> Table:
    """The table, whose columns are its own to change.

    Raises:
        DoesNotApply: it is a partition.
    """
    if table.partition_of is not None:
        raise DoesNotApply(f"{table.name} is a partition: its columns are those of {table.partition_of}, changed there")
    return table


def column_in(table: Table, name: str) -> Column:
    column = table.column(name)
    if column is None:
        raise DoesNotApply(f"table {table.name} has no column {name}")
    return column


def constraint_names(table: Table) -> set[str]:
    named: list[Constraint] = [*table.uniques, *table.checks, *table.foreign_keys]
    if table.primary_key:
        named.append(table.primary_key)
    return {one.name for one in (*named, *table.exclusions) if one.name}


def with_constraint(table: Table, constraint: Constraint) -> Table:
    """The table with a constraint added.

    Raises:
        DoesNotApply: a second primary key.
    """
    match constraint:
        case PrimaryKey():
            if table.primary_key is not None:
                raise DoesNotApply(f"table {table.name} has a primary key already")
            not_null = tuple(replace(c, nullable=False) if c.name in constraint.columns else c for c in table.columns)
            return replace(table, primary_key=constraint, columns=not_null)
        case Unique():
            return replace(table, uniques=(*table.uniques, constraint))
        case Check():
            return replace(table, checks=(*table.checks, constraint))
        case ForeignKey():
            return replace(table, foreign_keys=(*table.foreign_keys, constraint))


def apply_all(statements: Iterable[Statement], schema: Schema) -> Schema:
    """The schema after all of them, in order.

    Raises:
        DoesNotApply: from the first that does not.
    """
    for statement in statements:
        schema = statement.apply(schema)
    return schema
