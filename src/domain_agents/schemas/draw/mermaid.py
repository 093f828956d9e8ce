"""Mermaid's entity-relationship diagrams: https://mermaid.js.org/syntax/entityRelationshipDiagram.html (read 2026-11-20).

Mermaid refuses more than 50,000 characters or 500 relations by default, and spaces in types or quotes in comments.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from domain_agents.schemas.draw import ends_of, key_marks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain_agents.catalog import Schema, Table, TableName

MAX_CHARACTERS: Final = 48_000
MAX_RELATIONS: Final = 480
_WORDS: Final = frozenset(
    {"erdiagram", "title", "direction", "style", "class", "classdef", "one", "many", "to", "only", "optionally", "u"}
)
_TYPE: Final = re.compile(r"[^A-Za-z0-9_(),\[\]-]+")


def draw_mermaid(schema: Schema, tables: Iterable[TableName] = ()) -> str:
    """The tables (all of them, unless some are named) and the relations between them.

    What is too large for Mermaid is drawn with its keys only, and then without columns.
    """
    shown = [schema.tables[name] for name in tables] or list(schema.tables.values())
    for detail in ("all", "keys", "none"):
        text = _diagram(schema, shown, detail)
        if len(text) <= MAX_CHARACTERS:
            break
    return text


def _diagram(schema: Schema, shown: list[Table], detail: str) -> str:
    names = {table.name for table in shown}
    lines = ["erDiagram"]
    for table in shown:
        lines += _entity(schema, table, detail)
    relations = [
        f"    {_name(key.parent)} {_symbol(key, table)} {_name(table.name)} : {_label(key.columns)}"
        for table in shown
        for key in table.foreign_keys
        if key.parent in names
    ]
    left = len(relations) - MAX_RELATIONS
    said = [f"    %% {left} more relations: Mermaid draws no more than 500"] if left > 0 else []
    return "\n".join([*lines, *relations[:MAX_RELATIONS], *said]) + "\n"


def _entity(schema: Schema, table: Table, detail: str) -> list[str]:
    if detail == "none":
        return [f"    {_name(table.name)}"]
    marks = key_marks(table, schema)
    lines = [f"    {_name(table.name)} {{"]
    for column in table.columns:
        found = marks.get(column.name, ())
        if detail == "keys" and not found:
            continue
        nullable = ' "null"' if column.nullable and column.generated is None else ""
        lines.append(
            f"        {_type(column.type)} {_word(column.name)}{' ' + ', '.join(found) if found else ''}{nullable}"
        )
    return [*lines, "    }"]


def _symbol(key: object, child: Table) -> str:
    parent_end, child_end = ends_of(key, child)  # type: ignore[arg-type]  # the caller's own foreign key
    left = "|o" if parent_end.is_optional else "||"
    return f"{left}--{'o{' if child_end.is_many else 'o|'}"


def _name(name: TableName) -> str:
    text = str(name)
    if re.fullmatch(r"[A-Za-z_]\w*", text, re.ASCII) and text.lower() not in _WORDS:
        return text
    return '"' + re.sub(r'["%\\\s\x00-\x1f]', "_", text) + '"'


def _label(columns: tuple[str, ...]) -> str:
    return '"' + re.sub(r'["%\\;\x00-\x1f]', "_", ", ".join(columns)) + '"'


def _type(text: str) -> str:
    found = _TYPE.sub("_", text.strip()).strip("_")
    return found if found[:1].isalpha() else f"t_{found}" if found else "unknown"


def _word(name: str) -> str:
    found = re.sub(r"[^\w-]+", "_", name, flags=re.ASCII).strip("_-")
    return found if found[:1].isalpha() else f"c_{found}"
