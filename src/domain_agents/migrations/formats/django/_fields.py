"""Columns as Django's model fields: what a model must say to be in step with a column that SQL has made.

A type that no field of Django gives has none here: a field that is nearly right would be altered by the next
`makemigrations`.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from domain_agents.migrations.recognition.alembic_literal import python_literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain_agents.catalog import Column, ForeignKey

_TYPE = re.compile(r"([a-z0-9 ]+?)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?(\s+(?:with|without) time zone|\s+unsigned)?")
_COMMON = {
    "integer": "IntegerField", "int": "IntegerField", "int4": "IntegerField", "bigint": "BigIntegerField",
    "int8": "BigIntegerField", "smallint": "SmallIntegerField", "int2": "SmallIntegerField", "text": "TextField",
    "date": "DateField", "boolean": "BooleanField", "bool": "BooleanField", "double precision": "FloatField",
    "float8": "FloatField",
}  # fmt: skip
_OF = {
    "postgresql": {
        "timestamptz": "DateTimeField", "timestamp with time zone": "DateTimeField", "uuid": "UUIDField",
        "jsonb": "JSONField", "inet": "GenericIPAddressField", "interval": "DurationField", "bytea": "BinaryField",
        "time": "TimeField", "time without time zone": "TimeField",
    },
    "sqlite": {"datetime": "DateTimeField", "real": "FloatField", "double": "FloatField", "time": "TimeField",
               "blob": "BinaryField"},
    "mysql": {"datetime": "DateTimeField", "double": "FloatField", "time": "TimeField", "longtext": "TextField",
              "longblob": "BinaryField", "json": "JSONField", "bigint unsigned": "PositiveBigIntegerField",
              "int unsigned": "PositiveIntegerField", "integer unsigned": "PositiveIntegerField",
              "smallint unsigned": "PositiveSmallIntegerField"},
}  # fmt: skip
_AUTOMATIC = {"IntegerField": "AutoField", "BigIntegerField": "BigAutoField", "SmallIntegerField": "SmallAutoField"}
_SERIAL = {"serial": "AutoField", "bigserial": "BigAutoField", "smallserial": "SmallAutoField"}
_TEXT = re.compile(r"'((?:[^']|'')*)'(?:::[\w ]+(?:\(\d+\))?)?")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_NOW = re.compile(r"(?:now\(\)|current_timestamp(?:\(\d*\))?)", re.IGNORECASE)
_DATABASE_DEFAULTS = (5, 0)
"""Since when a field can have a default of the database."""
_KNOWN_ROOTS = {
    "models": "from django.db import models",
    "settings": "from django.conf import settings",
    "timezone": "from django.utils import timezone",
    "uuid": "import uuid",
    "datetime": "import datetime",
    "decimal": "import decimal",
}
_DOTTED = 2


def field_of(column: Column, engine: str, version: str, *, key: bool = False) -> str:
    """The source of a field for the column; empty when no field of Django is exactly that."""
    text = column.type.strip().lower()
    found = _TYPE.fullmatch(text)
    if found is None or column.generated is not None:
        return ""
    name, first, second, more = found.groups()
    kind = _kind(name, first, (more or "").strip(), engine)
    options: list[str] = []
    if text in _SERIAL and key:
        kind = _SERIAL[text]
    elif key and (column.identity or engine != "postgresql") and kind in _AUTOMATIC:
        kind = _AUTOMATIC[kind]
    elif column.identity:
        return ""
    if kind == "CharField":
        options.append(f"max_length={first}")
    elif kind == "DecimalField":
        options += [f"max_digits={first}", f"decimal_places={second or 0}"]
    if not kind:
        return ""
    if key:
        return f"models.{kind}({', '.join([*options, 'primary_key=True', 'serialize=False'])})"
    if column.nullable:
        options.append("null=True")
    if column.default is not None:
        default = _default(column.default, version)
        options += [default] if default else []
    return f"models.{kind}({', '.join(options)})"


def _kind(name: str, first: str | None, more: str, engine: str) -> str:
    family = "mysql" if engine == "mariadb" else engine
    if name in {"varchar", "character varying"}:
        return "CharField" if first else ""
    if name in {"numeric", "decimal"}:
        return "DecimalField" if first else ""
    if family == "mysql" and name == "tinyint" and first == "1":
        return "BooleanField"
    sized_time = name in {"timestamp", "time", "datetime"} and first in {None, "6"}
    if first and not sized_time and family != "mysql":
        return ""
    whole = f"{name} {more}".strip()
    return _OF[family].get(whole) or (_COMMON.get(whole, "") if not more else "")


def _default(expression: str, version: str) -> str:
    """A default as an option; empty where only the database can say it."""
    word = "db_default" if _at_least(version, _DATABASE_DEFAULTS) else "default"
    text = expression.strip()
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    if found := _TEXT.fullmatch(text):
        return f"{word}={python_literal(found.group(1).replace(chr(39) * 2, chr(39)))}"
    if _NUMBER.fullmatch(text):
        return f"{word}={text}"
    if text.lower() in {"true", "false"}:
        return f"{word}={text.capitalize()}"
    if _NOW.fullmatch(text) and word == "db_default":
        return "db_default=models.functions.Now()"
    return ""


def _at_least(version: str, wanted: tuple[int, int]) -> bool:
    parts = [int(part) for part in re.findall(r"\d+", version)[:2]]
    return tuple(parts) >= wanted if parts else False


def foreign_key(parent: str, key: ForeignKey, column: Column, *, constraint: bool, unique: bool = False) -> str:
    """The source of a relation to `parent` ("app.model"); the index is one of its own, the rule the database's."""
    on_delete = {"CASCADE": "CASCADE", "SET NULL": "SET_NULL", "RESTRICT": "RESTRICT"}.get(key.on_delete, "DO_NOTHING")
    options = [python_literal(parent), f"on_delete=models.{on_delete}", "db_index=False"]
    options += [] if constraint else ["db_constraint=False"]
    options += ["null=True"] if column.nullable else []
    return f"models.{'OneToOneField' if unique else 'ForeignKey'}({', '.join(options)})"


