"""Django's model fields as columns: the type, name and keys that each gives a table, per engine.

Source: Django 5.2, "Model field reference", and the `data_types` of its database backends; read 2026-11-21. Compared with
what Django itself creates in tests.
"""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

RELATIONS = frozenset({"ForeignKey", "OneToOneField"})
AUTOMATIC = {"AutoField": "integer", "BigAutoField": "bigint", "SmallAutoField": "smallint"}
_SAME = {
    "IntegerField": "integer", "BigIntegerField": "bigint", "SmallIntegerField": "smallint", "DateField": "date",
    **AUTOMATIC,
}  # fmt: skip
_SIZED = {
    "CharField": 0, "SlugField": 50, "EmailField": 254, "URLField": 200, "FileField": 100, "ImageField": 100,
    "FilePathField": 100, "CommaSeparatedIntegerField": 0,
}  # fmt: skip
_POSTGRESQL = {
    "BinaryField": "bytea", "BooleanField": "boolean", "NullBooleanField": "boolean",
    "DateTimeField": "timestamp with time zone", "DurationField": "interval", "FloatField": "double precision",
    "GenericIPAddressField": "inet", "JSONField": "jsonb", "PositiveBigIntegerField": "bigint",
    "PositiveIntegerField": "integer", "PositiveSmallIntegerField": "smallint", "TextField": "text",
    "TimeField": "time", "UUIDField": "uuid", "HStoreField": "hstore", "CICharField": "citext",
    "CIEmailField": "citext", "CITextField": "citext", "SearchVectorField": "tsvector",
    "IntegerRangeField": "int4range", "BigIntegerRangeField": "int8range", "DecimalRangeField": "numrange",
    "DateTimeRangeField": "tstzrange", "DateRangeField": "daterange",
}  # fmt: skip
_SQLITE = {
    "BinaryField": "BLOB", "BooleanField": "bool", "NullBooleanField": "bool", "DateTimeField": "datetime",
    "DurationField": "bigint", "FloatField": "real", "GenericIPAddressField": "char(39)", "JSONField": "text",
    "PositiveBigIntegerField": "bigint unsigned", "PositiveIntegerField": "integer unsigned",
    "PositiveSmallIntegerField": "smallint unsigned", "TextField": "text", "TimeField": "time",
    "UUIDField": "char(32)",
}  # fmt: skip
_MYSQL = {
    "BinaryField": "longblob", "BooleanField": "bool", "NullBooleanField": "bool", "DateTimeField": "datetime(6)",
    "DurationField": "bigint", "FloatField": "double precision", "GenericIPAddressField": "char(39)",
    "JSONField": "json", "PositiveBigIntegerField": "bigint UNSIGNED", "PositiveIntegerField": "integer UNSIGNED",
    "PositiveSmallIntegerField": "smallint UNSIGNED", "TextField": "longtext", "TimeField": "time(6)",
    "UUIDField": "char(32)",
}  # fmt: skip
_TYPES = {"postgresql": _POSTGRESQL, "sqlite": _SQLITE, "mysql": _MYSQL, "mariadb": _MYSQL}
_LONGEST_NAME = {"postgresql": 63, "mysql": 64, "mariadb": 64}
_NO_LIMIT = 200  # what Django cuts its names to where the engine has no limit
_DIGEST = 8


class Unreadable(Exception):
    """Source whose effect is not plain from its text; the message says why."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a model: its class, its options as far as they are constants, and its source."""

    name: str
    kind: str
    options: Mapping[str, object] = field(default_factory=dict)
    source: str = ""
    base: Field | None = None
    """Of an array: what it is an array of."""
    keyed_as: str = ""
    """The column that its index is named after, where it has been renamed since."""

    @property
    def column(self) -> str:
        """The column's name."""
        given = self.options.get("db_column")
        return str(given) if given else f"{self.name}_id" if self.kind in RELATIONS else self.name

    def is_set(self, option: str) -> bool:
        """Whether an option is given as true."""
        return self.options.get(option) is True

    @property
    def is_unique(self) -> bool:
        """Whether it has a unique constraint of its own."""
        return (self.is_set("unique") or self.kind == "OneToOneField") and not self.is_set("primary_key")

    @property
    def is_indexed(self) -> bool:
        """Whether it has an index of its own."""
        asked = self.options.get("db_index", self.kind in {"ForeignKey", "SlugField"})
        return asked is True and not self.is_unique and not self.is_set("primary_key")


