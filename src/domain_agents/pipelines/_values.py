"""What a person writes into a grid, read as the value it stands for: "10k", "99.9 %", "2 weeks", "daily", "yes"."""

from __future__ import annotations

import math
import re
from typing import Any, Final

UNKNOWN_WORDS: Final = frozenset({
    "", "unknown", "?", "??", "n/a", "na", "tbd", "tba", "none given", "not known", "not sure", "unsure", "don't know",
    "dont know", "undefined", "null", "unspecified", "not specified",
    "unlimited", "no limit", "not applicable", "n.a.", "-", "unclear", "varies", "tbc", "to be determined", "to be decided",
    "as low as possible",
    "not measured", "not measured yet", "nobody knows", "no idea",
})  # fmt: skip
MAX_TEXT = 2_000
MAX_NUMBER = 1e18
NEVER: Final = 3_155_760_000.0
"""Seconds, a hundred years: what "never" comes to, finite so that formulas and JSON can hold it."""

_SCALES: Final = {
    "": 1.0, "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "millions": 1e6,
    "b": 1e9, "bn": 1e9, "billion": 1e9, "g": 1e9, "lakh": 1e5, "crore": 1e7, "t": 1e12, "tn": 1e12, "trillion": 1e12,
}  # fmt: skip
_SECONDS: Final = {
    "ms": 0.001, "millisecond": 0.001, "milliseconds": 0.001, "us": 1e-6, "µs": 1e-6, "microseconds": 1e-6,
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0,
    "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0,
    "h": 3600.0, "hr": 3600.0, "hrs": 3600.0, "hour": 3600.0, "hours": 3600.0,
    "d": 86400.0, "day": 86400.0, "days": 86400.0, "w": 604800.0, "week": 604800.0, "weeks": 604800.0,
    "month": 2629800.0, "months": 2629800.0, "mo": 2629800.0, "quarter": 7889400.0, "quarters": 7889400.0,
    "y": 31557600.0, "year": 31557600.0, "years": 31557600.0,
}  # fmt: skip
_WORDS: Final = {
    "immediate": 0.0, "immediately": 0.0, "instant": 0.0, "none": 0.0, "no delay": 0.0, "real-time": 1.0, "real time": 1.0,
    "realtime": 1.0, "near-real-time": 60.0, "near real time": 60.0, "sub-second": 1.0, "subsecond": 1.0,
    "seconds": 10.0, "minutes": 600.0, "hours": 10800.0, "days": 259200.0, "weeks": 1814400.0, "months": 7889400.0,
    "hourly": 3600.0, "daily": 86400.0, "nightly": 86400.0, "every day": 86400.0, "every night": 86400.0,
    "weekly": 604800.0, "fortnightly": 1209600.0, "biweekly": 1209600.0, "bi-weekly": 1209600.0,
    "twice a month": 1314900.0,
    "monthly": 2629800.0, "quarterly": 7889400.0, "yearly": 31557600.0, "annually": 31557600.0, "annual": 31557600.0,
    "continuous": 1.0, "continuously": 1.0,
    "never": NEVER, "manual": NEVER, "manually": NEVER,
    "static": NEVER, "once": NEVER, "on demand": NEVER, "on evidence": NEVER, "on drift": NEVER,
    "triggered": NEVER, "drift-triggered": NEVER, "event-driven": NEVER,
    "ad hoc": NEVER, "ad-hoc": NEVER, "as needed": NEVER,
}  # fmt: skip
_YES: Final = frozenset({"yes", "true", "y", "1", "on", "required", "needed"})
_NO: Final = frozenset({"no", "false", "n", "0", "off", "none", "not required", "not needed"})
_NUMBER = re.compile(
    r"(?:[~<>≤≥≈=$€£]|about|under|over|up to|approx\.?|usd|eur)*\s*(-?\d[\d_,' ]*(?:\.\d+)?(?:e[+-]?\d+)?)\s*(.*)",
    re.IGNORECASE,
)


_OFTEN: Final = re.compile(
    r"(once|twice|(\d+) ?(?:x|times))(?: (?:a|an|per|every|each))? ?/?(second|minute|hour|day|week|month|quarter|year)"
)
"""How often, where people count instead of measuring: once a week, 3 times a day, 2x per month."""


