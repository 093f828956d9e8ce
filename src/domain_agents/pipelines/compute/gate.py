"""How sure a quality gate can be: standard error of an AUC, slices, bounds from zero failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed

AUC_EXPECTED = 0.8
"""What is expected of a useful model before there is one; an assumption."""

_HANLEY = (
    "sqrt((auc * (1 - auc) + (positives - 1) * (auc / (2 - auc) - auc ** 2)"
    " + (negatives - 1) * (2 * auc ** 2 / (1 + auc) - auc ** 2)) / (positives * negatives))"
)


def auc_error(positives: float | None, rows: float | None) -> Computed:
    """Standard error of an AUC of 0.8 (Hanley and McNeil 1982). Rows unknown: as many negatives, the worst there is."""
    if not positives:
        known: float | None = None
    else:
        known = positives
    negatives = None if known is None else max(known, (rows or 0.0) - known)
    return computed(
        _HANLEY,
        "",
        "standard error of the AUC on all labelled rows",
        auc=AUC_EXPECTED,
        positives=known,
        negatives=negatives,
    )


def slice_rows(half_width: float = 0.05) -> Computed:
    """Rows that a slice needs for a share to be known to plus or minus that much."""
    return computed(
        "ceil(1.96 ** 2 * 0.25 / half_width ** 2)",
        "rows",
        "rows a slice needs for an interval of plus or minus five points",
        half_width=half_width,
    )
