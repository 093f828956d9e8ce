"""The bound of a partition as a condition on its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain_agents.catalog import Bound, IndexKey, Table, TableName

_LOWEST, _HIGHEST = "MINVALUE", "MAXVALUE"


@dataclass(frozen=True, slots=True)
class Quoting:
    """How names become SQL."""

    name: Callable[[str], str]
    table: Callable[[TableName], str]


SHOWN = Quoting(str, str)
"""Names as they are: for comparing, and for people."""


def bound_condition(parent: Table, bound: Bound, quoting: Quoting) -> str:
    """The condition that a server holds every row of a partition to: what a CHECK must say to spare it the scan.

    Empty for a default partition, whose condition is that no other's holds, and for a bound without a lower end.
    """
    key = parent.partitioned_by
    if key is None:
        return ""
    names = [_written(one, quoting) for one in key.keys]
    if bound.kind == "hash":
        given = ", ".join((_literal(quoting.table(parent.name)) + "::regclass", str(bound.modulus)))
        return f"satisfies_hash_partition({given}, {bound.remainder}, {', '.join(names)})"
    if bound.kind == "list" and len(names) == 1:
        return _in_list(names[0], bound.values)
    if bound.kind != "range" or len(bound.lower) != len(names) or len(bound.upper) != len(names):
        return ""
    parts = [f"{name} IS NOT NULL" for name in names]
    lower, upper = _beyond(names, bound.lower, ">"), _beyond(names, bound.upper, "<")
    return " AND ".join((*parts, *(part for part in (lower, upper) if part)))


def _written(key: IndexKey, quoting: Quoting) -> str:
    if not key.is_expression:
        return quoting.name(key.text)
    call, bracket, _ = key.text.partition("(")
    return key.text if bracket and call.strip().isidentifier() and key.text.endswith(")") else f"({key.text})"


def _in_list(name: str, values: tuple[str, ...]) -> str:
    present = [value for value in values if value.upper() != "NULL"]
    listed = f"{name} IN ({', '.join(present)})" if present else ""
    if len(present) == len(values):
        return f"{name} IS NOT NULL AND {listed}"
    return f"{name} IS NULL OR {listed}" if listed else f"{name} IS NULL"


def _beyond(names: list[str], values: tuple[str, ...], sign: str) -> str:
    """That a row is at the bound or beyond it in the direction of the sign; its own end is in a range, its upper is not."""
    name, value = names[0], values[0]
    word = value.upper()
    if word == (_LOWEST if sign == ">" else _HIGHEST):
        return ""
    if len(names) == 1:
        return f"{name} {sign}{'=' if sign == '>' else ''} {value}"
    rest = values[1].upper()
    if rest in (_LOWEST, _HIGHEST):
        takes_equal = rest == (_LOWEST if sign == ">" else _HIGHEST)
        return f"{name} {sign}{'=' if takes_equal else ''} {value}"
    return f"({name} {sign} {value} OR ({name} = {value} AND {_beyond(names[1:], values[1:], sign)}))"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
