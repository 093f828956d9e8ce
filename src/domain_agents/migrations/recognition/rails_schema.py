"""Rails' db/schema.rb as DDL: the dump that `db:migrate` keeps up to date, in the engine's own SQL.

Source: https://guides.rubyonrails.org/active_record_migrations.html#schema-dumping-and-you and the native types and names
that Active Record's adapters give (fk_rails_, chk_rails_ and ten characters of a SHA-256); read 2026-11-21. Compared with
what Active Record itself dumps in tests. A check that was given no name is named here as loading the dump would name it:
the name on a server that was migrated step by step is made from a text that the dump does not keep.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSION = re.compile(r"ActiveRecord::Schema(?:\[([\d.]+)\])?\.define\(version:\s*([\d_]+)\)")
_LINE = re.compile(r"^\s*(?:(t)\.)?(\w+)[ (]\s*(.*?)\)?\s*(do \|t\|)?\s*$")
_WORD = re.compile(
    r"""\s*(?:(?P<name>\w+):\s*)?(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|->\s*\{[^}]*\}|\[[^\]]*\]|\{[^}]*\}|:?[\w.+-]+)"""
    r"\s*(?:,|$)"
)
_STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"')
_BACKTICKED = frozenset({"mysql", "mariadb"})
_TYPES = {
    "postgresql": {
        "string": "character varying", "text": "text", "integer": "integer", "bigint": "bigint",
        "float": "double precision",
        "decimal": "numeric", "boolean": "boolean", "date": "date", "datetime": "timestamp without time zone",
        "timestamp": "timestamp without time zone", "timestamptz": "timestamp with time zone",
        "time": "time without time zone", "binary": "bytea", "virtual": "text",
    },
    "sqlite": {"string": "varchar", "datetime": "datetime", "binary": "blob", "bigint": "bigint", "timestamp": "datetime"},
    "mysql": {
        "string": "varchar(255)", "binary": "blob", "boolean": "tinyint(1)", "integer": "int", "timestamp": "datetime",
        "float": "float", "json": "json",
    },
}  # fmt: skip
_SIZED = frozenset({"string", "binary", "bit", "bit_varying"})
_NOT_DDL = frozenset({"end", "ActiveRecord", "enable_extension", "execute", "comment"})
_MYSQL_INTEGERS = {1: "tinyint", 2: "smallint", 3: "mediumint", 4: "int", 8: "bigint"}
_POSTGRESQL_INTEGERS = {1: "smallint", 2: "smallint", 8: "bigint"}


@dataclass(slots=True)
class RailsSchema:
    """What a dump says: DDL, its version, and lines that were not understood."""

    statements: list[str] = field(default_factory=list)
    version: str = ""
    rails: str = ""
    unread: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Table:
    name: str
    parts: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


def read_schema_rb(text: str, engine: str) -> RailsSchema:
    """The tables, indexes, keys and enums of a dump. Never raises: what is not understood is in `unread`."""
    return _Reader(engine).read(text)


class _Reader:
    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.schema = RailsSchema()
        self.table: _Table | None = None
        self.last: list[str] = []

    def read(self, text: str) -> RailsSchema:
        found = _VERSION.search(text)
        if found:
            self.schema.rails, self.schema.version = found.group(1) or "", found.group(2).replace("_", "")
        for number, line in enumerate(text.split("\n"), start=1):
            stripped = line.strip()
            if stripped == "end" and self.table is not None:
                self._close(self.table)
                continue
            says = stripped and not stripped.startswith("#") and stripped != "end" and not _VERSION.search(stripped)
            if says and not self._line(stripped):
                self.schema.unread.append((number, stripped[:120]))
        self.schema.statements.extend(self.last)
        return self.schema

    def _line(self, line: str) -> bool:
        found = _LINE.match(line)
        if found is None:
            return False
        inside, word, rest, _ = found.groups()
        values, options = _arguments(rest.removesuffix("do |t|").strip())
        if inside and self.table is not None:
            return self._inside(self.table, word, values, options)
        match word:
            case "create_table" if values:
                self._open(values[0], options)
            case "add_foreign_key" if len(values) > 1:
                self.last.append(self._foreign_key(values[0], values[1], options))
            case "add_index" if len(values) > 1:
                self.last.append(self._index(values[0], values[1], options))
            case "add_check_constraint" if len(values) > 1:
                check = self._check(values[0], values[1], options)
                self.last.append(f"ALTER TABLE {self._quoted(values[0])} ADD {check}")
            case "create_enum" if len(values) > 1:
                self.schema.statements.append(f"CREATE TYPE {self._quoted(values[0])} AS ENUM ({_literals(values[1])})")
            case "enable_extension" | "create_schema":
                pass
            case _:
                return False
        return True

    def _open(self, name: str, options: dict[str, str]) -> None:
        self.table = _Table(name)
        key = options.get("primary_key", "id")
        kind = options.get("id", ":bigint").removeprefix(":")
        if kind.startswith("{"):
            described = dict(re.findall(r"(\w+):\s*:?\"?([\w()]+)", kind))
            kind = described.get("type", "bigint")
        if kind == "false" or key.startswith("["):
            if key.startswith("["):
                self.table.after.append(f"PRIMARY KEY ({self._listed(key)})")
            return
        self.table.parts.append(f"{self._quoted(_text(key))} {self._key_type(kind, options)} NOT NULL PRIMARY KEY")

    def _key_type(self, kind: str, options: dict[str, str]) -> str:
        if kind in {"bigint", "integer", "serial", "bigserial"}:
            whole = "integer" if kind in {"integer", "serial"} else "bigint"
            if self.engine == "postgresql":
                # Which of bigserial and identity it was, the dump does not say; Active Record makes the former.
                return "bigserial" if whole == "bigint" else "serial"
            return "integer" if self.engine == "sqlite" else f"{whole} AUTO_INCREMENT"
        default = options.get("default", "")
        given = f" DEFAULT {_expression(default)}" if default else ""
        return self._type(kind, options) + (given or (" DEFAULT gen_random_uuid()" if kind == "uuid" else ""))

    def _close(self, table: _Table) -> None:
        parts = ",\n    ".join([*table.parts, *(one for one in table.after if not one.startswith("CREATE"))])
        self.schema.statements.append(f"CREATE TABLE {self._quoted(table.name)} (\n    {parts}\n)")
        self.schema.statements.extend(one for one in table.after if one.startswith("CREATE"))
        self.table = None

    def _inside(self, table: _Table, word: str, values: list[str], options: dict[str, str]) -> bool:
        if not values:
            return False
        if word == "index":
            table.after.append(self._index(table.name, values[0], options))
        elif word == "check_constraint":
            table.after.append(self._check(table.name, values[0], options))
        elif word == "unique_constraint":
            name = self._quoted(_text(options.get("name", "")))
            table.after.append(f"CONSTRAINT {name} UNIQUE ({self._listed(values[0])})")
        elif word in {"exclusion_constraint", "foreign_key", "references"}:
            return False
        elif word == "column" and len(values) > 1:
            table.parts.append(self._column(values[0], _text(values[1]), options, is_sql=True))
        else:
            table.parts.append(self._column(values[0], word, options))
        return True

    def _column(self, name: str, kind: str, options: dict[str, str], *, is_sql: bool = False) -> str:
        words = [self._quoted(name), kind if is_sql else self._type(kind, options)]
        words.append("NOT NULL" if options.get("null") == "false" else "")
        default = options.get("default")
        if kind == "virtual":
            words[1] = self._type(options.get("type", ":text").removeprefix(":"), options)
            words.append(f"GENERATED ALWAYS AS ({_text(options.get('as', ''))}) STORED")
        elif default is not None and default != "nil":
            words.append(f"DEFAULT {self._default(default)}")
        return " ".join(word for word in words if word)

    def _type(self, kind: str, options: dict[str, str]) -> str:
        if kind == "enum":
            return self._quoted(_text(options.get("enum_type", "")))
        family = "mysql" if self.engine in _BACKTICKED else self.engine
        name = _TYPES[family].get(kind, kind)
        limit = options.get("limit", "")
        if limit.isdigit() and kind in {"integer", "bigint"} and family != "sqlite":
            sizes = _POSTGRESQL_INTEGERS if family == "postgresql" else _MYSQL_INTEGERS
            name = sizes.get(int(limit), name)
        elif limit.isdigit() and kind in _SIZED:
            name = f"{name.partition('(')[0]}({limit})"
        elif "precision" in options and kind in {"decimal", "numeric"} and options["precision"].isdigit():
            name = f"{name}({options['precision']}, {options.get('scale', '0')})"
        elif kind in {"datetime", "timestamp", "timestamptz", "time"} and family != "sqlite":
            name = self._timed(name, options.get("precision"))
        if kind == "text" and family == "mysql" and "size" in options:
            name = f"{options['size'].removeprefix(':')}text"
        unsigned = " unsigned" if options.get("unsigned") == "true" and family == "mysql" else ""
        return f"{name}{unsigned}" + ("[]" if options.get("array") == "true" else "")

    def _timed(self, name: str, precision: str | None) -> str:
        if precision == "nil" or (precision is None and self.schema.rails < "7"):
            return name
        first, blank, rest = name.partition(" ")
        return f"{first}({precision or 6}){blank}{rest}"

    def _default(self, value: str) -> str:
        if value.startswith("->"):
            return _expression(value)
        if value in {"true", "false"}:
            return value if self.engine == "postgresql" else str(int(value == "true"))
        if value.startswith("["):
            inner = ",".join(f'"{one}"' for one in _STRINGS.findall(value))
            return "'{" + inner.replace("'", "''") + "}'"
        text = _text(value)
        return value if re.fullmatch(r"-?[\d.]+", value) else "'" + text.replace("'", "''") + "'"

    def _index(self, table: str, columns: str, options: dict[str, str]) -> str:
        fields = self._listed(columns, options) if columns.startswith("[") else _text(columns)
        if not columns.startswith("[") and re.fullmatch(r"\w+", fields):
            fields = self._quoted(fields)
        unique = "UNIQUE " if options.get("unique") == "true" else ""
        using = options.get("using", ":btree").removeprefix(":")
        method = f" USING {using}" if using != "btree" and self.engine == "postgresql" else ""
        where = f" WHERE {_text(options['where'])}" if "where" in options else ""
        include = f" INCLUDE ({self._listed(options['include'])})" if "include" in options else ""
        name = self._quoted(_text(options.get("name", f'"index_{table}_on_{"_and_".join(_STRINGS.findall(columns))}"')))
        return f"CREATE {unique}INDEX {name} ON {self._quoted(table)}{method} ({fields}){include}{where}"

    def _listed(self, columns: str, options: dict[str, str] | None = None) -> str:
        order = (options or {}).get("order", "")
        classes = (options or {}).get("opclass", "")
        parts: list[str] = []
        for name in _STRINGS.findall(columns):
            down = " DESC" if order == ":desc" or re.search(rf"\b{name}:\s*:desc", order) else ""
            named = re.search(rf"\b{name}:\s*:(\w+)", classes)
            operators = f" {named.group(1)}" if named else f" {classes[1:]}" if classes.startswith(":") else ""
            parts.append(f"{self._quoted(name)}{operators}{down}")
        return ", ".join(parts)

    def _check(self, table: str, expression: str, options: dict[str, str]) -> str:
        text = _text(expression)
        digest = hashlib.sha256(f"{table}_{text}_chk".encode()).hexdigest()[:10]
        name = self._quoted(_text(options["name"]) if "name" in options else f"chk_rails_{digest}")
        valid = " NOT VALID" if options.get("validate") == "false" else ""
        return f"CONSTRAINT {name} CHECK ({text}){valid}"

    def _foreign_key(self, table: str, parent: str, options: dict[str, str]) -> str:
        column = _text(options["column"]) if "column" in options else f"{_singular(parent)}_id"
        digest = hashlib.sha256(f"{table}_{column}_fk".encode()).hexdigest()[:10]
        name = self._quoted(_text(options["name"]) if "name" in options else f"fk_rails_{digest}")
        key = self._quoted(_text(options.get("primary_key", '"id"')))
        rules = {"cascade": "CASCADE", "nullify": "SET NULL", "restrict": "RESTRICT"}
        told = [
            f" ON {which} {rules[options[f'on_{which.lower()}'].removeprefix(':')]}"
            for which in ("DELETE", "UPDATE")
            if options.get(f"on_{which.lower()}", "").removeprefix(":") in rules
        ]
        valid = " NOT VALID" if options.get("validate") == "false" else ""
        target = f"{self._quoted(parent)} ({key})"
        return (
            f"ALTER TABLE {self._quoted(table)} ADD CONSTRAINT {name} FOREIGN KEY ({self._quoted(column)})"
            f" REFERENCES {target}{''.join(told)}{valid}"
        )

    def _quoted(self, name: str) -> str:
        mark = "`" if self.engine in _BACKTICKED else '"'
        return ".".join(mark + part.replace(mark, mark * 2) + mark for part in name.split("."))


def _arguments(rest: str) -> tuple[list[str], dict[str, str]]:
    """Values by place, strings without their quotes, and options by name as they are written."""
    values: list[str] = []
    options: dict[str, str] = {}
    for found in _pairs(rest):
        name, value = found
        if name:
            options[name] = value
        else:
            values.append(_text(value) if value[:1] in "\"'" else value)
    return values, options


def _pairs(rest: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(rest) and (found := _WORD.match(rest, at)) and found.end() > at:
        yield found.group("name") or "", found.group("value")
        at = found.end()


def _text(value: str) -> str:
    if value[:1] in {'"', "'"} and len(value) > 1:
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value.removeprefix(":")


def _expression(value: str) -> str:
    inner = value.removeprefix("->").strip().removeprefix("{").removesuffix("}").strip()
    return _text(inner)


def _literals(listed: str) -> str:
    return ", ".join("'" + one.replace("'", "''") + "'" for one in _STRINGS.findall(listed))


def _singular(name: str) -> str:
    """English as far as foreign keys need it: the dump names the column where this rule would be wrong."""
    name = name.rpartition(".")[2]
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("ss", "ss")):
        if name.endswith(ending):
            return name.removesuffix(ending) + instead
    return name.removesuffix("s")
