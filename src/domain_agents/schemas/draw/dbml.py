"""DBML, which dbdiagram.io and dbdocs read: https://dbml.dbdiagram.io/docs (read 2026-11-20)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.schemas.draw import ends_of

if TYPE_CHECKING:
    from domain_agents.catalog import Column, ForeignKey, Index, Schema, Table, TableName


def draw_dbml(schema: Schema, title: str = "") -> str:
    """The whole schema."""
    blocks = [f"// {' '.join(title.split())}"] if title else []
    blocks += [_table(schema, table) for table in schema.tables.values()]
    blocks += [_reference(table, key) for table in schema.tables.values() for key in table.foreign_keys]
    return "\n\n".join(blocks) + "\n"


def _table(schema: Schema, table: Table) -> str:
    key = table.primary_key.columns if table.primary_key is not None else ()
    lines = [f"Table {_table_name(table.name)} {{"]
    lines += [f"  {_column(column, is_key=key == (column.name,))}" for column in table.columns]
    rows = [f"    ({', '.join(map(_name, key))}) [pk]"] if len(key) > 1 else []
    rows += [f"    ({', '.join(map(_name, one.columns))}) [unique, name: {_text(one.name)}]" for one in table.uniques]
    rows += [f"    {_index(one)}" for one in schema.indexes_of(table.name)]
    if rows:
        lines += ["", "  indexes {", *rows, "  }"]
    if table.comment:
        lines += ["", f"  Note: {_text(table.comment)}"]
    return "\n".join([*lines, "}"])


def _column(column: Column, *, is_key: bool) -> str:
    settings = ["pk"] if is_key else []
    if column.identity:
        settings.append("increment")
    if not is_key:
        settings.append("null" if column.nullable else "not null")
    if column.default is not None:
        settings.append(f"default: `{column.default.replace('`', '')}`")
    if column.comment:
        settings.append(f"note: {_text(column.comment)}")
    return f"{_name(column.name)} {_type(column.type)} [{', '.join(settings)}]"


def _index(index: Index) -> str:
    keys = ", ".join(f"`{key.text.replace('`', '')}`" if key.is_expression else _name(key.text) for key in index.keys)
    settings = ["unique"] if index.unique else []
    settings.append(f"name: {_text(index.name)}")
    if index.method in {"btree", "hash"}:
        settings.append(f"type: {index.method}")
    notes = [f"using {index.method}"] if index.method not in {"", "btree", "hash"} else []
    notes += [f"where {index.where}"] if index.where else []
    if notes:
        settings.append(f"note: {_text('; '.join(notes))}")
    return f"({keys}) [{', '.join(settings)}]"


def _reference(table: Table, key: ForeignKey) -> str:
    _, child_end = ends_of(key, table)
    sign = ">" if child_end.is_many else "-"
    child = f"{_table_name(table.name)}.({', '.join(map(_name, key.columns))})"
    parent = f"{_table_name(key.parent)}.({', '.join(map(_name, key.parent_columns))})"
    rule = f" [delete: {key.on_delete.lower()}]" if key.on_delete != "NO ACTION" else ""
    return (
        f"Ref {_name(key.name)}: {child} {sign} {parent}{rule}" if key.name else f"Ref: {child} {sign} {parent}{rule}"
    )


def _table_name(name: TableName) -> str:
    return f"{_name(name.schema)}.{_name(name.name)}" if name.schema else _name(name.name)


def _name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) else '"' + name.replace('"', "'") + '"'


def _type(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z_]\w*(?:\([\d, ]+\))?", text, re.ASCII) else '"' + text.replace('"', "'") + '"'


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\r", " ").replace("\n", " ") + "'"
