"""What a revision's `upgrade()` sends to the server, read from its source without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from domain_agents.migrations.recognition.alembic_literal import from_text
from domain_agents.migrations.recognition.alembic_operations import (
    Unreadable,
    called,
    is_operation,
    operation_sql,
    text_of,
)

_HARMLESS = frozenset({"get_bind", "get_context", "f"})
_EXECUTES = frozenset({"execute", "exec_driver_sql"})
_MAX_CODE = 120
_DYNAMIC = "only running it would tell what it does"


@dataclass(frozen=True, slots=True)
class Call:
    """One statement, and whether it stands in an autocommit block."""

    sql: str
    line: int
    autocommit: bool


@dataclass(frozen=True, slots=True)
class UnreadCall:
    """Code in `upgrade()` that was not turned into SQL."""

    line: int
    text: str
    reason: str


@dataclass(slots=True)
class Upgrade:
    """What was read, in order."""

    calls: list[Call] = field(default_factory=list)
    unread: list[UnreadCall] = field(default_factory=list)


def read_upgrade(source: str, engine: str) -> Upgrade:
    """The SQL of a revision's `upgrade()`, spelled for an engine; what cannot be read is listed."""
    upgrade = Upgrade()
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 0
        upgrade.unread.append(UnreadCall(line, "", "this is not Python"))
        return upgrade
    return read_module(module, engine)


def read_module(module: ast.Module, engine: str) -> Upgrade:
    """The SQL of a parsed revision's `upgrade()`."""
    upgrade = Upgrade()
    function = next((n for n in module.body if isinstance(n, ast.FunctionDef) and n.name == "upgrade"), None)
    if function is None:
        upgrade.unread.append(UnreadCall(0, "", "there is no function upgrade()"))
        return upgrade
    reader = _Reader(engine, upgrade)
    for node in module.body:
        reader.remember(node)
    reader.read(function.body, autocommit=False, table=None)
    return upgrade


class _Reader:
    def __init__(self, engine: str, upgrade: Upgrade) -> None:
        self.engine = engine
        self.upgrade = upgrade
        self.names: dict[str, ast.expr] = {}

    def remember(self, node: ast.stmt) -> bool:
        """Keep what a plain assignment gives a name."""
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.names[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self.names[name] = value
            case _:
                return False
        return True

    def read(self, body: list[ast.stmt], *, autocommit: bool, table: ast.Call | None) -> None:
        for node in body:
            match node:
                case (
                    ast.Pass()
                    | ast.Expr(value=ast.Constant())
                    | ast.Import()
                    | ast.ImportFrom()
                    | ast.Return(value=None)
                ):
                    continue
                case ast.Expr(value=ast.Call() as call):
                    self._call(call, autocommit, table)
                case ast.With(items=[ast.withitem(context_expr=ast.Call() as call)], body=inner):
                    self._with(call, inner, autocommit)
                case ast.If():
                    self._if(node, autocommit, table)
                case _ if self.remember(node):
                    value = getattr(node, "value", None)
                    if isinstance(value, ast.Call) and (called(value) in _EXECUTES or is_operation(value)):
                        self._call(value, autocommit, table)
                case _:
                    self._unread(node, _DYNAMIC)

    def _if(self, node: ast.If, autocommit: bool, table: ast.Call | None) -> None:
        """A guard ("unless it is there already") is read as if it let pass, with a note; other branches are not read."""
        if not any(_acts(inner) for inner in ast.walk(node)):
            if any(isinstance(inner, ast.Return | ast.Raise) for inner in ast.walk(node)):
                self._unread(node, "what follows stands behind a condition and is read as if it ran")
            return
        if node.orelse or not _is_guard(node.test):
            self._unread(node, _DYNAMIC)
            return
        self._unread(node, "this stands behind a condition and is read as if it ran")
        self.read(node.body, autocommit=autocommit, table=table)

    def _with(self, call: ast.Call, inner: list[ast.stmt], autocommit: bool) -> None:
        name = called(call)
        if name == "autocommit_block":
            self.read(inner, autocommit=True, table=None)
        elif name == "batch_alter_table":
            self.read(inner, autocommit=autocommit, table=call)
        else:
            self._unread(call, _DYNAMIC)

    def _call(self, call: ast.Call, autocommit: bool, table: ast.Call | None) -> None:
        try:
            if called(call) in _EXECUTES and call.args:
                found = [self._executed(call)]
            else:
                found, notes = operation_sql(call, table, self.engine, self.names)
                self.upgrade.unread.extend(UnreadCall(call.lineno, _code(call), note) for note in notes)
        except Unreadable as error:
            self._unread(call, str(error))
            return
        for sql, line in found:
            self.upgrade.calls.append(Call(sql, line, autocommit))

    def _executed(self, call: ast.Call) -> tuple[str, int]:
        argument = call.args[0]
        if len(call.args) > 1 or any(word.arg not in {"execution_options", "sqltext"} for word in call.keywords):
            raise Unreadable("the statement has parameters")
        if isinstance(argument, ast.Call) and called(argument) == "DDL" and argument.args:
            sql = text_of(argument.args[0], self.names).replace("%%", "%")
        elif called(call) == "exec_driver_sql":
            sql = text_of(argument, self.names)
        else:
            sql = from_text(text_of(argument, self.names))
        blank = len(sql) - len(sql.lstrip())
        return sql.strip().rstrip(";").rstrip(), argument.lineno + sql[:blank].count("\n")

    def _unread(self, node: ast.AST, reason: str) -> None:
        self.upgrade.unread.append(UnreadCall(getattr(node, "lineno", 0), _code(node), reason))


def _acts(node: ast.AST) -> bool:
    """Whether source may change the database: a call of Alembic's, or of something that is not known."""
    if not isinstance(node, ast.Call):
        return False
    name = called(node)
    target = node.func
    by_alembic = (
        isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id.endswith("op")
    )
    return (
        is_operation(node)
        or name in _EXECUTES
        or (by_alembic and name not in _HARMLESS)
        or isinstance(target, ast.Name)
    )


def _is_guard(test: ast.expr) -> bool:
    """Whether a condition asks that something is not there yet."""
    match test:
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Compare(ops=[ast.NotIn()]):
            return True
    return False


def _code(node: ast.AST) -> str:
    text = ast.unparse(node)
    first = text.partition("\n")[0]
    return first if len(first) <= _MAX_CODE else first[:_MAX_CODE] + " ..."
