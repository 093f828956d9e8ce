"""Columns that an index needs where it takes nothing but columns: an expression, or the rows that a condition holds for.

A VIRTUAL column is added at once and stores nothing; an index on it is built while writers pass. MySQL's own functional
index is such a column too, hidden, but made in one statement with its index, while writers wait (measured on 8.0 to 9.7).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from domain_agents import ddl
from domain_agents.catalog import Column
from domain_agents.engines import CannotSpell
from domain_agents.engines._mysql_defaults import is_deterministic
from domain_agents.engines._mysql_tokens import tokens
from domain_agents.engines._mysql_types import charset_of, collation_of
from domain_agents.engines._sqlite_tokens import Kind

if TYPE_CHECKING:
    from domain_agents.catalog import Table

_LONGEST: Final = 50
_OF_ARGUMENT: Final = frozenset(
    {"lower", "upper", "lcase", "ucase", "trim", "ltrim", "rtrim", "reverse", "coalesce", "ifnull", "nullif", "abs", "left",
     "right", "substring", "substr", "substring_index"}
)  # fmt: skip
"""Functions whose value has the type of their first argument, or one that fits into it."""
_FIXED: Final = {
    "date": "date", "year": "int", "month": "int", "day": "int", "dayofmonth": "int", "dayofweek": "int", "hour": "int",
    "minute": "int", "quarter": "int", "week": "int", "to_days": "int", "crc32": "int unsigned", "length": "int",
    "char_length": "int", "character_length": "int", "json_length": "int", "md5": "char(32)", "sha": "char(40)",
    "sha1": "char(40)", "unix_timestamp": "bigint", "floor": "bigint", "ceil": "bigint", "ceiling": "bigint",
    "isnull": "tinyint", "json_valid": "tinyint", "unhex": "varbinary(255)", "hex": "varchar(255)",
}  # fmt: skip
_CAST: Final = re.compile(
    r"\s*(?:CAST\s*\(.*\bAS|CONVERT\s*\(.*,)\s+(?P<type>[A-Za-z]+(?:\s*\([\d\s,]*\))?(?:\s+INTEGER)?)\s*\)\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_CASTS: Final = {"signed": "bigint", "unsigned": "bigint unsigned", "char": "varchar", "binary": "varbinary"}


def computed_column(table: Table, expression: str, *, is_condition: bool, is_hidden: bool) -> Column:
    """A VIRTUAL column that holds an expression, or 1 where a condition holds and else NULL.

    The column of that text that is there already, if there is one.

    Raises:
        CannotSpell: the expression may differ from time to time, or its type is not known.
    """
    text = _bare(expression)
    if not is_deterministic(text):
        raise CannotSpell(f"{text} is not the same for a row at every time, and nothing can be indexed by it")
    generated = f"CASE WHEN {text} THEN 1 END" if is_condition else text
    found = next((one for one in table.columns if one.generated is not None and _same(one.generated, generated)), None)
    if found is not None:
        return found
    type_, collation = ("tinyint", None) if is_condition else _type_of(text, table)
    return Column(
        _free_name(table, text),
        type_,
        generated=generated,
        collation=collation,
        virtual=True,
        attributes=("INVISIBLE",) if is_hidden else (),
    )


def compares_without_case(table: Table, expression: str) -> str:
    """The column of lower(column) or upper(column) whose collation compares without case by itself; else empty.

    A collation that is not written is the server's default, which compares without case on both servers.
    """
    row = [token for token in tokens(_bare(expression)) if not token.is_sign("(") and not token.is_sign(")")]
    if len(row) != 2 or not row[0].is_word("LOWER", "UPPER", "LCASE", "UCASE"):
        return ""
    column = _column(table, row[1].value)
    if column is None or not ddl.is_text(column.type):
        return ""
    collation = collation_of(column, table)
    return column.name if not collation or collation.endswith(("_ci", "_ai")) else ""


def _bare(expression: str) -> str:
    """Without brackets around the whole."""
    text = expression.strip()
    row = tokens(text)
    depth = 0
    for place, token in enumerate(row):
        depth += token.is_sign("(") - token.is_sign(")")
        if depth == 0 and place < len(row) - 1:
            return text
    return _bare(text[1:-1]) if len(row) > 1 and row[0].is_sign("(") and row[-1].is_sign(")") else text


def _same(one: str, other: str) -> bool:
    return [token.text.lower() for token in tokens(_bare(one))] == [
        token.text.lower() for token in tokens(_bare(other))
    ]


def _column(table: Table, name: str) -> Column | None:
    return next((one for one in table.columns if one.name.lower() == name.lower()), None)


def _type_of(expression: str, table: Table) -> tuple[str, str | None]:
    cast = _CAST.match(expression)
    if cast is not None:
        base, bracket, rest = cast["type"].lower().partition("(")
        made = _CASTS.get(base.split()[0], base.strip())
        needs = "(255)" if made in {"varchar", "varbinary"} and not bracket else ""
        return f"{made}{bracket}{rest}{needs}", None
    row = tokens(expression)
    if row and row[0].kind is Kind.WORD and len(row) > 2 and row[1].is_sign("("):
        function = row[0].text.lower()
        if function in _FIXED:
            return _FIXED[function], None
        argument = _column(table, row[2].value)
        if function in _OF_ARGUMENT and argument is not None and row[2].kind in {Kind.WORD, Kind.NAME}:
            return _as_key(argument, table)
    raise CannotSpell(
        f"an index takes columns here, and the type of {expression} is not plain to see: write it as CAST({expression} AS "
        "CHAR(190)) or the like, or add the column first (ADD COLUMN name type GENERATED ALWAYS AS (...) VIRTUAL)"
    )


def _as_key(column: Column, table: Table) -> tuple[str, str | None]:
    """The column's type, as long as an index can take it whole: 3072 bytes."""
    is_long = re.match(r"\s*(?:tiny|medium|long)?text\b", column.type, re.IGNORECASE)
    if is_long is None:
        return column.type, column.collation
    charset = charset_of(column, table)
    return ddl.with_charset("varchar(255)", charset if ddl.written_charset(column.type) else ""), column.collation


def _free_name(table: Table, text: str) -> str:
    words = [token.value for token in tokens(text) if token.kind in {Kind.WORD, Kind.NAME, Kind.NUMBER}]
    name = re.sub(r"\W+", "_", "_".join(words).lower())[:_LONGEST].strip("_") or "computed"
    made, number = name, 1
    while _column(table, made) is not None:
        number += 1
        made = f"{name}_{number}"
    return made
