"""The alert rules: promtool reads them and runs the tests that are rendered beside them; their thresholds fit the design."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain_agents.pipelines.artifacts import make
from domain_agents.pipelines.design import design
from domain_agents.pipelines.filling import read_grid
from tests.unit.pipeline_grids import REPORTS, SMALL, SYSTEMS

GRIDS = {**REPORTS, **SMALL, **{key: grid for key, (grid, _) in SYSTEMS.items()}}


def made(grid: dict[str, Any]) -> Any:
    return make(["alert_rules"], design(read_grid(grid), "2026-11-21"))


def rules(grid: dict[str, Any]) -> dict[str, dict[str, Any]]:
    content = next(content for path, content in made(grid).files.items() if path.endswith("_alerts.yml"))
    return {
        rule["alert"]: rule for group in yaml.safe_load(content)["groups"] for rule in group["rules"] if "alert" in rule
    }


@pytest.mark.parametrize("name", sorted(GRIDS))
def test_every_alert_names_its_urgency_and_an_action(name: str) -> None:
    found = made(GRIDS[name])
    if not found.files:
        return
    for alert in rules(GRIDS[name]).values():
        assert alert["labels"]["severity"] in {"page", "ticket"}
        assert len(alert["annotations"]["action"].split()) > 3
    for content in found.files.values():
        assert "TODO" not in content


def test_the_thresholds_are_those_of_the_design() -> None:
    found = rules(REPORTS["checkout_fraud"])
    burn = next(rule for name, rule in found.items() if name.endswith("BudgetBurnsFast"))
    # 99.9 % leave a thousandth: 14.4 times that.
    assert burn["expr"].endswith("> 0.0144")
    assert next(rule for name, rule in found.items() if name.endswith("Slow"))["expr"].endswith("> 0.1")
    weekly = rules(REPORTS["weekly_churn"])
    silent = next(rule for name, rule in weekly.items() if name.endswith("DidNotRun"))
    assert f"> {7 * 86_400 * 3 // 2} or absent(" in silent["expr"]
    assert not any(name.endswith("Slow") for name in weekly)


def test_where_nothing_writes_metrics_for_prometheus_the_reason_is_given() -> None:
    assert "no scheduled job" in made(REPORTS["handbook_questions"]).declined["alert_rules"]
    assert "datadog" in made({"existing_stack": ["datadog"]}).declined["alert_rules"]


@pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool here (Debian: prometheus): rules are only parsed")
def test_promtool_accepts_the_rules_and_their_own_tests_pass(tmp_path: Path) -> None:
    grids = [
        *(REPORTS[name] for name in ("nothing_told", "checkout_fraud", "credit_decisions", "sepsis_alarm")),
        {**REPORTS["checkout_fraud"], "problem": "Lax", "availability_slo": 0.5},
        {**REPORTS["checkout_fraud"], "problem": "Strict", "availability_slo": 0.99999},
    ]
    tests = []
    for grid in grids:
        for path, content in made(grid).files.items():
            (tmp_path / Path(path).name).write_text(content)
            if path.endswith("_test.yml"):
                tests.append(Path(path).name)
    for command in (
        ["check", "rules", *sorted(path.name for path in tmp_path.glob("*_alerts.yml"))],
        ["test", "rules", *tests],
    ):
        done = subprocess.run(
            ["promtool", *command], check=False, cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert len(tests) == len(grids)
