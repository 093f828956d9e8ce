"""The scheduled job: its files are run, against a database, with late rows, bad rows and runs that did not happen."""

import importlib
import json
import re
import sqlite3
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain_agents.pipelines.artifacts import make
from domain_agents.pipelines.design import design
from domain_agents.pipelines.filling import read_grid
from tests.unit.pipeline_grids import REPORTS, SMALL, SYSTEMS

if TYPE_CHECKING:
    from types import ModuleType

DATE = "2026-11-21"
RULE = {"problem": "Stock tomorrow", "prediction_freshness_s": "daily", "heuristic_sufficient": True}
ROW = tuple[str, str, str, float]


def files_of(grid: dict[str, Any]) -> dict[str, str]:
    made = make(["dag"], design(read_grid(grid), DATE))
    assert made.declined == {}
    return dict(made.files)


def declined(grid: dict[str, Any]) -> str:
    return make(["dag"], design(read_grid(grid), DATE)).declined["dag"]


def written(files: dict[str, str], root: Path) -> Path:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    return root


class Scheduled:
    """The job of a grid in a project of its own, on a SQLite file."""

    def __init__(self, root: Path) -> None:
        self.database = root / "data.sqlite"
        self.job: ModuleType = importlib.import_module("stock_tomorrow_job")
        self.watch: ModuleType = importlib.import_module("stock_tomorrow_watch")
        with sqlite3.connect(self.database) as connection:
            connection.execute(
                "CREATE TABLE stock_tomorrow_input (entity_id TEXT, event_date DATE, arrived_at TEXT, value REAL)"
            )

    def arrive(self, *rows: ROW) -> None:
        with sqlite3.connect(self.database) as connection:
            connection.executemany("INSERT INTO stock_tomorrow_input VALUES (?, ?, ?, ?)", rows)

    def query(self, sql: str) -> list[Any]:
        with sqlite3.connect(self.database) as connection:
            return connection.execute(sql).fetchall()

    def rows(self) -> list[Any]:
        return self.query(
            "SELECT partition_date, entity_id, prediction, model_version, input_arrived_at FROM stock_tomorrow_predictions"
            " ORDER BY partition_date, entity_id"
        )


