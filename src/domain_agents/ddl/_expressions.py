"""Names inside expressions: which columns a check, an index or a generated column reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain_agents.catalog import Index

_NAMES = re.compile(r"""'(?:[^']|'')*'|"((?:[^"]|"")*)"|`([^`]*)`|([^\W\d][\w$]*)(?!\s*\(|[\w$])""")


# Words that no engine here takes for a column's name without quotes; quoting one name too many does no harm.
_RESERVED = frozenset(
    """add all alter analyse analyze and any array as asc authorization autoincrement between both by case cast check
    collate column commit concurrently constraint create cross current_date current_time current_timestamp
    current_user default deferrable delete desc distinct do drop else end escape except exists false fetch for
    foreign freeze from full grant group having if ilike in index initially inner insert intersect into is isnull
    join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order
    outer overlaps placing primary references returning right select session_user set similar some symmetric table
    tablesample then to trailing transaction true union unique update user using values variadic verbose view when
    where window with""".split()  # noqa: SIM905 - a list of words reads better
)


def mentions(expression: str, column: str) -> bool:
    """Whether an expression names a column: quoted exactly, or bare in any case (a function of that name is none)."""
    for quoted, ticked, bare in _NAMES.findall(expression):
        if bare.lower() == column.lower() or column in {quoted.replace('""', '"'), ticked}:
            return True
    return False


def renamed_in(expression: str, column: str, new_name: str) -> str:
    """The expression with a column's name exchanged, wherever `mentions` finds it."""
    is_plain = re.fullmatch(r"[a-z_][a-z0-9_]*", new_name) is not None and new_name not in _RESERVED
    quoted = '"' + new_name.replace('"', '""') + '"'

    def exchanged(found: re.Match[str]) -> str:
        if not mentions(found.group(), column):
            return found.group()
        return new_name if is_plain and not found.group().startswith('"') else quoted

    return _NAMES.sub(exchanged, expression)


def uses(index: Index, column: str) -> bool:
    expressions = [key.text for key in index.keys if key.is_expression] + ([index.where] if index.where else [])
    return column in (*index.columns, *index.include) or any(mentions(one, column) for one in expressions)
