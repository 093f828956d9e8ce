"""A partition's bound as people write it, read into data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from domain_agents.catalog import Bound

if TYPE_CHECKING:
    from domain_agents.operations._asking import Change

_EXAMPLE: Final = (
    "for example \"FROM ('2026-03-01') TO ('2026-04-01')\", \"IN ('de', 'at')\", \"WITH (MODULUS 4, REMAINDER 0)\", "
    '"LESS THAN (2027)" or "DEFAULT"'
)
_FROM: Final = re.compile(r"FROM\s*\((?P<lower>.*)\)\s*TO\s*\((?P<upper>.*)\)", re.IGNORECASE | re.DOTALL)
_IN: Final = re.compile(r"IN\s*\((?P<values>.*)\)", re.IGNORECASE | re.DOTALL)
_HASH: Final = re.compile(
    r"WITH\s*\(\s*MODULUS\s+(?P<modulus>\d+)\s*,\s*REMAINDER\s+(?P<remainder>\d+)\s*\)", re.IGNORECASE
)
_LESS: Final = re.compile(r"LESS\s+THAN\s*(?:\((?P<upper>.*)\)|(?P<highest>MAXVALUE))", re.IGNORECASE | re.DOTALL)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[ T][\d:.+-]+)?")
_OUTERMOST: Final = ("MINVALUE", "MAXVALUE", "NULL")
_QUOTES: Final = "'\""


def bound_in(change: Change, field: str = "bound") -> Bound:
    """The bound that a change names, with or without the words FOR VALUES before it.

    Raises:
        CannotPlan: it is missing, is none, or a value in it is not one expression.
    """
    given = change.text(field, _EXAMPLE.removeprefix("for example "))
    text = re.sub(r"\A(?:FOR\s+)?VALUES\s+", "", given.strip(), flags=re.IGNORECASE)
    if text.upper() == "DEFAULT":
        return Bound("default")
    found = _HASH.fullmatch(text)
    if found:
        modulus, remainder = int(found["modulus"]), int(found["remainder"])
        if not 0 <= remainder < modulus:
            raise change.fail(field, "the remainder must be less than the modulus", _EXAMPLE)
        return Bound("hash", modulus=modulus, remainder=remainder)
    found = _FROM.fullmatch(text)
    if found:
        return Bound(
            "range", lower=_values(change, field, found["lower"]), upper=_values(change, field, found["upper"])
        )
    found = _IN.fullmatch(text)
    if found:
        return Bound("list", values=_values(change, field, found["values"]))
    found = _LESS.fullmatch(text)
    if found:
        return Bound("range", upper=_values(change, field, found["upper"] or "MAXVALUE"))
    raise change.fail(field, "is not a partition's bound", _EXAMPLE)


def _values(change: Change, field: str, text: str) -> tuple[str, ...]:
    return tuple(_value(change, field, one.strip()) for one in _split(text))


def _value(change: Change, field: str, text: str) -> str:
    if text.upper() in _OUTERMOST:
        return text.upper()
    if _DATE.fullmatch(text):
        # Bare, it would be a sum: 2026 - 3 - 1.
        return f"'{text}'"
    if not text:
        raise change.fail(field, "a value is missing in it", _EXAMPLE)
    return change.checked(field, text)


def _split(text: str) -> list[str]:
    """The values between commas that stand in no brackets and no quotes."""
    found, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in _QUOTES:
            quote = letter
        else:
            depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth and not quote:
            found.append("")
        else:
            found[-1] += letter
    return found
