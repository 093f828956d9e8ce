"""How wide text is, without a font at hand: the widths of DejaVu Sans, which is wider than what most screens show."""

from __future__ import annotations

import unicodedata
from typing import Final

_WIDTHS: Final = (
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636,
    636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863,
    748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635,
    615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636,
    337, 636, 838,
)  # fmt: skip
_BOLD: Final = 1.12
_UNKNOWN: Final = 800
_WIDE: Final = 1050


def width(text: str, size: float, *, bold: bool = False) -> float:
    """The text's width in the unit of `size`: an upper bound for the fonts that an SVG is usually shown in."""
    units = sum(_units(letter) for letter in text)
    return units / 1000 * size * (_BOLD if bold else 1)


def fitted(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is wider than the room."""
    if width(text, size, bold=bold) <= room:
        return text
    while text and width(text + "…", size, bold=bold) > room:
        text = text[:-1]
    return text + "…"


def printable(text: str) -> str:
    """The text without what neither XML nor a diagram's language can hold."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _units(letter: str) -> int:
    place = ord(letter) - 32
    if 0 <= place < len(_WIDTHS):
        return _WIDTHS[place]
    return _WIDE if unicodedata.east_asian_width(letter) in "WF" else _UNKNOWN
