"""Schema builders of Laravel and Knex as DDL: chains of calls on a table, in the engine's own SQL.

Both chain alike (`$table->string('email')->unique()`, `table.string('email').unique()`) and name keys alike:
table_columns_unique, _index, _foreign. What a chain holds besides constants is not guessed.

Source: https://laravel.com/docs/migrations#columns, the schema grammars of illuminate/database 8.83,
https://knexjs.org/guide/schema-builder.html and lib/dialects/*/schema/*-columncompiler.js of 3.3; read 2026-11-21. Compared
with the tables that both make in tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from domain_agents.migrations.recognition.call_chains import Call, Unreadable, chains, closing, constant, split

if TYPE_CHECKING:
    from collections.abc import Iterator

BACKTICKED = frozenset({"mysql", "mariadb"})
_AUTOMATIC = {
    "id": "bigint", "bigIncrements": "bigint", "bigincrements": "bigint", "increments": "integer",
    "mediumIncrements": "integer", "smallIncrements": "smallint",
}  # fmt: skip
_INTEGERS = {
    "integer": "integer", "bigInteger": "bigint", "bigint": "bigint", "smallInteger": "smallint", "smallint": "smallint",
    "tinyInteger": "smallint", "tinyint": "smallint", "mediumInteger": "integer", "mediumint": "integer",
    "foreignId": "bigint", "int": "integer",
}  # fmt: skip
_OF_MYSQL = {
    "integer": "int", "tinyInteger": "tinyint", "tinyint": "tinyint", "mediumInteger": "mediumint",
    "mediumint": "mediumint", "increments": "int", "mediumIncrements": "mediumint",
}  # fmt: skip
_SAME = {"text": "text", "date": "date", "json": "json"}
_PLAIN = {
    "postgresql": {
        "boolean": "boolean", "uuid": "uuid", "foreignUuid": "uuid", "jsonb": "jsonb", "binary": "bytea",
        "mediumText": "text", "longText": "text", "tinyText": "varchar(255)", "ipAddress": "inet", "macAddress": "macaddr",
        "year": "integer", "double": "double precision", "float": "double precision",
    },
    "sqlite": {
        "boolean": "boolean", "uuid": "varchar", "foreignUuid": "varchar", "jsonb": "text", "json": "text",
        "binary": "blob", "mediumText": "text", "longText": "text", "tinyText": "text", "ipAddress": "varchar",
        "macAddress": "varchar",
        "year": "integer", "double": "float", "float": "float",
    },
    "mysql": {
        "boolean": "tinyint(1)", "uuid": "char(36)", "foreignUuid": "char(36)", "jsonb": "json", "binary": "blob",
        "mediumText": "mediumtext", "longText": "longtext", "tinyText": "tinytext", "ipAddress": "varchar(45)",
        "macAddress": "varchar(17)", "year": "year", "double": "double", "float": "double",
    },
}  # fmt: skip
_TIMES = {"dateTime", "dateTimeTz", "datetime", "timestamp", "timestampTz", "time", "timeTz"}
_COLUMN_COMMANDS = frozenset({"timestamps", "timestampsTz", "nullableTimestamps", "softDeletes", "softDeletesTz",
                              "rememberToken", "morphs", "nullableMorphs", "uuidMorphs"})  # fmt: skip
_MODIFIERS = frozenset(
    {
        "nullable", "notNullable", "default", "defaultTo", "unsigned", "unique", "index", "primary", "autoIncrement",
        "comment", "after", "first", "useCurrent", "useCurrentOnUpdate", "constrained", "references", "on", "inTable",
        "onDelete", "onUpdate", "cascadeOnDelete", "nullOnDelete", "restrictOnDelete", "cascadeOnUpdate", "charset",
        "collation", "collate", "withKeyName", "noActionOnDelete",
    }
)  # fmt: skip
_RULES = {"cascadeOnDelete": "CASCADE", "nullOnDelete": "SET NULL", "restrictOnDelete": "RESTRICT"}


@dataclass(slots=True)
class Builder:
    """A table's chains as DDL; `is_new` for a table that is made by them."""

    table: str
    engine: str
    is_new: bool
    flavour: str = "laravel"
    parts: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    def statements(self) -> list[str]:
        """What the chains do."""
        made = (
            [f"CREATE TABLE {self.quoted(self.table)} (\n    " + ",\n    ".join(self.parts) + "\n)"]
            if self.is_new
            else []
        )
        return [*made, *self.after]

    def add(self, chain: list[Call]) -> None:
        """One chain.

        Raises:
            Unreadable: its effect is not plain.
        """
        first, rest = chain[0], chain[1:]
        if any(one.name == "change" or one.name == "alter" for one in rest):
            raise Unreadable(f"{first.name}...change")
        if first.name in {"index", "unique", "primary", "foreign"}:
            self._key(first, rest)
        elif first.name.startswith("drop") or first.name.startswith("rename"):
            self._gone(first)
        elif first.name in _COLUMN_COMMANDS:
            self._several(first)
        elif unknown := [one.name for one in rest if one.name not in _MODIFIERS]:
            raise Unreadable(unknown[0])
        else:
            name = first.text() if first.arguments or (first.name != "id" and "ncrements" not in first.name) else "id"
            self._column(name, self._type(first), first, rest)

    def _column(self, name: str, kind: str, first: Call, rest: list[Call]) -> None:
        words = {one.name: one for one in rest}
        nullable = "nullable" in words if self.flavour == "laravel" else "notNullable" not in words
        if "nullable" in words and words["nullable"].arguments[:1] == (False,):
            nullable = False
        automatic = first.name in _AUTOMATIC or "autoIncrement" in words
        is_key = "primary" in words or automatic
        if automatic:
            kind += {"postgresql": " GENERATED BY DEFAULT AS IDENTITY", "sqlite": ""}.get(
                self.engine, " AUTO_INCREMENT"
            )
            kind = "integer" if self.engine == "sqlite" else kind
        elif ("unsigned" in words or first.name == "foreignId" or first.name.startswith("unsigned")) and self._is_mysql:
            kind += " unsigned"
        default = next((words[one] for one in ("default", "defaultTo") if one in words), None)
        parts = [self.quoted(name), kind, "" if nullable and not is_key else "NOT NULL"]
        if default is not None:
            parts.append(f"DEFAULT {self._literal(default)}")
        elif "useCurrent" in words:
            parts.append("DEFAULT CURRENT_TIMESTAMP")
        parts.append("PRIMARY KEY" if is_key else "")
        column = " ".join(part for part in parts if part)
        if self.is_new:
            self.parts.append(column)
        else:
            self.after.append(f"ALTER TABLE {self.quoted(self.table)} ADD COLUMN {column}")
        if "unique" in words:
            self._key(Call("unique", ((name,), *words["unique"].arguments[:1])), [])
        if "index" in words:
            self._key(Call("index", ((name,), *words["index"].arguments[:1])), [])
        if "constrained" in words or "references" in words:
            self._foreign((name,), rest, "")

    @property
    def _is_mysql(self) -> bool:
        return self.engine in BACKTICKED

    def _type(self, call: Call) -> str:
        name = call.name
        name = name[len("unsigned")].lower() + name[len("unsigned") + 1 :] if name.startswith("unsigned") else name
        family = "mysql" if self._is_mysql else self.engine
        size = [one for one in call.arguments[1:] if isinstance(one, int)]
        if name in _AUTOMATIC:
            unsigned = " unsigned" if family == "mysql" else ""
            return (_OF_MYSQL.get(name, _AUTOMATIC[name]) if family == "mysql" else _AUTOMATIC[name]) + unsigned
        if name in _INTEGERS:
            return _OF_MYSQL.get(name, _INTEGERS[name]) if family == "mysql" else _INTEGERS[name]
        if name in {"string", "char"}:
            return f"{'varchar' if name == 'string' else 'char'}({size[0] if size else 255})"
        if name == "decimal":
            first, second = (*size, 8, 2)[:2] if len(size) != 1 else (size[0], 2)
            return f"decimal({first}, {second})" if family != "sqlite" else "numeric"
        if name in _TIMES:
            return self._time(name, size)
        if name == "specificType":
            return call.text(1)
        if name == "enum" and family == "mysql" and len(call.arguments) > 1 and isinstance(call.arguments[1], tuple):
            return f"enum({', '.join(self._quoted_text(str(one)) for one in call.arguments[1])})"
        if name == "enum":
            return "varchar(255)" if self.flavour == "laravel" else "text"
        found = _PLAIN[family].get(name) or _SAME.get(name)
        if found is None:
            raise Unreadable(name)
        return found

    def _time(self, name: str, size: list[int]) -> str:
        is_time = name.startswith("time") and not name.startswith("timestamp")
        if self._is_mysql:
            return "time" if is_time else "timestamp" if name.startswith("timestamp") else "datetime"
        if self.engine == "sqlite":
            return "time" if is_time else "datetime"
        zoned = name.endswith("Tz") or (self.flavour == "knex" and not is_time)
        precision = f"({size[0] if size else 0})" if self.flavour == "laravel" else ""
        return f"{'time' if is_time else 'timestamp'}{precision} {'with' if zoned else 'without'} time zone"

    def _several(self, call: Call) -> None:
        zoned = call.name.endswith("Tz")
        nullable = [Call("nullable")]
        if call.name in {"timestamps", "timestampsTz", "nullableTimestamps"}:
            rest = nullable if self.flavour == "laravel" else []
            if self.flavour == "knex" and call.arguments[1:2] == (True,):
                rest = [Call("notNullable"), Call("useCurrent")]
            for name in ("created_at", "updated_at"):
                kind = Call("timestampTz" if zoned else "timestamp", (name,))
                self._column(name, self._type(kind), kind, rest)
        elif call.name in {"softDeletes", "softDeletesTz"}:
            name = str(call.arguments[0]) if call.arguments else "deleted_at"
            kind = Call("timestampTz" if zoned else "timestamp", (name,))
            self._column(name, self._type(kind), kind, nullable)
        elif call.name == "rememberToken":
            self._column("remember_token", "varchar(100)", Call("string", ("remember_token",)), nullable)
        else:
            name = call.text()
            rest = nullable if call.name == "nullableMorphs" else []
            key = Call("uuid" if call.name == "uuidMorphs" else "unsignedBigInteger", (f"{name}_id",))
            self._column(f"{name}_type", "varchar(255)", Call("string", (f"{name}_type",)), rest)
            self._column(f"{name}_id", self._type(key), key, rest)
            self._key(Call("index", ((f"{name}_type", f"{name}_id"),)), [])

    def _key(self, call: Call, rest: list[Call]) -> None:
        columns = call.arguments[0] if call.arguments else None
        names = (columns,) if isinstance(columns, str) else columns
        if not isinstance(names, tuple) or not names or not all(isinstance(one, str) for one in names):
            raise Unreadable(call.name)
        texts = tuple(str(one) for one in names)
        given = next((one for one in call.arguments[1:] if isinstance(one, str)), "")
        name = self.quoted(given or self._key_name(texts, call.name))
        listed = ", ".join(map(self.quoted, texts))
        table = self.quoted(self.table)
        if call.name == "foreign":
            self._foreign(texts, rest, given)
        elif call.name == "primary":
            self._part(f"PRIMARY KEY ({listed})", table)
        elif call.name == "index":
            self.after.append(f"CREATE INDEX {name} ON {table} ({listed})")
        elif self.engine == "postgresql":
            self._part(f"CONSTRAINT {name} UNIQUE ({listed})", table)
        else:
            self.after.append(f"CREATE UNIQUE INDEX {name} ON {table} ({listed})")

    def _part(self, text: str, table: str) -> None:
        if self.is_new:
            self.parts.append(text)
        else:
            self.after.append(f"ALTER TABLE {table} ADD {text}")

    def _foreign(self, columns: tuple[str, ...], rest: list[Call], given: str) -> None:
        words = {one.name: one for one in rest}
        key, parent = "id", ""
        if "constrained" in words:
            named = words["constrained"].arguments
            parent = str(named[0]) if named and named[0] else _plural(columns[0].removesuffix("_id"))
            key = str(named[1]) if len(named) > 1 and named[1] else key
        elif "references" in words:
            parent, _, key = words["references"].text().rpartition(".")
            parent = next((words[one].text() for one in ("on", "inTable") if one in words), parent)
        if not parent:
            raise Unreadable("foreign")
        rule = next((sql for name, sql in _RULES.items() if name in words), "")
        rule = words["onDelete"].text().upper() if "onDelete" in words else rule
        on_delete = f" ON DELETE {rule}" if rule else ""
        name = self.quoted(given or self._key_name(columns, "foreign"))
        listed = ", ".join(map(self.quoted, columns))
        text = (
            f"CONSTRAINT {name} FOREIGN KEY ({listed}) REFERENCES {self.quoted(parent)} ({self.quoted(key)}){on_delete}"
        )
        if self.is_new and self.engine == "sqlite":
            self.parts.append(text)
        else:
            self.after.append(f"ALTER TABLE {self.quoted(self.table)} ADD {text}")

    def _gone(self, call: Call) -> None:
        table = self.quoted(self.table)
        values = call.arguments[0] if call.arguments else None
        names = [values] if isinstance(values, str) else list(values) if isinstance(values, tuple) else []
        match call.name:
            case "dropColumn" | "dropColumns":
                texts = [*names, *(one for one in call.arguments[1:] if isinstance(one, str))]
                self.after += [f"ALTER TABLE {table} DROP COLUMN {self.quoted(str(one))}" for one in texts]
            case "renameColumn":
                self.after.append(
                    f"ALTER TABLE {table} RENAME COLUMN {self.quoted(call.text())} TO {self.quoted(call.text(1))}"
                )
            case "dropTimestamps" | "dropSoftDeletes":
                gone = ("created_at", "updated_at") if call.name == "dropTimestamps" else ("deleted_at",)
                self.after += [f"ALTER TABLE {table} DROP COLUMN {self.quoted(one)}" for one in gone]
            case "dropIndex" | "dropUnique" | "dropForeign" if names:
                kind = call.name.removeprefix("drop").lower()
                is_columns = isinstance(values, tuple) or self.flavour == "knex"
                given = next((one for one in call.arguments[1:] if isinstance(one, str)), "")
                name = given or (self._key_name(tuple(map(str, names)), kind) if is_columns else str(names[0]))
                if kind == "foreign" or (kind == "unique" and self.engine == "postgresql"):
                    self.after.append(f"ALTER TABLE {table} DROP CONSTRAINT {self.quoted(name)}")
                else:
                    of = f" ON {table}" if self._is_mysql else ""
                    self.after.append(f"DROP INDEX {self.quoted(name)}{of}")
            case _:
                raise Unreadable(call.name)

    def _key_name(self, columns: tuple[str, ...], kind: str) -> str:
        return re.sub(r"[-.\s]", "_", f"{self.table}_{'_'.join(columns)}_{kind}".lower())

    def _literal(self, call: Call) -> str:
        value = call.arguments[0] if call.arguments else None
        if isinstance(value, bool):
            return str(value).lower() if self.engine == "postgresql" else f"'{int(value)}'"
        if isinstance(value, int | float):
            return f"'{value}'"
        if isinstance(value, str):
            return self._quoted_text(value)
        raise Unreadable("default")

    def _quoted_text(self, text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    def quoted(self, name: str) -> str:
        """A name in the engine's quotes."""
        mark = "`" if self._is_mysql else '"'
        return ".".join(mark + part.replace(mark, mark * 2) + mark for part in name.split("."))


def _plural(name: str) -> str:
    if name.endswith("y") and name[-2:-1] not in set("aeiou"):
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "ch", "sh")) else f"{name}s"


