"""Statements about what numbers a column: identity columns, and the sequences behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents.ddl._statement import DoesNotApply, column_in, table_in

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Schema, TableName


@dataclass(frozen=True, slots=True)
class _OfColumn:
    table: TableName
    column: str

    def _found(self, schema: Schema) -> Column:
        return column_in(table_in(schema, self.table), self.column)

    def _with(self, schema: Schema, identity: str) -> Schema:
        table = table_in(schema, self.table)
        return schema.with_table(table.with_column(replace(self._found(schema), identity=identity)))


@dataclass(frozen=True, slots=True)
class AddIdentity(_OfColumn):
    """ADD GENERATED ... AS IDENTITY on a column that is there; `identity` is "always" or "by default".

    `sequence` names the sequence behind it; empty leaves the name to the server.
    """

    identity: str = "by default"
    sequence: str = ""

    def apply(self, schema: Schema) -> Schema:
        column = self._found(schema)
        if column.identity:
            raise DoesNotApply(f"{self.table}.{self.column} is an identity column already")
        if column.default is not None:
            raise DoesNotApply(f"{self.table}.{self.column} has a default: an identity column cannot have one besides")
        if column.nullable:
            raise DoesNotApply(f"{self.table}.{self.column} must be NOT NULL before it becomes an identity column")
        return self._with(schema, self.identity)


@dataclass(frozen=True, slots=True)
class SetIdentity(_OfColumn):
    """SET GENERATED ALWAYS or BY DEFAULT on an identity column."""

    identity: str = "by default"

    def apply(self, schema: Schema) -> Schema:
        if not self._found(schema).identity:
            raise DoesNotApply(f"{self.table}.{self.column} is no identity column")
        return self._with(schema, self.identity)


@dataclass(frozen=True, slots=True)
class DropIdentity(_OfColumn):
    """DROP IDENTITY: the column keeps its values, and its sequence goes."""

    if_exists: bool = False

    def apply(self, schema: Schema) -> Schema:
        if not self._found(schema).identity:
            if self.if_exists:
                return schema
            raise DoesNotApply(f"{self.table}.{self.column} is no identity column")
        return self._with(schema, "")


@dataclass(frozen=True, slots=True)
class ContinueIdentity(_OfColumn):
    """The next number of an identity column is what another sequence would give next.

    `after` is the column whose sequence that is, `after_sequence` the sequence's own name as SQL; without either it is the
    column's greatest value that the numbers go on from, with `room` for those who still number rows themselves.
    `sequence` is the identity's own sequence as SQL, where the column may have two for a moment.
    """

    after: str = ""
    after_sequence: str = ""
    sequence: str = ""
    room: int = 0

    def apply(self, schema: Schema) -> Schema:
        self._found(schema)
        return schema


@dataclass(frozen=True, slots=True)
class CreateSequence:
    """CREATE SEQUENCE; `sequence` is its name as SQL."""

    sequence: str
    type: str = "bigint"

    def apply(self, schema: Schema) -> Schema:
        return schema


@dataclass(frozen=True, slots=True)
class DropSequence:
    """DROP SEQUENCE."""

    sequence: str

    def apply(self, schema: Schema) -> Schema:
        return schema


@dataclass(frozen=True, slots=True)
class AlterSequence:
    """ALTER SEQUENCE; `sequence` is its name as SQL. Empty fields stay as they are.

    `owned_by` is the column (table, name) that it goes with.
    """

    sequence: str
    type: str = ""
    owned_by: tuple[TableName, str] | None = None
    new_name: str = ""

    def apply(self, schema: Schema) -> Schema:
        return schema


@dataclass(frozen=True, slots=True)
class UnlockTables:
    """The end of locks that are held from statement to statement, where no transaction holds them."""

    def apply(self, schema: Schema) -> Schema:
        return schema


@dataclass(frozen=True, slots=True)
class LockTables:
    """Every lock that a transaction will need, taken at once, or given up for a moment and asked for again.

    `attempts` are a bounded number; `pause_seconds` lie between two of them, in which nobody waits.
    """

    tables: tuple[TableName, ...]
    attempts: int = 30
    pause_seconds: float = 1.0

    @property
    def table(self) -> TableName:
        """The first of them, which the locks are told of."""
        return self.tables[0]

    def apply(self, schema: Schema) -> Schema:
        for table in self.tables:
            table_in(schema, table)
        return schema
