"""Leaks of one module."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.pipelines.leakage.machine import Machine, TooMuch

if TYPE_CHECKING:
    import ast

    from domain_agents.pipelines.leakage.values import Leak

_WORDS = re.compile(
    r"\b(?:fit|fit_transform|fit_resample|\w*split\w*|sample|adapt|fit_on_texts|objective|cross_val\w*|predict|score|train)\b"
)

_SEVERAL = re.compile(
    r"\b(?:several|multiple|many|repeated)\s+[\w-]+(?:\s+[\w-]+)?\s+(?:per|for (?:each|every"
    r"|the same)|from (?:each|the same|one)|of (?:each|the same))"
    r"\s+(?P<entity>[a-z]{4,})",
    re.IGNORECASE,
)

_HELD_OUT = re.compile(r"(?i)split|cross_val|fold|test|valid|hold_?out|oob_score|leave_?one|bootstrap")


class TooComplex(Exception):
    """The module was not looked at to its end."""


def leaks(tree: ast.Module, text: str) -> tuple[Leak, ...]:
    """What leaks in a module, in the order of lines.

    Raises:
        TooComplex: it is too large or too deep to follow.
    """
    if not _WORDS.search(text):
        return ()
    machine = Machine(repeated=frozenset(match["entity"].lower() for match in _SEVERAL.finditer(text)))
    try:
        machine.run(tree)
    except (TooMuch, RecursionError, AttributeError, TypeError, ValueError, LookupError) as error:
        raise TooComplex from error
    if _HELD_OUT.search(text):
        machine.leaks = {key: leak for key, leak in machine.leaks.items() if leak.rule != "no_holdout"}
    return tuple(sorted(machine.leaks.values(), key=lambda one: (one.line, one.rule)))
