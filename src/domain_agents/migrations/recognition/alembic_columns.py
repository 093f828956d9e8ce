"""SQLAlchemy's columns, types and constraints as DDL text, from their source."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Unreadable(Exception):
    """Source whose effect is not plain from its text; the message says why."""


_TEXT_CALLS = frozenset({"text", "literal_column", "f", "dedent", "quoted_name", "conv"})
_SAME_NAME = frozenset(
    [
        "SMALLINT",
        "INTEGER",
        "INT",
        "BIGINT",
        "REAL",
        "DATE",
        "TEXT",
        "JSON",
        "JSONB",
        "INET",
        "CIDR",
        "MACADDR",
        "TSVECTOR",
        "HSTORE",
        "CITEXT",
        "MONEY",
        "OID",
        "INT4RANGE",
        "INT8RANGE",
        "NUMRANGE",
        "TSRANGE",
        "TSTZRANGE",
        "DATERANGE",
        "BYTEA",
        "BLOB",
        "DATETIME",
        "TINYINT",
        "MEDIUMINT",
        "LONGTEXT",
        "MEDIUMTEXT",
        "TINYTEXT",
        "YEAR",
        "DOUBLE",
        "LONGBLOB",
        "MEDIUMBLOB",
        "REGCLASS",
        "XML",
        "TSQUERY",
    ]
)
_GENERIC = {
    "SmallInteger": "SMALLINT",
    "Integer": "INTEGER",
    "BigInteger": "BIGINT",
    "Text": "TEXT",
    "UnicodeText": "TEXT",
    "Boolean": "BOOLEAN",
    "BOOLEAN": "BOOLEAN",
    "Date": "DATE",
    "Double": "DOUBLE PRECISION",
    "DOUBLE_PRECISION": "DOUBLE PRECISION",
    "Interval": "INTERVAL",
    "INTERVAL": "INTERVAL",
    "JSON": "JSON",
}
_SIZED = {
    "String": "VARCHAR",
    "Unicode": "VARCHAR",
    "AutoString": "VARCHAR",
    "VARCHAR": "VARCHAR",
    "NVARCHAR": "VARCHAR",
    "CHAR": "CHAR",
    "Numeric": "NUMERIC",
    "NUMERIC": "NUMERIC",
    "DECIMAL": "DECIMAL",
    "Float": "FLOAT",
    "FLOAT": "FLOAT",
    "BIT": "BIT",
    "VARBINARY": "VARBINARY",
}
_BY_ENGINE = {
    "DateTime": {"postgresql": "TIMESTAMP WITHOUT TIME ZONE", "": "DATETIME"},
    "LargeBinary": {"postgresql": "BYTEA", "": "BLOB"},
    "Uuid": {"postgresql": "UUID", "": "CHAR(32)"},
    "UUID": {"postgresql": "UUID", "": "CHAR(32)"},
}
_SERIAL = {"SMALLINT": "SMALLSERIAL", "INTEGER": "SERIAL", "BIGINT": "BIGSERIAL"}
_SERIAL_ENGINES = frozenset({"postgresql"})
_ENUM_ENGINES = frozenset({"postgresql"})


@dataclass(slots=True)
class ColumnParts:
    """What reading a column needs, and gathers: statements that must come before, and notes."""

    engine: str
    names: Mapping[str, ast.expr]
    notes: list[str]
    before: list[str] = field(default_factory=list)
    makes_types: bool = True
    """Whether an enum's type is made on the way: with a table it is, with a column Alembic expects it to be there."""


def called(node: ast.expr) -> str:
    """The last name of what is called: `create_table` of `op.create_table(...)`; empty for anything else."""
    target = node.func if isinstance(node, ast.Call) else node
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) else ""


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """A keyword argument."""
    return next((word.value for word in call.keywords if word.arg == name), None)


def literal(node: ast.expr) -> object:
    """The value of a constant; True for anything else, which is at least something."""
    return node.value if isinstance(node, ast.Constant) else True


def resolved(node: ast.expr, names: Mapping[str, ast.expr]) -> ast.expr:
    """What a name was given, where it was given something; else the node itself."""
    for _ in range(20):
        if not isinstance(node, ast.Name) or node.id not in names:
            break
        node = names[node.id]
    return node


