"""Statements about columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from domain_agents.ddl._charsets import is_text, with_charset, with_table_charset, with_type, written_charset
from domain_agents.ddl._expressions import mentions, renamed_in, uses
from domain_agents.ddl._statement import (
    Constraint,
    DoesNotApply,
    Statement,
    apply_all,
    column_in,
    table_in,
    with_constraint,
    with_own_columns,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain_agents.catalog import Column, IndexKey, Schema, Table, TableName


_SERIAL = frozenset({"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"})


def is_serial(type_: str) -> bool:
    """Whether a column's type is the shorthand for an integer that a sequence of its own numbers."""
    return type_.strip().lower() in _SERIAL


def next_number(sequence: str) -> str:
    """The default that numbers a column; `sequence` is the sequence's name as SQL."""
    return "nextval('" + sequence.replace("'", "''") + "'::regclass)"


@dataclass(frozen=True, slots=True)
class AddColumn:
    """ADD COLUMN, with the constraints written on the column.

    `default_is_volatile` is what the reader or the operation knows of the default; it decides between a note in the
    catalog and a rewrite of the table.
    """

    table: TableName
    column: Column
    constraints: tuple[Constraint, ...] = ()
    if_not_exists: bool = False
    default_is_volatile: bool = False

    def apply(self, schema: Schema) -> Schema:
        table = with_own_columns(table_in(schema, self.table))
        if table.column(self.column.name) is not None:
            if self.if_not_exists:
                return schema
            raise DoesNotApply(f"table {table.name} has a column {self.column.name} already")
        changed = replace(table, columns=(*table.columns, self.column))
        for constraint in self.constraints:
            changed = with_constraint(changed, constraint)
        return schema.with_table(changed)


