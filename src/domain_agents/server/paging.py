"""Pages of a list, by opaque cursors that hold no state in the server."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PAGE_SIZE = 100
MAX_POSITION = 10**9

ItemT = TypeVar("ItemT")


class BadCursor(Exception):
    """A cursor that no list of ours gave out."""


def page(
    kind: str, items: Sequence[ItemT], key: Callable[[ItemT], str], cursor: str | None, size: int = PAGE_SIZE
) -> tuple[list[ItemT], str | None]:
    """The page a cursor asks for, and the cursor of the next one.

    A cursor names the last item seen and the one after it, so an agent added or removed between two pages neither
    repeats nor hides the others; when both are gone, the position is used.

    Raises:
        BadCursor: the cursor is not of this list.
    """
    start = 0
    if cursor is not None:
        position, last, following = _read(kind, cursor)
        places = {key(item): index for index, item in enumerate(items)}
        start = places[last] + 1 if last in places else places.get(following, min(position, len(items)))
    chosen = list(items[start : start + size])
    end = start + len(chosen)
    if not chosen or end == len(items):
        return chosen, None
    return chosen, _write(kind, end, key(chosen[-1]), key(items[end]))


def _write(kind: str, position: int, last: str, following: str) -> str:
    text = json.dumps([kind, position, last, following])
    return base64.urlsafe_b64encode(text.encode()).decode("ascii")


def _read(kind: str, cursor: str) -> tuple[int, str, str]:
    try:
        content = json.loads(base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise BadCursor from error
    match content:
        case [str() as written_kind, int() as position, str() as last, str() as following]:
            if written_kind == kind and 0 <= position <= MAX_POSITION:
                return position, last, following
    raise BadCursor