def flag(call: ast.Call, name: str) -> bool:
    """Whether a keyword is given and true."""
    found = keyword(call, name)
    return found is not None and literal(found) is True


def quoted(name: str) -> str:
    """A name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def table_name(name: str, schema: str = "") -> str:
    """A table's name as SQL."""
    return f"{quoted(schema)}.{quoted(name)}" if schema else quoted(name)


def text_of(node: ast.expr, names: Mapping[str, ast.expr], depth: int = 0) -> str:
    """The text that source stands for.

    Raises:
        Unreadable: only running it would tell.
    """
    if depth > 20:
        raise Unreadable("the text is put together in too many steps")
    match node:
        case ast.Constant(value=str() as value):
            return value
        case ast.JoinedStr(values=values) if all(isinstance(value, ast.Constant) for value in values):
            return "".join(text_of(value, names, depth + 1) for value in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return text_of(left, names, depth + 1) + text_of(right, names, depth + 1)
        case ast.Name(id=name) if name in names:
            return text_of(names[name], names, depth + 1)
        case ast.Call(func=ast.Attribute(value=inner, attr="strip"), args=[]):
            return text_of(inner, names, depth + 1).strip()
        case ast.Call(args=[inner, *_]) if called(node) in _TEXT_CALLS:
            inside = text_of(inner, names, depth + 1)
            return textwrap.dedent(inside) if called(node) == "dedent" else inside
    raise Unreadable("the text is put together when it runs")


def listed(nodes: Iterable[ast.expr | None], names: Mapping[str, ast.expr]) -> list[str]:
    """Texts given one by one or as a list.

    Raises:
        Unreadable: one of them is not a literal.
    """
    found: list[str] = []
    for written in nodes:
        node = resolved(written, names) if written is not None else None
        if isinstance(node, ast.List | ast.Tuple):
            found.extend(text_of(element, names) for element in node.elts)
        elif node is None:
            raise Unreadable("columns are missing")
        else:
            found.append(text_of(node, names))
    return found


def type_sql(node: ast.expr, parts: ColumnParts) -> str:
    """A column type as SQL; a type of the project's own keeps its name, with a note."""
    node = resolved(node, parts.names)
    if isinstance(node, ast.Call) and called(node) == "with_variant" and isinstance(node.func, ast.Attribute):
        variants = [text_of(argument, parts.names) for argument in node.args[1:]]
        return type_sql(node.args[0] if parts.engine in variants else node.func.value, parts)
    name = called(node)
    call = node if isinstance(node, ast.Call) else ast.Call(func=node, args=[], keywords=[])
    if name in {"Enum", "ENUM"}:
        return _enum_sql(call, parts)
    if name == "ARRAY" and call.args:
        return f"{type_sql(call.args[0], parts)}[]"
    if name in {"DateTime", "TIMESTAMP", "Time", "TIME"}:
        return _time_sql(name, call, parts.engine)
    if name in _SIZED:
        return _SIZED[name] + _size(name, call)
    if name in _BY_ENGINE:
        return _BY_ENGINE[name].get(parts.engine, _BY_ENGINE[name][""])
    known = _GENERIC.get(name) or (name if name in _SAME_NAME else "")
    if known:
        return known
    if not name:
        raise Unreadable("the column's type is put together when it runs")
    parts.notes.append(f"{name} is a type of the project's own and stands under its name")
    return quoted(name)


def _time_sql(name: str, call: ast.Call, engine: str) -> str:
    zone = flag(call, "timezone") or (bool(call.args) and literal(call.args[0]) is True)
    if engine in _BY_ENGINE["DateTime"]:
        word = "TIME" if name.upper() == "TIME" else "TIMESTAMP"
        return f"{word} {'WITH' if zone else 'WITHOUT'} TIME ZONE"
    return {"DateTime": "DATETIME", "Time": "TIME"}.get(name, name)


def _size(name: str, call: ast.Call) -> str:
    names = ("length",) if "CHAR" in _SIZED[name] or name in {"BIT", "VARBINARY"} else ("precision", "scale")
    given: list[str] = []
    for position, word in enumerate(names):
        found = call.args[position] if position < len(call.args) else keyword(call, word)
        if isinstance(found, ast.Constant) and isinstance(found.value, int):
            given.append(str(found.value))
    return f"({', '.join(given)})" if given else ""


def _enum_sql(call: ast.Call, parts: ColumnParts) -> str:
    name = keyword(call, "name")
    try:
        labels = listed(call.args, parts.names)
    except Unreadable:
        if name is None:
            raise
        labels = []
        parts.notes.append(
            f"the labels of {text_of(name, parts.names)} are the application's; the type stands without them"
        )
    created = keyword(call, "create_type")
    native = keyword(call, "native_enum")
    if parts.engine in _ENUM_ENGINES and name is not None and (native is None or literal(native)):
        spelled = quoted(text_of(name, parts.names))
        statement = f"CREATE TYPE {spelled} AS ENUM ({', '.join(map(string, labels))})"
        if (created is None or literal(created)) and parts.makes_types and statement not in parts.before:
            parts.before.append(statement)
        return spelled
    return f"VARCHAR({max(map(len, labels))})" if labels else "VARCHAR"


def made_type_sql(call: ast.Call, engine: str, names: Mapping[str, ast.expr]) -> list[str] | None:
    """`some_enum.create(bind)` or `.drop(bind)` as SQL; None when it is something else."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in {"create", "drop"}:
        return None
    made = resolved(call.func.value, names)
    if not isinstance(made, ast.Call) or called(made) not in {"Enum", "ENUM"}:
        return None
    parts = ColumnParts(engine, names, [])
    made = ast.Call(func=made.func, args=made.args, keywords=[w for w in made.keywords if w.arg != "create_type"])
    spelled = _enum_sql(made, parts)
    if call.func.attr == "drop":
        return [f"DROP TYPE {spelled}"] if engine in _ENUM_ENGINES else []
    return parts.before


def string(text: str) -> str:
    """A text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def default_sql(node: ast.expr, engine: str, names: Mapping[str, ast.expr]) -> str:
    """A server default as SQL: DEFAULT ..., an identity, or a generated column."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return f"DEFAULT {string(node.value)}"
    name = called(node)
    if isinstance(node, ast.Call) and name == "Computed":
        return f"GENERATED ALWAYS AS ({text_of(node.args[0], names)}) STORED"
    if isinstance(node, ast.Call) and name == "Identity":
        return f"GENERATED {'ALWAYS' if flag(node, 'always') else 'BY DEFAULT'} AS IDENTITY"
    if name in {"true", "false"}:
        return f"DEFAULT {name}" if engine in _BY_ENGINE["DateTime"] else f"DEFAULT {int(name == 'true')}"
    if name in {"now", "current_timestamp"}:
        return "DEFAULT now()" if name == "now" and engine in _SERIAL_ENGINES else "DEFAULT CURRENT_TIMESTAMP"
    value = text_of(node, names)
    # SQLite takes a call only in parentheses.
    needs = engine not in _SERIAL_ENGINES and re.search(r"\(", value) and not value.lstrip().startswith(("(", "'"))
    return f"DEFAULT ({value})" if needs else f"DEFAULT {value}"


def column_sql(column: ast.Call, parts: ColumnParts, key: Sequence[str]) -> str:
    """A `Column(...)` as it stands in CREATE TABLE; `key` holds the columns of the table's primary key."""
    if not column.args:
        raise Unreadable("a column has no name")
    name = text_of(column.args[0], parts.names)
    rest = column.args[1:]
    kind = keyword(column, "type_")
    extras: list[ast.Call] = []
    for argument in rest:
        if isinstance(argument, ast.Call) and called(argument) in _COLUMN_EXTRAS:
            extras.append(argument)
        elif kind is None:
            kind = argument
        else:
            raise Unreadable(f"column {name} has an argument that is not known")
    spelled = _column_type(kind, extras, parts)
    words = [quoted(name), spelled]
    default = keyword(column, "server_default") or next(
        (e for e in extras if called(e) in {"Computed", "Identity"}), None
    )
    if default is not None and literal(default) is not None:
        words.append(default_sql(default, parts.engine, parts.names))
    elif list(key) == [name] and _counts_up(column, extras, parts.engine, spelled):
        words[1] = _SERIAL[spelled]
    nullable = keyword(column, "nullable")
    if name in key or (nullable is not None and literal(nullable) is False):
        words.append("NOT NULL")
    if flag(column, "unique") and not flag(column, "index"):
        words.append("UNIQUE")
    words.extend(_inline_foreign_key(e, parts) for e in extras if called(e) == "ForeignKey")
    words.extend(f"CHECK ({text_of(e.args[0], parts.names)})" for e in extras if called(e) == "CheckConstraint")
    return " ".join(words)


_COLUMN_EXTRAS = frozenset({"ForeignKey", "Computed", "Identity", "Sequence", "CheckConstraint", "FetchedValue"})


def _column_type(kind: ast.expr | None, extras: list[ast.Call], parts: ColumnParts) -> str:
    if kind is not None:
        return type_sql(kind, parts)
    raise Unreadable("a column has no type" + (", it follows its foreign key" if extras else ""))


def _counts_up(column: ast.Call, extras: list[ast.Call], engine: str, spelled: str) -> bool:
    given = keyword(column, "autoincrement")
    off = given is not None and literal(given) is False
    related = any(called(e) == "ForeignKey" for e in extras)
    return engine in _SERIAL_ENGINES and spelled in _SERIAL and not off and not related


def _inline_foreign_key(call: ast.Call, parts: ColumnParts) -> str:
    table, column = _target(text_of(call.args[0], parts.names))
    name = keyword(call, "name")
    named = (
        f"CONSTRAINT {quoted(text_of(name, parts.names))} " if name is not None and literal(name) is not None else ""
    )
    return f"{named}REFERENCES {table} ({quoted(column)}){_actions(call, parts.names)}"


def _target(text: str) -> tuple[str, str]:
    names = text.split(".")
    if len(names) < 2:
        raise Unreadable(f"the foreign key's target {text!r} names no column")
    return table_name(names[-2], ".".join(names[:-2])), names[-1]


def _actions(call: ast.Call, names: Mapping[str, ast.expr]) -> str:
    words = ""
    for argument, clause in (("ondelete", "ON DELETE"), ("onupdate", "ON UPDATE")):
        found = keyword(call, argument)
        if found is not None and literal(found) is not None:
            words += f" {clause} {text_of(found, names)}"
    if flag(call, "deferrable"):
        words += " DEFERRABLE"
    initially = keyword(call, "initially")
    if initially is not None and literal(initially) is not None:
        words += f" INITIALLY {text_of(initially, names)}"
    return words


def foreign_key_sql(
    local: Sequence[str],
    parent: str,
    remote: Sequence[str],
    call: ast.Call,
    names: Mapping[str, ast.expr],
    *,
    validated: bool,
) -> str:
    """FOREIGN KEY (...) REFERENCES ..."""
    columns = ", ".join(map(quoted, local))
    others = ", ".join(map(quoted, remote))
    unvalidated = " NOT VALID" if not validated or flag(call, "postgresql_not_valid") else ""
    return f"FOREIGN KEY ({columns}) REFERENCES {parent} ({others}){_actions(call, names)}{unvalidated}"


def constraint_sql(call: ast.Call, parts: ColumnParts) -> str:
    """A constraint of `create_table` as SQL; empty for what is not one."""
    kind = called(call)
    name = keyword(call, "name")
    named = (
        f"CONSTRAINT {quoted(text_of(name, parts.names))} " if name is not None and literal(name) is not None else ""
    )
    match kind:
        case "PrimaryKeyConstraint" | "UniqueConstraint":
            words = "PRIMARY KEY" if kind == "PrimaryKeyConstraint" else "UNIQUE"
            return f"{named}{words} ({', '.join(map(quoted, listed(call.args, parts.names)))})"
        case "CheckConstraint":
            return f"{named}CHECK ({text_of(call.args[0], parts.names)})"
        case "ForeignKeyConstraint":
            local = listed([call.args[0]], parts.names)
            targets = [_target(text) for text in listed([call.args[1]], parts.names)]
            remote = [column for _, column in targets]
            return named + foreign_key_sql(local, targets[0][0], remote, call, parts.names, validated=True)
    parts.notes.append(f"{kind or 'something'} in create_table was not understood")
    return ""
