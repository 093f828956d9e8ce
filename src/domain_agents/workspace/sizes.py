"""How many rows a table gets in a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_ROWS: Final = 20_000


def rows_wanted(table: str, rows: Mapping[str, int]) -> int:
    """The rows asked for a table, by its name with or without the schema; else the default."""
    for name in (table, f"public.{table}", table.rpartition(".")[2]):
        if name in rows:
            return max(0, rows[name])
    return DEFAULT_ROWS
