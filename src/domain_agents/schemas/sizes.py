"""How many rows there will be, and what a row and an index entry take: estimates from meanings and types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain_agents.catalog import Index, Table
    from domain_agents.schemas.spec import Entity

_WIDTHS: Final = {
    "bigint": 8, "integer": 4, "int": 4, "smallint": 2, "boolean": 1, "tinyint": 1, "date": 4, "timestamptz": 8,
    "datetime": 8, "double": 8, "real": 8, "uuid": 16, "binary": 16, "numeric": 10, "decimal": 9, "inet": 10,
    "interval": 16, "jsonb": 200, "json": 200, "bytea": 500, "mediumblob": 500, "blob": 500, "char": 4,
}  # fmt: skip
_TEXT_WIDTHS: Final = {
    "text": 300, "url": 80, "email": 25, "phone": 14, "slug": 20, "code": 16, "enum": 8, "password_hash": 60,
    "timestamp": 24, "date": 10, "reference": 36, "id": 36,
}  # fmt: skip
_ROW_OVERHEAD: Final = 28
_ENTRY_OVERHEAD: Final = 16
_DAYS: Final = 365


def held_rows(entity: Entity) -> int:
    """How many rows there are when as many leave as come, or after a year."""
    rows = entity.rows_1y or 0
    return rows if entity.retention_days is None else round(rows * entity.retention_days / _DAYS)


def row_bytes(table: Table, indexes: Sequence[Index], meanings: Mapping[str, str]) -> tuple[int, int]:
    """What a row takes in the table, and in all its keys and indexes together."""
    row = _ROW_OVERHEAD + sum(_width(column.type, meanings.get(column.name, "")) for column in table.columns)
    keys = [one.columns for one in table.uniques]
    if table.primary_key is not None:
        keys.append(table.primary_key.columns)
    keys += [one.columns for one in indexes if one.where is None]
    return row, sum(entry_bytes(table, columns, meanings) for columns in keys)


def entry_bytes(table: Table, columns: Sequence[str], meanings: Mapping[str, str]) -> int:
    """What one entry of an index on these columns takes."""
    found = [column for name in columns if (column := table.column(name)) is not None]
    return _ENTRY_OVERHEAD + sum(_width(column.type, meanings.get(column.name, "")) for column in found)


def _width(type_: str, meaning: str) -> int:
    word = type_.lower().split("(")[0].split(" ")[0]
    if word in {"integer", "int"} and type_.isupper():
        return 6  # SQLite writes an INTEGER in as many bytes as it needs
    return _WIDTHS.get(word) or _TEXT_WIDTHS.get(meaning, 24)


def size(count: float) -> str:
    """Bytes as a person says them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1_000:
            return f"{count:.0f} {unit}"
        count /= 1_000
    return f"{count:,.1f} TB"
