"""Conditions for the values of a column that another type does not take: the server would stop at the first of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from domain_agents.ddl import is_text
from domain_agents.engines._mysql_types import parts_of

if TYPE_CHECKING:
    from domain_agents.catalog import Column

_BITS: Final = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
_TEXT_BYTES: Final = {"tinytext": 255, "text": 65_535, "mediumtext": 16_777_215}
_NUMBER: Final = "'^[[:space:]]*[-+]?[0-9]+([.][0-9]*)?[[:space:]]*$'"


def unfit_condition(column: Column, type_: str, name: str) -> str:
    """What holds for the values that do not fit; empty where every value fits, or it cannot be told beforehand.

    `name` is the column's name as SQL.
    """
    old, new = parts_of(column.type), parts_of(type_)
    from_text = is_text(column.type)
    if new.base == "json":
        return f"NOT JSON_VALID({name})" if from_text and old.base != "enum" else ""
    if new.base in _BITS:
        return _whole_number(name, old.base, new.base, was_unsigned=old.unsigned, unsigned=new.unsigned, text=from_text)
    if new.base in {"decimal", "float", "double"} and from_text:
        return f"{name} NOT REGEXP {_NUMBER}"
    if new.base in {"date", "datetime", "timestamp", "time"} and from_text:
        as_type = "DATETIME" if new.base == "timestamp" else new.base.upper()
        return f"{name} IS NOT NULL AND CAST({name} AS {as_type}) IS NULL"
    if new.base == "enum":
        return f"{name} NOT IN ({', '.join(new.values)})" if new.values else ""
    if new.base in {"varchar", "char"}:
        shorter = not from_text or old.base not in {"varchar", "char"} or new.length < old.length
        return f"CHAR_LENGTH({name}) > {new.length}" if shorter and new.length else ""
    if new.base in _TEXT_BYTES and from_text and _TEXT_BYTES.get(old.base, 2**32) > _TEXT_BYTES[new.base]:
        return f"LENGTH({name}) > {_TEXT_BYTES[new.base]}" if old.base in {*_TEXT_BYTES, "longtext"} else ""
    if new.base == "decimal" and old.base == "decimal":
        return _fewer_digits(name, old.inside, new.inside)
    return ""


def _whole_number(name: str, old: str, new: str, *, was_unsigned: bool, unsigned: bool, text: bool) -> str:
    low, high = _range(new, unsigned=unsigned)
    if text:
        return f"{name} NOT REGEXP {_NUMBER} OR CAST({name} AS DECIMAL(65)) NOT BETWEEN {low} AND {high}"
    if old in _BITS:
        before = _range(old, unsigned=was_unsigned)
        return f"{name} NOT BETWEEN {low} AND {high}" if before[0] < low or before[1] > high else ""
    return f"{name} NOT BETWEEN {low} AND {high}" if old in {"decimal", "float", "double"} else ""


def _range(base: str, *, unsigned: bool) -> tuple[int, int]:
    bits = _BITS[base]
    return (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _fewer_digits(name: str, old: str, new: str) -> str:
    """A fraction is rounded in silence; too many digits before the point are refused."""
    sizes = [re.findall(r"\d+", one) or ["10"] for one in (old, new)]
    (before, old_scale), (after, scale) = ((int(one[0]), int(one[1]) if len(one) > 1 else 0) for one in sizes)
    if after - scale >= before - old_scale:
        return f"{name} <> ROUND({name}, {scale})" if scale < old_scale else ""
    return f"ABS({name}) >= 1e{after - scale}"