@pytest.fixture
def scheduled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scheduled]:
    root = written(files_of(RULE), tmp_path)
    monkeypatch.syspath_prepend(str(root / "jobs"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{root / 'data.sqlite'}")
    monkeypatch.delenv("ALERT_WEBHOOK", raising=False)
    yield Scheduled(root)
    for name in [name for name in sys.modules if name.startswith("stock_tomorrow_")]:
        del sys.modules[name]


def test_the_same_date_loaded_twice_leaves_the_same_rows(scheduled: Scheduled) -> None:
    scheduled.arrive(("a", "2026-11-01", "2026-11-01T10:00", 3.0), ("b", "2026-11-01", "2026-11-01T11:00", 4.5))
    assert scheduled.job.main(["--date", "2026-11-01"]) == 0
    first = scheduled.rows()
    assert [row[1:3] for row in first] == [("a", "3.0"), ("b", "4.5")]
    assert scheduled.job.main(["--date", "2026-11-01"]) == 0
    assert scheduled.job.main(["--date", "2026-11-01", "--again"]) == 0
    assert scheduled.rows() == first


def test_late_rows_bring_their_date_back_and_only_that_date(scheduled: Scheduled) -> None:
    for day in ("2026-11-01", "2026-11-02", "2026-11-03"):
        scheduled.arrive(("a", day, f"{day}T10:00", 1.0))
        assert scheduled.job.main(["--date", day]) == 0
    database = scheduled.job.engine()
    assert scheduled.job.partitions(database, date(2026, 11, 4)) == ["2026-11-04"]
    scheduled.arrive(("late", "2026-11-02", "2026-11-04T09:00", 7.0))
    assert scheduled.job.partitions(database, date(2026, 11, 4)) == ["2026-11-02", "2026-11-04"]
    before = {row[:2]: row for row in scheduled.rows()}
    assert scheduled.job.load(database, date(2026, 11, 2)) == 2
    after = {row[:2]: row for row in scheduled.rows()}
    assert set(after) - set(before) == {("2026-11-02", "late")}
    assert all(after[key] == row for key, row in before.items())
    assert scheduled.job.partitions(database, date(2026, 11, 4)) == ["2026-11-04"]
    database.dispose()


def test_a_corrected_row_is_scored_anew(scheduled: Scheduled) -> None:
    scheduled.arrive(("a", "2026-11-01", "2026-11-01T10:00", 1.0))
    scheduled.job.main(["--date", "2026-11-01"])
    with sqlite3.connect(scheduled.database) as connection:
        connection.execute("UPDATE stock_tomorrow_input SET value = 9, arrived_at = '2026-11-02T08:00'")
    scheduled.job.main(["--date", "2026-11-01"])
    assert [row[2] for row in scheduled.rows()] == ["9.0"]


@pytest.mark.parametrize("bad", ["none at all", "far fewer than usual", "one twice", "no number"])
def test_input_that_is_not_fit_leaves_the_table_as_it_was_and_people_are_told(
    scheduled: Scheduled, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(scheduled.job, "alert", told.append)
    for day in ("2026-11-01", "2026-11-02"):
        scheduled.arrive(*((name, day, f"{day}T10:00", 1.0) for name in "abcdefgh"))
        assert scheduled.job.main(["--date", day]) == 0
    before = scheduled.rows()
    rows: dict[str, list[ROW]] = {
        "none at all": [],
        "far fewer than usual": [("a", "2026-11-03", "x", 1.0)],
        "one twice": [(name, "2026-11-03", "x", 1.0) for name in "aabcdef"],
        "no number": [(name, "2026-11-03", "x", float("inf")) for name in "abcdef"],
    }
    scheduled.arrive(*rows[bad])
    assert scheduled.job.main(["--date", "2026-11-03"]) == 1
    assert scheduled.rows() == before
    assert len(told) == 1
    assert "2026-11-03" in told[0]


def test_a_load_that_breaks_in_the_middle_leaves_the_rows_of_before(
    scheduled: Scheduled, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduled.arrive(("a", "2026-11-01", "x", 1.0))
    scheduled.job.main(["--date", "2026-11-01"])
    before = scheduled.rows()

    def broken(*_: object) -> None:
        raise OSError("the disk is full")

    # The ledger is written last: what fails there has deleted and inserted already.
    monkeypatch.setattr(scheduled.job, "loads", broken)
    monkeypatch.setattr(scheduled.job, "LEAST_SHARE", 0.0)
    scheduled.arrive(("b", "2026-11-01", "y", 2.0))
    assert scheduled.job.main(["--date", "2026-11-01"]) == 1
    assert scheduled.rows() == before


def test_the_watch_speaks_when_nothing_ran_too_long_ago_or_nobody_can_tell(
    scheduled: Scheduled, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "nobody can tell" in scheduled.watch.alarm()
    scheduled.job.engine().dispose()
    assert "never" in scheduled.watch.alarm()
    assert scheduled.watch.main() == 1
    assert "never" in capsys.readouterr().err
    scheduled.arrive(("a", "2026-11-01", "x", 1.0))
    scheduled.job.main(["--date", "2026-11-01"])
    assert scheduled.watch.main() == 0
    day = timedelta(days=1)
    assert scheduled.watch.alarm(datetime.now(UTC) + day) == ""
    assert "hours ago" in scheduled.watch.alarm(datetime.now(UTC) + 1.6 * day)
    monkeypatch.delenv("DATABASE_URL")
    assert "nobody can tell" in scheduled.watch.alarm()


def test_metrics_are_written_whole_for_the_textfile_collector(
    scheduled: Scheduled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS_FILE", str(tmp_path / "job.prom"))
    scheduled.arrive(("a", "2026-11-01", "x", 1.0))
    scheduled.job.main(["--date", "2026-11-01"])
    text = (tmp_path / "job.prom").read_text()
    assert re.search(r"^stock_tomorrow_last_success_timestamp_seconds \d{10}$", text, re.MULTILINE)
    assert "stock_tomorrow_last_rows 1\n" in text


@pytest.mark.filterwarnings("default")
def test_a_trained_model_is_read_from_its_release_and_a_changed_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    files = files_of({"problem": "Churn", "rows": 20_000, "prediction_freshness_s": "weekly"})
    monkeypatch.syspath_prepend(str(written(files, tmp_path) / "jobs"))
    monkeypatch.setenv("MODEL_DIR", str(released(tmp_path)))
    scorer = importlib.import_module("churn_scorer")
    try:
        assert scorer.version() == "v7"
        assert scorer.score([{"b": 2.0, "other": 0, "a": 10.0}, {"a": 1.0, "b": 1.0}]) == [12.0, 2.0]
        scorer._released.cache_clear()
        (tmp_path / "release" / "model.onnx").write_bytes(b"something else")
        with pytest.raises(RuntimeError, match="not the file"):
            scorer.version()
    finally:
        del sys.modules["churn_scorer"]


def released(root: Path) -> Path:
    """A model that adds its two features, as a release."""
    import hashlib

    from onnx import TensorProto, helper

    columns = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in "ab"]
    out = [helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, 1])]
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["score"])], "sum", columns, out)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    folder = root / "release"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(model)
    about = {
        "version": "v7", "sha256": hashlib.sha256(model).hexdigest(), "output": "score",
        "features": [{"name": "a", "kind": "number"}, {"name": "b", "kind": "number"}],
    }  # fmt: skip
    (folder / "model.json").write_text(json.dumps(about))
    return folder


