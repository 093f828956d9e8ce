"""PSI: how many rows it needs, and from where on it is more than chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed

MIN_ROWS = 200
BINS = 10


def seconds_until_enough(qps: float | None, requests_per_day: float | None) -> Computed:
    """How long until a window holds the 200 predictions below which PSI is noise."""
    rate = requests_per_day or (qps * 86_400 if qps else None)
    return computed(
        "min_rows / requests_per_day * 24",
        "h",
        "until a window holds the 200 predictions below which PSI is noise (simulated: 30 % false alarms at 50 rows, "
        "none from 200)",
        min_rows=MIN_ROWS,
        requests_per_day=rate,
    )


def psi_critical(reference: float, window: float, features: float) -> Computed:
    """PSI above which a change is more than chance: chi-square with nine degrees, 5 % over all features (Bonferroni).

    The quantile by Wilson and Hilferty, the normal one by a rational approximation good to 0.0005.
    """
    return computed(
        "9 * (1 - 2 / 81 + (sqrt(-2 * log(0.05 / features)) - (2.515517 + 0.802853 * sqrt(-2 * log(0.05 / features))"
        " + 0.010328 * (-2 * log(0.05 / features))) / (1 + 1.432788 * sqrt(-2 * log(0.05 / features))"
        " + 0.189269 * (-2 * log(0.05 / features)) + 0.001308 * (-2 * log(0.05 / features)) ** 1.5)) * sqrt(2 / 81)) "
        "** 3"
        " * (1 / reference + 1 / window)",
        "",
        "PSI above which a change is more than chance (ten bins, 5 % over all features); 0.1 and 0.25 remain the "
        "sizes that matter",
        features=max(1.0, features),
        reference=reference,
        window=window,
    )
