"""Alembic's operations as DDL text, from their source: what the schema of today is made of."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeAlias

from domain_agents.migrations.recognition.alembic_columns import (
    ColumnParts,
    Unreadable,
    called,
    column_sql,
    constraint_sql,
    default_sql,
    flag,
    foreign_key_sql,
    keyword,
    listed,
    literal,
    made_type_sql,
    quoted,
    resolved,
    table_name,
    text_of,
    type_sql,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Unreadable", "called", "is_operation", "operation_sql", "text_of"]

Found: TypeAlias = tuple[list[tuple[str, int]], list[str]]

_NO_DDL = frozenset({"bulk_insert", "get_bind", "get_context", "f"})


class Operation:
    """One call of `op.something` (or of a batch, then `table` is known), and what its source says."""

    def __init__(self, call: ast.Call, batch: ast.Call | None, engine: str, names: Mapping[str, ast.expr]) -> None:
        self.call = call
        self.batch = batch
        self.engine = engine
        self.names = names
        self.notes: list[str] = []

    def argument(self, position: int, name: str) -> ast.expr | None:
        """An argument of the operation, by place or by name; in a batch the table is not among them."""
        if position < len(self.call.args):
            return self.call.args[position]
        return keyword(self.call, name)

    def text(self, position: int, name: str) -> str:
        """A text argument that must be there.

        Raises:
            Unreadable: it is missing, or not a literal.
        """
        found = self.argument(position, name)
        if found is None:
            raise Unreadable(f"{called(self.call)} has no {name}")
        return text_of(found, self.names)

    def name(self, position: int, name: str) -> str:
        """The name of a constraint or an index; empty when it is None."""
        found = self.argument(position, name)
        if found is None or (isinstance(found, ast.Constant) and found.value is None):
            return ""
        return text_of(found, self.names)

    def table(self, position: int, name: str = "table_name") -> str:
        """The table, as SQL."""
        if self.batch is not None:
            target = self.batch.args[0] if self.batch.args else keyword(self.batch, "table_name")
            if target is None:
                raise Unreadable("batch_alter_table has no table")
            return table_name(text_of(target, self.names), self._schema(self.batch))
        return table_name(self.text(position, name), self._schema(self.call))

    def _schema(self, call: ast.Call) -> str:
        found = keyword(call, "schema")
        return "" if found is None or literal(found) is None else text_of(found, self.names)

    def after_table(self, position: int) -> int:
        """The place of an argument that follows the table's, which a batch leaves out."""
        return position - 1 if self.batch is not None else position


def operation_sql(call: ast.Call, batch: ast.Call | None, engine: str, names: Mapping[str, ast.expr]) -> Found:
    """The DDL of one operation with its lines, and notes on what in it was not understood.

    Raises:
        Unreadable: with the reason.
    """
    kind = called(call)
    if kind in _NO_DDL:
        return [], []
    made = made_type_sql(call, engine, names)
    if made is not None:
        return [(sql, call.lineno) for sql in made], []
    spell = _SPELLINGS.get(kind)
    if spell is None:
        raise Unreadable(f"{kind or 'this call'} is not an operation that is read")
    operation = Operation(call, batch, engine, names)
    return [(sql, call.lineno) for sql in spell(operation)], operation.notes


def is_operation(call: ast.Call) -> bool:
    """Whether a call is one that changes the schema."""
    return called(call) in _SPELLINGS


