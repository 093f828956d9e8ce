"""Drizzle's snapshot of the schema, brought up to what a file's SQL makes of it.

`drizzle-kit generate` compares the project's schema with the newest snapshot: without it, the change would be planned a
second time. Only what has changed is written anew; the rest stays as Drizzle has written it.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from domain_agents import ddl
from domain_agents.dialects import dialect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain_agents.catalog import Column, ForeignKey, Index, Schema, Table, TableName

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TYPES = {
    "timestamptz": "timestamp with time zone", "timestamp without time zone": "timestamp", "int": "integer",
    "int4": "integer", "int8": "bigint", "int2": "smallint", "bool": "boolean", "float8": "double precision",
    "character varying": "varchar", "decimal": "numeric",
}  # fmt: skip
_SIZED = re.compile(r"(.+?)\s*(\(.*\))")


def next_snapshot(
    snapshot: dict[str, Any], schema: Schema, statements: Iterable[str], engine: str
) -> tuple[str, Schema]:
    """The snapshot behind a file, as its text, and the schema that its statements reach."""
    after, renamed = schema, {}
    for sql in statements:
        for read in dialect(engine).read(sql):
            for atom in read.atoms:
                try:
                    after = atom.apply(after)
                except ddl.DoesNotApply:
                    continue
                if isinstance(atom, ddl.RenameColumn):
                    renamed[atom.table.name, atom.column] = atom.new_name
    made = copy.deepcopy(snapshot)
    _change(made, schema, after, renamed, engine)
    made["prevId"] = snapshot.get("id", "")
    made["id"] = ""
    digest = hashlib.sha256(json.dumps(made, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()
    made["id"] = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
    return json.dumps(made, indent=2) + "\n", after


def _change(
    made: dict[str, Any], before: Schema, after: Schema, renamed: dict[tuple[str, str], str], engine: str
) -> None:
    tables: dict[str, Any] = made.setdefault("tables", {})
    for name in sorted({*before.tables, *after.tables}):
        old, new = before.tables.get(name), after.tables.get(name)
        key = _key(name, engine)
        if new is None:
            tables.pop(key, None)
        elif old is None or key not in tables:
            if old is None:
                tables[key] = _table(new, after, engine)
        elif old != new:
            _columns(tables[key], old, new, {was: now for (of, was), now in renamed.items() if of == name.name}, engine)
            _keys(tables[key], old, new, engine)
    for index_name in sorted({*before.indexes, *after.indexes}):
        was, now = before.indexes.get(index_name), after.indexes.get(index_name)
        if was == now:
            continue
        owner = tables.get(_key((now or was).table, engine))  # type: ignore[union-attr]  # one of them is there
        if owner is not None and now is None:
            owner.get("indexes", {}).pop(was.name, None)  # type: ignore[union-attr]  # the other one is not there
        elif owner is not None and now is not None:
            owner.setdefault("indexes", {})[now.name] = _index(now, engine)


def _key(name: TableName, engine: str) -> str:
    return f"{name.schema or 'public'}.{name.name}" if engine == "postgresql" else name.name


def _table(table: Table, schema: Schema, engine: str) -> dict[str, Any]:
    made: dict[str, Any] = {"name": table.name.name}
    if engine == "postgresql":
        made["schema"] = "" if table.name.schema in {"", "public"} else table.name.schema
    key = table.primary_key.columns if table.primary_key else ()
    made |= {
        "columns": {c.name: _column(c, engine, is_key=key == (c.name,)) for c in table.columns},
        "indexes": {index.name: _index(index, engine) for index in schema.indexes_of(table.name)},
        "foreignKeys": {key.name: _foreign_key(table, key) for key in table.foreign_keys if key.name},
        "compositePrimaryKeys": {},
        "uniqueConstraints": {},
    }
    if engine == "postgresql":
        made |= {"policies": {}, "checkConstraints": {}, "isRLSEnabled": False}
    if len(key) > 1:
        name = f"{table.name.name}_{'_'.join(key)}_pk"
        made["compositePrimaryKeys"] = {name: {"name": name, "columns": list(key)}}
    for one in table.uniques:
        if one.name:
            made["uniqueConstraints"][one.name] = _unique(one.name, one.columns, engine)
    return made


def _columns(made: dict[str, Any], old: Table, new: Table, renamed: dict[str, str], engine: str) -> None:
    columns: dict[str, Any] = made.setdefault("columns", {})
    for was, now in renamed.items():
        if was in columns and now not in columns:
            columns[now] = {**columns.pop(was), "name": now}
    for column in old.columns:
        if new.column(column.name) is None:
            columns.pop(column.name, None)
    key = new.primary_key.columns if new.primary_key else ()
    for column in new.columns:
        if old.column(column.name) != column and column.name not in renamed.values():
            # What Drizzle has written of a column that was there before, such as its identity, stays.
            kept = {k: v for k, v in columns.get(column.name, {}).items() if k not in {"type", "notNull", "default"}}
            columns[column.name] = kept | _column(column, engine, is_key=key == (column.name,))


def _keys(made: dict[str, Any], old: Table, new: Table, engine: str) -> None:
    keys = made.setdefault("foreignKeys", {})
    for one in old.foreign_keys:
        if one.name not in {other.name for other in new.foreign_keys}:
            keys.pop(one.name, None)
    keys |= {one.name: _foreign_key(new, one) for one in new.foreign_keys if one.name and one not in old.foreign_keys}
    uniques = made.setdefault("uniqueConstraints", {})
    for unique in old.uniques:
        if unique.name not in {other.name for other in new.uniques}:
            uniques.pop(unique.name, None)
    for unique in new.uniques:
        if unique.name and unique not in old.uniques:
            uniques[unique.name] = _unique(unique.name, unique.columns, engine)
            made.get("indexes", {}).pop(unique.name, None)
    checks = made.setdefault("checkConstraints", {})
    for check in old.checks:
        if check.name not in {other.name for other in new.checks}:
            checks.pop(check.name, None)
    for check in new.checks:
        if check.name and check.name not in {other.name for other in old.checks}:
            checks[check.name] = {"name": check.name, "value": check.expression}


def _column(column: Column, engine: str, *, is_key: bool) -> dict[str, Any]:
    text = column.type.strip().lower()
    sized = _SIZED.fullmatch(text)
    name, size = (sized.group(1), sized.group(2)) if sized else (text, "")
    if engine == "postgresql":
        name = _TYPES.get(name, name)
        size = re.sub(r"\s*,\s*", ", ", size)
    made: dict[str, Any] = {
        "name": column.name,
        "type": f"{name}{size}",
        "primaryKey": is_key,
        "notNull": is_key or not column.nullable,
    }
    if engine != "postgresql":
        made["autoincrement"] = False
    if column.default is not None:
        made["default"] = _default(column.default)
    return made


def _default(expression: str) -> object:
    text = expression.strip()
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return re.sub(r"^('(?:[^']|'')*')::[\w ]+(?:\(\d+\))?$", r"\1", text)


def _index(index: Index, engine: str) -> dict[str, Any]:
    if engine != "postgresql":
        return {"name": index.name, "columns": [key.text for key in index.keys], "isUnique": index.unique}
    columns = [
        {
            "expression": key.text,
            "isExpression": key.is_expression,
            "asc": not key.descending,
            "nulls": "last",
        }
        for key in index.keys
    ]
    where = {"where": index.where} if index.where else {}
    return {
        "name": index.name,
        "columns": columns,
        "isUnique": index.unique,
        **where,
        "concurrently": False,
        "method": index.method or "btree",
        "with": {},
    }


def _foreign_key(table: Table, key: ForeignKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "tableFrom": table.name.name,
        "tableTo": key.parent.name,
        "columnsFrom": list(key.columns),
        "columnsTo": list(key.parent_columns or ("id",)),
        "onDelete": key.on_delete.lower(),
        "onUpdate": key.on_update.lower(),
    }


def _unique(name: str, columns: tuple[str, ...], engine: str) -> dict[str, Any]:
    distinct = {"nullsNotDistinct": False} if engine == "postgresql" else {}
    return {"name": name, **distinct, "columns": list(columns)}
