"""Statements about indexes and constraints."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from domain_agents.catalog import Check, Exclusion, ForeignKey, Index, PrimaryKey, Schema, Table, TableName, Unique
from domain_agents.ddl._brought import with_brought_indexes, without_replaced
from domain_agents.ddl._partitions import absorbing, without_unfinished
from domain_agents.ddl._statement import (
    Constraint,
    DoesNotApply,
    Statement,
    column_in,
    constraint_names,
    table_in,
    with_constraint,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """CREATE INDEX; `concurrently` asks for a build that lets writers pass, where the engine has one.

    `only` makes it ON ONLY a partitioned table: a note that its partitions' indexes are attached to.
    """

    index: Index
    concurrently: bool = False
    if_not_exists: bool = False
    only: bool = False

    def apply(self, schema: Schema) -> Schema:
        view = schema.view(self.index.table)
        if view is not None and view.materialized:
            # Its columns are those of its query, which is not read.
            owner = view.name
        else:
            table = table_in(schema, self.index.table)
            owner = table.name
            for name in (*self.index.columns, *self.index.include):
                column_in(table, name)
        schema = without_replaced(schema, replace(self.index, table=owner))
        if schema.index(self.index.name, self.index.table) is not None:
            if self.if_not_exists:
                return schema
            raise DoesNotApply(f"index {self.index.name} exists already")
        parent = schema.table(owner)
        if self.only and parent is not None and parent.partitions:
            schema = schema.with_table(replace(parent, unfinished=(*parent.unfinished, self.index.name)))
        return schema.with_index(replace(self.index, table=owner))


@dataclass(frozen=True, slots=True)
class DropIndex:
    """DROP INDEX; `table` is needed where an index's name belongs to its table, and a unique constraint is an index."""

    index: str
    concurrently: bool = False
    if_exists: bool = False
    schema: str = ""
    table: TableName | None = field(default=None, compare=False)

    def apply(self, schema: Schema) -> Schema:
        if schema.index(self.index, self.table) is None:
            if schema.indexes_by_table and self.table is not None and schema.table(self.table) is not None:
                return DropConstraint(self.table, self.index, self.if_exists).apply(schema)
            if self.if_exists:
                return schema
            raise DoesNotApply(f"there is no index {self.index}")
        index = schema.index(self.index, self.table)
        table = schema.table(index.table) if index else None
        if table is not None and table.partitions:
            schema = schema.with_table(without_unfinished(table, self.index))
        return schema.without_index(self.index, self.table)


@dataclass(frozen=True, slots=True)
class RenameIndex:
    """ALTER INDEX ... RENAME TO."""

    index: str
    new_name: str
    table: TableName | None = field(default=None, compare=False)

    def apply(self, schema: Schema) -> Schema:
        index = schema.index(self.index, self.table)
        if index is None:
            # The index of a primary key or unique constraint carries the constraint's name and has no entry of its own.
            return schema
        return schema.without_index(self.index, self.table).with_index(replace(index, name=self.new_name))


@dataclass(frozen=True, slots=True)
class AddConstraint:
    """ADD CONSTRAINT; a check or foreign key with `validated=False` is NOT VALID.

    `only` adds a key to a partitioned table alone: a note that its partitions' keys are attached to.
    """

    table: TableName
    constraint: Constraint
    using_index: str = ""
    only: bool = False

    def apply(self, schema: Schema) -> Schema:
        table = table_in(schema, self.table)
        name = self.constraint.name
        if name and name in constraint_names(table):
            raise DoesNotApply(f"table {table.name} has a constraint {name} already")
        if self.using_index:
            return self._from_index(schema, table)
        for column in getattr(self.constraint, "columns", ()):
            column_in(table, column)
        changed = with_constraint(table, self.constraint)
        if table.partitions:
            changed = absorbing(changed, self.constraint)
            changed = replace(changed, unfinished=(*table.unfinished, name)) if self.only else changed
        after = schema.with_table(changed)
        if isinstance(self.constraint, ForeignKey):
            return with_brought_indexes(after, table.name, (self.constraint,))
        return after

    def _from_index(self, schema: Schema, table: Table) -> Schema:
        """The index becomes the constraint's own, under the constraint's name."""
        index = schema.index(self.using_index, self.table)
        if index is None or index.table != table.name or not isinstance(self.constraint, PrimaryKey | Unique):
            raise DoesNotApply(f"there is no index {self.using_index} on table {table.name}")
        is_plain = not any(key.is_expression or key.descending or key.suffix for key in index.keys)
        if not index.unique or index.where is not None or not is_plain:
            raise DoesNotApply(
                f"index {index.name} cannot become a constraint: it must be unique, without WHERE, and on plain columns in "
                "their default order"
            )
        constraint = replace(self.constraint, columns=index.columns, name=self.constraint.name or index.name)
        after = schema.without_index(self.using_index, self.table)
        return after.with_table(with_constraint(table, constraint))


