"""Columns that others take the place of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents.ddl._columns import AddColumn, DropColumn, SetNotNull
from domain_agents.ddl._statement import apply_all

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Schema, TableName
    from domain_agents.ddl._statement import Statement


@dataclass(frozen=True, slots=True)
class ReshapeColumns:
    """Columns that are computed from others, which go. No engine has a statement for it: it is three.

    `coming` pairs each column with its value, an expression over a row of today.
    """

    table: TableName
    coming: tuple[tuple[Column, str], ...]
    going: tuple[str, ...]

    @property
    def added(self) -> tuple[Statement, ...]:
        """The columns, nullable until they are filled."""
        return tuple(AddColumn(self.table, replace(column, nullable=True)) for column, _ in self.coming)

    @property
    def settled(self) -> tuple[Statement, ...]:
        """What follows when they are filled."""
        tight = tuple(SetNotNull(self.table, column.name) for column, _ in self.coming if not column.nullable)
        return (*tight, *(DropColumn(self.table, name) for name in self.going))

    def apply(self, schema: Schema) -> Schema:
        return apply_all((*self.added, *self.settled), schema)


@dataclass(frozen=True, slots=True)
class MoveColumn:
    """A column that goes to another table; `keys` pair the columns that say which rows belong together."""

    table: TableName
    column: str
    to: TableName
    added: Column
    keys: tuple[tuple[str, str], ...]

    def apply(self, schema: Schema) -> Schema:
        return apply_all((AddColumn(self.to, self.added), DropColumn(self.table, self.column)), schema)
