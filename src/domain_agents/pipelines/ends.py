"""Which of what runs already stops being mended: only versions that were told, only within a year."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from domain_agents.facts.dated import dated, days_between

if TYPE_CHECKING:
    from collections.abc import Sequence

WITHIN_DAYS: Final = 365
_VERSIONED: Final = re.compile(r"(python|airflow|postgres(?:ql)?)[ =:@_-]*v?(\d+)(?:\.(\d+))?", re.IGNORECASE)


def ends(stack: Sequence[str] | None, date: str) -> list[dict[str, Any]]:
    """For the structured result and the report: what has ended on that day, or ends within a year."""
    found = []
    facts = dated("ends")
    for part in stack or ():
        for name, major, minor in _VERSIONED.findall(part):
            product = "postgresql" if name.lower().startswith("postgres") else name.lower()
            fact = facts.get(f"{product} {major}.{minor}") or facts.get(f"{product} {major}")
            if fact is not None and days_between(date, fact.value) <= WITHIN_DAYS:
                gone = days_between(date, fact.value) < 0
                found.append({
                    "part": part,
                    "ended" if gone else "ends": fact.value,
                    "says": fact.note,
                    "as_of": fact.as_of,
                    "source": fact.source,
                    "standing": fact.standing,
                })  # fmt: skip
    return found
