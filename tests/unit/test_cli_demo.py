"""`demo`: the main job from beginning to end, as a newcomer sees it in a pipe."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from domain_agents.cli import demo_pages as pages
from domain_agents.cli import main
from domain_agents.cli.terminal import Terminal

ROWS = 20_000


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The demo's output, run as its own process far from any project."""
    directory = tmp_path_factory.mktemp("elsewhere")
    done = subprocess.run(
        [sys.executable, "-m", "domain_agents", "demo", "--rows", str(ROWS)],
        cwd=directory,
        env={**os.environ, "NO_COLOR": "1", "TMPDIR": str(directory)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert not [path for path in directory.iterdir() if path.name.startswith("domain-agents-demo")]
    return done.stdout


def test_the_demo_proves_what_it_planned(shown: str) -> None:
    assert "PROVED on PostgreSQL" in shown
    assert f"{ROWS:,} users" in shown


def test_the_demo_shows_files_numbered_after_the_sample_s_own(shown: str) -> None:
    files = re.findall(r"── (migrations/\S+)", shown)
    assert [name[11:15] for name in files] == [f"{4 + place:04}" for place in range(len(files))]
    assert len(files) >= 3


def test_the_demo_shows_the_locks_and_waits_of_every_statement(shown: str) -> None:
    assert re.search(r"statement on users +lock taken +held +took +read waits +write waits", shown)
    assert re.search(r"ADD COLUMN locale text +ACCESS EXCLUSIVE +[\d.]+ ms( +[\d.]+ ms){3}", shown)


def test_the_demo_sets_the_obvious_way_beside_it(shown: str) -> None:
    assert re.search(r"planned files +[\d.,]+ m?s +[\d.,]+ m?s", shown)
    assert re.search(r"one transaction +[\d.,]+ m?s +[\d.,]+ m?s", shown)


def test_the_demo_ends_with_how_to_register(shown: str) -> None:
    assert "domain-agents install cursor" in shown.split("Use it")[1]


def test_a_pipe_gets_plain_text(shown: str) -> None:
    assert "\x1b" not in shown
    assert "\r" not in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_too_many_rows_are_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--rows", "lots"]) == 2
    assert "from 1,000 to 5,000,000" in capsys.readouterr().err


def test_a_refuted_proof_is_shown_in_red_with_its_reasons(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = {
        "server": {"version": "18.4", "how": "embedded"},
        "verdict": "refuted",
        "reasons": ["the third file failed"],
        "statements": [
            {
                "sql": "ALTER TABLE t\n  ADD COLUMN x int",
                "seconds": 2.5,
                "locks": [
                    {"relation": "t", "mode": "ROW EXCLUSIVE", "held_seconds": 0.1},
                    {"relation": "t", "mode": "AccessExclusiveLock", "held_seconds": 2.5},
                ],
                "blocked": {"reads_ms": 2_400.0, "writes_ms": 3.0},
            }
        ],
        "checks": {"applies": {"result": "failed", "why": "x"}},
    }
    pages.proof(Terminal(environment={"FORCE_COLOR": "1"}), result)
    text = capsys.readouterr().out
    assert "\x1b[31;1mREFUTED\x1b[0m" in text
    assert "the third file failed" in text
    assert "ALTER TABLE t ADD COLUMN x int  ACCESS EXCLUSIVE" in text
    assert re.search(r"\x1b\[31m +2,400 ms\x1b\[0m", text)


def test_a_lock_has_one_name_however_the_server_spells_it() -> None:
    assert pages.lock_name("ShareUpdateExclusiveLock") == pages.lock_name("SHARE UPDATE EXCLUSIVE")
