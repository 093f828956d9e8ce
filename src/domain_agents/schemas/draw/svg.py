"""A schema as an SVG picture, made here: no network, no browser, no fonts from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from domain_agents.schemas.draw import key_marks

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, Table, TableName

_ROW: Final = 20
_WIDTH: Final = 280
_GAP: Final = 60
_HEAD: Final = 28


def draw_svg(schema: Schema, title: str = "") -> str:
    """Every table with its columns, and a line for every foreign key."""
    tables = list(schema.tables.values())
    across = max(1, round(len(tables) ** 0.5))
    places: dict[TableName, tuple[int, int]] = {}
    bottoms = [_GAP] * across
    for table in tables:
        lane = bottoms.index(min(bottoms))
        places[table.name] = (_GAP + lane * (_WIDTH + _GAP), bottoms[lane])
        bottoms[lane] += _HEAD + _ROW * len(table.columns) + _GAP
    width, height = _GAP + across * (_WIDTH + _GAP), max(bottoms)
    lines = [_line(places, table.name, key.parent) for table in tables for key in table.foreign_keys]
    boxes = [_box(schema, table, *places[table.name]) for table in tables]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">\n'
        f"<title>{escape(title)}</title>\n" + "\n".join([*lines, *boxes]) + "\n</svg>\n"
    )


def _line(places: dict[TableName, tuple[int, int]], child: TableName, parent: TableName) -> str:
    if parent not in places:
        return ""
    (x1, y1), (x2, y2) = places[child], places[parent]
    half = _WIDTH // 2
    return f'<path d="M{x1 + half} {y1} L{x2 + half} {y2}" stroke="#888" fill="none"/>'


def _box(schema: Schema, table: Table, x: int, y: int) -> str:
    marks = key_marks(table, schema)
    height = _HEAD + _ROW * len(table.columns)
    parts = [
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{height}" fill="#fff" stroke="#444"/>',
        f'<text x="{x + 8}" y="{y + 18}" font-weight="bold">{escape(str(table.name))}</text>',
    ]
    for number, column in enumerate(table.columns):
        top = y + _HEAD + _ROW * number + 14
        mark = " ".join(marks.get(column.name, ()))
        parts.append(f'<text x="{x + 8}" y="{top}">{escape(column.name)}</text>')
        parts.append(
            f'<text x="{x + _WIDTH - 8}" y="{top}" text-anchor="end">{escape(f"{mark} {column.type}".strip())}</text>'
        )
    return "\n".join(parts)
