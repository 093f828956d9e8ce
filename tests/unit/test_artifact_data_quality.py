"""The data-quality checks that a design yields: bad rows set aside with a reason, bad loads stopped, nothing lost."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.rendered_scripts import GRIDS, declined, files, loaded, written, yielding

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
COLUMNS = ["id", "at", "amount", "channel", "note"]
PLAIN, PANDERA, CONTRACT = "weekly_churn", "credit_decisions", "grocery_availability"


@pytest.fixture(scope="module", params=[PLAIN, PANDERA])
def checks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return loaded(written(tmp_path_factory.mktemp("checks"), "data_quality", GRIDS[request.param])["checks.py"])


def lines(number: int = 100) -> list[list[str]]:
    return [
        [
            str(place),
            (NOW - timedelta(minutes=place + 1)).isoformat(),
            f"{1 + place % 50}.5",
            ["web", "shop"][place % 2],
            "",
        ]
        for place in range(number)
    ]


def saved(path: Path, rows: list[list[str]], columns: list[str] = COLUMNS) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def read(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def promises(checks: ModuleType, tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = checks.proposed(*checks.read(saved(tmp_path / "good.csv", lines())))
    return found


def checked(
    checks: ModuleType, promises: dict[str, Any], folder: Path, rows: list[list[str]]
) -> tuple[int, dict[str, Any]]:
    code, summary = checks.check(saved(folder / "load.csv", rows), promises, folder / "out.csv", folder / "dead", NOW)
    return code, summary


def test_a_good_load_goes_in_as_it_came(checks: ModuleType, promises: dict[str, Any], tmp_path: Path) -> None:
    code, summary = checked(checks, promises, tmp_path, lines())
    assert (code, summary["accepted"], summary["dead_letters"]) == (0, 100, 0)
    assert [list(row.values()) for row in read(tmp_path / "out.csv")] == lines()
    assert not (tmp_path / "dead").exists()


BROKEN = [
    (2, "lots", "amount: 'lots' is not a number"),
    (2, "nan", "amount: 'nan' is not a number"),
    (2, "-3", "amount: '-3' is below 0"),
    (2, "1000", "amount: '1000' is above 75"),
    (2, "", "amount: missing"),
    (3, "fax", "channel: 'fax' is not one of the known values"),
    (1, "yesterday", "at: 'yesterday' is not a time"),
    (1, "2031-01-01", "at: '2031-01-01' is in the future"),
    (0, "8", "id '8' was there before"),
]


@pytest.mark.parametrize(("column", "value", "reason"), BROKEN, ids=[reason for _, _, reason in BROKEN])
def test_a_bad_row_is_set_aside_with_its_reason_and_line(
    checks: ModuleType, promises: dict[str, Any], tmp_path: Path, column: int, value: str, reason: str
) -> None:
    rows = lines(400)
    promises["columns"]["id"]["high"] = None
    rows[9][column] = value
    code, summary = checked(checks, promises, tmp_path, rows)
    (dead,) = read(tmp_path / "dead" / f"{summary['load']}.csv")
    assert dead["_reason"].startswith(reason)
    assert dead["_line"] == "11"
    assert [dead[name] for name in COLUMNS] == rows[9]
    if checks.MAX_BAD:  # dirt is set aside, the rest goes in
        assert (code, summary["accepted"]) == (0, 399)
    else:  # plain assertions: one bad row stops the load
        assert (code, summary["accepted"]) == (2, 0)
        assert not (tmp_path / "out.csv").exists()


def test_a_load_that_is_bad_as_a_whole_is_stopped_and_yesterdays_rows_stay(
    checks: ModuleType, promises: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "out.csv").write_text("yesterday\n")
    old = [[row[0], "2026-01-01", *row[2:]] for row in lines()]
    dirty = [[*row[:2], "?" if int(row[0]) % 10 == 0 else row[2], *row[3:]] for row in lines()]
    for rows, said in (
        (lines(20), "at least 50"),
        (old, "older than"),
        (dirty, "10 of 100 rows are bad"),
        ([], "0 rows"),
    ):
        code, summary = checked(checks, promises, tmp_path, rows)
        assert code == 2
        assert any(said in reason for reason in summary["because"])
        assert (tmp_path / "out.csv").read_text() == "yesterday\n"


def test_a_column_that_is_gone_stops_the_load(checks: ModuleType, promises: dict[str, Any], tmp_path: Path) -> None:
    load = saved(tmp_path / "load.csv", [row[:2] for row in lines()], COLUMNS[:2])
    code, summary = checks.check(load, promises, tmp_path / "out.csv", tmp_path / "dead", NOW)
    assert (code, summary["because"]) == (2, ["columns are gone: amount, channel, note"])


def test_a_column_that_is_missing_more_often_than_promised_stops_the_load(checks: ModuleType, tmp_path: Path) -> None:
    some = [[*row[:4], "" if int(row[0]) % 10 == 0 else "n"] for row in lines()]
    promises = checks.proposed(*checks.read(saved(tmp_path / "good.csv", some)))
    assert promises["columns"]["note"]["may_be_missing"] == 0.2
    assert checked(checks, promises, tmp_path, some)[0] == 0
    code, summary = checked(checks, promises, tmp_path, [[*row[:4], "" if int(row[0]) % 3 else "n"] for row in lines()])
    assert code == 2
    assert "note is missing in 66.0%" in summary["because"][0]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=6), min_size=1, max_size=7
        ),
        max_size=8,
    )
)
def test_whatever_comes_every_row_is_accepted_or_a_dead_letter(
    checks: ModuleType, promises: dict[str, Any], tmp_path: Path, noise: list[list[str]]
) -> None:
    rows = [*lines(2_000), *noise]
    promises["columns"]["id"]["high"] = None
    promises["newest"] = None
    (tmp_path / "out.csv").unlink(missing_ok=True)
    code, summary = checked(checks, promises, tmp_path, rows)
    letters = tmp_path / "dead" / f"{summary['load']}.csv"
    dead = read(letters) if summary["dead_letters"] else []
    assert all(row["_reason"] for row in dead)
    assert len(dead) == summary["dead_letters"]
    if code == 0:
        assert len(read(tmp_path / "out.csv")) + len(dead) == summary["rows"]
    for row in dead:
        whole = [row[name] for name in COLUMNS] + json.loads(row["_extra"] or "[]")
        assert any([*one, *[""] * (5 - len(one))] == whole for one in rows)


def test_running_it_again_changes_nothing(checks: ModuleType, promises: dict[str, Any], tmp_path: Path) -> None:
    promises["columns"]["id"]["high"] = None
    rows = lines(400)
    rows[5][2] = "?"
    first = checked(checks, promises, tmp_path, rows)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.csv")}
    assert checked(checks, promises, tmp_path, rows) == first
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.csv")} == before


def test_as_a_program_it_proposes_then_checks(
    checks: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, kept = saved(tmp_path / "good.csv", lines()), tmp_path / "promises.json"
    assert checks.main(["propose", "--data", str(good), "--promises", str(kept)]) == 0
    out = ["--promises", str(kept), "--out", str(tmp_path / "out.csv"), "--dead-letter", str(tmp_path / "dead")]
    assert checks.main(["check", "--data", str(good), *out, "--now", NOW.isoformat()]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "loaded"
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe\x00")
    assert checks.main(["check", "--data", str(tmp_path / "bad.csv"), *out]) == 1
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("edited", "said"),
    [
        ("[]", "must name columns"),
        ('{"columns": {"id": {"kind": "date"}}}', "id needs a kind"),
        ('{"columns": {"id": {"kind": "number", "low": "one"}}}', "must be numbers"),
        ('{"columns": {"id": {"kind": "text"}}, "key": "idd"}', "key names no column"),
        ("{", "cannot be read"),
    ],
)
def test_promises_that_were_edited_badly_are_refused_in_words(
    checks: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], edited: str, said: str
) -> None:
    (tmp_path / "promises.json").write_text(edited)
    out = ["--promises", str(tmp_path / "promises.json"), "--out", str(tmp_path / "o"), "--dead-letter", str(tmp_path)]
    assert checks.main(["check", "--data", str(saved(tmp_path / "load.csv", lines())), *out]) == 1
    assert said in capsys.readouterr().err


def test_its_form_is_that_of_the_rung(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, pandera = (next(iter(files("data_quality", GRIDS[name]).values())) for name in (PLAIN, PANDERA))
    assert "import pandas" not in plain
    assert "MAX_BAD = 0.0" in plain
    assert "import pandera.pandas as pa" in pandera
    assert "MAX_BAD = 0.01" in pandera
    contract = loaded(written(tmp_path, "data_quality", GRIDS[CONTRACT])["checks.py"])
    assert "own output in their CI" in (contract.__doc__ or "")
    promises = contract.proposed(*contract.read(saved(tmp_path / "good.csv", lines())))
    (tmp_path / "promises.json").write_text(json.dumps(promises))
    assert contract.main(["describe", "--promises", str(tmp_path / "promises.json")]) == 0
    assert "| amount | number | 0.0 to 75.0 | 0.0% |" in capsys.readouterr().out


def test_every_grid_that_yields_checks_yields_some_that_run(tmp_path: Path) -> None:
    for place, grid in enumerate(yielding("data_quality")):
        folder = tmp_path / str(place)
        checks = loaded(written(folder, "data_quality", grid)["checks.py"])
        promises = checks.proposed(*checks.read(saved(folder / "good.csv", lines())))
        promises["newest"] = None
        assert checked(checks, promises, folder, lines())[0] == 0


def test_where_there_is_no_table_it_says_so() -> None:
    assert "not a table" in declined("data_quality", GRIDS["handbook_questions"])
    assert "not a table" in declined("data_quality", GRIDS["search over 446 notes"])
    assert "images" in declined("data_quality", GRIDS["a camera on one line"])
