"""The manifests: held against Kubernetes' own schemas, and their numbers against the design."""

import warnings
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain_agents.pipelines.artifacts import make
from domain_agents.pipelines.design import Design, design
from domain_agents.pipelines.filling import read_grid
from tests.unit.pipeline_grids import REPORTS, SMALL, SYSTEMS

kubernetes_validate = pytest.importorskip("kubernetes_validate")
SCHEMAS = "1.33"
BUSY = {
    "problem": "Ranking",
    "inputs_known_in_advance": False,
    "latency_p95_ms": 100,
    "rows": "2M",
    "existing_stack": ["kubernetes"],
}


def asked(grid: dict[str, Any]) -> Design:
    return design(read_grid(grid), "2026-11-21")


def validate(one: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        kubernetes_validate.validate(one, SCHEMAS, strict=True)


def manifests(found: Design) -> dict[str, dict[str, Any]]:
    files = make(["kubernetes"], found).files
    objects = [one for content in files.values() for one in yaml.safe_load_all(content)]
    return {one["kind"]: one for one in objects}


def checked(found: Design) -> None:
    """Every object fits its schema, and pods are as a cluster with restricted security admits them."""
    made = manifests(found)
    listed = set(made.pop("Kustomization")["resources"])
    files = make(["kubernetes"], found).files
    assert listed == {path.rpartition("/")[2] for path in files} - {"kustomization.yaml"}
    for kind, one in made.items():
        validate(one)
        assert one["metadata"]["labels"] == {"app.kubernetes.io/name": one["metadata"]["name"]}, kind
    deployment = made.get("Deployment")
    pod = deployment["spec"]["template"] if deployment else made["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]
    spec = pod["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert not container["image"].endswith(":latest")
    assert ":" in container["image"]
    assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"]
    if not deployment:
        return
    labels = pod["metadata"]["labels"]
    assert made["Service"]["spec"]["selector"].items() <= labels.items()
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
    assert container["livenessProbe"]["httpGet"]["path"] != container["readinessProbe"]["httpGet"]["path"]
    scaler = made.get("HorizontalPodAutoscaler")
    assert ("replicas" in deployment["spec"]) != (scaler is not None)
    if scaler:
        assert scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
        needed = found.sizing["replicas"].result if "replicas" in found.sizing else None
        assert 1 <= scaler["spec"]["minReplicas"] <= scaler["spec"]["maxReplicas"]
        assert scaler["spec"]["maxReplicas"] >= (needed or 2)
        assert made["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize("name", [*REPORTS, *SMALL, *SYSTEMS])
def test_the_manifests_of_every_known_grid_hold(name: str) -> None:
    found = asked({**REPORTS, **SMALL, **{key: grid for key, (grid, _) in SYSTEMS.items()}}[name])
    if found.rung("platform") < 2:
        assert "no cluster was chosen" in make(["kubernetes"], found).declined["kubernetes"]
    elif make(["kubernetes"], found).files:
        checked(found)


def test_replicas_come_from_the_traffic_that_was_told() -> None:
    found = asked({**BUSY, "peak_qps": 2_000, "requests_per_day": "40M"})
    spec = manifests(found)["HorizontalPodAutoscaler"]["spec"]
    # 2,000 x 1.83 ms / 0.6 = 6.1 cores: seven and one more; the mean second of 463 needs two and one more.
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 12)
    assert found.sizing["replicas"].result == 8
    text = make(["kubernetes"], found).files["k8s/ranking/hpa.yaml"]
    assert "peak_qps=2,000" in text


def test_a_batch_on_a_cluster_is_a_job_that_never_runs_twice_at_once() -> None:
    found = asked({"problem": "Churn", "rows": 9_000, "prediction_freshness_s": "daily", "existing_stack": ["eks"]})
    spec = manifests(found)["CronJob"]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["timeZone"] == "Etc/UTC"
    checked(found)


def test_a_schema_error_would_be_seen() -> None:
    scaler = manifests(asked({**BUSY, "peak_qps": 2_000}))["HorizontalPodAutoscaler"]
    scaler["spec"]["maxReplicas"] = "three"
    with pytest.raises(kubernetes_validate.ValidationError):
        validate(scaler)


@pytest.mark.parametrize("word", ["Yes", "No", "true"])
def test_a_problem_that_yaml_would_read_as_something_else_keeps_its_name(word: str) -> None:
    made = manifests(asked({**BUSY, "problem": word, "problem_type": "ranking", "peak_qps": 2_000}))
    for one in made.values():
        if one["kind"] != "Kustomization":
            validate(one)
    assert made["Deployment"]["metadata"]["name"] == f"{word.lower()}-model"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    problem=st.text(min_size=1, max_size=60).filter(str.strip),
    qps=st.one_of(st.none(), st.floats(0, 1e5)),
    daily=st.one_of(st.none(), st.integers(0, 10**10)),
    slo=st.sampled_from([None, 0.99, 0.9995]),
)
def test_the_manifests_of_any_traffic_hold(
    problem: str, qps: float | None, daily: int | None, slo: float | None
) -> None:
    grid = {**BUSY, "problem": problem, "peak_qps": qps, "requests_per_day": daily, "availability_slo": slo}
    found = asked({name: value for name, value in grid.items() if value is not None})
    if make(["kubernetes"], found).files:
        checked(found)
