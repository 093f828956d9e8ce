"""A schema as an SVG picture, made here: no network, no browser, no fonts from elsewhere. Light, so that it also prints.

Tables that belong together stand together, parents left of children. A line within a group runs around the boxes; a key to
a table of another group is a short line to that table's name, so that a large schema stays readable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from domain_agents.schemas.draw import End
from domain_agents.schemas.draw._boxes import MARKS, SIZE, SMALL, drawn, measured
from domain_agents.schemas.draw._domains import Domain, domains
from domain_agents.schemas.draw._panels import Edge, Panel, chip_text, chip_width, grid, panel
from domain_agents.schemas.draw._routes import path
from domain_agents.schemas.draw._text import printable, width

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName

KEYS_ONLY: Final = 60
"""With more tables than this, columns that are no keys are counted, not shown."""
_MARGIN: Final = 32
_PAD: Final = 22
_TITLE: Final = 26
_LEGEND: Final = 44
_LEGEND_WIDTH: Final = 930
_ASPECT: Final = 1.5
_LINE: Final = "#475569"
_TINTS: Final = (
    ("#dbeafe", "#93b4e8"), ("#dcfce7", "#8cc9a1"), ("#fef3c7", "#d9bd6b"), ("#fae8ff", "#cfa3dd"),
    ("#ffe4e6", "#e0a3aa"), ("#cffafe", "#83bfc9"), ("#ede9fe", "#afa4df"), ("#ecfccb", "#abc77b"),
)  # fmt: skip
_STYLE: Final = (
    "text{font-family:'Helvetica Neue',Arial,'DejaVu Sans',sans-serif;fill:#0f172a}"
    f".name{{font-size:{SIZE + 1}px;font-weight:bold}}.required{{font-size:{SIZE}px;font-weight:bold}}"
    f".null{{font-size:{SIZE}px;fill:#475569}}.type{{font-size:{SMALL}px;fill:#64748b;text-anchor:end}}"
    f".note{{font-size:{SMALL}px;fill:#475569}}.mark{{font-size:9px;font-weight:bold}}"
    ".title{font-size:18px;font-weight:bold}.domain{font-size:14px;font-weight:bold;fill:#334155}"
    f".line{{fill:none;stroke:{_LINE};stroke-width:1.3}}.halo{{fill:none;stroke:#fff;stroke-width:4}}"
    f".end{{fill:#fff;stroke:{_LINE};stroke-width:1.3}}.chip{{font-size:{SMALL}px;fill:#334155}}"
)


def draw_svg(schema: Schema, title: str = "") -> str:
    """Every table with its columns, keys and indexes, and a line for every foreign key, in groups that belong together."""
    keys_only = len(schema.tables) > KEYS_ONLY
    found = domains(schema)
    panels = [_panel(schema, domain, keys_only=keys_only) for domain in found]
    framed = len(panels) > 1
    places, wide, tall = _packed(panels, framed=framed)
    tint = {name: _TINTS[number % len(_TINTS)] for number, domain in enumerate(found) for name in domain.tables}
    heading = title or "Schema"
    across = max(wide + 2 * _MARGIN, _LEGEND_WIDTH + 2 * _MARGIN, width(heading, 18, bold=True) + 360)
    top = _MARGIN + 34 + _LEGEND
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{across:.0f}" height="{top + tall + _MARGIN:.0f}" '
            f'viewBox="0 0 {across:.0f} {top + tall + _MARGIN:.0f}" role="img">'
        ),
        f"<title>{escape(printable(heading))}</title>",
        f"<style>{_STYLE}</style>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        (
            f'<text x="{_MARGIN}" y="{_MARGIN + 14}" class="title">{escape(printable(heading))}'
            f'<tspan dx="12" font-size="12" font-weight="normal" fill="#64748b">{_counted(schema)}</tspan></text>'
        ),
        _legend(_MARGIN, _MARGIN + 30, across - 2 * _MARGIN, keys_only=keys_only, several=framed),
    ]
    for one, (x, y) in zip(panels, places, strict=True):
        parts.append(_drawn(one, x + _MARGIN, y + top, tint, framed=framed))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _counted(schema: Schema) -> str:
    keys = sum(len(table.foreign_keys) for table in schema.tables.values())
    count = len(schema.tables)
    return f"{count} table{'' if count == 1 else 's'}, {keys} foreign key{'' if keys == 1 else 's'}"


def _panel(schema: Schema, domain: Domain, *, keys_only: bool) -> Panel:
    boxes = [measured(schema, schema.tables[name], keys_only=keys_only) for name in domain.tables]
    if not domain.name:
        area = sum((box.width + 26) * (box.height + 26) for box in boxes)
        return grid(schema, "By themselves", boxes, max(700.0, (area * 2) ** 0.5))
    count = len(boxes)
    return panel(schema, f"{domain.name}  ·  {count} table{'' if count == 1 else 's'}", boxes)


def _packed(panels: list[Panel], *, framed: bool) -> tuple[list[tuple[float, float]], float, float]:
    """Places for the panels in rows, tall ones first, so that the picture is about as wide as a page on its side."""
    extra_width, extra_height = (2 * _PAD, 2 * _PAD + _TITLE) if framed else (0, 0)
    sizes = [(one.width + extra_width, one.height + extra_height) for one in panels]
    if not sizes:
        return [], 0.0, 0.0
    area = sum((across + _PAD) * (down + _PAD) for across, down in sizes)
    most = max(*(across for across, _ in sizes), (area * _ASPECT) ** 0.5 * 1.08)
    places: list[tuple[float, float]] = [(0.0, 0.0)] * len(sizes)
    # A skyline: the tops that are taken so far, as (x, width, y).
    line: list[tuple[float, float, float]] = [(0.0, most, 0.0)]
    for number in sorted(range(len(sizes)), key=lambda one: (-sizes[one][1], -sizes[one][0], one)):
        across, down = sizes[number][0] + _PAD, sizes[number][1] + _PAD
        fits = [
            (max(y for x, wide, y in line if x < start + across - 1 and start < x + wide - 1), start)
            for start, _, _ in line
            if start + across <= most + _PAD + 1
        ]
        y, x = min(fits)
        places[number] = (x, y)
        line = _raised(line, x, across, y + down)
    wide = max(x + across for (x, _), (across, _) in zip(places, sizes, strict=True))
    tall = max(y + down for (_, y), (_, down) in zip(places, sizes, strict=True))
    return places, wide, tall


def _raised(
    line: list[tuple[float, float, float]], start: float, across: float, top: float
) -> list[tuple[float, float, float]]:
    end = start + across
    kept = [(start, across, top)]
    for x, wide, y in line:
        if x < start:
            kept.append((x, min(wide, start - x), y))
        if x + wide > end:
            begin = max(x, end)
            kept.append((begin, x + wide - begin, y))
    return sorted(kept)


def _drawn(one: Panel, x: float, y: float, tint: dict[TableName, tuple[str, str]], *, framed: bool) -> str:
    parts = []
    if framed:
        parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{one.width + 2 * _PAD:g}" height="{one.height + 2 * _PAD + _TITLE:g}" '
            'rx="10" fill="#fbfcfe" stroke="#cbd5e1" stroke-dasharray="5 4"/>'
            f'<text x="{x + _PAD:g}" y="{y + 26:g}" class="domain">{escape(printable(one.title))}</text>'
        )
        x, y = x + _PAD, y + _PAD + _TITLE
    parts.append(f'<g transform="translate({x:g} {y:g})">')
    parts += [_line(edge) for edge in one.edges]
    parts += [drawn(box, left, top, tint[box.table.name]) for box, left, top in one.boxes]
    parts += [_ends(edge) for edge in one.edges]
    return "\n".join([*parts, "</g>"])


def _line(edge: Edge) -> str:
    columns, parent = ", ".join(edge.key.columns), ", ".join(edge.key.parent_columns)
    said = f"{edge.child.name}({columns}) → {edge.key.parent}{f'({parent})' if parent else ''}"
    if edge.key.on_delete != "NO ACTION":
        said += f" on delete {edge.key.on_delete.lower()}"
    route = path(edge.points)
    text = (
        f'<g class="edge" data-child={quoteattr(printable(str(edge.child.name)))} '
        f"data-columns={quoteattr(printable(columns))} "
        f"data-parent={quoteattr(printable(str(edge.key.parent)))}><title>{escape(printable(said))}</title>"
        f'<path class="halo" d="{route}"/><path class="line" d="{route}"/>'
    )
    if edge.chip:
        x, y = edge.points[0]
        wide = chip_width(edge.chip)
        text += (
            f'<rect x="{x - wide:g}" y="{y - 8:g}" width="{wide:g}" height="16" rx="8" fill="#f1f5f9" stroke="#94a3b8"/>'
            f'<text x="{x - wide / 2:g}" y="{y + 3.5:g}" text-anchor="middle" class="chip">'
            f"{escape(printable(chip_text(edge.chip)))}</text>"
        )
    return text + "</g>"


def _ends(edge: Edge) -> str:
    """Crow's feet at both ends; a line to another group shows the child's only, and its parent's beside the name."""
    first, second = edge.points[0], edge.points[1]
    before, last = edge.points[-2], edge.points[-1]
    parent_side = 1 if second[0] >= first[0] else -1
    child_side = 1 if before[0] > last[0] else -1
    child = _sign(last, child_side, edge.child_end)
    if edge.chip:
        return child
    return child + _sign(first, parent_side, edge.parent_end)


