"""Edges through the gutters between layers: each leaves straight, turns on a track of its own, and arrives straight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TRACK: Final = 9
"""Between two tracks of a gutter."""
_SWAPS: Final = 6


@dataclass(frozen=True, slots=True)
class Net:
    """What shares a track: edges from one port on the left (`start`) to ports on the right, all heights."""

    start: float
    ends: tuple[float, ...]

    @property
    def is_straight(self) -> bool:
        """Whether it needs no track at all."""
        return all(abs(end - self.start) < 1 for end in self.ends)

    def span(self) -> tuple[float, float]:
        """From the top to the bottom of its vertical part."""
        heights = (self.start, *self.ends)
        return min(heights), max(heights)


def tracks(nets: list[Net]) -> list[int]:
    """The track of each net, 0 the leftmost: as few crossings as swapping neighbours finds, then as few tracks."""
    order = sorted(range(len(nets)), key=lambda number: (nets[number].span(), number))
    for _ in range(_SWAPS):
        swapped = False
        for place in range(len(order) - 1):
            left, right = order[place], order[place + 1]
            if _crossed(nets[right], nets[left]) < _crossed(nets[left], nets[right]):
                order[place], order[place + 1], swapped = right, left, True
        if not swapped:
            break
    found = [0] * len(nets)
    for place, number in enumerate(order):
        earlier = [found[other] + 1 for other in order[:place] if _touch(nets[other], nets[number])]
        found[number] = max(earlier, default=0)
    return found


def _crossed(left: Net, right: Net) -> float:
    """What it costs to have one net's track left of the other's; lines on top of one another cost most."""
    left_top, left_bottom = left.span()
    right_top, right_bottom = right.span()
    cost: float = sum(1 for end in left.ends if right_top < end < right_bottom)
    cost += 1 if left_top < right.start < left_bottom else 0
    return cost + 5 * sum(1 for end in left.ends if abs(end - right.start) < 4)


def _touch(one: Net, other: Net) -> bool:
    (top, bottom), (other_top, other_bottom) = one.span(), other.span()
    return top - 7 < other_bottom and other_top - 7 < bottom


def path(points: list[tuple[float, float]], radius: float = 6) -> str:
    """A line through right-angled points, its corners rounded."""
    kept = [points[0]]
    for place, point in enumerate(points[1:-1], start=1):
        before, after = kept[-1], points[place + 1]
        same = (before[0] == point[0] == after[0]) or (before[1] == point[1] == after[1])
        if point not in (before, after) and not same:
            kept.append(point)
    kept.append(points[-1])
    text = f"M{_number(kept[0])}"
    for place in range(1, len(kept) - 1):
        before, corner, after = kept[place - 1], kept[place], kept[place + 1]
        room = min(radius, _length(before, corner) / 2, _length(corner, after) / 2)
        text += f"L{_number(_towards(corner, before, room))}Q{_number(corner)} {_number(_towards(corner, after, room))}"
    return text + f"L{_number(kept[-1])}"


def _length(one: tuple[float, float], other: tuple[float, float]) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _towards(start: tuple[float, float], end: tuple[float, float], distance: float) -> tuple[float, float]:
    length = _length(start, end) or 1
    return (
        start[0] + (end[0] - start[0]) * distance / length,
        start[1] + (end[1] - start[1]) * distance / length,
    )


def _number(point: tuple[float, float]) -> str:
    return f"{point[0]:g} {point[1]:g}"
