"""`install` puts our entry into a file that belongs to somebody else."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain_agents.cli import main
from domain_agents.cli.clients import CLIENTS, file_of
from domain_agents.cli.json_text import MalformedJson, Reader, with_value


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "home"
    directory.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(directory))
    for name in ("XDG_CONFIG_HOME", "DOMAIN_AGENTS_PROJECT", "CLAUDE_PROJECT_DIR", "WORKSPACE_FOLDER_PATHS"):
        monkeypatch.delenv(name, raising=False)
    return directory


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = home / "shop"
    directory.mkdir()
    monkeypatch.chdir(directory)
    return directory


def entry_in(path: Path, key: str = "mcpServers") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))[key]["domain-agents"]
    return found


DEFAULT_FILES = {
    "cursor": ("home", ".cursor/mcp.json", "mcpServers"),
    "claude-code": ("project", ".mcp.json", "mcpServers"),
    "vscode": ("project", ".vscode/mcp.json", "servers"),
}


@pytest.mark.parametrize("client", DEFAULT_FILES)
def test_each_client_gets_the_entry_where_it_reads_it(client: str, home: Path, project: Path) -> None:
    place, name, key = DEFAULT_FILES[client]
    assert main(["install", client]) == 0
    entry = entry_in((home if place == "home" else project) / name, key)
    assert Path(entry["command"]).is_absolute()
    assert Path(entry["command"]).is_file()
    assert ("type" in entry) == (client != "cursor")


@pytest.mark.parametrize(
    ("platform", "where"),
    [
        ("linux", ".config/Claude/claude_desktop_config.json"),
        ("darwin", "Library/Application Support/Claude/claude_desktop_config.json"),
        ("win32", "AppData/Roaming/Claude/claude_desktop_config.json"),
    ],
)
def test_claude_desktop_keeps_its_file_where_its_system_does(platform: str, where: str, tmp_path: Path) -> None:
    place = CLIENTS["claude-desktop"].places[0]
    assert file_of(place, None, home=tmp_path, environment={}, platform=platform) == tmp_path / where


def test_only_clients_that_replace_the_variable_get_it(home: Path, project: Path) -> None:
    for client in CLIENTS:
        assert main(["install", client]) == 0
    assert entry_in(home / ".cursor/mcp.json")["args"] == ["--project", "${workspaceFolder}"]
    assert entry_in(project / ".vscode/mcp.json", "servers")["args"] == ["--project", "${workspaceFolder}"]
    assert entry_in(project / ".mcp.json")["args"] == []


def test_a_project_that_is_named_is_written_as_an_absolute_path(home: Path, project: Path) -> None:
    assert main(["install", "claude-code", "--user", "--project", "."]) == 0
    assert entry_in(home / ".claude.json")["args"] == ["--project", str(project)]


def test_everything_else_in_the_file_stays_as_it_is(project: Path) -> None:
    path = project / ".vscode/mcp.json"
    path.parent.mkdir()
    before = (
        '{\r\n\t// servers of this project\r\n\t"inputs": [],\r\n\t"servers": {\r\n'
        '\t\t"zeta": { "type": "http", "url": "https://example.com/mcp" }, // keep first\r\n'
        '\t\t"alpha": {"command": "x"},\r\n\t},\r\n\t"unknown": 1.0\r\n}\r\n'
    )
    path.write_bytes(b"\xef\xbb\xbf" + before.encode())
    assert main(["install", "vscode"]) == 0
    after = path.read_bytes()
    assert after.startswith(b"\xef\xbb\xbf{\r\n")
    text = after.decode("utf-8-sig")
    ours = text[text.index('\t\t"domain-agents"') : text.index('\t},\r\n\t"unknown"')]
    assert text.replace(ours, "") == before
    assert ours.count("\n") == ours.count("\r\n") > 0
    assert (path.parent / "mcp.json.bak").read_bytes() == b"\xef\xbb\xbf" + before.encode()


def test_a_second_run_changes_nothing_and_says_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "claude-code"]) == 0
    before = (project / ".mcp.json").read_bytes()
    capsys.readouterr()
    assert main(["install", "claude-code"]) == 0
    assert "already has this entry" in capsys.readouterr().out
    assert (project / ".mcp.json").read_bytes() == before
    assert sorted(path.name for path in project.iterdir()) == [".mcp.json"]


def test_an_entry_of_ours_keeps_what_a_person_added(project: Path) -> None:
    path = project / ".mcp.json"
    path.write_text(
        '{"mcpServers": {"domain-agents": {"command": "old", "args": ["--agents", "x"], "env": {"A": "1"}}}}'
    )
    assert main(["install", "claude-code"]) == 0
    entry = entry_in(path)
    assert entry["command"] != "old"
    assert (entry["args"], entry["env"]) == (["--agents", "x"], {"A": "1"})


def test_arguments_that_are_named_replace_the_old_ones(project: Path) -> None:
    path = project / ".mcp.json"
    path.write_text('{"mcpServers": {"domain-agents": {"command": "old", "args": ["--project-agents"]}}}')
    (project / "mine").mkdir()
    assert main(["install", "claude-code", "--agents", "mine"]) == 0
    assert entry_in(path)["args"] == ["--agents", str(project / "mine")]


@pytest.mark.parametrize(
    ("client", "name", "text", "says"),
    [
        ("claude-code", ".mcp.json", '{"mcpServers": {"a": {},}}', "line 1, column 24"),
        ("claude-code", ".mcp.json", '{\n  // mine\n  "mcpServers": {}\n}', "line 2, column 3: a comment"),
        ("claude-code", ".mcp.json", '{"mcpServers": []}', "mcpServers is not an object"),
        ("claude-code", ".mcp.json", "[]", "not an object"),
        ("claude-code", ".mcp.json", '{"a": 1, "a": 2}', "for the second time"),
        ("vscode", ".vscode/mcp.json", '{"servers": {"a": {}', "a comma or } is missing"),
    ],
)
def test_a_file_the_client_cannot_read_is_left_alone(
    client: str, name: str, text: str, says: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert main(["install", client]) == 1
    assert path.read_text() == text
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    error = capsys.readouterr().err
    assert says in error
    assert "left as it is" in error


def test_a_file_that_is_not_text_is_left_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".mcp.json").write_bytes('{"mcpServers": {}}'.encode("utf-16"))
    assert main(["install", "claude-code"]) == 1
    assert "not UTF-8" in capsys.readouterr().err


def test_a_private_file_stays_private_and_a_link_stays_a_link(home: Path, project: Path) -> None:
    real = home / "dotfiles.json"
    real.write_text('{"numStartups": 3}')
    real.chmod(0o600)
    (home / ".claude.json").symlink_to(real)
    assert main(["install", "claude-code", "--user"]) == 0
    assert (home / ".claude.json").is_symlink()
    assert "domain-agents" in entry_in(real)["command"] or entry_in(real)["args"]
    for path in (real, home / "dotfiles.json.bak"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_earlier_copy_is_never_overwritten(project: Path) -> None:
    path = project / ".mcp.json"
    path.write_text('{"first": 1}')
    main(["install", "claude-code"])
    path.write_text('{"second": 1}')
    main(["install", "claude-code"])
    assert (project / ".mcp.json.bak").read_text() == '{"first": 1}'
    assert (project / ".mcp.json.bak2").read_text() == '{"second": 1}'


@pytest.mark.parametrize("client", CLIENTS)
def test_print_writes_nothing(client: str, home: Path, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", client, "--print"]) == 0
    assert "domain-agents" in capsys.readouterr().out
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_the_links_carry_the_entry(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["install", "cursor", "--print"])
    link = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("cursor://"))
    packed = parse_qs(urlsplit(link).query)["config"][0]
    assert json.loads(base64.b64decode(packed))["args"] == ["--project", "${workspaceFolder}"]
    main(["install", "vscode", "--print"])
    link = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("vscode:"))
    entry = json.loads(unquote(link.partition("?")[2]))
    # The link fills the user's file, where VS Code cannot say which folder is open.
    assert (entry["name"], entry["args"]) == ("domain-agents", [])


def test_a_client_that_knows_no_project_is_told_of_and_others_are_not(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {}
    for words in (["claude-desktop"], ["vscode", "--user"], ["claude-code", "--user"], ["cursor"], ["vscode"]):
        assert main(["install", *words, "--print"]) == 0
        told[" ".join(words)] = "--project DIR" in capsys.readouterr().err
    assert [words for words, was in told.items() if was] == ["claude-desktop", "vscode --user"]
    assert main(["install", "claude-desktop", "--print", "--project", "."]) == 0
    assert capsys.readouterr().err == ""


def test_a_project_file_needs_a_project(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home)
    assert main(["install", "vscode"]) == 2
    assert "a home directory" in capsys.readouterr().err


def test_an_unknown_client_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "cursr"]) == 2
    assert "Did you mean cursor?" in capsys.readouterr().err


def test_a_client_without_a_project_file_says_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "claude-desktop", "--project-file"]) == 2
    assert "no file for one project" in capsys.readouterr().err


def test_a_command_in_uv_s_cache_is_registered_with_a_warning(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = project / "archive-v0" / "x" / "bin" / "domain-agents"
    script.parent.mkdir(parents=True)
    script.touch()
    monkeypatch.setattr("sys.executable", str(script.with_name("python")))
    assert main(["install", "claude-code"]) == 0
    assert "uv tool install" in capsys.readouterr().err


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
documents = st.dictionaries(st.text(), json_values, max_size=5)


@given(documents, st.sampled_from([None, 2, 4, "\t"]), st.booleans(), st.booleans())
def test_any_document_keeps_its_data_and_its_order(
    document: dict[str, Any], indent: int | str | None, ascii_only: bool, has_servers: bool
) -> None:
    if has_servers:
        document["mcpServers"] = {"other": {"command": "x"}}
    else:
        document.pop("mcpServers", None)
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    changed = with_value(text, Reader(text).read(), ("mcpServers", "domain-agents"), {"command": "c", "args": ["a"]})
    expected = {
        **document,
        "mcpServers": {**document.get("mcpServers", {}), "domain-agents": {"command": "c", "args": ["a"]}},
    }
    assert list(json.loads(changed).items()) == list(expected.items())


@given(st.text(alphabet='{}[]",:/*\n \\abtrue01-.e', max_size=60))
def test_the_reader_takes_exactly_what_json_is(text: str) -> None:
    def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError
        return dict(pairs)

    try:
        expected = json.loads(text, object_pairs_hook=no_duplicates)
    except ValueError:
        with pytest.raises(MalformedJson):
            Reader(text).read()
    else:
        assert Reader(text).read().value == expected
