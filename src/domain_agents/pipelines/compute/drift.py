"""PSI: how many rows it needs, and from where on it is more than chance."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed
from domain_agents.pipelines.case import BATCH
from domain_agents.pipelines.compute.batch import predictions_per_day

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

MIN_ROWS = 200
BINS = 10


def until_enough(case: Case) -> Computed:
    """How long until a window holds the 200 predictions below which PSI is noise; of a batch, how often one run does."""
    if case.rungs["inference"] == BATCH and case.grid.n_entities:
        return computed(
            "n_entities / min_rows",
            "times",
            "every run holds the 200 predictions below which PSI is noise (simulated: 30 % false alarms at 50 rows)",
            min_rows=MIN_ROWS,
            n_entities=case.grid.n_entities,
        )
    return computed(
        "min_rows / predictions_per_day * 86400",
        "s",
        "until a window holds the 200 predictions below which PSI is noise (simulated: 30 % false alarms at 50 rows, "
        "none "
        "from 200)",
        min_rows=MIN_ROWS,
        predictions_per_day=predictions_per_day(case),
    )


def chi_square(share: float, degrees: int) -> float:
    """The quantile by Wilson and Hilferty, good to one percent."""
    normal = NormalDist().inv_cdf(share)
    return degrees * float(1 - 2 / (9 * degrees) + normal * (2 / (9 * degrees)) ** 0.5) ** 3


def psi_critical(reference: float, window: float, features: float) -> Computed:
    """PSI above which a change is more than chance: 5 % over all features (Bonferroni), Yurdakul 2018."""
    return computed(
        "chi_square_critical * (1 / reference_rows + 1 / window_rows)",
        "",
        f"PSI above which a change is more than chance (ten bins, 5 % over {features:g} features); 0.1 and 0.25 "
        "remain the "
        "sizes that matter",
        chi_square_critical=chi_square(1 - 0.05 / max(1.0, features), BINS - 1),
        reference_rows=reference,
        window_rows=window,
    )