def read_field(name: str, node: ast.expr) -> Field:
    """A field from the call that makes it.

    Raises:
        Unreadable: it is not a call.
    """
    if not isinstance(node, ast.Call):
        raise Unreadable(f"field {name} is made by code")
    kind = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    options: dict[str, object] = {word.arg: constant(_inner(word)) for word in node.keywords if word.arg}
    if kind in {*RELATIONS, "ManyToManyField"} and node.args:
        options.setdefault("to", constant(node.args[0]))
    inner = next((w.value for w in node.keywords if w.arg == "base_field"), node.args[0] if node.args else None)
    base = read_field(name, inner) if kind == "ArrayField" and inner is not None else None
    return Field(name, kind, options, ast.unparse(node), base)


def _inner(word: ast.keyword) -> ast.expr:
    """A default of the database may be wrapped: `db_default=models.Value("x")`."""
    match word:
        case ast.keyword(arg="db_default", value=ast.Call(func=ast.Attribute(attr="Value"), args=[inner])):
            return inner
        case _:
            return word.value


def constant(node: ast.expr) -> object:
    """A value where it is a constant; `settings.NAME` as text; None for whatever only running it would tell."""
    try:
        value: object = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError):
        return ast.unparse(node) if isinstance(node, ast.Attribute) else None
    return value


def column_type(found: Field, engine: str) -> str:
    """The type of the column, without what makes it a key or fills it by itself.

    Raises:
        Unreadable: only the code of its class tells.
    """
    if found.base is not None:
        return f"{column_type(found.base, engine)}[]"
    if found.kind == "DecimalField":
        sized = f"({found.options.get('max_digits')}, {found.options.get('decimal_places')})"
        return "decimal" if engine == "sqlite" else f"numeric{sized}"
    known = _SAME.get(found.kind) or _TYPES[engine].get(found.kind)
    if known:
        return known
    length = found.options.get("max_length", _SIZED.get(found.kind))
    if isinstance(length, int) and length:
        return f"varchar({length})"
    if found.kind in _SIZED:
        return "varchar"
    raise Unreadable(f"field {found.name}: the type of {found.kind} is known to its own code alone")


def positive_check(found: Field, engine: str) -> bool:
    """Whether Django checks that the column is not negative."""
    return found.kind.startswith("Positive") and engine in {"postgresql", "sqlite"}


def index_name(table: str, columns: tuple[str, ...], engine: str, suffix: str = "") -> str:
    """The name that Django gives an index or key that was given none: table, columns, a digest of both, a suffix."""
    digest = hashlib.md5("".join((table, *columns)).encode(), usedforsecurity=False).hexdigest()
    tail = digest[:_DIGEST] + suffix
    longest = _LONGEST_NAME.get(engine, _NO_LIMIT)
    joined = "_".join(columns)
    name = f"{table}_{joined}_{tail}"
    if len(name) > longest:
        tail = tail[: longest // 3] if len(tail) > longest / 3 else tail
        share = (longest - len(tail)) // 2 - 1
        name = f"{table[:share]}_{joined[:share]}_{tail}"
    return f"D{name[:-1]}" if name.startswith(("_", *"0123456789")) else name


def cut_name(name: str, engine: str) -> str:
    """A table's name; one that the engine could not take is cut, with a digest."""
    longest = _LONGEST_NAME.get(engine, 0)
    if not longest or len(name) <= longest:
        return name
    return f"{name[: longest - 4]}{hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:4]}"