def _create_table(op: Operation) -> list[str]:
    table = op.table(0)
    parts = ColumnParts(op.engine, op.names, op.notes)
    columns: list[ast.Call] = []
    constraints: list[ast.Call] = []
    for written in op.call.args[1:]:
        argument = resolved(written, op.names)
        if not isinstance(argument, ast.Call):
            raise Unreadable("a column of the table is not written out")
        (columns if called(argument) == "Column" else constraints).append(argument)
    key = [n for c in constraints if called(c) == "PrimaryKeyConstraint" for n in listed(c.args, op.names)]
    key = key or [text_of(c.args[0], op.names) for c in columns if flag(c, "primary_key")]
    lines = [column_sql(column, parts, key) for column in columns]
    if key and not any(called(c) == "PrimaryKeyConstraint" for c in constraints):
        lines.append(f"PRIMARY KEY ({', '.join(map(quoted, key))})")
    lines.extend(sql for c in constraints if (sql := constraint_sql(c, parts)))
    found = [*parts.before, f"CREATE TABLE {table} (\n    " + ",\n    ".join(lines) + "\n)"]
    for column in columns:
        if flag(column, "index"):
            name = text_of(column.args[0], op.names)
            bare = op.text(0, "table_name")
            unique = "UNIQUE " if flag(column, "unique") else ""
            found.append(f"CREATE {unique}INDEX {quoted(f'ix_{bare}_{name}')} ON {table} ({quoted(name)})")
    return found


def _add_column(op: Operation) -> list[str]:
    table = op.table(0)
    given = op.argument(op.after_table(1), "column")
    column = resolved(given, op.names) if given is not None else None
    if not isinstance(column, ast.Call):
        raise Unreadable("the column is not written out")
    parts = ColumnParts(op.engine, op.names, op.notes, makes_types=False)
    sql = column_sql(column, parts, [])
    return [*parts.before, f"ALTER TABLE {table} ADD COLUMN {sql}"]


def _drop_column(op: Operation) -> list[str]:
    return [f"ALTER TABLE {op.table(0)} DROP COLUMN {quoted(op.text(op.after_table(1), 'column_name'))}"]


def _alter_column(op: Operation) -> list[str]:
    table = op.table(0)
    name = op.text(op.after_table(1), "column_name")
    column = f"ALTER TABLE {table} ALTER COLUMN {quoted(name)}"
    found: list[str] = []
    kind = keyword(op.call, "type_")
    if kind is not None:
        parts = ColumnParts(op.engine, op.names, op.notes, makes_types=False)
        using = keyword(op.call, "postgresql_using")
        suffix = f" USING {text_of(using, op.names)}" if using is not None else ""
        found.extend([*parts.before, f"{column} TYPE {type_sql(kind, parts)}{suffix}"])
    nullable = keyword(op.call, "nullable")
    if nullable is not None:
        found.append(f"{column} {'DROP' if literal(nullable) else 'SET'} NOT NULL")
    default = keyword(op.call, "server_default")
    if default is not None and literal(default) is not False:
        gone = isinstance(default, ast.Constant) and default.value is None
        found.append(f"{column} DROP DEFAULT" if gone else f"{column} SET {default_sql(default, op.engine, op.names)}")
    renamed = keyword(op.call, "new_column_name")
    if renamed is not None:
        found.append(f"ALTER TABLE {table} RENAME COLUMN {quoted(name)} TO {quoted(text_of(renamed, op.names))}")
    return found


def _create_index(op: Operation) -> list[str]:
    name = op.text(0, "index_name")
    table = op.table(1)
    given = op.argument(op.after_table(2), "columns")
    columns = resolved(given, op.names) if given is not None else None
    if not isinstance(columns, ast.List | ast.Tuple):
        raise Unreadable("the index's columns are not written out")
    keys = [
        text_of(key, op.names) if isinstance(key, ast.Call) else quoted(text_of(key, op.names)) for key in columns.elts
    ]
    words = ["CREATE"]
    if flag(op.call, "unique"):
        words.append("UNIQUE")
    words.append("INDEX")
    if flag(op.call, "postgresql_concurrently"):
        words.append("CONCURRENTLY")
    if flag(op.call, "if_not_exists"):
        words.append("IF NOT EXISTS")
    using = keyword(op.call, "postgresql_using")
    method = f" USING {text_of(using, op.names)}" if using is not None else ""
    where = keyword(op.call, "postgresql_where") or keyword(op.call, "sqlite_where")
    condition = f" WHERE {text_of(where, op.names)}" if where is not None and literal(where) is not None else ""
    include = keyword(op.call, "postgresql_include")
    included = f" INCLUDE ({', '.join(map(quoted, listed([include], op.names)))})" if include is not None else ""
    return [f"{' '.join(words)} {quoted(name)} ON {table}{method} ({', '.join(keys)}){included}{condition}"]


