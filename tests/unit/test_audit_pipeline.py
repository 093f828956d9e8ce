"""audit_pipeline through its own door: what was looked at, what was not, and what a secret never does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from domain_agents.tools import Job, Settings, ToolError
from domain_agents.tools.audit_pipeline import TOOL

if TYPE_CHECKING:
    from pathlib import Path

_DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    spec:
      containers:
        - {name: api, image: "x/y:1.0"}
"""


def call(root: Path, **arguments: Any) -> Any:
    return TOOL.call(TOOL.arguments.model_validate(arguments), Settings(project=root), Job())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text(
        "from imblearn.over_sampling import SMOTE\nimport pandas as pd\nfrom sklearn.model_selection import train_test_split\n"
        'df = pd.read_csv("d.csv")\nX, y = SMOTE().fit_resample(df.drop(columns=["y"]), df["y"])\n'
        'parts = train_test_split(X, y, random_state=1)\nTOKEN = "ghp_abcdefghijklmnopqrstuvwxyz0123456789AB"\n'
    )
    (tmp_path / "old.py").write_text('print "two"\n')
    (tmp_path / "model.R").write_text("x <- 1\n")
    (tmp_path / "k8s.yaml").write_text(_DEPLOYMENT)
    (tmp_path / "requirements.txt").write_text("pandas==2.3.3\n")
    (tmp_path / "broken.ipynb").write_text("{")
    return tmp_path


def test_rows_that_leave_the_file_are_said_to_be_lost_from_sight(tmp_path: Path) -> None:
    (tmp_path / "features.py").write_text("def prepare(df):\n    return df\n", encoding="utf-8")
    (tmp_path / "train.py").write_text(
        "from features import prepare\nfrom sklearn.linear_model import LogisticRegression\n"
        "LogisticRegression().fit(prepare(rows), target)\n",
        encoding="utf-8",
    )
    missed = call(tmp_path).structured["not_analysed"]
    assert [(one["file"], one["reason"]) for one in missed] == [
        ("train.py", "rows are not followed into functions of other files: prepare")
    ]


def test_findings_carry_file_line_way_out_and_source(project: Path) -> None:
    found = call(project).structured["findings"]
    leak = next(one for one in found if one["rule"] == "resampled_before_split")
    assert (leak["file"], leak["line"], leak["severity"]) == ("src/train.py", 5, "error")
    assert leak["instead"]
    assert leak["sources"]


def test_a_secret_is_told_and_never_repeated(project: Path) -> None:
    result = call(project)
    assert "secret_in_code" in {one["rule"] for one in result.structured["findings"]}
    assert "ghp_" not in result.text + str(result.structured)


def test_what_cannot_be_read_is_not_taken_for_clean(project: Path) -> None:
    result = call(project)
    assert {one["file"] for one in result.structured["not_analysed"]} == {"old.py", "model.R", "broken.ipynb"}
    assert "Not analysed" in result.text


def test_readiness_says_what_was_seen_for_each_test(project: Path) -> None:
    result = call(project)
    assert set(result.structured["readiness"]) == {"data", "model", "infrastructure", "monitoring"}
    held_out = next(one for one in result.structured["readiness_tests"]["model"] if one["test"] == "rows are held out")
    assert held_out == {"test": "rows are held out", "score": 1.0, "seen": "src/train.py:6"}


def test_kubernetes_for_one_service_is_heavier_than_it_needs_unless_the_grid_asks_for_it(project: Path) -> None:
    assert "Kubernetes" in {one["component"] for one in call(project).structured["over_engineered"]}
    grid = {"existing_stack": ["kubernetes"], "platform_fte": 3, "peak_qps": 5000, "inputs_known_in_advance": False}
    assert "Kubernetes" not in {one["component"] for one in call(project, grid=grid).structured["over_engineered"]}


def test_paths_and_rules_can_be_chosen(project: Path) -> None:
    assert {one["file"] for one in call(project, paths=["src"]).structured["findings"]} == {"src/train.py"}
    without = call(project, without=["resampled_before_split"]).structured["findings"]
    assert "resampled_before_split" not in {one["rule"] for one in without}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"without": ["leak"]}, "there is no rule 'leak'"),
        ({"paths": ["nowhere"]}, 'no file or directory "nowhere"'),
        ({"grid": {"peek_qps": 3}}, "peak_qps"),
        ({"project": "../other"}, "outside"),
        ({"paths": ["model.R"]}, "nothing to audit"),
    ],
)
def test_what_does_not_fit_is_told_with_the_way_out(project: Path, arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ToolError, match=says):
        call(project, **arguments)


def test_the_same_files_give_the_same_answer(project: Path) -> None:
    assert call(project).text == call(project).text
