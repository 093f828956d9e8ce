"""A table as a box: its title, columns with keys and types, and its indexes; measured first, drawn where it was put."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from domain_agents.schemas.draw import key_marks
from domain_agents.schemas.draw._text import fitted, printable, width

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Index, Schema, Table

HEAD: Final = 28
ROW: Final = 20
SIZE: Final = 12
SMALL: Final = 10
_PAD: Final = 10
_MARK: Final = 22
_WIDEST: Final = 340
_NARROWEST: Final = 150
_MAX_INDEXES: Final = 8
MARKS: Final = {"PK": "#b45309", "FK": "#1d4ed8", "UK": "#047857"}


@dataclass(frozen=True, slots=True)
class Box:
    """One table, measured. `rows` are the columns that are shown, `notes` the lines below them."""

    table: Table
    rows: tuple[Column, ...]
    marks: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]
    width: int
    height: int

    def port(self, columns: tuple[str, ...]) -> float:
        """The middle of the first of these columns that is shown, from the box's top; of its title where none is."""
        place = next((number for number, row in enumerate(self.rows) if row.name in columns), None)
        return HEAD / 2 if place is None else HEAD + ROW * place + ROW / 2


def measured(schema: Schema, table: Table, *, keys_only: bool) -> Box:
    """The box of a table; with its keys only, what is left out is counted."""
    marks = key_marks(table, schema)
    rows = tuple(column for column in table.columns if not keys_only or column.name in marks)
    notes = [_index(one) for one in schema.indexes_of(table.name)][:_MAX_INDEXES] if not keys_only else []
    notes += [f"unique ({', '.join(one.columns)})" for one in table.uniques if len(one.columns) > 1 and not keys_only]
    left = len(table.columns) - len(rows)
    if left:
        notes.append(f"{left} more column{'' if left == 1 else 's'}")
    wide = [width(str(table.name), SIZE + 1, bold=True) + 2 * _PAD]
    for row in rows:
        shown = len(marks.get(row.name, ())) or 1
        wide.append(
            2 * _PAD + _MARK * shown + width(row.name, SIZE, bold=not row.nullable) + 18 + width(row.type, SMALL)
        )
    wide += [min(width(note, SMALL) + 2 * _PAD, _NARROWEST + 90) for note in notes]
    across = math.ceil(min(_WIDEST, max(_NARROWEST, *wide))) + 1
    height = HEAD + ROW * len(rows) + (16 * len(notes) + 8 if notes else 5)
    return Box(table, rows, marks, tuple(notes), across, height)


def drawn(box: Box, x: float, y: float, tint: tuple[str, str]) -> str:
    """The box at a place; `tint` is its title's background and the colour of its border."""
    name = printable(str(box.table.name))
    said = f"<title>{escape(printable(box.table.comment))}</title>" if box.table.comment else ""
    parts = [
        f'<g class="table" data-table={quoteattr(name)} transform="translate({x:g} {y:g})">{said}',
        f'<rect width="{box.width}" height="{box.height}" rx="6" fill="#fff" stroke="{tint[1]}" stroke-width="1.2"/>',
        (
            f'<path d="M0 {HEAD}V6a6 6 0 0 1 6-6H{box.width - 6}a6 6 0 0 1 6 6V{HEAD}z" fill="{tint[0]}" stroke="{tint[1]}"'
            ' stroke-width="1.2"/>'
        ),
        f'<text x="{_PAD}" y="19" class="name">{_shown(name, SIZE + 1, box.width - 2 * _PAD, bold=True)}</text>',
    ]
    for number, column in enumerate(box.rows):
        parts.append(_row(box, column, HEAD + ROW * number, striped=number % 2 == 1))
    if box.notes:
        top = HEAD + ROW * len(box.rows)
        parts.append(f'<path d="M0 {top + 2}H{box.width}" stroke="#e2e8f0"/>')
        parts += [
            f'<text x="{_PAD}" y="{top + 17 + 16 * number}" class="note">'
            f"{_shown(note, SMALL, box.width - 2 * _PAD)}</text>"
            for number, note in enumerate(box.notes)
        ]
    return "".join([*parts, "</g>"])


def _row(box: Box, column: Column, top: int, *, striped: bool) -> str:
    parts = []
    if striped:
        parts.append(f'<rect x="1" y="{top}" width="{box.width - 2}" height="{ROW}" fill="#f8fafc"/>')
    marks = box.marks.get(column.name, ())
    x = _PAD
    for mark in marks:
        parts.append(f'<text x="{x}" y="{top + 14}" class="mark" style="fill:{MARKS[mark]}">{mark}</text>')
        x += _MARK
    x = x if marks else _PAD + _MARK
    room = box.width - x - _PAD
    taken = width(column.name, SIZE, bold=not column.nullable) + 8
    type_room = min(width(column.type, SMALL), max(room * 0.4, room - taken))
    name_room = room - type_room - 8
    weight = "null" if column.nullable else "required"
    said = f"<title>{escape(printable(column.comment))}</title>" if column.comment else ""
    parts.append(
        f'<text x="{x}" y="{top + 14}" class="{weight}">'
        f"{_shown(column.name, SIZE, name_room, bold=not column.nullable)}{said}</text>"
    )
    parts.append(
        f'<text x="{box.width - _PAD}" y="{top + 14}" class="type">{_shown(column.type, SMALL, type_room + 1)}</text>'
    )
    return "".join(parts)


def _shown(text: str, size: float, room: float, *, bold: bool = False) -> str:
    return escape(fitted(printable(text), size, room, bold=bold))


def _index(index: Index) -> str:
    keys = ", ".join(key.text + (" desc" if key.descending else "") for key in index.keys)
    method = f" {index.method}" if index.method not in {"", "btree"} else ""
    where = f" where {index.where}" if index.where else ""
    return f"{'unique' if index.unique else 'index'}{method} ({keys}){where}"