def _drop_index(op: Operation) -> list[str]:
    concurrently = "CONCURRENTLY " if flag(op.call, "postgresql_concurrently") else ""
    exists = "IF EXISTS " if flag(op.call, "if_exists") else ""
    schema = keyword(op.call, "schema")
    prefix = f"{quoted(text_of(schema, op.names))}." if schema is not None and literal(schema) is not None else ""
    return [f"DROP INDEX {concurrently}{exists}{prefix}{quoted(op.text(0, 'index_name'))}"]


def _named(name: str) -> str:
    return f"CONSTRAINT {quoted(name)} " if name else ""


def _create_foreign_key(op: Operation) -> list[str]:
    name = op.name(0, "constraint_name")
    source = op.table(1, "source_table")
    referent = op.text(op.after_table(2), "referent_table")
    schema = keyword(op.call, "referent_schema")
    parent = table_name(referent, text_of(schema, op.names) if schema is not None and literal(schema) else "")
    local = listed([op.argument(op.after_table(3), "local_cols")], op.names)
    remote = listed([op.argument(op.after_table(4), "remote_cols")], op.names)
    return [
        f"ALTER TABLE {source} ADD {_named(name)}"
        + foreign_key_sql(local, parent, remote, op.call, op.names, validated=True)
    ]


def _create_unique_constraint(op: Operation) -> list[str]:
    table = op.table(1)
    columns = listed([op.argument(op.after_table(2), "columns")], op.names)
    return [f"ALTER TABLE {table} ADD {_named(op.name(0, 'name'))}UNIQUE ({', '.join(map(quoted, columns))})"]


def _create_primary_key(op: Operation) -> list[str]:
    table = op.table(1)
    columns = listed([op.argument(op.after_table(2), "columns")], op.names)
    return [f"ALTER TABLE {table} ADD {_named(op.name(0, 'name'))}PRIMARY KEY ({', '.join(map(quoted, columns))})"]


def _create_check_constraint(op: Operation) -> list[str]:
    table = op.table(1)
    condition = op.text(op.after_table(2), "condition")
    unvalidated = " NOT VALID" if flag(op.call, "postgresql_not_valid") else ""
    return [f"ALTER TABLE {table} ADD {_named(op.name(0, 'name'))}CHECK ({condition}){unvalidated}"]


def _drop_constraint(op: Operation) -> list[str]:
    exists = "IF EXISTS " if flag(op.call, "if_exists") else ""
    return [f"ALTER TABLE {op.table(1)} DROP CONSTRAINT {exists}{quoted(op.text(0, 'constraint_name'))}"]


def _drop_table(op: Operation) -> list[str]:
    return [f"DROP TABLE {'IF EXISTS ' if flag(op.call, 'if_exists') else ''}{op.table(0)}"]


def _rename_table(op: Operation) -> list[str]:
    return [f"ALTER TABLE {op.table(0, 'old_table_name')} RENAME TO {quoted(op.text(1, 'new_table_name'))}"]


def _comment(_: Operation) -> list[str]:
    return []


_SPELLINGS: dict[str, Callable[[Operation], list[str]]] = {
    "create_table": _create_table,
    "add_column": _add_column,
    "drop_column": _drop_column,
    "alter_column": _alter_column,
    "create_index": _create_index,
    "drop_index": _drop_index,
    "create_foreign_key": _create_foreign_key,
    "create_unique_constraint": _create_unique_constraint,
    "create_primary_key": _create_primary_key,
    "create_check_constraint": _create_check_constraint,
    "drop_constraint": _drop_constraint,
    "drop_table": _drop_table,
    "rename_table": _rename_table,
    "create_table_comment": _comment,
    "drop_table_comment": _comment,
}