def _sign(point: tuple[float, float], side: int, end: End) -> str:
    """The signs at a line's end on a box: three toes or a bar for how many, a circle or a bar for whether at all."""
    x, y = point
    if end.is_many:
        toes = f"M{x + 11 * side:g} {y:g}L{x:g} {y - 5:g}M{x + 11 * side:g} {y:g}L{x:g} {y + 5:g}"
    else:
        toes = f"M{x + 6 * side:g} {y - 5:g}v10"
    at = x + 14.5 * side
    if end.is_optional:
        return f'<path class="line" d="{toes}"/><circle class="end" cx="{at:g}" cy="{y:g}" r="3.5"/>'
    bar = x + (14 if end.is_many else 10) * side
    return f'<path class="line" d="{toes}M{bar:g} {y - 5:g}v10"/>'


_SIGNS: Final = (
    ("exactly one", False, False),
    ("none or one", True, False),
    ("any number", True, True),
)


def _legend(x: float, y: float, across: float, *, keys_only: bool, several: bool) -> str:
    middle = y + 14
    parts = [f'<g class="legend" data-legend="signs"><path d="M{x:g} {y - 4:g}h{across:g}" stroke="#e2e8f0"/>']
    for mark, said in (("PK", "primary key"), ("FK", "foreign key"), ("UK", "unique")):
        parts.append(f'<text x="{x:g}" y="{middle + 4:g}" class="mark" style="fill:{MARKS[mark]}">{mark}</text>')
        parts.append(f'<text x="{x + 19:g}" y="{middle + 4:g}" class="note">{said}</text>')
        x += 19 + width(said, SMALL) + 16
    parts.append(f'<text x="{x:g}" y="{middle + 4:g}" class="required" font-size="11">required</text>')
    x += width("required", SIZE, bold=True) + 12
    parts.append(f'<text x="{x:g}" y="{middle + 4:g}" class="null">may be null</text>')
    x += width("may be null", SIZE) + 20
    for said, is_optional, is_many in _SIGNS:
        parts.append(f'<path class="line" d="M{x:g} {middle:g}h34M{x + 34:g} {middle - 7:g}v14"/>')
        parts.append(_sign((x + 34, middle), -1, End(is_optional=is_optional, is_many=is_many)))
        parts.append(f'<text x="{x + 41:g}" y="{middle + 4:g}" class="note">{said}</text>')
        x += 41 + width(said, SMALL) + 16
    said = "name in a frame: a table of another group" if several else ""
    said += ("; " if said else "") + "keys only" if keys_only else ""
    if said:
        parts.append(f'<text x="{x:g}" y="{middle + 4:g}" class="note">{said}</text>')
    return "".join([*parts, "</g>"])
