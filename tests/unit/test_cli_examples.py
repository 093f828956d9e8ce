"""The sample projects work as their own README says."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NUMBERED = sorted(EXAMPLES.glob("*/migrations/*.sql"))


def test_the_notes_upgrade_themselves_once(tmp_path: Path) -> None:
    project = tmp_path / "notes"
    shutil.copytree(EXAMPLES / "notes-sqlite", project)
    for _ in range(2):
        done = subprocess.run([sys.executable, "-m", "notes"], cwd=project, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "0 notes\n", "")
    database = sqlite3.connect(project / "notes.db")
    applied = [name for (name,) in database.execute("SELECT name FROM schema_migrations ORDER BY name")]
    database.close()
    assert applied == [path.stem for path in sorted((project / "migrations").glob("*.sql"))]


@pytest.mark.parametrize("path", NUMBERED, ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_every_numbered_migration_says_what_it_is_and_records_itself(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"-- Migration {path.name[:4]}: ")
    fields = re.findall(r"^-- ([A-Z][\w -]+): \S", text.split("\n\n")[0], re.MULTILINE)
    assert fields[1:] == [
        "Date",
        "Engine",
        "Purpose",
        "Affected rows",
        "Expected duration",
        "Lock impact",
        "Free-space cost",
        "Dependencies",
        "Undo plan",
    ]
    assert text.rstrip().endswith(
        f"INSERT INTO schema_migrations (name, applied_at) VALUES ('{path.stem}', CURRENT_TIMESTAMP);"
    )


def test_the_shop_s_runner_is_a_program_that_bash_reads() -> None:
    runner = EXAMPLES / "shop-postgresql" / "bin" / "migrate"
    assert runner.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", runner], capture_output=True, check=False).returncode == 0
