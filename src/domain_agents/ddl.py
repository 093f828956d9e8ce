"""DDL statements as data: the atoms that readers produce, engines spell, and plans are composed of.

Each atom knows its effect on the catalog (`apply`), nothing of any engine's words. What a person asks for (an
*operation*) becomes a sequence of atoms; what a file contains is read back into atoms. The two meet here, which is how a
rendered file is checked against the schema that was asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar, runtime_checkable

from domain_agents.catalog import (
    Check,
    Column,
    ForeignKey,
    Index,
    IndexKey,
    PrimaryKey,
    Schema,
    Table,
    TableName,
    Unique,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Constraint: TypeAlias = PrimaryKey | Unique | Check | ForeignKey


_C = TypeVar("_C", PrimaryKey, Unique, Check, ForeignKey)


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


def _table(schema: Schema, name: TableName) -> Table:
    table = schema.table(name)
    if table is None:
        raise DoesNotApply(f"there is no table {name}")
    return table


def _column(table: Table, name: str) -> Column:
    column = table.column(name)
    if column is None:
        raise DoesNotApply(f"table {table.name} has no column {name}")
    return column


@dataclass(frozen=True, slots=True)
class CreateTable:
    """CREATE TABLE, with every constraint written in it; `indexes` are those the statement itself declares."""

    table: Table
    if_not_exists: bool = False

    def apply(self, schema: Schema) -> Schema:
        if self.table.name in schema.tables:
            if self.if_not_exists:
                return schema
            raise DoesNotApply(f"table {self.table.name} exists already")
        return schema.with_table(self.table)


@dataclass(frozen=True, slots=True)
class DropTable:
    """DROP TABLE."""

    table: TableName
    if_exists: bool = False

    def apply(self, schema: Schema) -> Schema:
        table = schema.table(self.table)
        if table is None:
            if self.if_exists:
                return schema
            raise DoesNotApply(f"there is no table {self.table}")
        return schema.without_table(table.name)


@dataclass(frozen=True, slots=True)
class RenameTable:
    """ALTER TABLE ... RENAME TO; `new_name` has no schema, the table stays in its own.

    `follow_references` False leaves other tables' foreign keys at the old name (SQLite's legacy_alter_table).
    """

    table: TableName
    new_name: str
    follow_references: bool = True

    def apply(self, schema: Schema) -> Schema:
        table = _table(schema, self.table)
        old, new = table.name, TableName(self.new_name, table.name.schema)
        if new in schema.tables:
            raise DoesNotApply(f"table {new} exists already")
        moved = {
            (new if key == old else key): replace(
                t,
                name=new if key == old else t.name,
                foreign_keys=tuple(
                    replace(fk, parent=new) if self.follow_references and fk.parent in (old, self.table) else fk
                    for fk in t.foreign_keys
                ),
            )
            for key, t in schema.tables.items()
        }
        after = replace(schema, tables=moved, indexes={})
        for index in schema.indexes.values():
            after = after.with_index(replace(index, table=new) if index.table == old else index)
        return after


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
        table = _table(schema, self.table)
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
        table = _table(schema, self.table)
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
            foreign_keys=tuple(fk for fk in table.foreign_keys if self.column not in fk.columns),
        )
        indexes = {
            key: index
            for key, index in schema.indexes.items()
            if index.table != table.name or not _uses(index, self.column)
        }
        return replace(schema.with_table(changed), indexes=indexes)


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """RENAME COLUMN, followed into keys, foreign keys, expressions and indexes, as the servers do."""

    table: TableName
    column: str
    new_name: str

    def apply(self, schema: Schema) -> Schema:
        table = _table(schema, self.table)
        _column(table, self.column)
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
            foreign_keys=tuple(replace(fk, columns=renamed(fk.columns)) for fk in table.foreign_keys),
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
class _ColumnStatement:
    table: TableName
    column: str

    def _change(self, schema: Schema, change: Callable[[Column], Column]) -> Schema:
        table = _table(schema, self.table)
        return schema.with_table(table.with_column(change(_column(table, self.column))))


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
    """ALTER COLUMN ... TYPE, with its USING expression if one was written."""

    type: str = ""
    using: str | None = None

    def apply(self, schema: Schema) -> Schema:
        return self._change(schema, lambda column: replace(column, type=self.type))


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
        table = _table(schema, self.table)
        _column(table, self.column.name)
        changed = table.with_column(self.column)
        for constraint in self.constraints:
            changed = with_constraint(changed, constraint)
        return schema.with_table(changed)

    def changes(self, schema: Schema) -> tuple[Statement, ...]:
        """What it changes, one thing each; itself where that cannot be told apart.

        Raises:
            DoesNotApply: there is no such column.
        """
        old = _column(_table(schema, self.table), self.old_name or self.column.name)
        new = replace(self.column, name=old.name)
        if (new.identity and not old.identity) or self.constraints:
            return (self,)
        found: list[Statement] = []
        if new.type.lower() != old.type.lower() or new.collation != old.collation:
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


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """CREATE INDEX; `concurrently` asks for a build that lets writers pass, where the engine has one."""

    index: Index
    concurrently: bool = False
    if_not_exists: bool = False

    def apply(self, schema: Schema) -> Schema:
        table = _table(schema, self.index.table)
        for name in (*self.index.columns, *self.index.include):
            _column(table, name)
        if schema.index(self.index.name, self.index.table) is not None:
            if self.if_not_exists:
                return schema
            raise DoesNotApply(f"index {self.index.name} exists already")
        return schema.with_index(replace(self.index, table=table.name))


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
        return schema.without_index(self.index, self.table)


@dataclass(frozen=True, slots=True)
class AddConstraint:
    """ADD CONSTRAINT; a check or foreign key with `validated=False` is NOT VALID."""

    table: TableName
    constraint: Constraint
    using_index: str = ""

    def apply(self, schema: Schema) -> Schema:
        table = _table(schema, self.table)
        name = self.constraint.name
        if name and name in _constraint_names(table):
            raise DoesNotApply(f"table {table.name} has a constraint {name} already")
        if self.using_index:
            return self._from_index(schema, table)
        for column in getattr(self.constraint, "columns", ()):
            _column(table, column)
        return schema.with_table(with_constraint(table, self.constraint))

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
class ValidateConstraint:
    """VALIDATE CONSTRAINT: existing rows are tested, the constraint becomes a full one."""

    table: TableName
    name: str

    def apply(self, schema: Schema) -> Schema:
        table = _table(schema, self.table)
        if self.name not in _constraint_names(table):
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
        table = _table(schema, self.table)
        if self.name not in _constraint_names(table):
            if self.if_exists:
                return schema
            raise DoesNotApply(f"table {table.name} has no constraint {self.name}")
        key = table.primary_key
        return schema.with_table(
            replace(
                table,
                primary_key=None if key and key.name == self.name else key,
                uniques=tuple(u for u in table.uniques if u.name != self.name),
                checks=tuple(c for c in table.checks if c.name != self.name),
                foreign_keys=tuple(fk for fk in table.foreign_keys if fk.name != self.name),
            )
        )


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
class RenameConstraint:
    """ALTER TABLE ... RENAME CONSTRAINT."""

    table: TableName
    name: str
    new_name: str

    def apply(self, schema: Schema) -> Schema:
        table = _table(schema, self.table)

        def renamed(constraint: _C) -> _C:
            return replace(constraint, name=self.new_name) if constraint.name == self.name else constraint

        return schema.with_table(
            replace(
                table,
                primary_key=renamed(table.primary_key) if table.primary_key else None,
                uniques=tuple(map(renamed, table.uniques)),
                checks=tuple(map(renamed, table.checks)),
                foreign_keys=tuple(map(renamed, table.foreign_keys)),
            )
        )


@dataclass(frozen=True, slots=True)
class CreateView:
    """A view that shows all of `table` under another name, with the privileges there are on the table."""

    table: TableName
    view: TableName
    columns: tuple[str, ...]

    def apply(self, schema: Schema) -> Schema:
        _table(schema, self.table)
        if self.view in schema.tables:
            raise DoesNotApply(f"table {self.view} exists already")
        return schema


@dataclass(frozen=True, slots=True)
class DropView:
    """DROP VIEW; `table` is the view's name."""

    table: TableName

    def apply(self, schema: Schema) -> Schema:
        return schema


