"""The command line, through its public door: words in, text and an exit code out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from domain_agents import __version__
from domain_agents.cli import main
from domain_agents.cli.options import COMMANDS, split
from domain_agents.cli.serve import ServeOptions
from domain_agents.cli.tables import Cell, table
from domain_agents.cli.terminal import Terminal
from domain_agents.tools import Settings

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project that is the working directory, with a home elsewhere and nothing set by a client."""
    home, directory = tmp_path / "home", tmp_path / "work" / "shop"
    home.mkdir()
    directory.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    for name in ("XDG_CONFIG_HOME", "DOMAIN_AGENTS_PROJECT", "CLAUDE_PROJECT_DIR", "WORKSPACE_FOLDER_PATHS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(directory)
    return directory


class Served:
    """Stands where the server would be started."""

    def __init__(self) -> None:
        self.options: ServeOptions | None = None
        self.settings: Settings | None = None

    def __call__(self, options: ServeOptions, settings: Settings) -> int:
        self.options, self.settings = options, settings
        return 7


def in_a_process(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "domain_agents", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--project", "P", "serve"],
        ["serve", "--project", "P"],
        ["--project=P"],
        ["--project", "P"],
    ],
)
def test_global_options_stand_before_or_after_the_command(words: list[str], project: Path) -> None:
    place = project / "inner"
    place.mkdir()
    served = Served()
    assert main([word.replace("P", str(place)) for word in words], serve=served) == 7
    assert served.settings is not None
    assert served.settings.project == place


@pytest.mark.parametrize(
    ("words", "command", "directories"),
    [
        (["--agents", "a", "b"], "serve", ["a", "b"]),
        (["--agents", "a", "b", "serve"], "serve", ["a", "b"]),
        (["--agents", "a", "--agents", "b", "list", "tools"], "list", ["a", "b"]),
        (["list", "tools", "--agents", "a", "b"], "list", ["a", "b"]),
        (["--agents", "list", "list", "tools"], "list", ["list"]),
        (["--agents=a", "list", "tools"], "list", ["a"]),
    ],
)
def test_agents_takes_several_directories_and_no_command(
    words: list[str], command: str, directories: list[str]
) -> None:
    found, rest = split(words)
    assert found == command
    assert [word.removeprefix("--agents=") for word in rest if word.startswith("--agents=")] == directories


def test_agent_directories_reach_the_server_as_absolute_paths(project: Path, capsys: Captured) -> None:
    (project / "mine").mkdir()
    served = Served()
    main(["--agents", "mine", "--project-agents"], serve=served)
    assert served.settings == Settings(project, "", (project / "mine",), project_agents=True)
    assert capsys.readouterr().err == ""


def test_a_missing_agent_directory_is_said_and_the_server_starts(project: Path, capsys: Captured) -> None:
    served = Served()
    assert main(["--agents", "gone"], serve=served) == 7
    assert "warning: --agents gone: there is no such directory" in capsys.readouterr().err


def test_a_refused_project_still_starts_the_server(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir("/")
    served = Served()
    assert main([], serve=served) == 7
    assert served.settings is not None
    assert served.settings.project is None
    assert "--project /path/to/project" in served.settings.project_problem
    assert "whole file system" in capsys.readouterr().err


def test_how_to_serve_is_handed_over(project: Path) -> None:
    served = Served()
    words = "serve --transport http --host 0.0.0.0 --port 9000 --token-env TOKEN --workers 2 --log json"
    assert main(words.split(), serve=served) == 7
    assert served.options == ServeOptions("http", "0.0.0.0", 9000, "TOKEN", 2, "json")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["lsit"], "Did you mean list?"),
        (["list", "tolls"], "Did you mean tools?"),
        (["list", "tools", "--jsn"], "Did you mean --json?"),
        (["list"], "--help"),
        (["serve", "--transport", "htp"], "Did you mean http?"),
        (["serve", "--port", "99999"], "0 (any free one) to 65535"),
        (["serve", "--workers", "0"], "from 1 to 64"),
        (["serve", "--workers", "2"], "--transport http"),
        (["--log", "xml", "list", "tools"], "not one of text, json"),
        (["list", "tools", "--agents"], "expected one argument"),
        (["check", "--agents", "gone"], "--agents gone: there is no such directory"),
        (["check", "gone.md"], "gone.md cannot be read"),
        (["call", "find_agents", "{}"], "Did you mean find_agent?"),
        (["call", "find_agent", "{"], "line 1, column 2"),
        (["call", "find_agent", "[]"], "must be one JSON object"),
        (["call", "find_agent", "@gone.json"], "gone.json cannot be read"),
        (["call", "find_agent", "args.json"], "a file is written @FILE"),
    ],
)
def test_a_usage_error_gives_2_and_names_the_way_out(
    words: list[str], says: str, project: Path, capsys: Captured
) -> None:
    assert main(words, serve=Served()) == 2
    output = capsys.readouterr()
    assert says in output.err
    assert output.out == ""
    assert "Traceback" not in output.err


