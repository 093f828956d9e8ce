"""Words of a text as search compares them: case-folded, split, lightly stemmed."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(r"[^\W_]+[+#]*")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
STOP_WORDS = frozenset(
    """
    a an and are as at be been but by can could did do does for from had has have how i if in into is it its just me my
    of on or our out please should so than that the their them then there these they this to us want was we were what
    when where which while who why will with would you your need needs help let make use using
    """.split()  # noqa: SIM905 - a list of sixty quoted words reads worse
)
MIN_STEMMED = 4
MIN_KEPT = 3
LONG_NOUN = 7


def tokens(text: str) -> list[str]:
    """Every word of a text, stemmed. Chinese, Japanese and Korean runs, which have no spaces, become pairs."""
    return [stem(word) for word in _words(text)]


def counts(text: str) -> Counter[str]:
    """How often every word of a text is in it, stemmed; much cheaper than counting `tokens`, as words repeat."""
    found: Counter[str] = Counter()
    for word, times in Counter(_WORD.findall(text.casefold())).items():
        for part in _parts(word):
            found[stem(part)] += times
    return found


def spellings(text: str) -> dict[str, str]:
    """Every stemmed word of a text once, in order, with how the text spells it."""
    found: dict[str, str] = {}
    for word in _words(text):
        found.setdefault(stem(word), word)
    return found


def _words(text: str) -> Iterator[str]:
    for word in _WORD.findall(text.casefold()):
        yield from _parts(word)


def _parts(word: str) -> tuple[str, ...]:
    if word.isascii() or not _WIDE.search(word):
        return (word,)
    return tuple(word[n : n + 2] for n in range(max(1, len(word) - 1)))


def contains(words: list[str], phrase: list[str]) -> bool:
    """Whether a phrase's words stand in a text, next to each other and in order."""
    if not phrase:
        return False
    first, size = phrase[0], len(phrase)
    return any(word == first and words[at : at + size] == phrase for at, word in enumerate(words))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A word without the endings that do not change what it is about: plurals, -ing, -ed, -ation. Short words stay."""
    if len(word) < MIN_STEMMED or not word.isascii() or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > MIN_STEMMED:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes", "zes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        kept = word[: -len(ending)]
        if word.endswith(ending) and len(kept) >= MIN_KEPT and re.search("[aeiouy]", kept):
            doubled = len(kept) > MIN_KEPT and kept[-1] == kept[-2] and kept[-1] not in "lsz"
            word = kept[:-1] if doubled else kept
            break
    else:
        if word.endswith("ation") and len(word) > LONG_NOUN:
            word = word[:-3]
    return word[:-1] if word.endswith("e") and len(word) > MIN_STEMMED else word
