"""Which form of statement among the facts a statement is: what decides its ALGORITHM, its LOCK and its effect."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from domain_agents import ddl
from domain_agents.catalog import Check, Column, ForeignKey, Index, PrimaryKey, Schema, Table, TableName, Unique
from domain_agents.engines._mysql_defaults import is_now
from domain_agents.engines._mysql_tokens import tokens
from domain_agents.engines._mysql_types import Conversions, Cost, charset_of, collation_of, cost

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCKING_METHODS: Final = frozenset({"fulltext", "spatial"})
ColumnChange: TypeAlias = ddl.SetNotNull | ddl.DropNotNull | ddl.ChangeType | ddl.SetDefault | ddl.SetCollation
_FORMS: Final[dict[type, str]] = {
    ddl.CreateTable: "create_table",
    ddl.DropTable: "drop_table",
    ddl.RenameTable: "rename",
    ddl.RenameColumn: "rename",
    ddl.RenameColumns: "rename",
    ddl.RenameIndex: "rename_index",
    ddl.SetDefault: "set_default",
    ddl.SetNotNull: "set_not_null",
    ddl.DropNotNull: "drop_not_null",
    ddl.DropIndex: "drop_index",
    ddl.DropConstraint: "drop_constraint",
    ddl.KeepText: "no_table_lock",
    ddl.DefineView: "no_table_lock",
    ddl.DropView: "no_table_lock",
    ddl.CreateEnum: "no_table_lock",
    ddl.Verbatim: "write_rows",
    ddl.UnlockTables: "no_table_lock",
    ddl.LockTables: "lock_table",
    ddl.AddPartition: "add_partition",
    ddl.DropPartition: "drop_partition",
    ddl.CreateTrigger: "create_trigger",
    ddl.DropTrigger: "create_trigger",
}
TYPE_FORMS: Final = {
    Cost.INSTANT: "change_type_instant",
    Cost.INDEX: "change_type_index",
    Cost.INPLACE: "change_type_inplace",
    Cost.COPY: "change_type",
}
_TIMES: Final = (
    "change_type", "set_not_null", "drop_not_null", "change_type_index", "change_type_inplace", "change_type_instant",
    "set_default", "rename",
)  # fmt: skip
"""The changes that one MODIFY may hold, the dearest first."""
_TEXT: Final = re.compile(r"(?:tiny|medium|long)?(?:text|blob)\b|json\b|long\b|geometry\b", re.IGNORECASE)


def form_of(  # noqa: C901 - one branch for each statement
    statement: ddl.Statement, schema: Schema, *, by: Conversions
) -> str:
    """The statement's form; one that is not known counts as a copy of the table.

    `by` is how the server changes types.
    """
    match statement:
        case ddl.AddColumn():
            return _add_column(statement, schema)
        case ddl.ChangeType() | ddl.SetCollation() | ddl.ConvertTable():
            return _type_changed(statement, schema, by=by)
        case ddl.DropColumn():
            return "drop_column_indexed" if is_indexed(schema, statement.table, statement.column) else "drop_column"
        case ddl.ModifyColumn():
            return _modified(statement, schema, by=by)
        case ddl.SetNotNull() if _is_filled_with_now(statement, schema):
            return "change_type"
        case ddl.CreateIndex(index=index):
            blocking = index.method in BLOCKING_METHODS or any(key.is_expression for key in index.keys)
            return "create_index_blocking" if blocking else "create_index"
        case ddl.AddConstraint(constraint=ForeignKey() as key):
            return "add_foreign_key" if begins_index(schema, statement.table, key.columns) else "add_foreign_key_index"
        case ddl.AddConstraint(constraint=constraint):
            return {PrimaryKey: "add_primary_key", Unique: "add_unique", Check: "add_check"}[type(constraint)]
        case ddl.ChangePrimaryKey(columns=columns):
            # Alone, dropping it costs a copy; together with its successor it is built while writers pass (measured).
            return "add_primary_key" if columns else "change_type"
        case ddl.RenameConstraint():
            return _constraint_renamed(statement, schema)
        case ddl.NoCatalogChange(kind="batches"):
            return "write_batches"
        case ddl.NoCatalogChange(kind="truncate"):
            return "truncate"
        case ddl.NoCatalogChange(kind="data" | "copy"):
            return "write_rows"
        case ddl.NoCatalogChange():
            return "no_table_lock"
    return _FORMS.get(type(statement), "change_type")


def _converted(statement: ddl.ConvertTable, schema: Schema, *, by: Conversions) -> str:
    """The dearest of what its texts cost."""
    table = schema.table(statement.table)
    after = statement.apply(schema).table(statement.table) if table is not None else None
    if table is None or after is None:
        return TYPE_FORMS[Cost.COPY]
    costs = {
        cost(old, _in_table(new, after), table, is_indexed=is_indexed(schema, statement.table, old.name), by=by)
        for old, new in zip(table.columns, after.columns, strict=True)
        if ddl.is_text(old.type)
    }
    return TYPE_FORMS[next((one for one in (Cost.COPY, Cost.INDEX, Cost.INPLACE) if one in costs), Cost.INSTANT)]


def _in_table(column: Column, table: Table) -> Column:
    """A column with the character set and collation that it has from its table written out."""
    charset, collation = charset_of(column, table), collation_of(column, table)
    return replace(column, type=ddl.with_charset(column.type, charset), collation=collation or None)


def _constraint_renamed(statement: ddl.RenameConstraint, schema: Schema) -> str:
    """A unique key is an index; the others are dropped and added again in one statement."""
    table = schema.table(statement.table)
    if table is not None and any(one.name == statement.name for one in table.uniques):
        return "rename_index"
    keys = table.foreign_keys if table is not None else ()
    return "rename_foreign_key" if any(one.name == statement.name for one in keys) else "rename_check"


def _add_column(statement: ddl.AddColumn, schema: Schema) -> str:
    column = statement.column
    stored = column.generated is not None and not column.virtual
    beside = any(index.method == "fulltext" for index in _indexes(schema, statement.table))
    kinds = {type(constraint) for constraint in statement.constraints}
    if stored or beside or column.identity or statement.default_is_volatile or kinds & {Check, ForeignKey}:
        return "add_column_copy"
    return "add_column_unique" if kinds else "add_column"


def _modified(statement: ddl.ModifyColumn, schema: Schema, *, by: Conversions) -> str:
    try:
        changes = statement.changes(schema)
    except ddl.DoesNotApply:
        return "change_type"
    forms = {form_of(one, schema, by=by) for one in changes if one is not statement}
    return next((form for form in _TIMES if form in forms), "change_type")


def _type_changed(
    statement: ddl.ChangeType | ddl.SetCollation | ddl.ConvertTable, schema: Schema, *, by: Conversions
) -> str:
    """By the two definitions; a column that is not known counts as a copy."""
    if isinstance(statement, ddl.ConvertTable):
        return _converted(statement, schema, by=by)
    table, new = schema.table(statement.table), changed_column(statement, schema)
    old = table.column(statement.column) if table else None
    if old is None or new is None:
        return TYPE_FORMS[Cost.COPY]
    indexed = is_indexed(schema, statement.table, statement.column)
    return TYPE_FORMS[cost(old, new, table, is_indexed=indexed, by=by)]


def _is_filled_with_now(statement: ddl.SetNotNull, schema: Schema) -> bool:
    """A timestamp whose default is the time: a NULL in it would become the time, which is only done by a copy.

    Seen on MariaDB 10.11 (1846, cannot convert NULL to non-constant DEFAULT); of MySQL nothing else is known.
    """
    table = schema.table(statement.table)
    column = table.column(statement.column) if table else None
    if column is None or column.default is None or not column.type.lower().startswith("timestamp"):
        return False
    return is_now(tokens(column.default))


def is_indexed(schema: Schema, table: TableName, column: str) -> bool:
    """Whether any index or key of the table holds the column."""
    return any(column in columns for columns in _key_columns(schema, table))


def begins_index(schema: Schema, table: TableName, columns: tuple[str, ...]) -> bool:
    """Whether an index begins with these columns, so that a foreign key needs no other."""
    return any(set(found[: len(columns)]) == set(columns) for found in _key_columns(schema, table))


def _indexes(schema: Schema, table: TableName) -> tuple[Index, ...]:
    found = schema.table(table)
    return schema.indexes_of(found.name) if found else ()


def _key_columns(schema: Schema, table: TableName) -> tuple[tuple[str, ...], ...]:
    found = schema.table(table)
    if found is None:
        return ()
    keys = [index.columns for index in _indexes(schema, table)]
    keys += [unique.columns for unique in found.uniques] + [key.columns for key in found.foreign_keys]
    return (*keys, found.primary_key.columns) if found.primary_key else tuple(keys)


def needs_length(table: Table | None, index: Index) -> str:
    """The first column of the index whose type is indexed with a length only; empty when there is none."""
    for key in index.keys:
        column = table.column(key.text) if table and not key.is_expression and not key.suffix else None
        if column is not None and _TEXT.match(column.type):
            return column.name
    return ""


def changed_column(statement: ColumnChange, schema: Schema) -> Column | None:
    """The column as the statement leaves it; None when today's definition is not known."""
    table = schema.table(statement.table)
    column = table.column(statement.column) if table else None
    if column is None:
        return None
    changes: dict[type, Callable[[Column], Column]] = {
        ddl.SetNotNull: lambda old: replace(old, nullable=False),
        ddl.DropNotNull: lambda old: replace(old, nullable=True),
        ddl.SetCollation: lambda old: statement.changed(old) if isinstance(statement, ddl.SetCollation) else old,
        ddl.ChangeType: lambda old: ddl.with_type(old, getattr(statement, "type", old.type)),
        ddl.SetDefault: lambda old: replace(old, default=getattr(statement, "default", old.default)),
    }
    return changes[type(statement)](column)
