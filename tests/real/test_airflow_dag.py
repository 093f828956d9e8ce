"""The rendered DAG under Airflow itself: loaded by its DagBag, and its tasks' functions run as it loaded them."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from domain_agents.pipelines.artifacts import make
from domain_agents.pipelines.design import design
from domain_agents.pipelines.filling import read_grid

VERSION = "3.3.2"
GRID = {
    "problem": "Stock",
    "heuristic_sufficient": True,
    "prediction_freshness_s": "daily",
    "existing_stack": ["airflow"],
}
PROBE = """
import datetime, json, sqlite3, sys
from types import SimpleNamespace
root = sys.argv[1]
sys.path.insert(0, root + "/dags")
with sqlite3.connect(root + "/data.sqlite") as data:
    data.execute("CREATE TABLE stock_input (entity_id TEXT, event_date DATE, arrived_at TEXT, value REAL)")
    data.executemany("INSERT INTO stock_input VALUES (?,?,?,?)", [("a", "2026-11-20", "x", 1.0), ("late", "2026-11-18", "y", 2.0)])
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(root + "/dags")
found = bag.dags["stock"]
dates, load = found.get_task("dates"), found.get_task("load")
run = SimpleNamespace(logical_date=datetime.datetime(2026, 11, 21, 3, 15, tzinfo=datetime.timezone.utc), run_after=None)
days = dates.python_callable(dag_run=run)
read = "SELECT partition_date, entity_id, prediction FROM stock_predictions ORDER BY 1, 2"
tables = []
for _ in range(2):
    counts = [load.python_callable(day) for day in days]
    tables.append(sqlite3.connect(root + "/data.sqlite").execute(read).fetchall())
print("FOUND " + json.dumps({
    "errors": {str(path): error for path, error in bag.import_errors.items()}, "dags": sorted(bag.dags), "days": days,
    "counts": counts, "tables": tables, "mapped": load.is_mapped, "after": sorted(load.upstream_task_ids),
    "retries": [dates.retries, load.retries], "alerts": bool(dates.on_failure_callback and load.on_failure_callback),
    "one_at_a_time": found.max_active_runs, "catchup": found.catchup,
}))
"""


@pytest.fixture(scope="module")
def airflow(request: pytest.FixtureRequest) -> Path:
    """An interpreter with Airflow in an environment of its own, kept between runs: it pins what the project must not."""
    assert request.config.cache is not None
    home = request.config.cache.mkdir("airflow") / VERSION
    python = home / "bin" / "python"
    if not (home / "installed").exists():
        uv = shutil.which("uv")
        why = "no uv to install Airflow with"
        if uv:
            made = subprocess.run(
                [uv, "venv", "-q", "--clear", "--python", sys.executable, home],
                check=False,
                capture_output=True,
                timeout=60,
            )
            install = [uv, "pip", "install", "-q", "--python", str(python), f"apache-airflow=={VERSION}"]
            done = (
                # Elsewhere, for uv holds what it installs to the constraints of the project that it stands in.
                subprocess.run(
                    install, check=False, capture_output=True, text=True, timeout=240, cwd=tempfile.gettempdir()
                )
                if made.returncode == 0
                else None
            )
            if done and done.returncode == 0:
                (home / "installed").touch()
                return python
            why = "Airflow could not be installed"
        # In CI too: it is a package as large as all others together, and no server that the tests bring themselves.
        pytest.skip(why)
    return python


def test_airflow_loads_the_dag_and_its_tasks_leave_the_same_rows_twice(airflow: Path, tmp_path: Path) -> None:
    for path, content in make(["dag"], design(read_grid(GRID), "2026-11-21")).files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    environment = {
        **os.environ, "AIRFLOW_HOME": str(tmp_path / "home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"), "DATABASE_URL": f"sqlite:///{tmp_path / 'data.sqlite'}",
    }  # fmt: skip
    done = subprocess.run(
        [airflow, "-c", PROBE, tmp_path],
        check=False,
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    line = next((line for line in done.stdout.splitlines() if line.startswith("FOUND ")), "")
    assert line, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(line.removeprefix("FOUND "))
    assert found.pop("errors") == {}
    rows = [["2026-11-18", "late", "2.0"], ["2026-11-20", "a", "1.0"]]
    assert found == {
        "dags": ["stock"], "days": ["2026-11-18", "2026-11-20"], "counts": [1, 1], "tables": [rows, rows], "mapped": True,
        "after": ["dates"], "retries": [3, 3], "alerts": True, "one_at_a_time": 1, "catchup": False,
    }  # fmt: skip