def test_with_json_logs_an_error_is_one_object(project: Path, capsys: Captured) -> None:
    assert main(["--log", "json", "lsit"]) == 2
    assert json.loads(capsys.readouterr().err)["level"] == "error"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: Captured) -> None:
    assert main([command, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: domain-agents {command}")


def test_the_help_names_every_command_and_no_other(capsys: Captured) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {name} " in text for name in COMMANDS)
    assert re.findall(r"^  ([a-z]+) ", text, re.MULTILINE) == list(COMMANDS)


def test_the_version_is_the_package_s(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.split() == ["domain-agents", __version__]


def test_listing_agents_says_where_each_is_from(project: Path, capsys: Captured) -> None:
    folder = project / ".domain-agents" / "agents"
    folder.mkdir(parents=True)
    (folder / "release-notes.md").write_text(
        "---\nname: release-notes\ndescription: Writes notes. More.\n---\nBe brief.\n"
    )
    assert main(["list", "agents", "--json"]) == 0
    agents = {agent["name"]: agent for agent in json.loads(capsys.readouterr().out)["agents"]}
    assert agents["release-notes"]["source"] == "project"
    assert agents["migration-writer"]["source"] == "shipped"
    assert main(["list", "agents"]) == 0
    text = capsys.readouterr().out
    assert "release-notes" in text
    assert "Writes notes.\n" in text
    assert str(project) not in text


def test_listing_tools_and_prompts_gives_what_the_server_lists(project: Path, capsys: Captured) -> None:
    main(["list", "tools", "--json"])
    tools = [tool["name"] for tool in json.loads(capsys.readouterr().out)["tools"]]
    assert {"find_agent", "get_agent", "plan_migration", "prove_migration", "migration_writer"} <= set(tools)
    main(["list", "prompts", "--json"])
    prompts = {prompt["name"]: prompt for prompt in json.loads(capsys.readouterr().out)["prompts"]}
    assert [argument["name"] for argument in prompts["migration-writer"]["arguments"]] == ["task", "project"]


def test_check_finds_nothing_in_what_is_shipped(project: Path, capsys: Captured) -> None:
    assert main(["check"]) == 0
    assert "nothing to say" in capsys.readouterr().out


def test_check_names_file_line_and_way_out_and_fails(project: Path, capsys: Captured) -> None:
    (project / "bad.prompt.md").write_text("---\nname: bad\ndescription: x\n---\nHello {{ wh }}\n")
    assert main(["check", "bad.prompt.md"]) == 1
    text = capsys.readouterr().out
    assert "bad.prompt.md:5" in text
    assert "error[undeclared_argument]" in text
    assert "write instead:" in text
    assert main(["check", "bad.prompt.md", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["errors"], said["diagnostics"][0]["line"]) == (1, 5)


def test_check_of_a_folder_reads_agents_and_prompts(project: Path, capsys: Captured) -> None:
    folder = project / "mine"
    folder.mkdir()
    (folder / "one.md").write_text("---\nname: one\ndescription: The one.\n---\nDo one thing.\n")
    (folder / "two.prompt.md").write_text("---\nname: two\ndescription: Two.\n---\nDo another.\n")
    assert main(["check", "mine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["checked"] == {"agents": 1, "prompts": 1}


def test_a_call_prints_its_structured_result_and_nothing_else(project: Path, capsys: Captured) -> None:
    assert main(["call", "get_agent", '{"name": "migration-writer"}']) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["name"] == "migration-writer"
    assert output.err == ""


def test_a_call_can_print_what_a_person_reads(project: Path, capsys: Captured) -> None:
    assert main(["call", "get-agent", '{"name": "migration-writer"}', "--text"]) == 0
    text = capsys.readouterr().out
    assert not text.startswith("{")
    assert len(text) > 500


def test_arguments_come_from_a_file_or_standard_input(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    (project / "ask.json").write_bytes(b'\xef\xbb\xbf{"name": "schema-designer"}')
    assert main(["call", "get_agent", "@ask.json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "schema-designer"
    with (project / "ask.json").open(encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert main(["call", "get_agent", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "schema-designer"


def test_a_tool_error_gives_1_an_empty_output_and_the_way_out(project: Path, capsys: Captured) -> None:
    assert main(["call", "get_agent", '{"nam": "x"}']) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "Did you mean name?" in output.err


def test_a_question_nobody_can_answer_is_a_tool_error_with_the_way_out(project: Path, capsys: Captured) -> None:
    change = {"sql": "ALTER TABLE t ADD COLUMN a int", "schema": "CREATE TABLE t (id int PRIMARY KEY);"}
    assert main(["call", "plan_migration", json.dumps(change)]) == 1
    assert '"engine"' in capsys.readouterr().err


def test_a_reader_that_leaves_ends_the_command_quietly() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "domain_agents", "list", "prompts", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 141
    assert said == b""


def test_listing_and_checking_never_load_the_sdk() -> None:
    for words in (["list", "agents"], ["list", "prompts"], ["check"], ["install", "cursor", "--print"]):
        code = (
            "import sys; from domain_agents.cli import main; code = main(sys.argv[1:]); "
            "sys.exit(code or any(name.split('.')[0] in ('mcp', 'mcp_types') for name in sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, (words, done.stderr)


def test_a_pipe_gets_no_colours_and_a_person_can_force_them() -> None:
    plain = in_a_process("list", "agents", NO_COLOR="", FORCE_COLOR="")
    forced = in_a_process("list", "agents", NO_COLOR="", FORCE_COLOR="1")
    refused = in_a_process("list", "agents", NO_COLOR="1", FORCE_COLOR="1")
    assert "\x1b" not in plain.stdout
    assert "\x1b[1m" in forced.stdout
    assert refused.stdout == plain.stdout


def test_a_fault_of_ours_is_one_line_without_frames(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("domain_agents.cli.list.read_settings", broken)
    assert main(["list", "tools"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "ZeroDivisionError" in said
    assert "secret" not in said


def test_ctrl_c_ends_quietly(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("domain_agents.cli.list.read_settings", interrupted)
    assert main(["list", "tools"]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_table_is_cut_to_the_terminal_in_one_column_only() -> None:
    rows = [(Cell("x" * 200), Cell("12 ms")), (Cell("short"), Cell("1 ms"))]
    lines = list(table(Terminal(environment={}), ("statement", "took"), rows, right=(1,), flexible=0))
    assert {len(line) for line in lines} == {98}
    assert lines[1].endswith("…  12 ms")
    assert lines[2].endswith("   1 ms")
