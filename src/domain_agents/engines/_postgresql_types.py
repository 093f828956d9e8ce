"""Which changes of a column's type PostgreSQL notes in its catalog, without reading or writing a row.

Measured on 13 to 18 by relfilenode and the server's own messages; see facts/locks/postgresql.toml. Whatever is not listed
here counts as rewriting the table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ALIASES: Final = {
    "int": "integer", "int4": "integer", "int8": "bigint", "int2": "smallint", "decimal": "numeric",
    "character varying": "varchar", "character": "char", "bpchar": "char", "float8": "double precision",
    "float4": "real", "bool": "boolean", "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp", "time with time zone": "timetz", "time without time zone": "time",
    "bit varying": "varbit",
}  # fmt: skip
_TYPE: Final = re.compile(r"([a-z0-9_ ]+?)\s*(?:\(\s*(\d+)\s*(?:,\s*(-?\d+)\s*)?\))?\s*((?:with|without) time zone)?")
_NO_LIMIT: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class _Type:
    name: str
    size: int
    scale: int | None


def is_metadata_only(before: str, after: str) -> bool:
    """Whether the server changes the type without touching the rows or building an index anew."""
    old, new = _read(stored_type(before)), _read(after)
    if old is None or new is None:
        return before.strip() == after.strip()
    if old == new:
        return True
    if old.name in ("varchar", "text") and new.name in ("varchar", "text"):
        return new.size >= old.size
    if old.name == new.name == "numeric":
        return new.size == _NO_LIMIT or (new.size >= old.size and new.scale == old.scale)
    if old.name == new.name and old.name in ("timestamp", "timestamptz"):
        return new.size >= old.size
    return (old.name, new.name) == ("cidr", "inet")


_SERIAL: Final = {
    "serial": "integer", "serial4": "integer", "bigserial": "bigint", "serial8": "bigint",
    "smallserial": "smallint", "serial2": "smallint",
}  # fmt: skip


def stored_type(type_: str) -> str:
    """What a column of that type holds: a serial column is an integer with a sequence."""
    return _SERIAL.get(type_.strip().lower(), type_)


def _read(text: str) -> _Type | None:
    """A type in its own words, with its modifiers; None for what is read here no further (arrays, domains, quoted)."""
    found = _TYPE.fullmatch(" ".join(text.lower().split()))
    if found is None:
        return None
    zone = f" {found[4]}" if found[4] else ""
    name = _ALIASES.get(found[1].strip() + zone, found[1].strip() + zone)
    default = 6 if name in ("timestamp", "timestamptz") else 1 if name == "char" else _NO_LIMIT
    size = int(found[2]) if found[2] else default
    scale = int(found[3] or 0) if name == "numeric" and found[2] else None
    return _Type(name, size, scale)
