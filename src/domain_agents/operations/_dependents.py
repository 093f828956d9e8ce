"""Views, functions and triggers of the schema whose text names a column: what a change of the column may break."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName

_PART = r'(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|[\w$]+)'
_NAME = rf"({_PART}(?:\.{_PART})?)"
_MADE = re.compile(
    r"\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP(?:ORARY)?\s+)?(?:RECURSIVE\s+)?(?:CONSTRAINT\s+)?(?:MATERIALIZED\s+)?"
    r"(?:ALGORITHM\s*=\s*\w+\s+|DEFINER\s*=\s*\S+\s+|SQL\s+SECURITY\s+\w+\s+)*"
    rf"(VIEW|FUNCTION|TRIGGER|RULE|POLICY|STATISTICS)\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}",
    re.IGNORECASE,
)
_DROPPED = re.compile(
    rf"\s*DROP\s+(?:MATERIALIZED\s+)?(VIEW|FUNCTION|TRIGGER|RULE|POLICY|STATISTICS)\s+(?:IF\s+EXISTS\s+)?{_NAME}",
    re.IGNORECASE,
)


def dependents(schema: Schema, table: TableName, column: str) -> tuple[str, ...]:
    """What the schema keeps as text and names both the table and the column, such as "view active_users".

    It is a search for words: a body that puts its statements together from pieces is not found.
    """
    found = texts_by_label(schema)
    trigger_functions = _called_by_triggers(found, table)
    return tuple(
        label
        for label, text in found.items()
        if _says(text, column) and (_says(text, table.name) or label in trigger_functions)
    )


def dependents_of_table(schema: Schema, table: TableName) -> tuple[str, ...]:
    """What the schema keeps as text and names the table; a trigger on the table itself goes or moves with it."""
    own = re.compile(rf"\sON\s+(?:ONLY\s+)?(?:[\w\"`]+\.)?[\"`]?{re.escape(table.name)}[\"`]?(?![\w$])", re.IGNORECASE)
    return tuple(
        label
        for label, text in texts_by_label(schema).items()
        if _says(text, table.name) and not (label.startswith(("trigger ", "policy ")) and own.search(text))
    )


def texts_by_label(schema: Schema) -> dict[str, str]:
    """The texts of what there is in the end, by label."""
    found: dict[str, str] = {}
    for text in schema.extras:
        gone = _DROPPED.match(text)
        if gone:
            found.pop(_label(gone), None)
            continue
        made = _MADE.match(text)
        if made:
            found[_label(made)] = text
    return found


def breakage_warnings(schema: Schema, table: TableName, column: str, *, verb: str) -> tuple[str, ...]:
    """One warning for each dependent; `verb` says what happens to the column ("is dropped")."""
    return tuple(
        f"{label} names {table}.{column}: change it before the column {verb}; a view makes the server refuse, a "
        "function or trigger fails only when it runs"
        for label in dependents(schema, table, column)
    )


def _label(found: re.Match[str]) -> str:
    return f"{found[1].lower()} {found[2].replace(chr(34), '').replace('`', '')}"


def _says(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text, re.IGNORECASE) is not None


def _called_by_triggers(found: dict[str, str], table: TableName) -> set[str]:
    """The functions that triggers of the table call: their bodies say NEW.column and never the table's name."""
    called: set[str] = set()
    for label, text in found.items():
        call = re.search(rf"\bEXECUTE\s+(?:FUNCTION|PROCEDURE)\s+{_NAME}", text, re.IGNORECASE)
        if label.startswith("trigger ") and call and _says(text, table.name):
            called.add(f"function {call[1].replace(chr(34), '').replace('`', '')}")
    return called
