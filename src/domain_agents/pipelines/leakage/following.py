"""Leaks of one module."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.pipelines.leakage.machine import Machine, TooMuch

if TYPE_CHECKING:
    import ast

    from domain_agents.pipelines.leakage.values import Leak

_WORDS = re.compile(r"\b(?:fit|fit_transform|fit_resample|train_test_split|cross_val\w*|predict|score|train)\b")


class TooComplex(Exception):
    """The module was not looked at to its end."""


def leaks(tree: ast.Module, text: str) -> tuple[Leak, ...]:
    """What leaks in a module, in the order of lines.

    Raises:
        TooComplex: it is too large or too deep to follow.
    """
    if not _WORDS.search(text):
        return ()
    machine = Machine()
    try:
        machine.run(tree)
    except (TooMuch, RecursionError) as error:
        raise TooComplex from error
    return tuple(sorted(machine.leaks.values(), key=lambda one: (one.line, one.rule)))
