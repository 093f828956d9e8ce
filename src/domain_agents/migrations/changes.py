"""What was asked, as operations: from DDL that a person would write, or from data. Both roads end in the same place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from domain_agents import ddl
from domain_agents.catalog import Schema
from domain_agents.engines import CannotSpell
from domain_agents.migrations.checking import plain
from domain_agents.operations import CannotPlan, operation_class, operation_kinds
from domain_agents.operations._asking import Change, Expressions, Request, table_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain_agents.dialects import Dialect, ReadStatement
    from domain_agents.engines import Engine
    from domain_agents.operations import Operation

ANNOTATIONS = frozenset({"loses_data", "loss", "rename_of", "confidence"})
"""What diff_schema says of a change besides what is to be done."""
_IGNORED = {"transaction", "session", "comment", "query"}


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation and the place in the request where it stands, for errors."""

    operation: Operation
    field: str


def from_sql(
    sql: str, reader: Dialect, engine: Engine, backfills: Mapping[str, str], schema: Schema | None = None
) -> tuple[Asked, ...]:
    """Operations from DDL, in order. `backfills` maps "table.column" to an expression.

    `schema` is today's: what a MODIFY changes shows only against the column as it is.

    Raises:
        CannotPlan: a statement that cannot be read, or is not a change there is an operation for; with its line.
    """
    request = _request(reader, engine, backfills)
    asked: list[Asked] = []
    for statement in reader.read(sql):
        where = f"sql, line {statement.line}"
        if statement.problem:
            raise CannotPlan(f"{where}: {statement.problem}: {_short(statement.sql)}", field="sql", way_out=_way_out())
        if statement.dropped:
            raise CannotPlan(
                f"{where}: the plan would lose {', '.join(statement.dropped)}: {_short(statement.sql)}",
                field="sql",
                way_out="leave that out, or write this statement by hand",
            )
        for atom in statement.atoms:
            if _is_ignored(atom, schema or Schema()):
                continue
            for single in (
                single
                for change in _changes(ddl.as_declared(atom, schema or Schema()), schema or Schema())
                for single in _singly(change)
            ):
                operation = _operation(single, request)
                if operation is None:
                    raise CannotPlan(
                        f"{where}: no plan for this statement yet: {_short(statement.sql)}",
                        field="sql",
                        way_out=_data_way_out(atom) or _way_out(),
                    )
                asked.append(Asked(operation, where))
    return tuple(asked)


def _is_ignored(atom: ddl.Statement, schema: Schema) -> bool:
    """What is no change of tables: a comment on a view's column is as little one as a comment on the view."""
    if isinstance(atom, ddl.SetComment):
        return schema.table(atom.table) is None and schema.view(atom.table) is not None
    return isinstance(atom, ddl.NoCatalogChange) and atom.kind in _IGNORED


