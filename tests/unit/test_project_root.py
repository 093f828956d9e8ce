"""Which directory is the project."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from domain_agents.workspace.project_root import find_project_root


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "home" / "ada"
    directory.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(directory))
    monkeypatch.setenv("USERPROFILE", str(directory))
    return directory


@pytest.fixture
def shop(home: Path) -> Path:
    directory = home / "shop"
    directory.mkdir()
    return directory


def test_the_option_comes_before_every_variable(shop: Path, tmp_path: Path) -> None:
    other = {"DOMAIN_AGENTS_PROJECT": str(tmp_path), "CLAUDE_PROJECT_DIR": str(tmp_path)}
    root = find_project_root(str(shop), environment=other)
    assert (root.path, root.chosen_by, root.problem) == (shop, "--project", "")


@pytest.mark.parametrize(
    ("set_variables", "chosen_by"),
    [
        (("DOMAIN_AGENTS_PROJECT", "CLAUDE_PROJECT_DIR", "WORKSPACE_FOLDER_PATHS"), "DOMAIN_AGENTS_PROJECT"),
        (("CLAUDE_PROJECT_DIR", "WORKSPACE_FOLDER_PATHS"), "CLAUDE_PROJECT_DIR"),
        (("WORKSPACE_FOLDER_PATHS",), "WORKSPACE_FOLDER_PATHS"),
        ((), "the working directory"),
    ],
)
def test_variables_are_asked_in_the_order_of_the_contract(
    shop: Path, set_variables: tuple[str, ...], chosen_by: str
) -> None:
    root = find_project_root(None, environment=dict.fromkeys(set_variables, str(shop)), working_directory=shop)
    assert (root.path, root.chosen_by) == (shop, chosen_by)


def test_an_empty_variable_names_nothing(shop: Path) -> None:
    root = find_project_root(None, environment={"DOMAIN_AGENTS_PROJECT": " "}, working_directory=shop)
    assert root.chosen_by == "the working directory"


@pytest.mark.parametrize("write", [os.pathsep.join, ",".join, "\n".join, json.dumps])
def test_of_several_workspace_folders_the_first_that_exists_is_taken(shop: Path, write: object) -> None:
    assert callable(write)
    folders = write([str(shop / "gone"), str(shop), str(shop.parent)])
    root = find_project_root(None, environment={"WORKSPACE_FOLDER_PATHS": folders}, working_directory=Path("/"))
    assert root.path == shop


def test_a_workspace_folder_with_a_comma_in_its_name_is_one_folder(shop: Path) -> None:
    odd = shop / "a,b"
    odd.mkdir()
    assert find_project_root(None, environment={"WORKSPACE_FOLDER_PATHS": str(odd)}).path == odd


def test_the_root_of_the_file_system_is_refused_with_the_way_out() -> None:
    root = find_project_root(None, environment={}, working_directory=Path("/"))
    assert root.path is None
    assert "the whole file system" in root.problem
    assert "--project /path/to/project" in root.problem
    assert "DOMAIN_AGENTS_PROJECT" in root.problem


def test_a_home_directory_is_refused_however_it_is_named(home: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(home)
    for name in (str(home), "~", str(link), f"{home}/../ada"):
        root = find_project_root(name, environment={})
        assert root.path is None, name
        assert "a home directory" in root.problem


def test_a_directory_that_holds_home_directories_is_refused(home: Path) -> None:
    assert "holds home directories" in find_project_root(str(home.parent), environment={}).problem


def test_a_refused_option_is_not_replaced_by_another_directory(home: Path, shop: Path) -> None:
    root = find_project_root(str(home), environment={"CLAUDE_PROJECT_DIR": str(shop)}, working_directory=shop)
    assert root.path is None


def test_a_variable_that_the_client_left_as_it_stands_is_recognised(shop: Path) -> None:
    root = find_project_root("${workspaceFolder}", environment={}, working_directory=shop)
    assert root.path is None
    assert '"${workspaceFolder}"' in root.problem
    assert "the client did not put a directory in its place" in root.problem


def test_behind_an_unexpanded_variable_the_clients_own_variable_is_asked(shop: Path) -> None:
    root = find_project_root("${workspaceFolder}", environment={"CLAUDE_PROJECT_DIR": str(shop)})
    assert (root.path, root.chosen_by) == (shop, "CLAUDE_PROJECT_DIR")


def test_a_directory_whose_name_looks_like_a_variable_is_still_a_directory(shop: Path) -> None:
    odd = shop / "$cash"
    odd.mkdir()
    assert find_project_root(str(odd), environment={}).path == odd


def test_a_missing_directory_and_a_file_are_told_apart(shop: Path) -> None:
    file = shop / "notes.txt"
    file.touch()
    assert "does not exist" in find_project_root(str(shop / "gone"), environment={}).problem
    assert "which is a file" in find_project_root(str(file), environment={}).problem


def test_a_path_the_system_cannot_open_is_a_problem_and_no_exception() -> None:
    for name in ("", "a\0b", "x" * 5_000):
        root = find_project_root(name, environment={})
        assert root.path is None
        assert root.problem.startswith("No project: --project")
