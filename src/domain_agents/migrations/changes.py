"""What was asked, as operations: from DDL that a person would write, or from data. Both roads end in the same place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from domain_agents import ddl
from domain_agents.catalog import Column, ForeignKey, Index, IndexKey, Schema, TableName
from domain_agents.engines import CannotSpell, Engine
from domain_agents.operations import CannotPlan, Operation, operation_kinds
from domain_agents.operations.add_column import AddColumn
from domain_agents.operations.add_foreign_key import AddForeignKey
from domain_agents.operations.create_index import CreateIndex
from domain_agents.operations.set_not_null import SetNotNull

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain_agents.dialects import Dialect

_ACTIONS = ("NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT")
_IGNORED = {"transaction", "session", "comment", "query"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The road that a request came on: where in it an operation stands, for errors."""

    operation: Operation
    field: str


def from_sql(sql: str, reader: Dialect, engine: Engine, backfills: Mapping[str, str]) -> tuple[Asked, ...]:
    """Operations from DDL, in order. `backfills` maps "table.column" to an expression.

    Raises:
        CannotPlan: a statement that cannot be read, or is not a change there is an operation for; with its line.
    """
    asked: list[Asked] = []
    for statement in reader.read(sql):
        where = f"sql, line {statement.line}"
        if statement.problem:
            raise CannotPlan(
                f"{where}: {statement.problem}: {_short(statement.sql)}", field="sql", way_out=_DDL_WAY_OUT
            )
        for atom in statement.atoms:
            if isinstance(atom, ddl.NoCatalogChange) and atom.kind in _IGNORED:
                continue
            operations = _operations(atom, engine, backfills)
            if not operations:
                raise CannotPlan(
                    f"{where}: no plan for this statement yet: {_short(statement.sql)}",
                    field="sql",
                    way_out=_data_way_out(atom) or _DDL_WAY_OUT,
                )
            asked.extend(Asked(operation, where) for operation in operations)
    return tuple(asked)


def from_changes(
    changes: Sequence[Mapping[str, Any]], reader: Dialect, engine: Engine, backfills: Mapping[str, str]
) -> tuple[Asked, ...]:
    """Operations from data: each change has a `kind` and that operation's fields.

    Raises:
        CannotPlan: a field is missing, or its text is not what it must be.
    """
    return tuple(
        Asked(_from_change(change, f"changes[{number}]", reader, engine, backfills), f"changes[{number}]")
        for number, change in enumerate(changes)
    )


def check_backfills(asked: Sequence[Asked], reader: Dialect, backfills: Mapping[str, str]) -> None:
    """Every backfill belongs to a change of the request and is one expression.

    Raises:
        CannotPlan: it is not.
    """
    wanted: set[str] = set()
    for operation in (one.operation for one in asked):
        column = _column_of(operation)
        if column is not None:
            wanted |= {f"{operation.table}.{column}", f"{operation.table.name}.{column}"}
    for name, expression in backfills.items():
        if name not in wanted:
            raise CannotPlan(
                f"backfill[{name!r}]: no change in this request adds or tightens that column",
                field="backfill",
                way_out=f"write table.column: {', '.join(sorted(wanted)) or 'no change here needs a backfill'}",
            )
        fault = reader.fault(expression)
        if fault:
            raise CannotPlan(
                f"backfill[{name!r}]: {fault}",
                field="backfill",
                way_out="write one SQL expression, such as lower(email)",
            )


_DDL_WAY_OUT = (
    "planned today: ADD COLUMN, CREATE INDEX, ADD FOREIGN KEY, ALTER COLUMN ... SET NOT NULL; leave the others out"
)


def _short(sql: str) -> str:
    line = " ".join(sql.split())
    return line if len(line) <= 120 else line[:117] + "..."


def _data_way_out(atom: ddl.Statement) -> str:
    if isinstance(atom, ddl.NoCatalogChange) and atom.kind == "data":
        return 'leave data changes out and give the value as "backfill": {"table.column": "<SQL expression>"}'
    return ""