_BUILDS = {
    "laravel": re.compile(r"\bSchema::(?:connection\([^()]*\)->)?(create|table|dropIfExists|drop|rename)\("),
    "knex": re.compile(r"\.(createTable|alterTable|table|dropTableIfExists|dropTable|renameTable)\("),
}
_VARIABLE = re.compile(r"\s*(?:async\s+)?(?:(?:static\s+)?function\s*\w*\s*\(|fn\s*\(|\(?)\s*(?:[\\\w]+\s+)?(\$?\w+)")


@dataclass(frozen=True, slots=True)
class Built:
    """A call of a schema builder: where it stands, what it does, and what of it only running it would tell."""

    start: int
    end: int
    statements: tuple[str, ...]
    unread: tuple[tuple[int, str], ...] = ()


def built(body: str, flavour: str, engine: str) -> Iterator[Built]:
    """The schema builder's calls in source whose comments are gone, in order."""
    for found in _BUILDS[flavour].finditer(body):
        end = closing(body, found.end() - 1)
        if end < 0:
            continue
        inner = body[found.end() : end]
        parts = list(split(inner))
        table = constant(parts[0]) if parts else None
        name = found.group(1)
        if not isinstance(table, str):
            yield Built(found.start(), end + 1, (), ((found.start(), name),))
        elif name in {"create", "createTable", "table", "alterTable"}:
            if len(parts) > 1:
                at = found.end() + len(parts[0]) + 1
                yield _table(
                    found.start(), end + 1, name, Builder(table, engine, "create" in name, flavour), parts[1], at
                )
        elif name.startswith("drop"):
            exists = "IF EXISTS " if "IfExists" in name else ""
            yield Built(found.start(), end + 1, (f"DROP TABLE {exists}{Builder(table, engine, False).quoted(table)}",))
        else:
            to = constant(parts[1]) if len(parts) > 1 else None
            quoted = Builder(table, engine, False).quoted
            done = (f"ALTER TABLE {quoted(table)} RENAME TO {quoted(to)}",) if isinstance(to, str) else ()
            yield Built(found.start(), end + 1, done, () if done else ((found.start(), name),))


def _table(start: int, end: int, name: str, builder: Builder, callback: str, at: int) -> Built:
    variable = _VARIABLE.match(callback)
    if variable is None:
        return Built(start, end, (), ((start, name),))
    unread: list[tuple[int, str]] = []
    after = variable.end()
    for place, chain in chains(callback[after:], variable.group(1)):
        try:
            builder.add(chain or [Call("")])
        except Unreadable as error:
            unread.append((at + after + place, str(error)))
    return Built(start, end, tuple(builder.statements()) if builder.parts or not builder.is_new else (), tuple(unread))
