"""Reasons as comments: what was decided, what forces it and the number behind it, beside the lines that follow from it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import figure

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.design import Design

_WIDTH = 108


def one_line(text: str) -> str:
    """Text of a caller as it may stand in a comment of any language: one line, printable."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def comment(text: str, mark: str = "# ", indent: str = "") -> str:
    """Text wrapped into comment lines, without the last line feed."""
    return "\n".join(f"{indent}{mark}{line}" for line in textwrap.wrap(one_line(text), _WIDTH - len(indent)))


def reason(design: Design, stage: str) -> str:
    """A decision in a sentence or two: the choice, why, and the number where there is one."""
    decision = design.stages[stage]
    because = decision.because or "nothing in the grid asks for more"
    number = f" {counted(decision.computed)}." if decision.computed.result is not None else ""
    return f"{decision.title}: {decision.choice}, because {because}.{number}"


def counted(number: Computed) -> str:
    """A number with its formula and what went in, so that a reader can do it again."""
    inputs = ", ".join(f"{name}={figure(value)}" for name, value in number.inputs.items())
    return f"{figure(number.result, number.unit)} = {number.formula} with {inputs}"