def _column_of(operation: Operation) -> str | None:
    match operation:
        case AddColumn():
            return operation.column.name
        case SetNotNull():
            return operation.column
    return None


def _backfill_for(table: TableName, column: str, backfills: Mapping[str, str]) -> str | None:
    return backfills.get(f"{table}.{column}", backfills.get(f"{table.name}.{column}"))


def _operations(atom: ddl.Statement, engine: Engine, backfills: Mapping[str, str]) -> tuple[Operation, ...]:
    """The operations that one DDL atom asks for; none when there is no operation for it."""
    match atom:
        case ddl.AddColumn(constraints=constraints) if all(isinstance(c, ForeignKey) for c in constraints):
            column = AddColumn(
                atom.table,
                atom.column,
                _backfill_for(atom.table, atom.column.name, backfills),
                atom.default_is_volatile,
            )
            keys = (AddForeignKey(atom.table, key) for key in constraints if isinstance(key, ForeignKey))
            return (column, *keys)
        case ddl.SetNotNull():
            return (SetNotNull(atom.table, atom.column, _backfill_for(atom.table, atom.column, backfills)),)
        case ddl.CreateIndex():
            return (CreateIndex(atom.index),)
        case ddl.AddConstraint(constraint=ForeignKey() as key):
            named = key if key.name else replace(key, name=engine.object_name(atom.table, key.columns, "fkey"))
            return (AddForeignKey(atom.table, replace(named, validated=True)),)
    return ()


class _Change:
    """One change given as data, read field by field."""

    def __init__(self, fields: Mapping[str, Any], where: str) -> None:
        self.fields = fields
        self.where = where

    def fail(self, field: str, fault: str, way_out: str) -> CannotPlan:
        return CannotPlan(f"{self.where}.{field}: {fault}", field=f"{self.where}.{field}", way_out=way_out)

    def text(self, field: str, example: str) -> str:
        value = self.fields.get(field)
        if not isinstance(value, str) or not value.strip():
            raise self.fail(field, "is missing", f"for example {example}")
        return value

    def names(self, field: str, example: str) -> tuple[str, ...]:
        value = self.fields.get(field)
        if not value:
            raise self.fail(field, "is missing", f"for example {example}")
        return tuple(value)

    def table(self, field: str = "table") -> TableName:
        return table_name(self.text(field, '"users" or "public.users"'))


def table_name(text: str) -> TableName:
    """A table's name from text: "users", "app.users", or quoted parts where a name holds a dot."""
    if text.startswith('"') and text.endswith('"') and text.count('"') > 1:
        parts = text[1:-1].split('"."')
        if len(parts) <= 2:
            *schema, name = (part.replace('""', '"') for part in parts)
            return TableName(name, schema[0] if schema else "")
    schema_name, dot, name = text.partition(".")
    return TableName(name, schema_name) if dot and name and schema_name else TableName(text)


