"""What the changes of enum types share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.engines import Can
from domain_agents.operations import CannotPlan
from domain_agents.operations._dependents import texts_by_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.catalog import Schema
    from domain_agents.engines import Engine

TYPE_EXAMPLE = '"order_state"'
LONGEST_VALUE = 63
"""Bytes of an enum's value in PostgreSQL (NAMEDATALEN - 1): https://www.postgresql.org/docs/18/datatype-enum.html."""


def literal(value: str) -> str:
    """A value as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def needs_types(engine: Engine, values: Sequence[str]) -> None:
    """Refuse where enum types do not exist.

    Raises:
        CannotPlan: with what does the same there.
    """
    if engine.can(Can.ENUM_TYPES):
        return
    listed = ", ".join(map(literal, values)) or "'a', 'b'"
    way_out = f"a check does the same: add_check with the expression status IN ({listed})"
    if engine.can(Can.ENUM_COLUMNS):
        way_out = f"give the column the type ENUM({listed}), with add_column or change_type"
    raise CannotPlan(f"{engine.name} has no enum types of their own", field="kind", way_out=way_out)


def named_in_texts(schema: Schema, word: str, what_to_do: str) -> tuple[str, ...]:
    """One warning for each view, function or trigger whose text holds the word or literal."""
    pattern = re.compile(rf"(?<![\w$]){re.escape(word)}(?![\w$])", re.IGNORECASE)
    return tuple(
        f"{label} says {word}: {what_to_do}" for label, text in texts_by_label(schema).items() if pattern.search(text)
    )
