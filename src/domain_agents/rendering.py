"""The Jinja environment: undefined names are errors, and templates that are not ours run in a sandbox."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment, Template

MAX_RENDERED_CHARACTERS = 400_000
"""No template of ours renders more; one that is not ours and does is refused rather than sent to a client."""


class RenderingError(Exception):
    """A template could not be rendered; the message is fit for its author and names the line."""


MAX_OPERAND = 100_000
"""A template that is not ours multiplies or raises to nothing larger: one expression could fill the memory else."""


@cache
def environment(*, trusted: bool = True) -> Environment:
    """The environment for our own templates, or (not trusted) the sandbox for a user's."""
    from jinja2 import Environment, StrictUndefined
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            sizes = [len(side) if hasattr(side, "__len__") else abs(side) for side in (left, right)]
            grows = sizes[0] * sizes[1] if operator == "*" else sizes[1] * len(str(left))
            if max(*sizes, grows) > MAX_OPERAND:
                raise SecurityError(f"the result of {operator} would be too large")
            return super().call_binop(context, operator, left, right)

    kind = Environment if trusted else Sandbox
    # What is rendered is SQL, Python and Markdown, never HTML: escaping would change it.
    made = kind(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    made.filters["json"] = _json
    return made


@lru_cache(maxsize=128)
def _template(source: str, *, trusted: bool) -> Template:
    """A template compiled once: rendering is a fraction of what compiling takes."""
    return environment(trusted=trusted).from_string(source)


def _json(value: object) -> str:
    """Data as JSON that a person reads. Jinja's own `tojson` is for HTML: it writes quotes as escapes."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def render(source: str, values: Mapping[str, Any], *, trusted: bool = True, name: str = "template") -> str:
    """A template's text with its values filled in.

    Raises:
        RenderingError: the template is malformed, names a value that is not there, or renders far too much.
    """
    from jinja2 import TemplateError

    try:
        template = _template(source, trusted=trusted)
        parts: list[str] = []
        size = 0
        for part in template.generate(**values):
            size += len(part)
            if size > MAX_RENDERED_CHARACTERS:
                raise RenderingError(f"{name}: rendered more than {MAX_RENDERED_CHARACTERS:,} characters")
            parts.append(part)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise RenderingError(f"{name}{f', line {line}' if line else ''}: {error.message}") from error
    except (TypeError, ValueError, ArithmeticError, OverflowError, MemoryError, RecursionError) as error:
        raise RenderingError(f"{name}: {type(error).__name__} while rendering") from error
    return "".join(parts)
