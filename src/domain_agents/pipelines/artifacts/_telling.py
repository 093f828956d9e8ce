"""What the templates of starter files share: texts that stay inside a comment, and the decision behind a line."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.arithmetic import figure

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Number
    from domain_agents.pipelines.design import Design

DAY = 86_400.0
_WIDTH = 118


def plain(text: object) -> str:
    """A text on one line that can stand in a comment or a string of any language: nothing in it ends either."""
    line = " ".join(str(text).split())
    return "".join(_HARMLESS.get(sign, sign) for sign in line if sign.isprintable())


_HARMLESS = {'"': "'", "\\": "/", "`": "'", "{": "(", "}": ")", "$": "USD ", "%": " percent", "<": "(", ">": ")"}


def why(design: Design, stage: str) -> str:
    """The rung that was chosen and what forces it, in one line."""
    decision = design.stages[stage]
    reason = decision.because or "nothing in the grid asks for more"
    return plain(f"{decision.title} (rung {decision.rung}): {decision.choice}; {reason}")


def number(design: Design, name: str) -> str:
    """A number of the design with its formula and inputs; empty where it is not known."""
    found = design.sizing.get(name)
    if found is None or found.result is None:
        return ""
    inputs = ", ".join(f"{key} = {_exact(value)}" for key, value in found.inputs.items())
    says = found.says.replace(" %", " percent")
    return f"{says[:1].upper()}{says[1:]}: {found.formula} = {figure(found.result, found.unit)} ({inputs})"


def _exact(value: Number | None) -> str:
    return "unknown" if value is None else f"{value:g}"


def commented(text: str, sign: str = "# ") -> str:
    """A sentence as comment lines."""
    return "\n".join(textwrap.wrap(text, _WIDTH, initial_indent=sign, subsequent_indent=sign, break_long_words=False))


def values(design: Design) -> dict[str, Any]:
    """What every template is given."""
    return {
        "slug": design.slug,
        "name": design.slug.replace("_", "-"),
        "title": plain(design.title),
        "date": design.date,
        "rung": design.rung,
        "grid": design.grid,
        "why": lambda stage, sign="# ": commented(why(design, stage), sign),
        "number": lambda name, sign="# ": commented(number(design, name), sign) if number(design, name) else "",
        "figure": figure,
        "plain": plain,
        "commented": commented,
    }