_PERIOD: Final = re.compile(
    r"(?: ?(?:per|an?|each|every) |/ ?)(second|sec|s|minute|min|hour|h|day|d|week|month|mo|quarter|year|y)\b[ .]*$"
    r"|\b(?<=\s)(daily|weekly|monthly|hourly|yearly)$"
)
_NO_THING: Final = frozenset({
    "hundred", "hundreds", "dozen", "dozens", "thousands", "billions", "trillions", "mille", "milliard", "milliards",
    "percent", "fold", "half", "times",
})  # fmt: skip
"""Words after a number that change it, so it cannot be read without them."""
_RANGE: Final = re.compile(r"^\d+(?:\.\d+)? ?(?:-|–|to) ?(\d)")
"""The lower end of a range of durations: the upper one is what must be lived with."""
_BYTES: Final = {
    "": 1.0,
    "gb": 1.0,
    "gib": 1.073741824,
    "mb": 1e-3,
    "mib": 1.048576e-3,
    "kb": 1e-6,
    "tb": 1e3,
    "tib": 1099.5,
    "pb": 1e6,
}


class Misread(ValueError):
    """A value that is not of its field's kind; the message says what would be, and fits after the field's name."""


def is_unknown(raw: object) -> bool:
    """Whether that stands for "nobody knows"."""
    return raw is None or (isinstance(raw, str) and raw.strip().lower() in UNKNOWN_WORDS)


def number(raw: object, low: float = 0.0, high: float = MAX_NUMBER, *, example: str = "1000") -> float:
    """A plain quantity: 1200, "1,200", "1.2k", "3M".

    Raises:
        Misread: it is none, or outside the bounds.
    """
    value, rest = _leading(raw, f"must be a number, such as {example}")
    if _PERIOD.search(rest):
        raise Misread(f"must be a plain number, such as {example}, not one for a period")
    scale = _SCALES.get(_plain_unit(rest))
    if scale is None:
        raise Misread(f"must be a number, such as {example}, without further words")
    return _bounded(value * scale, low, high)


def _plain_unit(rest: str) -> str:
    """The scale that follows a number, without what is counted: "k", "M rows", "million users", "beds"."""
    word = re.split(r"[\s/]", rest.strip().lower().replace("usd", "").strip("$€£+ "))[0] if rest.strip() else ""
    if re.fullmatch(r"[a-z]{4,24}", word) and word not in _SCALES and word not in _NO_THING:
        return ""
    counted = {
        "rows",
        "row",
        "users",
        "qps",
        "rps",
        "req",
        "requests",
        "gb",
        "tokens",
        "usd",
        "entities",
        "items",
        "per",
        "people",
        "fte",
        "models",
        "teams",
        "documents",
        "docs",
        "vectors",
        "chunks",
        "gib",
        "eur",
    }
    return "" if word in counted else word


def rate(raw: object, period: str, *, high: float = MAX_NUMBER, example: str) -> float:
    """So much for every `period` (second, day, month): 50, "50/s", "700 per week", "1.2k a day".

    Raises:
        Misread: it is none.
    """
    text = raw.strip().lower() if isinstance(raw, str) else ""
    short = re.search(r"\b(?:qps|rps|tps)$", text)
    told = _PERIOD.search(text)
    if told is None and short is None:
        return number(raw, 0.0, high, example=example)
    at = told or short
    plain = text[: at.start()] if at else text
    seconds_told = 1.0 if told is None else _WORDS[told[2]] if told[2] else _SECONDS[told[1]]
    factor = _SECONDS[period] / seconds_told
    return _bounded(number(plain, 0.0, example=example) * factor, 0.0, high)


def gigabytes(raw: object, *, example: str) -> float:
    """An amount of data: 20, "20 GB", "1.2 TB".

    Raises:
        Misread: it is none.
    """
    value, rest = _leading(raw, f"must be an amount of data in GB, such as {example}")
    scale = _BYTES.get(re.sub(r"(?: ?(?:per|an?|each|every) |/ ?)month$", "", rest.strip().lower()).strip())
    if scale is None:
        raise Misread(f"must be an amount of data in GB, such as {example}")
    return _bounded(value * scale, 0.0, MAX_NUMBER)


