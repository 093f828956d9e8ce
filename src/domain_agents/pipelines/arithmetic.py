"""A number with the formula that made it: what is printed is what was computed, so a reader can do it again."""

from __future__ import annotations

import ast
import math
import operator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Number = int | float
"""What goes into a formula and comes out of it."""


def erlang_c(servers: float, load: float) -> float:
    """The share of requests that must wait: `servers` in parallel, `load` = arrivals per second x seconds of service.

    1.0 where the load is not less than the servers: the queue never empties.
    """
    count = int(servers)
    if load >= count:
        return 1.0
    blocked = 1.0
    for number in range(1, count + 1):
        blocked = load * blocked / (number + load * blocked)
    share = load / count
    return blocked / (1 - share + share * blocked)


FUNCTIONS: Final[Mapping[str, Callable[..., Number]]] = {
    "ceil": math.ceil,
    "floor": math.floor,
    "sqrt": math.sqrt,
    "log": math.log,
    "exp": math.exp,
    "min": min,
    "max": max,
    "erlang_c": erlang_c,
}
"""What a formula may call."""

_OPERATORS: Final[Mapping[type[ast.AST], Callable[..., Number]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}


@dataclass(frozen=True, slots=True)
class Computed:
    """One result: the formula in terms of `inputs`, each a number or None where it is not known; then so is `result`."""

    formula: str
    inputs: Mapping[str, Number | None]
    result: Number | None
    unit: str = ""
    says: str = ""
    """What the number means, in a sentence."""

    def as_json(self) -> dict[str, Any]:
        """The shape that clients rely on (contract, design_pipeline)."""
        return {
            "formula": self.formula,
            "inputs": dict(self.inputs),
            "result": self.result,
            "unit": self.unit,
            "says": self.says,
        }

    @property
    def unknown(self) -> tuple[str, ...]:
        """The inputs that nobody has told."""
        return tuple(name for name, value in self.inputs.items() if value is None)


def computed(formula: str, unit: str = "", says: str = "", /, **inputs: Number | None) -> Computed:
    """Evaluate a formula: a Python expression over its inputs, + - * / ** and `FUNCTIONS`.

    Raises:
        ValueError: the formula names something that is not an input, or cannot be evaluated; a fault of ours.
    """
    if any(value is None for value in inputs.values()):
        return Computed(formula, inputs, None, unit, says)
    try:
        return Computed(formula, inputs, _value(_parsed(formula), inputs), unit, says)
    except (KeyError, TypeError, ArithmeticError) as error:
        raise ValueError(f"cannot evaluate {formula!r}: {error}") from error


@lru_cache(maxsize=512)
def _parsed(formula: str) -> ast.expr:
    return ast.parse(formula, mode="eval").body


def _value(node: ast.expr, inputs: Mapping[str, Any]) -> Number:
    match node:
        case ast.BinOp(left=left, op=kind, right=right):
            return _OPERATORS[type(kind)](_value(left, inputs), _value(right, inputs))
        case ast.UnaryOp(op=kind, operand=operand):
            return _OPERATORS[type(kind)](_value(operand, inputs))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return FUNCTIONS[name](*(_value(argument, inputs) for argument in arguments))
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            found: Number = inputs[name]
            return found
        case _:
            raise TypeError(f"a formula cannot hold {type(node).__name__}")


def figure(value: Number | None, unit: str = "") -> str:
    """A number as a person reads it: three significant digits, thousands apart."""
    if value is None:
        return "unknown"
    if isinstance(value, int) or value == int(value):
        text = f"{int(value):,}"
    elif abs(value) >= 100:
        text = f"{value:,.0f}"
    elif abs(value) >= 0.001:
        text = f"{value:.3g}"
    else:
        text = f"{value:.2g}"
    return f"{text} {unit}".strip()


def span(seconds: float) -> str:
    """A duration as a person says it: 30 s, 5 minutes, 6 hours, a day, 30 days."""
    if abs(seconds - 2_629_800.0) < 1:
        return "a month"
    for size, one, many in ((86_400.0, "a day", "days"), (3_600.0, "an hour", "hours"), (60.0, "a minute", "minutes")):
        if seconds == size:
            return one
        if seconds >= 2 * size or (size == 60.0 and seconds > 60.0):
            return f"{figure(seconds / size)} {many}"
    return f"{figure(seconds)} s"


def every(seconds: float) -> str:
    """A cadence as a person says it: every day, every 6 hours."""
    return f"every {span(seconds).removeprefix('an ').removeprefix('a ')}"