@dataclass(frozen=True, slots=True)
class DropColumn:
    """DROP COLUMN; indexes and constraints that use the column go with it."""

    table: TableName
    column: str
    if_exists: bool = False

    def apply(self, schema: Schema) -> Schema:
        table = with_own_columns(table_in(schema, self.table))
        if table.column(self.column) is None:
            if self.if_exists:
                return schema
            raise DoesNotApply(f"table {table.name} has no column {self.column}")
        primary_key = table.primary_key
        changed = replace(
            table,
            columns=tuple(c for c in table.columns if c.name != self.column),
            primary_key=None if primary_key and self.column in primary_key.columns else primary_key,
            uniques=tuple(u for u in table.uniques if self.column not in u.columns),
            checks=tuple(check for check in table.checks if not mentions(check.expression, self.column)),
            exclusions=tuple(one for one in table.exclusions if not mentions(one.definition, self.column)),
            foreign_keys=tuple(fk for fk in table.foreign_keys if self.column not in fk.columns),
        )
        indexes = {
            key: index
            for key, index in schema.indexes.items()
            if index.table != table.name or not uses(index, self.column)
        }
        return replace(schema.with_table(changed), indexes=indexes)


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """RENAME COLUMN, followed into keys, foreign keys, expressions and indexes, as the servers do."""

    table: TableName
    column: str
    new_name: str

    def apply(self, schema: Schema) -> Schema:
        table = with_own_columns(table_in(schema, self.table))
        column_in(table, self.column)
        if table.column(self.new_name) is not None:
            raise DoesNotApply(f"table {table.name} has a column {self.new_name} already")

        def renamed(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(self.new_name if name == self.column else name for name in names)

        key = table.primary_key
        changed = replace(
            table,
            columns=tuple(replace(c, name=self.new_name) if c.name == self.column else c for c in table.columns),
            primary_key=replace(key, columns=renamed(key.columns)) if key else None,
            uniques=tuple(replace(u, columns=renamed(u.columns)) for u in table.uniques),
            checks=tuple(replace(check, expression=self._in(check.expression)) for check in table.checks),
            exclusions=tuple(replace(one, definition=self._in(one.definition)) for one in table.exclusions),
            foreign_keys=tuple(
                replace(fk, columns=renamed(fk.columns), set_columns=renamed(fk.set_columns))
                for fk in table.foreign_keys
            ),
        )
        after = schema.with_table(self._in_generated(changed))
        for child in after.tables.values():
            keys = tuple(
                replace(fk, parent_columns=renamed(fk.parent_columns)) if fk.parent in (table.name, self.table) else fk
                for fk in child.foreign_keys
            )
            after = after.with_table(replace(child, foreign_keys=keys)) if keys != child.foreign_keys else after
        for index in schema.indexes_of(table.name):
            after = after.with_index(
                replace(
                    index,
                    keys=tuple(self._in_key(key) for key in index.keys),
                    include=renamed(index.include),
                    where=self._in(index.where) if index.where else index.where,
                )
            )
        return after

    def _in(self, expression: str) -> str:
        return renamed_in(expression, self.column, self.new_name)

    def _in_key(self, key: IndexKey) -> IndexKey:
        if key.is_expression:
            return replace(key, text=self._in(key.text))
        return replace(key, text=self.new_name) if key.text == self.column else key

    def _in_generated(self, table: Table) -> Table:
        return replace(
            table,
            columns=tuple(
                replace(column, generated=self._in(column.generated)) if column.generated is not None else column
                for column in table.columns
            ),
        )


@dataclass(frozen=True, slots=True)
class RenameColumns:
    """Several columns renamed in one statement, in this order: all or none, where every statement commits by itself."""

    table: TableName
    names: tuple[tuple[str, str], ...]

    def apply(self, schema: Schema) -> Schema:
        return apply_all((RenameColumn(self.table, old, new) for old, new in self.names), schema)


@dataclass(frozen=True, slots=True)
class _ColumnStatement:
    table: TableName
    column: str

    def _change(self, schema: Schema, change: Callable[[Column], Column]) -> Schema:
        table = table_in(schema, self.table)
        return schema.with_table(table.with_column(change(column_in(table, self.column))))


@dataclass(frozen=True, slots=True)
class SetNotNull(_ColumnStatement):
    """ALTER COLUMN ... SET NOT NULL."""

    def apply(self, schema: Schema) -> Schema:
        return self._change(schema, lambda column: replace(column, nullable=False))


@dataclass(frozen=True, slots=True)
class DropNotNull(_ColumnStatement):
    """ALTER COLUMN ... DROP NOT NULL."""

    def apply(self, schema: Schema) -> Schema:
        return self._change(schema, lambda column: replace(column, nullable=True))


@dataclass(frozen=True, slots=True)
class SetDefault(_ColumnStatement):
    """ALTER COLUMN ... SET DEFAULT; None is DROP DEFAULT."""

    default: str | None = None

    def apply(self, schema: Schema) -> Schema:
        return self._change(schema, lambda column: replace(column, default=self.default))


@dataclass(frozen=True, slots=True)
class ChangeType(_ColumnStatement):
    """ALTER COLUMN ... TYPE, with its USING expression if one was written.

    `sequence` is the name, as SQL, that a serial column's sequence has where the engine has sequences: behind any other
    type it stays the column's default.
    """

    type: str = ""
    using: str | None = None
    sequence: str = field(default="", compare=False)

    def apply(self, schema: Schema) -> Schema:
        return self._change(schema, self._changed)

    def _changed(self, column: Column) -> Column:
        default = column.default
        if default is None and self.sequence and is_serial(column.type):
            default = next_number(self.sequence)
        return replace(with_type(column, self.type), default=default)


@dataclass(frozen=True, slots=True)
class SetCollation(_ColumnStatement):
    """Another collation; None is that of the table or type.

    `type` is the whole type, empty keeps it, with `character_set` in place of the one that it has.
    """

    collation: str | None = None
    type: str = ""
    character_set: str = ""

    def apply(self, schema: Schema) -> Schema:
        return self._change(schema, self.changed)

    def changed(self, column: Column) -> Column:
        """The column as it is afterwards. A collation says its character set, and takes the place of another one."""
        type_ = self.type or column.type
        if self.character_set:
            type_ = with_charset(type_, self.character_set)
        elif not self.type and self.collation and not self.collation.lower().startswith(f"{written_charset(type_)}_"):
            type_ = with_charset(type_, "")
        return replace(column, type=type_, collation=self.collation)


@dataclass(frozen=True, slots=True)
class ConvertTable:
    """CONVERT TO CHARACTER SET: every text of a table, and the default of those to come."""

    table: TableName
    character_set: str
    collation: str | None = None

    def apply(self, schema: Schema) -> Schema:
        table = table_in(schema, self.table)
        columns = tuple(
            replace(one, type=with_charset(one.type, ""), collation=None) if is_text(one.type) else one
            for one in table.columns
        )
        options = with_table_charset(table.options, self.character_set, self.collation)
        return schema.with_table(replace(table, columns=columns, options=options))


@dataclass(frozen=True, slots=True)
class ModifyColumn:
    """MODIFY or CHANGE: the column is what is written here and nothing else; `new_name` empty keeps its name."""

    table: TableName
    column: Column
    constraints: tuple[Constraint, ...] = ()
    old_name: str = ""

    def apply(self, schema: Schema) -> Schema:
        if self.old_name and self.old_name != self.column.name:
            schema = RenameColumn(self.table, self.old_name, self.column.name).apply(schema)
        table = table_in(schema, self.table)
        column_in(table, self.column.name)
        changed = table.with_column(self.column)
        for constraint in self.constraints:
            changed = with_constraint(changed, constraint)
        return schema.with_table(changed)

    def changes(self, schema: Schema) -> tuple[Statement, ...]:
        """What it changes, one thing each; itself where that cannot be told apart.

        Raises:
            DoesNotApply: there is no such column.
        """
        old = column_in(table_in(schema, self.table), self.old_name or self.column.name)
        new = replace(self.column, name=old.name)
        if (new.identity and not old.identity) or self.constraints:
            return (self,)
        found: list[Statement] = []
        if new.collation != with_type(old, new.type).collation:
            found.append(SetCollation(self.table, old.name, new.collation, new.type))
        elif new.type.lower() != old.type.lower():
            found.append(ChangeType(self.table, old.name, new.type))
        if new.default != old.default:
            found.append(SetDefault(self.table, old.name, new.default))
        if new.nullable != old.nullable:
            made = DropNotNull if new.nullable else SetNotNull
            found.append(made(self.table, old.name))
        if self.column.name != old.name:
            found.append(RenameColumn(self.table, old.name, self.column.name))
        reached = apply_all(found, schema).table(self.table)
        wanted = self.apply(schema).table(self.table)
        return tuple(found) if found and reached == wanted else (self,)
