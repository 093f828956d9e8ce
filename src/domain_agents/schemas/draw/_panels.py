"""The tables of one domain, laid out: boxes at their places, and every foreign key's line with its two ends."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from domain_agents.schemas.draw import End, ends_of
from domain_agents.schemas.draw._boxes import HEAD, SMALL, Box
from domain_agents.schemas.draw._domains import parent_of
from domain_agents.schemas.draw._layers import SPACE, Layers, Link, layered
from domain_agents.schemas.draw._routes import TRACK, Net, tracks
from domain_agents.schemas.draw._text import fitted, width

if TYPE_CHECKING:
    from domain_agents.catalog import ForeignKey, Schema, Table

_SIDE: Final = 26
"""Beside a box: what the signs at a line's end take."""
_CHIP: Final = 150
_TALLEST: Final = 1500


@dataclass(frozen=True, slots=True)
class Edge:
    """A foreign key as it is drawn. `chip` names the parent where that stands elsewhere, and the line is a short one."""

    child: Table
    key: ForeignKey
    points: list[tuple[float, float]]
    parent_end: End
    child_end: End
    chip: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A domain: its boxes with their places from the panel's own corner."""

    title: str
    boxes: list[tuple[Box, float, float]]
    edges: list[Edge]
    width: float
    height: float


def panel(schema: Schema, title: str, boxes: list[Box]) -> Panel:
    """One domain's tables and the foreign keys that start in them."""
    return _Making(schema, title, boxes).made()


def grid(schema: Schema, title: str, boxes: list[Box], across: float) -> Panel:
    """Tables without relations to another that is there: rows of boxes, the tallest first."""
    boxes = sorted(boxes, key=lambda one: (-one.height, str(one.table.name)))
    making = _Making(schema, title, boxes)
    placed: list[tuple[Box, float, float]] = []
    x, y, row, wide = 0.0, 0.0, 0.0, 0.0
    for number, box in enumerate(boxes):
        before = max((chip_width(said) + _SIDE for one, _, said in making.outside if one == number), default=0.0)
        needed = before + box.width + (_SIDE if any(one == number for one, _ in making.loops) else 0)
        if x and x + needed > across:
            x, y, row = 0.0, y + row + SPACE, 0.0
        placed.append((box, x + before, y))
        x, row = x + needed + SPACE, max(row, box.height)
        wide = max(wide, x - SPACE)
    return Panel(title, placed, making.short_lines(placed), wide, y + row)


