"""Pages of a list, by opaque cursors that hold no state in the server."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PAGE_SIZE = 100

ItemT = TypeVar("ItemT")


class BadCursor(Exception):
    """A cursor that no list of ours gave out."""


def page(
    kind: str, items: Sequence[ItemT], key: Callable[[ItemT], str], cursor: str | None, size: int = PAGE_SIZE
) -> tuple[list[ItemT], str | None]:
    """The page a cursor asks for, and the cursor of the next one.

    A cursor names the last item seen, so an agent added or removed between two pages neither repeats nor hides the
    others; when that item itself is gone, its position is used.

    Raises:
        BadCursor: the cursor is not of this list.
    """
    start = 0
    if cursor is not None:
        position, last = _read(kind, cursor)
        start = next((index + 1 for index, item in enumerate(items) if key(item) == last), min(position, len(items)))
    chosen = list(items[start : start + size])
    end = start + len(chosen)
    return chosen, _write(kind, end, key(chosen[-1])) if chosen and end < len(items) else None


def _write(kind: str, position: int, last: str) -> str:
    return base64.urlsafe_b64encode(f"{kind}\n{position}\n{last}".encode()).decode("ascii")


def _read(kind: str, cursor: str) -> tuple[int, str]:
    try:
        text = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True).decode()
        written_kind, position, last = text.split("\n", 2)
        number = int(position)
    except (ValueError, binascii.Error) as error:
        raise BadCursor from error
    if written_kind != kind or number < 0 or number > 10**9:
        raise BadCursor
    return number, last