def _from_change(
    fields: Mapping[str, Any], where: str, reader: Dialect, engine: Engine, backfills: Mapping[str, str]
) -> Operation:
    change = _Change(fields, where)
    kind = str(fields.get("kind", ""))
    builders = {
        "add_column": _add_column,
        "create_index": _create_index,
        "add_foreign_key": _add_foreign_key,
        "set_not_null": _set_not_null,
    }
    if kind not in builders:
        near = get_close_matches(kind, operation_kinds(), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise change.fail("kind", f"there is no change {kind!r}{hint}", f"one of {', '.join(operation_kinds())}")
    return builders[kind](change, reader, engine, backfills)


def _add_column(change: _Change, reader: Dialect, engine: Engine, backfills: Mapping[str, str]) -> Operation:
    table = change.table()
    default = change.fields.get("default")
    column = Column(
        name=change.text("column", '"locale"'),
        type=change.text("type", '"text"').strip(),
        nullable=bool(change.fields.get("nullable", True)),
        default=default.strip() if isinstance(default, str) else None,
    )
    backfill = change.fields.get("backfill") or _backfill_for(table, column.name, backfills)
    if column.default is not None and (fault := reader.fault(column.default)):
        raise change.fail("default", fault, "write one SQL expression, such as 'en' with its quotes, or now()")
    _check_expression(change, "backfill", backfill, reader)
    volatile = column.default is not None and reader.is_volatile(column.default)
    atom = ddl.AddColumn(table, column, default_is_volatile=volatile)
    _read_back(change, "type", atom, reader, engine)
    return AddColumn(table, column, backfill, volatile)


def _set_not_null(change: _Change, reader: Dialect, engine: Engine, backfills: Mapping[str, str]) -> Operation:
    del engine
    table, column = change.table(), change.text("column", '"locale"')
    backfill = change.fields.get("backfill") or _backfill_for(table, column, backfills)
    _check_expression(change, "backfill", backfill, reader)
    return SetNotNull(table, column, backfill)


def _create_index(change: _Change, reader: Dialect, engine: Engine, backfills: Mapping[str, str]) -> Operation:
    del backfills
    table = change.table()
    keys = tuple(_index_key(text) for text in change.names("columns", '["email"] or ["lower(email)"]'))
    index = Index(
        name=change.fields.get("name") or engine.object_name(table, tuple(key.label for key in keys), "idx"),
        table=table,
        keys=keys,
        unique=bool(change.fields.get("unique", False)),
        method=change.fields.get("method") or "",
        include=tuple(change.fields.get("include") or ()),
        where=change.fields.get("where") or None,
    )
    for key in keys:
        if key.is_expression:
            _check_expression(change, "columns", key.text, reader)
    _check_expression(change, "where", index.where, reader)
    _read_back(change, "columns", ddl.CreateIndex(index), reader, engine)
    return CreateIndex(index)


def _index_key(text: str) -> IndexKey:
    """A key as people write it: a column, a column with DESC, or an expression with brackets."""
    stripped = text.strip()
    upper = stripped.upper()
    descending = upper.endswith(" DESC")
    if descending or upper.endswith(" ASC"):
        stripped = stripped.rpartition(" ")[0].strip()
    is_expression = "(" in stripped
    if stripped.startswith("(") and stripped.endswith(")"):
        stripped = stripped[1:-1].strip()
    return IndexKey(stripped, is_expression, descending)


def _add_foreign_key(change: _Change, reader: Dialect, engine: Engine, backfills: Mapping[str, str]) -> Operation:
    del reader, backfills
    table = change.table()
    columns = change.names("columns", '["user_id"]')
    parent_columns = tuple(change.fields.get("parent_columns") or ())
    if parent_columns and len(parent_columns) != len(columns):
        raise change.fail("parent_columns", "must be as many as columns", "leave it out for the parent's primary key")
    actions = {}
    for field in ("on_delete", "on_update"):
        action = str(change.fields.get(field) or "NO ACTION").upper().replace("_", " ")
        if action not in _ACTIONS:
            raise change.fail(field, f"there is no action {action!r}", f"one of {', '.join(_ACTIONS)}")
        actions[field] = action
    key = ForeignKey(
        columns=columns,
        parent=change.table("parent"),
        parent_columns=parent_columns,
        name=change.fields.get("name") or engine.object_name(table, columns, "fkey"),
        on_delete=actions["on_delete"],
        on_update=actions["on_update"],
    )
    return AddForeignKey(table, key)


def _check_expression(change: _Change, field: str, expression: str | None, reader: Dialect) -> None:
    if expression is not None and (fault := reader.fault(expression)):
        raise change.fail(field, fault, "write one SQL expression")


def _read_back(change: _Change, field: str, atom: ddl.Statement, reader: Dialect, engine: Engine) -> None:
    """Spell the statement and read it again: what a text smuggles in, or cannot be, shows as another statement."""
    try:
        sql = "; ".join(engine.spell(atom, Schema()))
    except CannotSpell as error:
        raise change.fail(field, str(error), "correct it") from error
    read = reader.read(sql)
    if len(read) == 1 and read[0].atoms == (atom,):
        return
    problem = read[0].problem if read and read[0].problem else "it is read as something else than was asked"
    raise change.fail(field, f"{problem}: {_short(sql)}", "correct the name, type or expression")
