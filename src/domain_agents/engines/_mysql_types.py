"""What another type, character set or collation of a column costs: a note in the dictionary, an index, or a copy.

Read from the two definitions and nothing else, as the servers decide it. Measured with every ALGORITHM and LOCK on the
versions that the facts name (58 conversions more on MariaDB 10.11.19, 2026-11-21); what was not measured is a copy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from domain_agents.ddl import is_text, with_charset, written_charset

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Table

_TYPE: Final = re.compile(
    r"\s*(?P<base>[A-Za-z_0-9]+(?:\s+(?:VARYING|PRECISION|VARCHAR|CHAR|VARBINARY))?)\s*(?:\((?P<inside>.*?)\)(?=[^')]*\Z))?"
    r"(?P<rest>[^()]*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_CHARSET: Final = re.compile(r"\s*\b(?:CHARACTER\s+SET|CHARSET)\s*=?\s*[\"'`]?(\w+)[\"'`]?", re.IGNORECASE)
_COLLATE: Final = re.compile(r"\bCOLLATE\s*=?\s*[\"'`]?(\w+)", re.IGNORECASE)
_SAME: Final = {
    "integer": "int", "int4": "int", "int8": "bigint", "int2": "smallint", "int1": "tinyint", "int3": "mediumint",
    "dec": "decimal", "numeric": "decimal", "fixed": "decimal", "real": "double", "double precision": "double",
    "float8": "double", "float4": "float", "character": "char", "character varying": "varchar", "char varying": "varchar",
    "bool": "tinyint", "boolean": "tinyint",
}  # fmt: skip
_WIDTH_IS_DISPLAY: Final = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint"})
_WIDE: Final = {
    "utf8mb4": 4, "utf16": 4, "utf16le": 4, "utf32": 4, "gb18030": 4, "utf8mb3": 3, "utf8": 3, "ujis": 3, "eucjpms": 3,
    "ucs2": 2, "gbk": 2, "big5": 2, "sjis": 2, "cp932": 2, "euckr": 2, "gb2312": 2,
}  # fmt: skip
"""Bytes that a character takes at most; one in every other set."""
DEFAULT_CHARSET: Final = "utf8mb4"
"""Assumed where neither the column nor the table says one: MySQL's default since 8.0.1, MariaDB's from 11.6."""
_ONE_BYTE_LENGTH: Final = 255
_HALF_OF_IT: Final = 127


class Cost(StrEnum):
    """How a change of a column is carried out at best, each with writers passing, except the copy."""

    INSTANT = "instant"
    INDEX = "nocopy"
    INPLACE = "inplace"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class Conversions:
    """Where servers and versions differ.

    `widens_far` is MariaDB's way (10.4.3): a varchar of up to 127 bytes is lengthened past 255 at once, and a collation
    is exchanged without a copy even when an index must be sorted anew. `grows_indexed` (MariaDB 10.6): utf8mb3 becomes
    utf8mb4 at once under an index too.
    """

    widens_far: bool = False
    grows_indexed: bool = False


@dataclass(frozen=True, slots=True)
class TypeParts:
    """A type read apart: its name as the server calls it, what stands in brackets, and whether it is UNSIGNED."""

    base: str
    inside: str
    unsigned: bool
    zerofill: bool

    @property
    def length(self) -> int:
        return int(self.inside) if self.inside.strip().isdigit() else 1 if self.base in {"char", "binary"} else 0

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(re.findall(r"'(?:[^'\\]|''|\\.)*'", self.inside))


def charset_of(column: Column, table: Table | None) -> str:
    """The character set that a column has: its own, that of its collation, its table's, else the usual default."""
    own = written_charset(column.type)
    if own:
        return "utf8mb3" if own == "utf8" else own
    options = table.options if table is not None else ""
    said = _CHARSET.search(options)
    collation = column.collation or ("" if said else _collation_in(options))
    if collation:
        return collation.partition("_")[0].lower()
    return said[1].lower() if said else DEFAULT_CHARSET


def says_charset(column: Column, table: Table | None) -> bool:
    """Whether the column's character set stands anywhere, so that it need not be assumed."""
    if written_charset(column.type) or column.collation:
        return True
    options = table.options if table is not None else ""
    return _CHARSET.search(options) is not None or bool(_collation_in(options))


