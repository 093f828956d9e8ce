"""Calls on Sequelize's query interface as DDL: objects of attributes, in the engine's own SQL.

Source: https://sequelize.org/docs/v6/other-topics/query-interface/, lib/dialects/*/data-types.js of 6.37; read 2026-11-21.
Compared with the tables that Sequelize makes in tests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.migrations.recognition.builders import BACKTICKED, Builder, Built
from domain_agents.migrations.recognition.call_chains import Unreadable, closing, constant, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CALL = re.compile(
    r"\bqueryInterface\.(createTable|dropTable|renameTable|addColumn|removeColumn|renameColumn|addIndex|removeIndex)\("
)
_TYPE = re.compile(r"(?:Sequelize|DataTypes)\.(?:DataTypes\.)?(\w+)((?:\([^()]*\)|\.\w+)*)")
_NAME = re.compile(r"""\s*(?:(\w+)|'([^']*)'|"([^"]*)")\s*:\s*""")
_COMMON = {"INTEGER": "integer", "BIGINT": "bigint", "SMALLINT": "smallint", "TEXT": "text", "DATEONLY": "date",
           "TIME": "time", "JSON": "json"}  # fmt: skip
_OF = {
    "postgresql": {
        "BOOLEAN": "boolean", "DATE": "timestamp with time zone", "UUID": "uuid", "JSONB": "jsonb", "BLOB": "bytea",
        "DOUBLE": "double precision", "FLOAT": "double precision", "REAL": "real", "INET": "inet", "CITEXT": "citext",
    },
    "sqlite": {"BOOLEAN": "tinyint(1)", "DATE": "datetime", "UUID": "uuid", "BLOB": "blob", "DOUBLE": "double",
               "FLOAT": "float"},
    "mysql": {"INTEGER": "int", "BOOLEAN": "tinyint(1)", "DATE": "datetime", "UUID": "char(36) BINARY", "BLOB": "blob",
              "DOUBLE": "double precision", "FLOAT": "float"},
}  # fmt: skip


def calls(body: str, engine: str) -> Iterator[Built]:
    """The query interface's calls in source whose comments are gone, in order."""
    for found in _CALL.finditer(body):
        end = closing(body, found.end() - 1)
        if end < 0:
            continue
        try:
            parts = list(split(body[found.end() : end]))
            done = tuple(_KNOWN[found.group(1)](parts, engine))
            yield Built(found.start(), end + 1, done)
        except (Unreadable, IndexError):
            yield Built(found.start(), end + 1, (), ((found.start(), f"queryInterface.{found.group(1)}"),))


def _create_table(parts: list[str], engine: str) -> Iterator[str]:
    table = _text(parts[0])
    builder = Builder(table, engine, is_new=True)
    for name, value in _properties(parts[1]):
        _column(builder, name, value)
    yield from builder.statements()


def _add_column(parts: list[str], engine: str) -> Iterator[str]:
    builder = Builder(_text(parts[0]), engine, is_new=False)
    _column(builder, _text(parts[1]), parts[2])
    yield from builder.statements()


def _column(builder: Builder, name: str, source: str) -> None:
    """One attribute: an object, or its type alone.

    Raises:
        Unreadable: its type is none that is known here.
    """
    given = dict(_properties(source)) if source.strip().startswith("{") else {"type": source}
    kind = _type(given.get("type", ""), builder)
    if constant(given.get("autoIncrement", "")) is True:
        # Sequelize makes serials on PostgreSQL.
        kind = {"integer": "serial", "bigint": "bigserial"}.get(kind, kind) if builder.engine == "postgresql" else kind
        kind += " AUTO_INCREMENT" if builder.engine in BACKTICKED else ""
    key = constant(given.get("primaryKey", "")) is True
    words = [builder.quoted(given_name(given, name)), kind]
    words.append("NOT NULL" if key or constant(given.get("allowNull", "")) is False else "")
    if "defaultValue" in given:
        words.append(f"DEFAULT {_default(given['defaultValue'])}")
    words.append("PRIMARY KEY" if key else "UNIQUE" if constant(given.get("unique", "")) is True else "")
    if "references" in given:
        words.append(_references(given, builder))
    column = " ".join(word for word in words if word)
    if builder.is_new:
        builder.parts.append(column)
    else:
        builder.after.append(f"ALTER TABLE {builder.quoted(builder.table)} ADD COLUMN {column}")


def given_name(given: dict[str, str], name: str) -> str:
    """The column of an attribute: `field`, where it is given."""
    field = constant(given.get("field", ""))
    return field if isinstance(field, str) else name


def _references(given: dict[str, str], builder: Builder) -> str:
    inner = dict(_properties(given["references"]))
    model = inner.get("model", "")
    target = constant(dict(_properties(model)).get("tableName", "") if model.strip().startswith("{") else model)
    key = constant(inner.get("key", "'id'"))
    if not isinstance(target, str) or not isinstance(key, str):
        raise Unreadable("references")
    rules = [
        f" ON {which} {rule.upper()}"
        for which, option in (("DELETE", "onDelete"), ("UPDATE", "onUpdate"))
        if isinstance(rule := constant(given.get(option, "")), str)
    ]
    return f"REFERENCES {builder.quoted(target)} ({builder.quoted(key)}){''.join(rules)}"


