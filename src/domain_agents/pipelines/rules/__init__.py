"""One decision a file: `RULE`, a ladder with what forces each rung. The file's name is the decision's stage."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from domain_agents.registry import load_unit, unit_names

if TYPE_CHECKING:
    from domain_agents.pipelines.decision import Rule

DECIDED_FIRST: Final = (
    "governance",
    "need",
    "llm",
    "inference",
    "ingestion",
    "features",
    "training",
    "serving",
    "evaluation",
)
"""What later rules ask for, in the order in which they need it."""


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which they can be decided."""
    import domain_agents.pipelines.rules as package

    names = unit_names(package)
    rest = sorted(set(names) - set(DECIDED_FIRST))
    return tuple(load_unit(package, name).RULE for name in (*DECIDED_FIRST, *rest))
