"""The serving starter: a model is trained, converted, compared, and the service answers real requests."""

import hashlib
import importlib
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain_agents.pipelines.artifacts import make
from domain_agents.pipelines.design import design
from domain_agents.pipelines.filling import read_grid
from tests.unit.pipeline_grids import REPORTS, SMALL, SYSTEMS

pytest.importorskip("onnxruntime")
pytest.importorskip("skl2onnx")
pytest.importorskip("fastapi")
pytestmark = pytest.mark.filterwarnings("default")

MODULES = ("predictor", "app", "export_onnx")
FITTING = {"a": 1.0, "b": 5.0, "c": "x"}


def made(grid: dict[str, Any]) -> Any:
    return make(["serving"], design(read_grid(grid), "2026-11-21"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files of a busy fraud model, a training run in the form that the training starter leaves, and its release."""
    import joblib
    import numpy as np
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    root = tmp_path_factory.mktemp("serving")
    for path, content in made(REPORTS["checkout_fraud"]).files.items():
        (root / Path(path).name).write_text(content)
    random = np.random.default_rng(1)
    table = pd.DataFrame(
        {"a": random.normal(size=400), "b": random.normal(5, 2, 400), "c": random.choice(["x", "y"], 400)}
    )
    parts = [
        ("numbers", StandardScaler(), ["a", "b"]),
        ("words", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["c"]),
    ]
    pipeline = Pipeline([("prepare", ColumnTransformer(parts)), ("model", LogisticRegression())])
    pipeline.fit(table, table["a"] + (table["c"] == "x") > 0.5)
    run = root / "run"
    run.mkdir()
    joblib.dump(pipeline, run / "model.joblib")
    table.assign(prediction=0.5).to_csv(run / "reference.csv", index=False)
    manifest = {
        "model_sha256": hashlib.sha256((run / "model.joblib").read_bytes()).hexdigest(),
        "features": {"a": "number", "b": "number", "c": "text"},
    }
    (run / "manifest.json").write_text(json.dumps(manifest))
    sys.path.insert(0, str(root))
    try:
        assert importlib.import_module("export_onnx").main(["--run", str(run), "--out", str(root / "model")]) == 0
        yield root
    finally:
        sys.path.remove(str(root))
        for name in MODULES:
            sys.modules.pop(name, None)


@pytest.fixture
def client(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from fastapi.testclient import TestClient

    monkeypatch.setenv("MODEL_DIR", str(project / "model"))
    with TestClient(importlib.import_module("app").app) as found:
        yield found


def test_the_converted_model_answers_as_the_trained_one(project: Path) -> None:
    import joblib
    import pandas as pd

    predictor = importlib.import_module("predictor").Predictor(project / "model")
    rows = pd.DataFrame([FITTING, {"a": -2.0, "b": 1.0, "c": "y"}, {"a": 0.0, "b": 5.0, "c": "never seen"}])
    expected = joblib.load(project / "run" / "model.joblib").predict_proba(rows)[:, 1]
    answers = [predictor.predict(row).score for row in rows.to_dict("records")]
    assert answers == pytest.approx(expected.tolist(), abs=1e-4)
    about = json.loads((project / "model" / "model.json").read_text())
    assert about["parity"]["largest_difference"] <= 1e-4
    assert about["parity"]["rows"] == 400


def test_a_conversion_that_answers_otherwise_is_refused_and_nothing_is_written(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    export = importlib.import_module("export_onnx")
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    assert export.main(["--run", str(project / "run"), "--out", str(tmp_path / "out")]) == 2
    assert "differs" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_answer_names_its_version_and_who_gave_it(client: Any) -> None:
    answer = client.post("/predict", json={"features": FITTING}).json()
    assert 0 < answer["score"] < 1
    assert answer["source"] == "model"
    assert answer["version"] == client.get("/readyz").json()["version"]
    assert client.get("/healthz").status_code == 200
    assert 'checkout_requests_total{outcome="model"}' in client.get("/metrics").text.replace("card_fraud_at_", "")
    far = client.post("/predict", json={"features": {**FITTING, "b": 1e6}}).json()
    assert far["outside"] == ["b"]


@pytest.mark.parametrize(
    ("features", "says"),
    [
        ({"a": 1.0, "b": 5.0}, "missing: c"), ({**FITTING, "d": 1}, "unknown: d"), ({**FITTING, "a": "much"}, "a: a finite number"),
        ({**FITTING, "c": 3}, "c: a text"), ({**FITTING, "a": 1e39}, "a: a finite number"), ({**FITTING, "c": "x" * 2000}, "c: a text"),
    ],
)  # fmt: skip
def test_an_input_that_does_not_fit_is_refused_by_name(client: Any, features: dict[str, Any], says: str) -> None:
    answer = client.post("/predict", json={"features": features})
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


def test_a_model_that_is_late_or_fails_is_stood_in_for(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = importlib.import_module("app")
    predictor = app.state["predictor"]
    monkeypatch.setattr(app, "TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(predictor, "predict", lambda _: time.sleep(0.4))
    late = client.post("/predict", json={"features": FITTING}).json()
    monkeypatch.setattr(predictor, "predict", lambda _: 1 / 0)
    failed = client.post("/predict", json={"features": FITTING}).json()
    monkeypatch.setattr(app, "MAX_IN_FLIGHT", 0)
    shed = client.post("/predict", json={"features": FITTING}).json()
    assert [one["source"] for one in (late, failed, shed)] == ["fallback"] * 3
    assert late["score"] == failed["score"] == predictor.fallback().score


def test_a_release_that_is_not_whole_does_not_start(project: Path, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text((project / "model" / "model.json").read_text())
    (tmp_path / "model.onnx").write_bytes(b"half")
    with pytest.raises(RuntimeError, match="not the file"):
        importlib.import_module("predictor").Predictor(tmp_path)


def checked(files: dict[str, str]) -> None:
    for path, content in files.items():
        assert "TODO" not in content, path
        if path.endswith(".py"):
            compile(content, path, "exec")
        if path.endswith("Dockerfile"):
            bases = re.findall(r"^FROM (\S+)", content, re.MULTILINE)
            assert all(re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", base) for base in bases)
            assert content.index("USER 10001") < content.index('CMD ["/venv/bin/uvicorn')
            assert "HEALTHCHECK" in content
            copied = re.findall(r"^COPY (?!--from)(.+) \S+$", content, re.MULTILINE)
            kept = {line[1:] for line in files[path.replace("Dockerfile", ".dockerignore")].split() if line[0] == "!"}
            assert {name for line in copied for name in line.split()} == kept


@pytest.mark.parametrize("name", [*REPORTS, *SMALL, *SYSTEMS])
def test_the_files_of_every_known_grid_hold(name: str) -> None:
    grid = {**REPORTS, **SMALL, **{key: grid for key, (grid, _) in SYSTEMS.items()}}[name]
    found = made(grid)
    checked(dict(found.files))
    rung = design(read_grid(grid), "2026-11-21").rung("serving")
    if found.files:
        assert any(path.endswith("Dockerfile") for path in found.files) == (rung >= 2)


def test_what_was_not_chosen_is_declined_with_its_reason() -> None:
    assert "table" in made(REPORTS["weekly_churn"]).declined["serving"]
    assert "hosted" in made(REPORTS["handbook_questions"]).declined["serving"]
    assert "vLLM" in made(REPORTS["private_assistant"]).declined["serving"]