def from_changes(
    changes: Sequence[Mapping[str, Any]],
    reader: Dialect,
    engine: Engine,
    backfills: Mapping[str, str],
    schema: Schema | None = None,
) -> tuple[Asked, ...]:
    """Operations from data: each change has a `kind` and that operation's fields. `schema` is today's, for its names.

    Raises:
        CannotPlan: a field is missing, is not what it must be, or does not belong to the kind.
    """
    request = _request(reader, engine, backfills)
    asked: list[Asked] = []
    for number, fields in enumerate(changes):
        change = Change(_declared(fields, schema), f"changes[{number}]", request)
        kind = str(fields.get("kind", ""))
        if kind not in operation_kinds():
            near = get_close_matches(kind, operation_kinds(), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise change.fail("kind", f"there is no such change{hint}", f"one of {', '.join(operation_kinds())}")
        made = operation_class(kind)
        known = {"kind", *(field.name for field in made.FIELDS)} | ({"table"} if has_table(made) else set())
        if "definition" in fields and "definition" not in known:
            asked.append(Asked(_defined(change, kind, reader, engine, backfills), change.where))
            continue
        foreign = sorted(set(fields) - known - ANNOTATIONS)
        if foreign:
            raise change.fail(foreign[0], f"is not a field of {kind}", f"fields: {', '.join(sorted(known))}")
        operation = made.from_change(change)
        for atom in _single(operation.statement):
            _read_back(change, atom, reader, engine)
        asked.append(Asked(operation, change.where))
    return tuple(asked)


def _declared(fields: Mapping[str, Any], schema: Schema | None) -> Mapping[str, Any]:
    table = fields.get("table")
    if schema is None or not isinstance(table, str) or not table:
        return fields
    return ddl.declared_fields(fields, table_name(table), schema)


def has_table(operation: type[Operation]) -> bool:
    """Whether the change is one of a table; a type or a view has a name of its own."""
    return getattr(operation, "HAS_TABLE", True)


def _defined(change: Change, kind: str, reader: Dialect, engine: Engine, backfills: Mapping[str, str]) -> Operation:
    """The operation of a change that brings its own DDL, as those of diff_schema do where fields do not say it all.

    Raises:
        CannotPlan: the DDL is not this one change.
    """
    definition = change.text("definition", '"CREATE TABLE notes (id bigint PRIMARY KEY)"')
    try:
        found = from_sql(definition, reader, engine, backfills)
    except CannotPlan as error:
        raise change.fail("definition", str(error), error.way_out) from error
    if len(found) != 1 or found[0].operation.kind != kind:
        does = ", ".join(one.operation.kind for one in found) or "nothing"
        raise change.fail("definition", f"does {does}, not one {kind}", "write the one statement that the change is")
    operation = found[0].operation
    if "table" in change.fields and table_name(str(change.fields["table"])).name != operation.table.name:
        raise change.fail("definition", f"is of {operation.table}", f"write it for {change.fields['table']}")
    return operation


def check_backfills(asked: Sequence[Asked], reader: Dialect, backfills: Mapping[str, str]) -> None:
    """Every backfill belongs to a change of the request and is one expression.

    Raises:
        CannotPlan: it is not.
    """
    wanted: set[str] = set()
    for operation in (one.operation for one in asked):
        if operation.filled_column:
            wanted |= {
                f"{operation.table}.{operation.filled_column}",
                f"{operation.table.name}.{operation.filled_column}",
            }
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


def _but_settings(read: Sequence[ReadStatement]) -> list[ddl.Statement]:
    """What statements say, without the settings that an engine puts around one."""
    atoms = [atom for statement in read for atom in statement.atoms]
    return [atom for atom in atoms if not (isinstance(atom, ddl.NoCatalogChange) and atom.kind == "session")]


def _request(reader: Dialect, engine: Engine, backfills: Mapping[str, str]) -> Request:
    def read(sql: str) -> tuple[tuple[ddl.Statement, ...], str]:
        found = reader.read(sql)
        if len(found) != 1:
            return (), f"it is {len(found)} statements"
        return found[0].atoms, found[0].problem

    return Request(engine, Expressions(reader.fault, reader.is_volatile, read), backfills)


def _operation(atom: ddl.Statement, request: Request) -> Operation | None:
    for kind in operation_kinds():
        operation = operation_class(kind).from_statement(atom, request)
        if operation is not None:
            return operation
    return None


def _changes(atom: ddl.Statement, schema: Schema) -> tuple[ddl.Statement, ...]:
    """What a statement that writes a column anew changes of it; any other statement as it is."""
    if not isinstance(atom, ddl.ModifyColumn):
        return (atom,)
    try:
        return atom.changes(schema)
    except ddl.DoesNotApply as error:
        raise CannotPlan(
            f"sql: {error}: what MODIFY changes shows only against today's definition",
            field="schema",
            way_out="give today's CREATE TABLE in `schema`",
        ) from error


def _singly(atom: ddl.Statement) -> tuple[ddl.Statement, ...]:
    """A column with constraints written on it, as the column and then each constraint: each has its own road."""
    if not isinstance(atom, ddl.AddColumn):
        return (atom,)
    constraints = tuple(ddl.AddConstraint(atom.table, constraint) for constraint in atom.constraints)
    return (replace(atom, constraints=()), *constraints)


def _way_out() -> str:
    return f"planned today: {', '.join(kind.replace('_', ' ') for kind in operation_kinds())}; leave the others out"


def _short(sql: str) -> str:
    line = " ".join(sql.split())
    return line if len(line) <= 120 else line[:117] + "..."


def _data_way_out(atom: ddl.Statement) -> str:
    if isinstance(atom, ddl.NoCatalogChange) and atom.kind == "data":
        return (
            'leave data changes out; values for existing rows are given as "backfill": {"table.column": "<expression>"}'
        )
    return ""


def _single(statement: ddl.Statement) -> tuple[ddl.Statement, ...]:
    """The statements in one that no engine has: those whose text a person gave parts of."""
    if isinstance(statement, ddl.ReshapeColumns):
        return statement.added
    return (ddl.AddColumn(statement.to, statement.added),) if isinstance(statement, ddl.MoveColumn) else (statement,)


def _comparable(atom: ddl.Statement) -> ddl.Statement:
    """The atom without the text that it was read from."""
    return replace(atom, table=plain(atom.table)) if isinstance(atom, ddl.CreateTable) else atom


def _read_back(change: Change, atom: ddl.Statement, reader: Dialect, engine: Engine) -> None:
    """Spell the statement and read it again: what a text smuggles in, or cannot be, shows as another statement."""
    try:
        spelled = engine.spell(atom, Schema())
    except CannotSpell:
        # It takes today's schema to write it (a table rebuild); the rendered file is read back all the same.
        return
    sql = "; ".join(spelled)
    read = reader.read(sql)
    if len(read) == len(spelled) and tuple(map(_comparable, _but_settings(read))) == (_comparable(atom),):
        return
    if isinstance(atom, ddl.Verbatim) and len(read) == len(spelled) and not any(one.problem for one in read):
        return
    problem = read[0].problem if read and read[0].problem else "it is read as something else than was asked"
    way_out = "correct the name, type or expression in it"
    raise CannotPlan(f"{change.where}: {problem}: {_short(sql)}", field=change.where, way_out=way_out)