def whole(raw: object, low: float = 0.0, high: float = MAX_NUMBER, *, example: str = "3") -> float:
    """A count; "3" and 3.0 are the same.

    Raises:
        Misread: it is none, or outside the bounds.
    """
    value = number(raw, low, high, example=example)
    if value != int(value):
        raise Misread(f"must be a whole number, such as {example}")
    return value


def share(raw: object, *, example: str = "0.2") -> float:
    """A part of one: 0.2, "20 %", 99.9 (over one, so a percentage).

    Raises:
        Misread: it is none, or more than everything.
    """
    value, rest = _leading(raw, f"must be a share, such as {example}")
    if rest.strip() not in {"", "%", "percent", "pct"}:
        raise Misread(f"must be a share between 0 and 1, such as {example}")
    if rest.strip() or value > 1:
        value = round(value / 100, 12)
    return _bounded(value, 0.0, 1.0)


def seconds(raw: object, *, bare: float, example: str) -> float:
    """A duration in seconds; a number without a unit counts in `bare` seconds; "never" is a hundred years.

    Raises:
        Misread: it is none.
    """
    if isinstance(raw, str):
        words = re.sub(r"\s*\([^()]*\)$", "", raw.strip().lower()).removeprefix("every ").strip()
        words = re.sub(r"^(?:an? few|a couple of|several|some) ", "", words)
        for text in (raw.strip().lower(), words):
            if text in _WORDS:
                return _WORDS[text]
        if words in _SECONDS:
            return _SECONDS[words]
        often = _OFTEN.fullmatch(words)
        if often is not None:
            count = {"once": 1.0, "twice": 2.0}.get(often[1]) or float(often[2])
            return _bounded(_SECONDS[often[3]] / max(count, 1e-6), 0.0, NEVER)
        raw = _RANGE.sub(r"\1", words)
    value, rest = _leading(raw, f"must be a duration, such as {example}")
    unit = rest.strip().lower().rstrip(".")
    if not unit:
        return _bounded(value * bare, 0.0, MAX_NUMBER)
    if unit not in _SECONDS:
        raise Misread(f"must be a duration, such as {example}; units: ms, s, min, h, days, weeks, months")
    return _bounded(value * _SECONDS[unit], 0.0, MAX_NUMBER)


def flag(raw: object) -> bool:
    """Yes or no.

    Raises:
        Misread: it is neither.
    """
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, (int, float)) and raw in (0, 1):
        return bool(raw)
    word = raw.strip().lower() if isinstance(raw, str) else ""
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise Misread("must be true or false (or leave it out when it is not known)")


def text(raw: object) -> str:
    """Words on one line.

    Raises:
        Misread: it is no text, or far too long.
    """
    if isinstance(raw, (list, tuple)) and all(isinstance(part, str) for part in raw):
        raw = ", ".join(raw)
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        raise Misread("must be text")
    line = " ".join(str(raw).split())
    if len(line) > MAX_TEXT:
        raise Misread(f"must be text of at most {MAX_TEXT:,} characters")
    return line


def texts(raw: object) -> tuple[str, ...]:
    """A list of words; one text with commas is a list too.

    Raises:
        Misread: it is no list of texts.
    """
    parts: Any = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(parts, (list, tuple)) or len(parts) > 200:
        raise Misread('must be a list of texts, such as ["airflow", "postgresql"]')
    named = [part.get("name") if isinstance(part, dict) else part for part in parts]
    return tuple(line for line in (text(part) for part in named) if line and line.lower() != "none")


def _leading(raw: object, wanted: str) -> tuple[float, str]:
    if isinstance(raw, bool):
        raise Misread(wanted)
    if isinstance(raw, (int, float)):
        if not math.isfinite(raw):
            raise Misread(wanted)
        return float(min(max(raw, -1e300), 1e300)), ""
    if not isinstance(raw, str) or len(raw) > 200:
        raise Misread(wanted)
    # A remark in brackets explains the number: "1 (part time)".
    found = _NUMBER.fullmatch(re.sub(r"\s*\([^()]*\)$", "", raw.strip()))
    if found is None:
        raise Misread(wanted)
    return float(re.sub(r"[_,' ]", "", found[1])), found[2]


def _bounded(value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise Misread(f"must be between {low:g} and {high:g}")
    return value