@dataclass(frozen=True, slots=True)
class NoCatalogChange:
    """A statement that was understood and leaves tables and indexes as they are.

    `kind` says which: "data" (INSERT, UPDATE, DELETE), "copy" (INSERT of a whole table's rows), "batches" (a whole
    table filled, a batch at a time), "session" (SET, PRAGMA), "transaction" (BEGIN, COMMIT), "routine" (a procedure made,
    called or dropped), "query" (SELECT), "comment", "maintenance", "privileges", "settings".
    """

    kind: str
    table: TableName | None = None

    def apply(self, schema: Schema) -> Schema:
        return schema


@dataclass(frozen=True, slots=True)
class KeepText:
    """A statement whose object the catalog has no noun for (a view, a trigger, a type): its text is kept."""

    text: str

    def apply(self, schema: Schema) -> Schema:
        return replace(schema, extras=(*schema.extras, self.text))


@dataclass(frozen=True, slots=True)
class CreateTrigger:
    """CREATE TRIGGER, kept as text like everything the catalog has no noun for; its table is known, for the locks."""

    table: TableName
    name: str
    text: str

    def apply(self, schema: Schema) -> Schema:
        return replace(schema, extras=(*schema.extras, self.text))


@dataclass(frozen=True, slots=True)
class DropTrigger:
    """DROP TRIGGER."""

    table: TableName
    name: str
    text: str

    def apply(self, schema: Schema) -> Schema:
        return replace(schema, extras=(*schema.extras, self.text))