def _type(source: str, builder: Builder) -> str:
    found = _TYPE.fullmatch(source.strip())
    if found is None:
        raise Unreadable("type")
    name, more = found.groups()
    size = re.match(r"\(([^()]*)\)", more)
    numbers = [int(one) for one in re.findall(r"\d+", size.group(1))] if size else []
    family = "mysql" if builder.engine in BACKTICKED else builder.engine
    if name in {"STRING", "CHAR"}:
        return f"{'varchar' if name == 'STRING' else 'char'}({numbers[0] if numbers else 255})"
    if name in {"DECIMAL", "NUMERIC"}:
        return f"decimal({', '.join(map(str, numbers))})" if numbers else "decimal"
    if name == "DATE" and numbers and family != "sqlite":
        return f"datetime({numbers[0]})" if family == "mysql" else f"timestamp({numbers[0]}) with time zone"
    if name == "TEXT" and family == "mysql" and size:
        return f"{str(constant(size.group(1))).lower()}text"
    kind = _OF[family].get(name) or _COMMON.get(name)
    if kind is None or ".ZEROFILL" in more:
        raise Unreadable(name)
    return f"{kind} unsigned" if ".UNSIGNED" in more and family == "mysql" else kind


def _default(source: str) -> str:
    text = source.strip()
    literal = re.fullmatch(r"(?:Sequelize|sequelize)\.(?:literal|fn)\((.*)\)", text)
    value = constant(literal.group(1) if literal else text)
    if literal and isinstance(value, str):
        return value if ".literal" in text else f"{value}()"
    if re.fullmatch(r"(?:Sequelize|DataTypes)\.NOW", text):
        return "CURRENT_TIMESTAMP"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    raise Unreadable("defaultValue")


def _add_index(parts: list[str], engine: str) -> Iterator[str]:
    table, builder = _text(parts[0]), Builder(_text(parts[0]), engine, is_new=False)
    columns = constant(parts[1])
    options = dict(_properties(parts[2] if len(parts) > 2 else "{}"))
    if parts[1].strip().startswith("{"):
        options = dict(_properties(parts[1]))
        columns = constant(options.get("fields", ""))
    if not isinstance(columns, tuple) or "where" in options or "using" in options:
        raise Unreadable("addIndex")
    unique = constant(options.get("unique", "")) is True or constant(options.get("type", "")) == "UNIQUE"
    given = constant(options.get("name", "")) or constant(options.get("indexName", ""))
    named = given if isinstance(given, str) else _underscored(f"{table}_{'_'.join(map(str, columns))}")
    listed = ", ".join(builder.quoted(str(one)) for one in columns)
    yield f"CREATE {'UNIQUE ' if unique else ''}INDEX {builder.quoted(named)} ON {builder.quoted(table)} ({listed})"


def _underscored(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _remove_index(parts: list[str], engine: str) -> Iterator[str]:
    builder = Builder(_text(parts[0]), engine, is_new=False)
    on = f" ON {builder.quoted(builder.table)}" if engine in BACKTICKED else ""
    yield f"DROP INDEX {builder.quoted(_text(parts[1]))}{on}"


def _drop_table(parts: list[str], engine: str) -> Iterator[str]:
    table = _text(parts[0])
    yield f"DROP TABLE IF EXISTS {Builder(table, engine, is_new=False).quoted(table)}"


def _rename_table(parts: list[str], engine: str) -> Iterator[str]:
    quoted = Builder("", engine, is_new=False).quoted
    yield f"ALTER TABLE {quoted(_text(parts[0]))} RENAME TO {quoted(_text(parts[1]))}"


def _remove_column(parts: list[str], engine: str) -> Iterator[str]:
    quoted = Builder("", engine, is_new=False).quoted
    yield f"ALTER TABLE {quoted(_text(parts[0]))} DROP COLUMN {quoted(_text(parts[1]))}"


def _rename_column(parts: list[str], engine: str) -> Iterator[str]:
    quoted = Builder("", engine, is_new=False).quoted
    yield f"ALTER TABLE {quoted(_text(parts[0]))} RENAME COLUMN {quoted(_text(parts[1]))} TO {quoted(_text(parts[2]))}"


def _text(source: str) -> str:
    value = constant(source)
    if not isinstance(value, str):
        raise Unreadable("name")
    return value


def _properties(source: str) -> Iterator[tuple[str, str]]:
    """The names and values of an object, as source.

    Raises:
        Unreadable: it is not written out.
    """
    text = source.strip()
    if not (text.startswith("{") and closing(text, 0) == len(text) - 1):
        raise Unreadable("object")
    for part in split(text[1:-1]):
        found = _NAME.match(part)
        if found is None:
            raise Unreadable("object")
        yield next(one for one in found.groups() if one is not None), part[found.end() :].strip()


_KNOWN: dict[str, Callable[[list[str], str], Iterator[str]]] = {
    "createTable": _create_table,
    "dropTable": _drop_table,
    "renameTable": _rename_table,
    "addColumn": _add_column,
    "removeColumn": _remove_column,
    "renameColumn": _rename_column,
    "addIndex": _add_index,
    "removeIndex": _remove_index,
}
