"""G5: where features are computed, so that training and serving see the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.pipelines.arithmetic import computed, figure, span
from domain_agents.pipelines.case import ONLINE
from domain_agents.pipelines.decision import Force, Rule, Rung, contested, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_SYNC = stated("Monzo: a thin sync from the warehouse to an online store, by a team of three")
_STORE = contested(
    "three models that share online features: necessary, not sufficient; published borders run from 3 to 10 models"
)
_MODULE = stated("Google, Rules of Machine Learning, rules 29 and 32: the same code in training and serving")
_WAREHOUSE = own_choice("two teams that compute the same aggregate compute it differently")
_BYTES = 202
"""Ten float features of an entity in one Redis hash with short names, measured on Redis 7.0."""


def _forces(case: Case) -> Iterator[Force]:
    grid = case.grid
    teams, models = grid.teams_sharing or 0, grid.models_in_prod or 0
    shared = (grid.shared_online_features or 0) > 0
    if teams >= 2 and case.trains:
        yield Force(1, ("teams_sharing",), f"{figure(teams)} teams use the same features", _WAREHOUSE)
    if not case.rungs["inference"] >= ONLINE:
        return
    if shared:
        yield Force(
            2,
            ("shared_online_features",),
            "features are looked up while the request waits, and the request does not bring them",
            _SYNC,
        )
    if (
        case.rungs["ingestion"] >= 1
        and grid.feature_freshness_s is not None
        and case.kind not in {"generation", "retrieval", "agent"}
    ):
        yield Force(
            2,
            ("feature_freshness_s",),
            f"features at most {span(grid.feature_freshness_s)} old must lie where the request can read them",
            _SYNC,
        )
    if shared and models >= 3 and teams >= 2:
        yield Force(
            3,
            ("shared_online_features", "models_in_prod", "teams_sharing"),
            f"{figure(models)} models of {figure(teams)} teams share online features",
            _STORE,
        )
    if shared and models >= 3 and grid.point_in_time_incident:
        yield Force(
            3,
            ("shared_online_features", "models_in_prod", "point_in_time_incident"),
            f"{figure(models)} models share online features, and training has already seen the future once",
            _STORE,
        )


def _figure(case: Case) -> Computed:
    return computed(
        "n_entities * bytes_per_entity * replicas * 1.3 / 1000000000",
        "GB",
        "memory of ten float features per entity in Redis (measured: 202 B as a hash with short names)",
        n_entities=case.grid.n_entities,
        bytes_per_entity=_BYTES,
        replicas=2,
    )


def _wording(case: Case, rung: int) -> str:
    if rung == 0 and not case.trains:
        return "none: nothing is trained"
    if rung == 1 and (warehouse := case.has("warehouse")):
        return f"one table per entity in {warehouse}, dated, read by training and by scoring"
    if rung == 2:
        store = case.has("key_value") or case.has("postgresql")
        return (
            f"thin sync: features computed once, written to {store or 'a key-value table'}, read by key; training "
            "reads the same rows by date"
        )
    if rung == 3 and (store := case.has("feature_store")):
        return f"the feature store there is ({store})"
    return RULE.rungs[rung].choice


RULE = Rule(
    id="G5",
    stage="features",
    title="Features",
    rungs=(
        Rung("one module that training and scoring both import"),
        Rung("a dated table per entity in the warehouse (SQL, dbt)", "two or more teams that use the same features"),
        Rung(
            "thin online sync: warehouse or stream to a key-value table",
            "features that a waiting request does not bring with it",
        ),
        Rung(
            "feature store",
            "three or more models of several teams that share online features, or a point-in-time incident among them",
        ),
    ),
    forces=_forces,
    figure=_figure,
    default=_MODULE,
    wording=_wording,
    always="Training joins on what was known at prediction time, never on the newest value.",
)