_NAMES = re.compile(r"""'(?:[^']|'')*'|"((?:[^"]|"")*)"|`([^`]*)`|([^\W\d][\w$]*)(?!\s*\(|[\w$])""")


def mentions(expression: str, column: str) -> bool:
    """Whether an expression names a column: quoted exactly, or bare in any case (a function of that name is none)."""
    for quoted, ticked, bare in _NAMES.findall(expression):
        if bare.lower() == column.lower() or column in {quoted.replace('""', '"'), ticked}:
            return True
    return False


# Words that no engine here takes for a column's name without quotes; quoting one name too many does no harm.
_RESERVED = frozenset(
    """add all alter analyse analyze and any array as asc authorization autoincrement between both by case cast check
    collate column commit concurrently constraint create cross current_date current_time current_timestamp
    current_user default deferrable delete desc distinct do drop else end escape except exists false fetch for
    foreign freeze from full grant group having if ilike in index initially inner insert intersect into is isnull
    join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order
    outer overlaps placing primary references returning right select session_user set similar some symmetric table
    tablesample then to trailing transaction true union unique update user using values variadic verbose view when
    where window with""".split()  # noqa: SIM905 - a list of words reads better
)


def renamed_in(expression: str, column: str, new_name: str) -> str:
    """The expression with a column's name exchanged, wherever `mentions` finds it."""
    is_plain = re.fullmatch(r"[a-z_][a-z0-9_]*", new_name) is not None and new_name not in _RESERVED
    quoted = '"' + new_name.replace('"', '""') + '"'

    def exchanged(found: re.Match[str]) -> str:
        if not mentions(found.group(), column):
            return found.group()
        return new_name if is_plain and not found.group().startswith('"') else quoted

    return _NAMES.sub(exchanged, expression)


def _uses(index: Index, column: str) -> bool:
    expressions = [key.text for key in index.keys if key.is_expression] + ([index.where] if index.where else [])
    return column in (*index.columns, *index.include) or any(mentions(one, column) for one in expressions)


def _constraint_names(table: Table) -> set[str]:
    named: list[Constraint] = [*table.uniques, *table.checks, *table.foreign_keys]
    if table.primary_key:
        named.append(table.primary_key)
    return {constraint.name for constraint in named if constraint.name}


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
