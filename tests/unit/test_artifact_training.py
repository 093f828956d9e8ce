"""The training script that a design yields: run on rows it makes itself, and on rows that try to fool it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, mean_absolute_error, roc_auc_score
from threadpoolctl import threadpool_limits

from tests.unit.rendered_scripts import GRIDS, declined, files, loaded, written, yielding

CHURN = GRIDS["weekly_churn"]
"""Split by time, thirty days of embargo, judged by ROC AUC."""
FRAUD = GRIDS["checkout_fraud"]
"""Split by time, judged by average precision, tracked in MLflow."""
SHOP = GRIDS["recommendations of a small shop"]
"""Split by entity."""
SPAM = GRIDS["spam in a contact form"]
"""Split by class."""
PRICES = GRIDS["price suggestions for sellers"]
"""An amount is predicted."""


def script(folder: Path, grid: dict[str, Any]) -> ModuleType:
    return loaded(written(folder, "training", grid)["train.py"])


def run(train: ModuleType, out: Path, kind: str, *, seed: int = 1, champion: Path | None = None) -> int:
    with threadpool_limits(1):  # boosted trees wait for one another longer than they work where cores are shared
        code: int = train.run(train.demo(kind, seed), out, champion, 1)
    return code


@pytest.fixture(scope="module")
def churn(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModuleType, Path]:
    folder = tmp_path_factory.mktemp("churn")
    train = script(folder, CHURN)
    assert run(train, folder / "run", "signal") == 0
    return train, folder / "run"


def test_it_releases_a_model_and_says_what_from(churn: tuple[ModuleType, Path]) -> None:
    _, out = churn
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["verdict"] == "released"
    assert manifest["gain_over_baseline"]["low"] > 0.02
    assert manifest["quality"]["low"] < manifest["quality"]["value"] < manifest["quality"]["high"]
    assert {"git_commit", "data_sha256", "model_sha256", "environment", "parameters"} <= set(manifest)
    report = (out / "evaluation.md").read_text()
    assert "## Calibration" in report
    assert "the truth comes 30 days later" in report
    reference = pd.read_csv(out / "reference.csv")
    assert len(reference) == manifest["rows"]["test"]
    assert reference["prediction"].between(0, 1).all()


def test_as_a_program_it_fails_on_noise_and_leaves_no_model(tmp_path: Path) -> None:
    program = written(tmp_path, "training", CHURN)["train.py"]
    out = ["--out", str(tmp_path / "run"), "--candidates", "1"]
    asked = [sys.executable, "-W", "error", str(program), "--demo", "noise", *out]
    done = subprocess.run(
        asked, capture_output=True, text=True, timeout=120, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "refused by the gate" in done.stdout
    assert not (tmp_path / "run" / "model.joblib").exists()
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["verdict"] == "refused by the gate"


@pytest.mark.parametrize("grid", [FRAUD, SHOP, SPAM, PRICES], ids=["fraud", "shop", "spam", "prices"])
def test_every_split_and_measure_knows_signal_from_noise(tmp_path: Path, grid: dict[str, Any]) -> None:
    train = script(tmp_path, grid)
    assert run(train, tmp_path / "signal", "signal") == 0
    assert run(train, tmp_path / "noise", "noise") == 2


def test_the_monitor_reads_the_reference_that_training_writes(churn: tuple[ModuleType, Path], tmp_path: Path) -> None:
    train, out = churn
    monitor = loaded(written(tmp_path, "drift_monitor", CHURN)["monitor.py"])
    reference, model = pd.read_csv(out / "reference.csv"), train.trusted(out / "model.joblib")[0]
    log = train.demo("signal", 77, 1_000).assign(target=np.nan)
    log["prediction"] = train.predicted(model, train.features(log))
    assert monitor.watched(reference, log)["verdict"] == "quiet"
    log["amount"] *= 5
    log["prediction"] = train.predicted(model, train.features(log))
    found = monitor.watched(reference, log)
    assert found["verdict"] == "predictions moved"
    assert {line["column"] for line in found["drift"] if line["moved"] == "much"} == {"prediction", "amount"}


def test_the_same_rows_give_the_same_model(churn: tuple[ModuleType, Path], tmp_path: Path) -> None:
    train, out = churn
    run(train, tmp_path, "signal")
    first, second = (json.loads((one / "manifest.json").read_text()) for one in (out, tmp_path))
    for manifest in (first, second):
        del manifest["trained_at"]
    assert first == second


def test_a_champion_that_learned_from_the_signal_stays(churn: tuple[ModuleType, Path], tmp_path: Path) -> None:
    train, out = churn
    assert run(train, tmp_path / "same", "signal", champion=out / "model.joblib") == 3  # no better: no release
    assert not (tmp_path / "same" / "model.joblib").exists()


def test_a_champion_that_knew_the_test_rows_is_told_of(churn: tuple[ModuleType, Path], tmp_path: Path) -> None:
    train, out = churn
    rows = train.demo("signal")
    older = rows[rows[train.EVENT_TIME] < rows[train.EVENT_TIME].quantile(0.8)]
    with threadpool_limits(1):
        train.run(older, tmp_path, out / "model.joblib", 1)
    assert json.loads((tmp_path / "manifest.json").read_text())["champion_saw_test_rows"]
    assert "which knew some of these rows" in (tmp_path / "evaluation.md").read_text()
    with threadpool_limits(1), pytest.raises(train.Unusable, match="columns that are gone: amount"):
        train.run(rows.drop(columns="amount"), tmp_path, out / "model.joblib", 1)


def test_a_champion_that_its_manifest_does_not_vouch_for_is_not_even_read(
    churn: tuple[ModuleType, Path], tmp_path: Path
) -> None:
    train, _ = churn
    (tmp_path / "model.joblib").write_bytes(b"anything")
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(train.Unusable, match="not the file that its manifest names"):
        train.trusted(tmp_path / "model.joblib")


def test_rows_without_a_known_truth_at_the_cut_do_not_train(churn: tuple[ModuleType, Path]) -> None:
    train, _ = churn
    rows = train.checked(train.demo("signal"))
    at_train, at_test = train.split(rows)
    when = rows[train.EVENT_TIME]
    assert pd.Timedelta(days=30) == train.EMBARGO
    assert when.iloc[at_test].min() - when.iloc[at_train].max() > train.EMBARGO
    for before, after in train.folds(rows.iloc[at_train].reset_index(drop=True)):
        inside = when.iloc[at_train].reset_index(drop=True)
        assert inside.iloc[after].min() - inside.iloc[before].max() > train.EMBARGO


def test_an_entity_is_in_one_part_only_and_stays_there_when_rows_come(tmp_path: Path) -> None:
    train = script(tmp_path, SHOP)
    rows = train.checked(train.demo("signal"))
    at_train, at_test = train.split(rows)
    held = set(rows[train.ENTITY].iloc[at_test])
    assert held.isdisjoint(rows[train.ENTITY].iloc[at_train])
    half = rows.iloc[: len(rows) // 2].reset_index(drop=True)
    assert set(half[train.ENTITY].iloc[train.split(half)[1]]) <= held


def test_its_measures_are_those_of_scikit_learn(churn: tuple[ModuleType, Path], tmp_path: Path) -> None:
    train, _ = churn
    random = np.random.default_rng(5)
    truth, score, weight = random.integers(0, 2, 300), random.integers(0, 20, 300) / 20, random.integers(0, 4, 300)
    area = roc_auc_score(truth, score, sample_weight=weight)
    assert train.measure(truth, score, weight) == pytest.approx(area)
    precision = average_precision_score(truth, score, sample_weight=weight)
    assert train.measure(truth, score, weight, "average_precision") == pytest.approx(precision)
    error = mean_absolute_error(truth, score, sample_weight=weight)
    assert script(tmp_path, PRICES).measure(truth, score, weight) == pytest.approx(error)


def test_rows_that_cannot_be_used_are_refused_in_words(
    churn: tuple[ModuleType, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train, _ = churn
    bad = tmp_path / "rows.csv"
    for rows, said in (
        (pd.DataFrame({"target": [0, 1]}), "event_time"),
        (train.demo("signal").head(50), "200 are the least"),
        (train.demo("signal").assign(target=7), "0 or 1"),
        (train.demo("signal").head(400), "bring a longer history"),
        (train.demo("signal").assign(event_time="yesterday"), "ISO 8601"),
    ):
        rows.to_csv(bad, index=False)
        assert train.main(["--data", str(bad), "--out", str(tmp_path / "run")]) == 1
        assert said in capsys.readouterr().err
    assert train.main(["--data", str(tmp_path / "none.csv"), "--out", str(tmp_path)]) == 1
    bad.write_text("")
    assert train.main(["--data", str(bad), "--out", str(tmp_path)]) == 1
    prices, shop = script(tmp_path, PRICES), script(tmp_path, SHOP)
    with pytest.raises(prices.Unusable, match="must be a number"):
        prices.checked(prices.demo("signal").assign(target="dear"))
    with pytest.raises(shop.Unusable, match="told in every row"):
        shop.checked(shop.demo("signal").assign(entity_id=1))


def test_it_serves_categories_and_gaps_that_training_never_saw(churn: tuple[ModuleType, Path]) -> None:
    train, out = churn
    model = train.trusted(out / "model.joblib")[0]
    new = train.features(train.demo("signal").head(3).assign(channel="carrier pigeon", amount=np.nan))
    assert np.isfinite(train.predicted(model, new)).all()


def test_for_every_grid_that_yields_it_the_parts_are_apart(tmp_path: Path) -> None:
    grids = yielding("training")
    assert len(grids) > 12
    for place, grid in enumerate(grids):
        train = script(tmp_path / str(place), grid)
        rows = train.checked(train.demo("signal"))
        at_train, at_test = (set(part.tolist()) for part in train.split(rows))
        assert not at_train & at_test
        assert 0.15 * len(rows) < len(at_test) < 0.25 * len(rows)
        parts = train.folds(rows.iloc[sorted(at_train)].reset_index(drop=True))
        assert len(parts) >= 2
        assert not any(set(before.tolist()) & set(after.tolist()) for before, after in parts)


def test_mlflow_is_asked_for_only_where_it_was_chosen() -> None:
    assert not any("mlflow" in content for content in files("training", CHURN).values())
    made = files("training", FRAUD)
    assert "set_registered_model_alias" in made["ml/card_fraud_at_checkout/train.py"]
    assert "mlflow" in made["ml/card_fraud_at_checkout/requirements-train.txt"]


def test_a_demo_is_no_version_of_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, tracked = script(tmp_path, FRAUD), []
    monkeypatch.setattr(train, "track", lambda out, manifest: tracked.append(manifest["verdict"]))
    with threadpool_limits(1):
        rows = train.demo("signal", 1)
        rows.to_csv(tmp_path / "rows.csv", index=False)
        train.main(["--demo", "signal", "--out", str(tmp_path / "demo"), "--candidates", "1"])
        assert tracked == []
        train.main(["--data", str(tmp_path / "rows.csv"), "--out", str(tmp_path / "real"), "--candidates", "1"])
    assert tracked == ["released"]


@pytest.mark.parametrize(
    ("grid", "reason"),
    [
        ("nothing_told", "nothing is trained"),
        ("handbook_questions", "nothing is trained"),
        ("a camera on one line", "deep model"),
        ("grocery_availability", "several machines"),
    ],
)
def test_where_rows_and_columns_are_not_the_matter_it_says_why_there_is_none(grid: str, reason: str) -> None:
    assert reason in declined("training", GRIDS[grid])


@pytest.mark.parametrize("artifact", ["training", "drift_monitor", "data_quality"])
def test_a_problem_in_hostile_words_stays_a_comment(tmp_path: Path, artifact: str) -> None:
    words = 'churn """\nimport os; os.abort() # {{ 7 * 7 }} \\" \'\'\' classification \\'
    place = written(tmp_path, artifact, {**CHURN, "problem": words, "label_delay": "30 days"})
    (program,) = (path for name, path in place.items() if name.endswith(".py"))
    assert "\nimport os; os.abort" not in program.read_text()
    assert "{{" not in (loaded(program).__doc__ or "")
