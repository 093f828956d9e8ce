"""Regular expressions from agent files, held to what can be matched quickly whatever the text is.

Python's matcher backtracks, and a pattern from somebody's repository must not stop the server. So the number of ways in
which a pattern can match from one place is counted from its syntax, and a pattern with too many is refused. No time is
measured: the same pattern is always allowed or always refused.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from typing import Any

MAX_PATTERN_CHARACTERS = 300
MAX_TEXT_CHARACTERS = 1_000
"""Of a request, what patterns are tried on."""
MAX_WAYS = 3_000
"""Ways to match from one start: one unbounded repeat over the longest text, or two of forty characters."""
MAX_NESTED_REPEATS = 12
_SET_OPERATION = re.compile(r"\[[^\]]*(?:--|&&|\|\||~~|\[)")
_SPACE = re.compile(r"\s+")


class PatternError(ValueError):
    """A pattern that is not used; the message says why and what to write."""


@lru_cache(maxsize=4_096)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, ready and harmless, without regard to case.

    Raises:
        PatternError: it is no regular expression, or could take long on some text.
    """
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise PatternError(f"the pattern is longer than {MAX_PATTERN_CHARACTERS} characters; split it in two")
    if _SET_OPERATION.search(pattern):
        raise PatternError(
            "`[[`, `--`, `&&`, `||` and `~~` in a character class have no settled meaning; escape them with `\\`"
        )
    try:
        # The parser that `re` itself uses, for its tree; no public one exists.
        ways = _ways(import_module("re._parser").parse(pattern, re.IGNORECASE))
        found = re.compile(pattern, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        said = error.msg if isinstance(error, re.error) else "it is nested too deep or repeats too often"
        raise PatternError(f"not a regular expression: {said}") from None
    if ways > MAX_WAYS:
        raise PatternError(
            "the pattern could take very long on some text: bound its repeats, such as `.{0,40}` for `.*`, use no repeat "
            "inside a repeat, or write two patterns"
        )
    return found


def search(pattern: str, text: str) -> str:
    """What the pattern finds in a request, "" for nothing. Runs of white space count as one space.

    Raises:
        PatternError: see `compiled`.
    """
    found = compiled(pattern).search(_SPACE.sub(" ", text)[:MAX_TEXT_CHARACTERS])
    return found.group() if found else ""


def _ways(tree: Any) -> int:
    """An upper bound on the ways in which a parsed pattern matches from one place."""
    total = 1
    for operation, argument in tree:
        total *= _ways_of(str(operation), argument)
        if total > MAX_WAYS:
            return MAX_WAYS + 1
    return total


def _ways_of(operation: str, argument: Any) -> int:
    if operation in ("LITERAL", "NOT_LITERAL", "ANY", "IN", "CATEGORY", "RANGE", "AT"):
        return 1
    if operation == "BRANCH":
        return sum(_ways(branch) for branch in argument[1])
    if operation == "SUBPATTERN":
        return _ways(argument[3])
    if operation == "ATOMIC_GROUP":
        return _ways(argument)
    if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return _ways_of_repeat(*argument)
    return MAX_WAYS + 1  # back-references, conditions and looking around: not needed to find words


def _ways_of_repeat(low: int, high: int, repeated: Any) -> int:
    if _is_space(repeated):
        high = min(high, 1)  # `search` leaves no two white-space characters in a row
    high = min(int(high), MAX_TEXT_CHARACTERS)
    low = min(int(low), high)
    once = _ways(repeated)
    if once == 1:
        return high - low + 1
    return sum(once**count for count in range(low, high + 1)) if high <= MAX_NESTED_REPEATS else MAX_WAYS + 1


def _is_space(repeated: Any) -> bool:
    """Whether what is repeated is one white-space character."""
    if len(repeated) != 1:
        return False
    operation, argument = str(repeated[0][0]), repeated[0][1]
    if operation == "LITERAL":
        return bool(argument == ord(" "))
    return operation == "IN" and len(argument) == 1 and str(argument[0][1]) == "CATEGORY_SPACE"
