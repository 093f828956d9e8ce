"""Names as people say them, and as a schema writes them: words, singular and plural."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+", re.ASCII)
_SNAKE: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_OTHER: Final = re.compile(r"[^\W_]+")
_IRREGULAR: Final = {
    "person": "people", "child": "children", "man": "men", "woman": "women", "foot": "feet", "tooth": "teeth",
    "goose": "geese", "mouse": "mice", "ox": "oxen", "criterion": "criteria", "phenomenon": "phenomena",
    "medium": "media", "datum": "data", "analysis": "analyses", "basis": "bases", "crisis": "crises", "axis": "axes",
    "thesis": "theses", "diagnosis": "diagnoses", "index": "indexes", "matrix": "matrices", "vertex": "vertices",
    "appendix": "appendices", "leaf": "leaves", "shelf": "shelves", "half": "halves", "life": "lives", "knife": "knives",
    "wife": "wives", "loaf": "loaves", "thief": "thieves", "hero": "heroes", "potato": "potatoes", "quiz": "quizzes",
    "echo": "echoes", "veto": "vetoes", "bus": "buses", "gas": "gases", "lens": "lenses", "alias": "aliases",
    "status": "statuses", "bonus": "bonuses", "virus": "viruses", "campus": "campuses", "corpus": "corpora",
    "canvas": "canvases", "address": "addresses", "process": "processes", "business": "businesses", "class": "classes",
    "access": "accesses", "expense": "expenses", "purchase": "purchases", "invoice": "invoices", "movie": "movies",
    "cookie": "cookies", "response": "responses", "license": "licenses", "licence": "licences", "warehouse": "warehouses",
    "case": "cases", "course": "courses", "lease": "leases", "release": "releases", "house": "houses", "base": "bases",
    "database": "databases", "phase": "phases", "phrase": "phrases", "clause": "clauses", "cause": "causes",
    "use": "uses", "horse": "horses", "nurse": "nurses", "cache": "caches", "axe": "axes", "size": "sizes",
    "prize": "prizes", "leave": "leaves", "menu": "menus", "tie": "ties", "zone": "zones",
}  # fmt: skip
_UNCOUNTED: Final = frozenset(
    """equipment information series species news money staff sheep fish metadata feedback software hardware data
    merchandise knowledge""".split()  # noqa: SIM905 - a list of words reads better
)
_SINGULAR: Final = {plural: singular for singular, plural in _IRREGULAR.items()}
_VOWELS: Final = "aeiou"


@lru_cache(maxsize=8_192)
def snake(text: str) -> str:
    """OrderItem, "order item", order-item and orderItem are all order_item; what is written so already stays."""
    if _SNAKE.fullmatch(text):
        return text
    if not text.isascii():
        return "_".join(_OTHER.findall(text)).lower()
    return "_".join(_WORDS.findall(text)).lower()


def plural(name: str) -> str:
    """The plural of a snake-case name's last word; one that is plural already stays."""
    before, underscore, word = name.rpartition("_")
    return before + underscore + _plural_word(word)


@lru_cache(maxsize=8_192)
def singular(name: str) -> str:
    """The singular of a snake-case name's last word; one that is singular already stays."""
    before, underscore, word = name.rpartition("_")
    return before + underscore + _singular_word(word)


def _plural_word(word: str) -> str:
    if not word or word in _UNCOUNTED or word in _SINGULAR or not word.isascii() or not word.isalpha():
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("s") and _singular_word(word) != word:
        return word
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return word[:-1] + "ies"
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    return word + "s"


def _singular_word(word: str) -> str:
    if word in _UNCOUNTED or word in _IRREGULAR or not word.isascii():
        return word
    if word in _SINGULAR:
        return _SINGULAR[word]
    if word.endswith("ies") and len(word) > len("ties"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def one(name: str) -> str:
    """A snake-case name as words, with its article."""
    words = said(name)
    return f"{'an' if words[:1] in _VOWELS and not words.startswith(('use', 'uni', 'one')) else 'a'} {words}"


def said(name: str) -> str:
    """A snake-case name as words."""
    return name.replace("_", " ")
