"""Which form of statement among PostgreSQL's facts a statement is: what decides its lock and its time."""

from __future__ import annotations

import re
from typing import Final

from domain_agents import ddl
from domain_agents.catalog import Check, Column, ForeignKey, PrimaryKey, Schema, Unique
from domain_agents.engines._postgresql_objects import form_of_object
from domain_agents.engines._postgresql_types import is_metadata_only

_SERIAL = {"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"}
_FORMS: Final[dict[type, str]] = {
    ddl.CreateTable: "create_table",
    ddl.DropTable: "drop_table",
    ddl.RenameTable: "rename",
    ddl.CreateView: "create_view",
    ddl.DefineView: "create_view",
    ddl.DropView: "drop_view",
    ddl.RenameColumn: "rename",
    ddl.RenameConstraint: "rename",
    ddl.RenameIndex: "rename_index",
    ddl.DropColumn: "drop_column",
    ddl.DropNotNull: "drop_not_null",
    ddl.SetComment: "set_comment",
    ddl.SetDefault: "set_default",
    ddl.DropConstraint: "drop_constraint",
    ddl.CreateTrigger: "create_trigger",
    ddl.MirrorTable: "create_trigger",
    ddl.DropMirror: "drop_trigger",
    ddl.CopyRows: "write_batches",
    ddl.LockTables: "lock_table",
    ddl.AddExclusion: "add_exclusion",
    ddl.AddIdentity: "set_identity",
    ddl.SetIdentity: "set_identity",
    ddl.DropIdentity: "set_identity",
    ddl.DropTrigger: "drop_trigger",
    ddl.KeepText: "no_table_lock",
    ddl.AddEnumValue: "change_enum",
    ddl.RenameEnumValue: "change_enum",
    ddl.Reindex: "reindex",
    ddl.Vacuum: "vacuum",
}


def form_of(statement: ddl.Statement, schema: Schema) -> str:
    """The statement's form among the facts."""
    match statement:
        case ddl.AddColumn():
            return _add_column_form(statement, schema)
        case ddl.ChangeType():
            return "change_type_metadata_only" if _is_noted_only(statement, schema) else "change_type_rewriting"
        case ddl.SetNotNull():
            return "set_not_null_proved" if _is_proved_not_null(statement, schema) else "set_not_null"
        case ddl.DropIndex(index=name) if name not in schema.indexes:
            return "no_table_lock"
        case ddl.CreateIndex() | ddl.DropIndex():
            verb = "create_index" if isinstance(statement, ddl.CreateIndex) else "drop_index"
            return f"{verb}_concurrently" if statement.concurrently else verb
        case ddl.AddConstraint(constraint=ForeignKey() | Check() as constraint):
            kind = "add_foreign_key" if isinstance(constraint, ForeignKey) else "add_check"
            return kind if constraint.validated else f"{kind}_not_valid"
        case ddl.AddConstraint(constraint=constraint, using_index=using_index):
            kind = "add_primary_key" if isinstance(constraint, PrimaryKey) else "add_unique"
            return f"{kind}_using_index" if using_index else kind
        case ddl.ValidateConstraint():
            table = schema.table(statement.table)
            is_key = table is not None and any(key.name == statement.name for key in table.foreign_keys)
            return "validate_foreign_key" if is_key else "validate_check"
        case ddl.NoCatalogChange(kind="batches"):
            return "write_batches"
        case ddl.NoCatalogChange(kind="truncate" | "cluster" as kind):
            return kind
        case ddl.NoCatalogChange(kind="data" | "copy" as kind) | ddl.Verbatim(kind="data" | "copy" as kind):
            return "copy_rows" if kind == "copy" else "write_rows"
    return form_of_object(statement, schema) or _FORMS.get(type(statement), "no_table_lock")


def _add_column_form(statement: ddl.AddColumn, schema: Schema) -> str:
    column = statement.column
    if (
        statement.default_is_volatile
        or column.identity
        or (column.generated is not None and not column.virtual)
        or column.type.lower() in _SERIAL
        or _is_constrained_domain(column, schema)
    ):
        return "add_column_rewriting"
    kinds = {type(constraint) for constraint in statement.constraints}
    if PrimaryKey in kinds or Unique in kinds:
        return "add_column_unique"
    if Check in kinds:
        return "add_column_check"
    if ForeignKey in kinds:
        return "add_column_foreign_key" if column.default is None else "add_column_foreign_key_default"
    return "add_column"


def _is_constrained_domain(column: Column, schema: Schema) -> bool:
    """A domain made in this schema: with a constraint on it, adding the column rewrites the table even without default."""
    name = column.type.rpartition(".")[2].strip('"').lower()
    pattern = re.compile(rf'CREATE\s+DOMAIN\s+(?:[\w"]+\.)?"?{re.escape(name)}"?\s', re.IGNORECASE)
    return any(pattern.match(text) for text in schema.extras)


def _is_noted_only(statement: ddl.ChangeType, schema: Schema) -> bool:
    """Whether a change of type reads and writes nothing: the types say so, and nothing must be tested or built anew.

    A check is tested against every row again, and an index with an expression or a condition is built again, even where
    the rows stay as they are (seen on 18 by the proofs).
    """
    table = schema.table(statement.table)
    column = table.column(statement.column) if table else None
    if table is None or column is None or statement.using is not None:
        return False
    if not is_metadata_only(column.type, statement.type):
        return False
    if any(ddl.mentions(check.expression, column.name) for check in table.checks):
        return False
    for index in schema.indexes_of(table.name):
        texts = [key.text for key in index.keys if key.is_expression] + ([index.where] if index.where else [])
        uses = column.name in (*index.columns, *index.include) or any(ddl.mentions(text, column.name) for text in texts)
        if texts and uses:
            return False
    return True


def _is_proved_not_null(statement: ddl.SetNotNull, schema: Schema) -> bool:
    """Whether a validated CHECK (column IS NOT NULL) spares the scan."""
    table = schema.table(statement.table)
    if table is None:
        return False
    return any(check.validated and _column_not_null(check.expression) == statement.column for check in table.checks)


def _column_not_null(expression: str) -> str:
    """The column of "column IS NOT NULL", as the catalog has it; empty when the expression says something else."""
    found = re.fullmatch(r"(.+?)\s+IS\s+NOT\s+NULL", expression.strip("() "), re.IGNORECASE | re.DOTALL)
    if found is None:
        return ""
    name = found[1]
    return name[1:-1].replace('""', '"') if name.startswith('"') and name.endswith('"') else name.lower()