def changed(source: str, *, nullable: bool | None = None, without_default: bool = False) -> str:
    """A field's source with another `null`, or without its default in the database."""
    call = ast.parse(source, mode="eval").body
    if not isinstance(call, ast.Call):
        return source
    gone = {"null"} if nullable is not None else set()
    gone |= {"db_default"} if without_default else set()
    call.keywords = [word for word in call.keywords if word.arg not in gone]
    if nullable:
        call.keywords.append(ast.keyword("null", ast.Constant(True)))
    return tidy(ast.unparse(call))


def tidy(source: str) -> str:
    """Source with double quotes, where that needs no escape."""
    return source if '"' in source or "\\" in source else source.replace("'", '"')


def imports(sources: Iterable[str]) -> tuple[str, ...] | None:
    """The import lines that fields' sources need; None when a name in one cannot be told."""
    lines: set[str] = set()
    for source in sources:
        for node in ast.walk(ast.parse(source, mode="eval")):
            if isinstance(node, ast.Name) and node.id not in _KNOWN_ROOTS:
                dotted = next((name for name in _dotted(source) if name.startswith(f"{node.id}.")), "")
                if not dotted:
                    return None
                lines.add(f"import {dotted.rpartition('.')[0]}")
            elif isinstance(node, ast.Name):
                lines.add(_KNOWN_ROOTS[node.id])
    if any("models.functions." in source for source in sources):
        lines.add("import django.db.models.functions")
    return tuple(sorted(lines))


def _dotted(source: str) -> list[str]:
    """The longest dotted names in source."""
    return [
        name for name in re.findall(r"(?<![\w.\"'])[A-Za-z_]\w*(?:\.\w+)+", source) if name.count(".") >= _DOTTED - 1
    ]