@dataclass(frozen=True, slots=True)
class ChangePrimaryKey:
    """DROP PRIMARY KEY, ADD PRIMARY KEY in one statement; no columns is DROP PRIMARY KEY alone."""

    table: TableName
    columns: tuple[str, ...] = ()

    def apply(self, schema: Schema) -> Schema:
        table = table_in(schema, self.table)
        if table.primary_key is None:
            raise DoesNotApply(f"table {table.name} has no primary key")
        for column in self.columns:
            column_in(table, column)
        without = replace(table, primary_key=None)
        name = table.primary_key.name
        return schema.with_table(with_constraint(without, PrimaryKey(self.columns, name)) if self.columns else without)


@dataclass(frozen=True, slots=True)
class ValidateConstraint:
    """VALIDATE CONSTRAINT: existing rows are tested, the constraint becomes a full one."""

    table: TableName
    name: str

    def apply(self, schema: Schema) -> Schema:
        table = table_in(schema, self.table)
        if self.name not in constraint_names(table):
            raise DoesNotApply(f"table {table.name} has no constraint {self.name}")
        return schema.with_table(
            replace(
                table,
                checks=tuple(replace(c, validated=True) if c.name == self.name else c for c in table.checks),
                foreign_keys=tuple(
                    replace(fk, validated=True) if fk.name == self.name else fk for fk in table.foreign_keys
                ),
            )
        )


@dataclass(frozen=True, slots=True)
class DropConstraint:
    """DROP CONSTRAINT, of any kind."""

    table: TableName
    name: str
    if_exists: bool = False

    def apply(self, schema: Schema) -> Schema:
        table = table_in(schema, self.table)
        if self.name not in constraint_names(table):
            if self.if_exists:
                return schema
            raise DoesNotApply(f"table {table.name} has no constraint {self.name}")
        key = table.primary_key
        return schema.with_table(
            replace(
                without_unfinished(table, self.name),
                primary_key=None if key and key.name == self.name else key,
                uniques=tuple(u for u in table.uniques if u.name != self.name),
                checks=tuple(c for c in table.checks if c.name != self.name),
                foreign_keys=tuple(fk for fk in table.foreign_keys if fk.name != self.name),
                exclusions=tuple(one for one in table.exclusions if one.name != self.name),
            )
        )


_C = TypeVar("_C", PrimaryKey, Unique, Check, ForeignKey, Exclusion)


def renaming(statements: Sequence[Statement], schema: Schema) -> tuple[Statement, ...]:
    """The statements of one ALTER TABLE; a constraint that is dropped and added under another name is renamed."""
    match tuple(statements):
        case (DropConstraint() as drop, AddConstraint(constraint=added)):
            table = schema.table(drop.table)
            known: list[Constraint] = []
            if table is not None:
                known = [*table.checks, *table.foreign_keys, *table.uniques]
            if any(one.name == drop.name and replace(one, name=added.name) == added for one in known):
                return (RenameConstraint(drop.table, drop.name, added.name),)
    return tuple(statements)


@dataclass(frozen=True, slots=True)
class RenameConstraint:
    """ALTER TABLE ... RENAME CONSTRAINT."""

    table: TableName
    name: str
    new_name: str

    def apply(self, schema: Schema) -> Schema:
        table = table_in(schema, self.table)

        def renamed(constraint: _C) -> _C:
            return replace(constraint, name=self.new_name) if constraint.name == self.name else constraint

        after = schema.with_table(
            replace(
                table,
                primary_key=renamed(table.primary_key) if table.primary_key else None,
                uniques=tuple(map(renamed, table.uniques)),
                checks=tuple(map(renamed, table.checks)),
                foreign_keys=tuple(map(renamed, table.foreign_keys)),
                exclusions=tuple(map(renamed, table.exclusions)),
            )
        )
        # Where a key brings its index, the one under the new name brings another: the server drops and adds the key.
        again = tuple(renamed(key) for key in table.foreign_keys if key.name == self.name)
        return with_brought_indexes(after, table.name, again)
