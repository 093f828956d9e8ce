"""The drift monitor that a design yields: quiet without a change, loud on a real one, silent on too few rows."""

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from tests.unit.rendered_scripts import GRIDS, declined, files, loaded, written, yielding

CHURN = GRIDS["weekly_churn"]
PRICES = GRIDS["price suggestions for sellers"]
FRAUD = GRIDS["checkout_fraud"]


@pytest.fixture(scope="module")
def monitor(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return loaded(written(tmp_path_factory.mktemp("monitor"), "drift_monitor", CHURN)["monitor.py"])


def rows(seed: int, number: int = 1_000, *, shift: float = 0.0, honest: bool = True) -> pd.DataFrame:
    """A log: ten numbers, a channel, the prediction and its truth. `shift` moves one input by standard deviations."""
    random = np.random.default_rng(seed)
    found = pd.DataFrame({f"x{column}": random.normal(0, 1, number) for column in range(10)})
    found["x0"] += shift
    found["channel"] = random.choice(["web", "shop", "phone"], number, p=[0.6, 0.3, 0.1])
    found["gaps"] = np.where(random.random(number) < 0.1, np.nan, random.integers(0, 5, number))
    found["prediction"] = 1 / (1 + np.exp(1 - found["x1"]))
    chance = found["prediction"] if honest else random.random(number) * 0.5
    found["target"] = (random.random(number) < chance).astype(int)
    found["region"] = random.choice(["north", "south"], number)
    return found


def test_it_stays_quiet_when_nothing_changes(monitor: ModuleType) -> None:
    verdicts = [monitor.watched(rows(seed), rows(seed + 1_000))["verdict"] for seed in range(12)]
    assert verdicts == ["quiet"] * 12


def test_one_seed_that_chance_makes_look_worse_wakes_nobody_until_it_is_surely_worse(monitor: ModuleType) -> None:
    (line, *_) = monitor.watched(rows(3), rows(1_003))["quality"]
    assert line["at release"] > line["roc_auc"]
    assert line["verdict"] == "holds"


def test_a_real_shift_of_an_input_is_found_and_named_every_time(monitor: ModuleType) -> None:
    for seed in range(5):
        found = monitor.watched(rows(seed), rows(seed + 1_000, 500, shift=1.0))
        assert found["verdict"] == "inputs moved"
        assert [line["column"] for line in found["drift"] if line["moved"] != "none"] == ["x0"]
        assert "do not retrain" in found["action"]


@pytest.mark.parametrize("number", [1, 20, 199])
def test_too_few_rows_say_nothing(monitor: ModuleType, number: int) -> None:
    found = monitor.watched(rows(1), rows(2, number, shift=3.0))
    assert found["verdict"] == "too few"
    assert found["drift"] == []


def test_a_large_shift_that_chance_could_make_is_not_reported(monitor: ModuleType) -> None:
    bins = np.full(10, 20), np.array([30, 10, 26, 14, 20, 20, 20, 20, 28, 12])
    assert monitor.psi(*bins) > monitor.SOME
    assert monitor.psi(*bins) < monitor.critical(*bins, 12)


def test_without_a_change_chance_exceeds_its_limit_about_as_often_as_it_says(monitor: ModuleType) -> None:
    random = np.random.default_rng(7)
    reference, window = random.multinomial(2_000, [0.1] * 10, 4_000), random.multinomial(500, [0.1] * 10, 4_000)
    limit = monitor.critical(reference[0], window[0], 1)
    alarms = np.mean([monitor.psi(*pair) > limit for pair in zip(reference, window, strict=True)])
    assert 0.035 < alarms < 0.065


def test_predictions_that_move_are_told_apart_from_inputs(monitor: ModuleType) -> None:
    moved = rows(2)
    moved["prediction"] = np.clip(moved["prediction"] + 0.2, 0, 1)
    found = monitor.watched(rows(1), moved)
    assert found["verdict"] == "predictions moved"
    assert found["drift"][0]["column"] == "prediction"


@pytest.mark.parametrize("seed", range(4))
def test_quality_that_falls_while_nothing_drifts_is_an_act(monitor: ModuleType, seed: int) -> None:
    found = monitor.watched(rows(seed), rows(seed + 50, honest=False))
    assert found["verdict"] == "quality fell"
    assert found["quality"][0]["fall"][0] > monitor.TOLERANCE
    assert "past the gate" in found["action"]


def test_a_slice_that_fails_is_not_hidden_by_the_average(monitor: ModuleType) -> None:
    window = pd.concat([rows(3, 3_000).assign(region="north"), rows(4, 800, honest=False).assign(region="south")])
    parts = {line["slice"]: line["verdict"] for line in monitor.watched(rows(1, 2_000), window)["quality"]}
    assert parts["region = south"] == "fell"
    assert parts["region = north"] == "holds"


def test_truth_that_has_not_arrived_is_waited_for(monitor: ModuleType) -> None:
    window = rows(2, honest=False)
    window.loc[100:, "target"] = np.nan
    found = monitor.watched(rows(1), window)
    assert found["verdict"] == "quiet"
    assert found["quality"][0]["verdict"] == "too few"


def test_a_feed_that_goes_silent_is_a_shift(monitor: ModuleType) -> None:
    window = rows(2)
    window.loc[:400, "x3"] = np.nan
    found = monitor.watched(rows(1), window)
    assert [line["column"] for line in found["drift"] if line["moved"] == "much"] == ["x3"]


def test_predictions_that_are_no_numbers_any_more_are_seen(monitor: ModuleType) -> None:
    window = rows(2)
    window["prediction"] = window["prediction"].astype(object)
    window.loc[:300, "prediction"] = "error"
    window["target"] = window["target"].astype(object)
    window.loc[:300, "target"] = "?"
    assert monitor.watched(rows(1), window)["verdict"] == "predictions moved"


def test_a_column_that_changes_its_type_is_a_shift_and_one_that_only_gains_gaps_is_not(monitor: ModuleType) -> None:
    whole = rows(1).assign(gaps=1, few=np.arange(1_000) % 3)
    window = rows(2).assign(gaps=1, few=(np.arange(1_000) % 3).astype(float))
    window.loc[:3, "few"] = np.nan
    assert monitor.watched(whole, window)["verdict"] == "quiet"
    words = rows(2).assign(x0="n/a")
    assert monitor.watched(rows(1), words)["verdict"] == "inputs moved"


def test_as_a_program_it_says_by_its_exit_code_what_is_to_be_done(
    monitor: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference, window, out = tmp_path / "reference.csv", tmp_path / "window.csv", tmp_path / "drift.json"
    rows(1).to_csv(reference, index=False)
    asked = ["--reference", str(reference), "--window", str(window), "--out", str(out)]
    for log, code, verdict in (
        (rows(2), 0, "quiet"),
        (rows(2, shift=1.0), 2, "inputs moved"),
        (rows(2, honest=False), 3, "quality fell"),
        (rows(2).head(0), 3, "no predictions"),
        (rows(2).drop(columns="x4"), 3, "columns are gone"),
    ):
        log.to_csv(window, index=False)
        assert monitor.main([*asked, "--metrics", str(tmp_path / "drift.prom")]) == code
        assert json.loads(out.read_text())["verdict"] == verdict
        assert f'verdict="{verdict}"}} 1\n' in (tmp_path / "drift.prom").read_text()
    window.write_text("")
    assert monitor.main(asked) == 1
    assert "cannot be used" in capsys.readouterr().err


def test_an_error_that_grows_is_a_fall_where_amounts_are_predicted(tmp_path: Path) -> None:
    monitor = loaded(written(tmp_path, "drift_monitor", PRICES)["monitor.py"])
    random = np.random.default_rng(3)

    def log(error: float) -> pd.DataFrame:
        truth = random.normal(20, 5, 800)
        return pd.DataFrame({"target": truth, "prediction": truth + random.normal(0, error, 800)})

    assert monitor.watched(log(1.0), log(1.0))["verdict"] == "quiet"
    assert monitor.watched(log(1.0), log(1.5))["verdict"] == "quality fell"


def test_every_grid_that_yields_one_yields_one_that_runs(tmp_path: Path) -> None:
    grids = yielding("drift_monitor")
    assert len(grids) > 12
    for place, grid in enumerate(grids):
        monitor = loaded(written(tmp_path / str(place), "drift_monitor", grid)["monitor.py"])
        assert monitor.watched(rows(1), rows(2))["verdict"] == "quiet"
        assert monitor.watched(rows(1), rows(2, shift=1.0))["verdict"] == "inputs moved"


def test_its_numbers_are_those_of_the_design() -> None:
    made = files("drift_monitor", FRAUD)["ml/card_fraud_at_checkout/monitor.py"]
    assert "page whoever is on call" in made
    assert "Until a window holds the 200 predictions" in made
    assert "The truth of a prediction comes 30 days later" in made


@pytest.mark.parametrize(
    ("grid", "reason"),
    [("handbook_questions", "no model of yours"), ("two hundred support tickets a day", "nothing in")],
)
def test_where_nothing_asks_for_it_it_says_so(grid: str, reason: str) -> None:
    assert reason in declined("drift_monitor", GRIDS[grid])