class _Making:
    """One panel while it is laid out."""

    def __init__(self, schema: Schema, title: str, boxes: list[Box]) -> None:
        self.title, self.boxes = title, boxes
        numbers = {box.table.name: number for number, box in enumerate(boxes)}
        self.keys: list[tuple[int, int, ForeignKey]] = []
        self.loops: list[tuple[int, ForeignKey]] = []
        self.outside: list[tuple[int, ForeignKey, str]] = []
        for number, box in enumerate(boxes):
            for key in box.table.foreign_keys:
                parent = parent_of(schema, key.parent)
                target = numbers.get(parent.name) if parent is not None else None
                if target is None:
                    self.outside.append((number, key, str(key.parent)))
                elif target == number:
                    self.loops.append((number, key))
                else:
                    self.keys.append((target, number, key))
        self.links = [
            Link(parent, child, self._parent_port(parent, child, key), self._child_port(child, key))
            for parent, child, key in self.keys
        ]
        self.layers = Layers([], [], [])

    def _child_port(self, child: int, key: ForeignKey) -> float:
        """A column with several foreign keys has a port for each."""
        box = self.boxes[child]
        same = [one for one in box.table.foreign_keys if box.port(one.columns) == box.port(key.columns)]
        return box.port(key.columns) + 7 * (same.index(key) - (len(same) - 1) / 2) / max(1, len(same) / 2)

    def _parent_port(self, parent: int, child: int, key: ForeignKey) -> float:
        """Lines that end alike share a port: the one that need not be there arrives a little lower."""
        box = self.boxes[parent]
        columns = key.parent_columns or (box.table.primary_key.columns if box.table.primary_key else ())
        end, _ = ends_of(key, self.boxes[child].table)
        return box.port(columns) + (6 if end.is_optional else -6)

    def made(self) -> Panel:
        """The panel with everything at its place."""
        area = sum((box.height + SPACE) * (box.width + 150) for box in self.boxes)
        tallest = max(520.0, *(box.height for box in self.boxes), min(_TALLEST, (area * 0.75) ** 0.5))
        self.layers = layered([box.height for box in self.boxes], self.links, tallest)
        lefts, gutters = self._columns()
        nodes = self.layers.nodes
        placed = [(box, lefts[nodes[number].layer], nodes[number].top) for number, box in enumerate(self.boxes)]
        edges = [self._edge(number, lefts, gutters) for number in range(len(self.links))]
        edges += self.short_lines(placed)
        height = max(node.top + node.height for node in nodes)
        wide = max(lefts[nodes[number].layer] + box.width for number, box in enumerate(self.boxes))
        return Panel(self.title, placed, edges, wide + (_SIDE if self.loops else 0), height)

    def short_lines(self, placed: list[tuple[Box, float, float]]) -> list[Edge]:
        """The keys of tables to themselves, and those to tables that stand elsewhere."""
        edges = [self._loop(number, key, placed) for number, key in self.loops]
        return edges + [self._stub(number, key, said, placed) for number, key, said in self.outside]

    def _columns(self) -> tuple[list[float], dict[tuple[int, int, float], float]]:
        """Where each layer begins, and the x of each net's track: by gutter, node on its left, port there."""
        x = 0.0
        lefts: list[float] = []
        gutters: dict[tuple[int, int, float], float] = {}
        for number, layer in enumerate(self.layers.layers):
            x += self._chips(number)
            lefts.append(x)
            x += max((self.boxes[node].width for node in layer if node < len(self.boxes)), default=0)
            nets = self._nets(layer)
            turning = {key: net for key, net in nets.items() if not net.is_straight}
            found = tracks(list(turning.values()))
            for key, track in zip(turning, found, strict=True):
                gutters[number, *key] = x + _SIDE + 4 + TRACK * track
            x += 2 * _SIDE + 8 + TRACK * max(found, default=0)
        return lefts, gutters

    def _chips(self, layer: int) -> float:
        inside = [said for number, _, said in self.outside if self.layers.nodes[number].layer == layer]
        return max((chip_width(said) + _SIDE for said in inside), default=0)

    def _nets(self, layer: list[int]) -> dict[tuple[int, float], Net]:
        nodes = self.layers.nodes
        ends: dict[tuple[int, float], list[float]] = {}
        for number in layer:
            for other, here, there in nodes[number].right:
                ends.setdefault((number, here), []).append(nodes[other].top + there)
        return {(number, port): Net(nodes[number].top + port, tuple(found)) for (number, port), found in ends.items()}

    def _edge(self, number: int, lefts: list[float], gutters: dict[tuple[int, int, float], float]) -> Edge:
        nodes, link, chain = self.layers.nodes, self.links[number], self.layers.chains[number]
        _, child, key = self.keys[number]
        ports = dict.fromkeys(chain, 5.0) | {link.parent: link.parent_port, link.child: link.child_port}
        points: list[tuple[float, float]] = []
        for one, other in itertools.pairwise(chain):
            start, end = nodes[one].top + ports[one], nodes[other].top + ports[other]
            layer = nodes[one].layer
            x = lefts[layer] + (self.boxes[one].width if one < len(self.boxes) else 0)
            turn = gutters.get((layer, one, ports[one]))
            points.append((x, start))
            if turn is not None:
                points += [(turn, start), (turn, end)]
            points.append((lefts[nodes[other].layer], end))
        if chain[0] != link.parent:
            points.reverse()
        parent_end, child_end = ends_of(key, self.boxes[child].table)
        return Edge(self.boxes[child].table, key, points, parent_end, child_end)

    def _loop(self, number: int, key: ForeignKey, placed: list[tuple[Box, float, float]]) -> Edge:
        """A table that refers to itself: out on the right, and back in at its key."""
        box, x, y = placed[number]
        right = x + box.width
        parent = y + HEAD / 2
        child = y + self._child_port(number, key)
        child += 9 if abs(child - parent) < 9 else 0  # No column of it is shown.
        points = [(right, parent), (right + _SIDE - 2, parent), (right + _SIDE - 2, child), (right, child)]
        return Edge(box.table, key, points, *ends_of(key, box.table))

    def _stub(self, number: int, key: ForeignKey, said: str, placed: list[tuple[Box, float, float]]) -> Edge:
        """A short line to the name of a table that stands in another domain."""
        box, x, y = placed[number]
        height = y + self._child_port(number, key)
        return Edge(box.table, key, [(x - _SIDE, height), (x, height)], *ends_of(key, box.table), chip=said)


def chip_width(said: str) -> float:
    """How wide the name of a table elsewhere is drawn, with its frame."""
    return math.ceil(width(chip_text(said), SMALL)) + 12


def chip_text(said: str) -> str:
    """The name, cut where it is very long."""
    return fitted(said, SMALL, _CHIP)