def _collation_in(options: str) -> str:
    found = _COLLATE.search(options)
    return found[1] if found else ""


def collation_of(column: Column, table: Table | None) -> str:
    """The collation that is written for a column or its table; empty when it is the character set's default."""
    if column.collation:
        return column.collation.lower()
    return "" if written_charset(column.type) or table is None else _collation_in(table.options).lower()


def parts_of(type_: str) -> TypeParts:
    """A type, read apart."""
    found = _TYPE.match(with_charset(type_, ""))
    if found is None:
        return TypeParts(" ".join(type_.lower().split()), "", unsigned=False, zerofill=False)
    base, rest = " ".join(found["base"].lower().split()), found["rest"].lower()
    inside = found["inside"] or ""
    if base in {"bool", "boolean"}:
        inside = "1"
    made = _SAME.get(base, base)
    return TypeParts(made, inside.strip(), unsigned="unsigned" in rest, zerofill="zerofill" in rest)


def cost(old: Column, new: Column, table: Table | None, *, is_indexed: bool, by: Conversions) -> Cost:
    """What it costs to turn a column into another one of the same name, nullability and default."""
    widens_far = by.widens_far
    one, other = parts_of(old.type), parts_of(new.type)
    if one.base != other.base or (one.unsigned, one.zerofill) != (other.unsigned, other.zerofill):
        return Cost.COPY
    before, after = charset_of(old, table), charset_of(new, table)
    texts = is_text(old.type)
    if texts and written_charset(new.type) and not says_charset(old, table):
        return Cost.COPY  # whoever asks for a character set has another one, and which is not known
    grows = before == "utf8mb3" and after == "utf8mb4"
    if texts and before != after and not grows:
        return Cost.COPY
    widened = _widened(one, other, before, after, texts=texts, widens_far=widens_far)
    if widened is Cost.COPY or not texts:
        return widened
    if grows and is_indexed and not by.grows_indexed:
        return Cost.COPY
    if collation_of(old, table) != collation_of(new, table) and not grows:
        if is_indexed:
            return Cost.INDEX if widens_far else Cost.COPY
        return Cost.INSTANT if widens_far else Cost.INPLACE
    return Cost.INPLACE if grows and not widens_far else widened


def _widened(one: TypeParts, other: TypeParts, before: str, after: str, *, texts: bool, widens_far: bool) -> Cost:
    if one.base in {"enum", "set"}:
        return _values_added(one, other)
    if one.base in {"varchar", "varbinary"}:
        old_bytes = one.length * (_WIDE.get(before, 1) if texts else 1)
        new_bytes = other.length * (_WIDE.get(after, 1) if texts else 1)
        if one.length == other.length and before == after:
            return Cost.INSTANT
        return _length_changed(old_bytes, new_bytes, widens_far=widens_far) if other.length >= one.length else Cost.COPY
    same = one.inside == other.inside or one.base in _WIDTH_IS_DISPLAY
    return Cost.INSTANT if same else Cost.COPY


def _length_changed(old_bytes: int, new_bytes: int, *, widens_far: bool) -> Cost:
    """Up to 255 bytes a value's length takes one byte, above that two."""
    same_side = (old_bytes > _ONE_BYTE_LENGTH) == (new_bytes > _ONE_BYTE_LENGTH)
    if widens_far:
        return Cost.INSTANT if same_side or old_bytes <= _HALF_OF_IT else Cost.COPY
    return Cost.INPLACE if same_side else Cost.COPY


def _values_added(one: TypeParts, other: TypeParts) -> Cost:
    """Values at the end are a note, as long as the number of a value takes as many bytes as before."""
    if other.values[: len(one.values)] != one.values:
        return Cost.COPY

    def width(type_: TypeParts) -> int:
        count = len(type_.values)
        if type_.base == "enum":
            return 1 if count <= _ONE_BYTE_LENGTH else 2
        eight = 8
        bytes_ = -(-count // eight)
        return eight if bytes_ > eight // 2 else bytes_

    return Cost.INSTANT if width(one) == width(other) else Cost.COPY