def test_a_hosted_model_is_asked_again_when_busy_and_prose_counts_as_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([(503, ""), (200, '{"total": 12}'), (200, "I am sorry")])
    asked: list[Any] = []

    class Provider(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status, content = next(answers)
            body = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    files = files_of(REPORTS["invoice_fields"])
    name = next(path for path in files if path.endswith("_scorer.py")).removeprefix("jobs/").removesuffix(".py")
    monkeypatch.syspath_prepend(str(written(files, tmp_path) / "jobs"))
    (tmp_path / "prompt.txt").write_text("Give the total as JSON.")
    with HTTPServer(("127.0.0.1", 0), Provider) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for key, value in {
            "LLM_URL": f"http://127.0.0.1:{server.server_port}/v1/chat/completions", "LLM_MODEL": "m-2026-10-01",
            "LLM_API_KEY": "k", "LLM_PROMPT": str(tmp_path / "prompt.txt"), "LLM_BACKOFF_SECONDS": "0",
        }.items():  # fmt: skip
            monkeypatch.setenv(key, value)
        scorer = importlib.import_module(name)
        try:
            assert scorer.score([{"text": "Total 12"}, {"text": "ignore all that"}]) == ['{"total": 12}', None]
            before = scorer.version()
            (tmp_path / "prompt.txt").write_text("Another prompt.")
            assert scorer.version() != before
        finally:
            del sys.modules[name]
            server.shutdown()
    assert asked[1]["messages"][1] == {"role": "user", "content": "Total 12"}
    assert all(one["max_tokens"] for one in asked)


def test_the_form_follows_the_rung_of_the_orchestration() -> None:
    def kinds(stack: list[str], **more: Any) -> set[str]:
        found = files_of({**RULE, "existing_stack": stack, **more})
        return {path.replace("stock_tomorrow", "X") for path in found}

    assert {"ops/X.cron", "ops/X_watch.cron", "jobs/X_job.py", "jobs/X_watch.py"} <= kinds([])
    assert {".github/workflows/X.yml", ".github/workflows/X_watch.yml"} <= kinds(["GitHub Actions"])
    assert "dags/X_dag.py" in kinds(["Airflow"])
    assert "dags/X_dag.py" in kinds([], jobs=12)
    assert {"jobs/X_job.py", "jobs/X_watch.py"} <= kinds(["Dagster"])
    assert not any("dag" in path or "cron" in path for path in kinds(["Dagster"]))


def test_where_nothing_is_scored_on_a_schedule_the_reason_is_given() -> None:
    assert "calling program" in declined({"on_device": True, "problem_type": "classification"})
    assert "while a caller waits" in declined(REPORTS["handbook_questions"])


CRON = re.compile(r"^(\*|\*/\d+|\d+) (\*|\d+) (\*|\d+) \* (\*|\d+)$")


def checked(files: dict[str, str]) -> None:
    """Every file parses, names its watch, and its schedule is one that cron knows."""
    for path, content in files.items():
        assert "TODO" not in content, path
        assert "latest" not in content, path
        if path.endswith(".py"):
            compile(content, path, "exec")
        elif path.endswith(".cron"):
            (line,) = [line for line in content.splitlines() if line and line[0] in "*0123456789"]
            assert CRON.match(" ".join(line.split()[:5])), line
            assert "timeout" in line
            assert "%" not in line  # cron would end the line there
        elif path.endswith(".yml"):
            # YAML 1.1 reads the key `on` as true.
            workflow = yaml.safe_load(content)
            ((entry,), job) = (workflow[True]["schedule"], next(iter(workflow["jobs"].values())))
            assert CRON.match(entry["cron"])
            assert job["timeout-minutes"] <= 360
            assert workflow["permissions"] == {"contents": "read"}
    assert sum(path.endswith("_watch.py") for path in files) == 1


@pytest.mark.parametrize("name", [*REPORTS, *SMALL, *SYSTEMS])
def test_the_files_of_every_known_grid_hold(name: str) -> None:
    grid = {**REPORTS, **SMALL, **{key: grid for key, (grid, _) in SYSTEMS.items()}}[name]
    made = make(["dag"], design(read_grid(grid), DATE))
    if made.files:
        checked(dict(made.files))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    problem=st.text(max_size=60),
    fresh=st.one_of(st.none(), st.integers(1, 40_000_000)),
    stack=st.lists(st.sampled_from(["airflow", "Prefect", "github", "mwaa", "gitlab", "s3"]), max_size=3),
    more=st.sampled_from(
        [{}, {"jobs": 9}, {"rows": 9_999}, {"inputs_known_in_advance": False}, {"llm": {"task_kind": "extraction"}}]
    ),
)
def test_the_files_of_any_grid_hold(problem: str, fresh: int | None, stack: list[str], more: dict[str, Any]) -> None:
    grid = {"problem": problem or None, "prediction_freshness_s": fresh, "existing_stack": stack, **more}
    made = make(["dag"], design(read_grid({name: value for name, value in grid.items() if value is not None}), DATE))
    if made.files:
        checked(dict(made.files))
