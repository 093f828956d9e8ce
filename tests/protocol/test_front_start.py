"""What the fast start relies on: words read as the command line reads them, projects found by the same rules, manifests
that nobody else can have written, and a session that passes everything on."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mcp_types as types
import pytest
from mcp.server import Server, ServerRequestContext

from domain_agents.__main__ import serves_stdio
from domain_agents.cli.options import UsageError, global_options, parser_of, split
from domain_agents.front import Front, capture, session
from domain_agents.front.manifest import Fingerprint, Manifests, cache_path, open_manifest
from domain_agents.front.options import Options, read_options
from domain_agents.front.wire import Wire
from domain_agents.workspace.project_root import find_project_root
from tests.protocol.front_process import HANDSHAKE, MODERN, frame, notification, opening

if TYPE_CHECKING:
    from collections.abc import Sequence

both_eras = pytest.mark.parametrize("version", [HANDSHAKE, MODERN])


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DOMAIN_AGENTS_PROJECT", "CLAUDE_PROJECT_DIR", "WORKSPACE_FOLDER_PATHS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "home").mkdir()
    return tmp_path


WORDS: list[list[str]] = [
    [],
    ["serve"],
    ["--project", "p"],
    ["--project=p", "--agents", "a", "b", "--project-agents"],
    ["--agents", "a", "serve"],
    ["--agents", "serve"],
    ["--agents=a", "--agents", "b", "serve", "--agents", "c", "serve"],
    ["--log", "json"],
    ["--log=json", "serve", "--transport", "stdio", "--project", "p"],
    ["serve", "--transport=stdio"],
]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_plain_words_are_read_as_the_command_line_reads_them(words: list[str]) -> None:
    command, rest = split(words)
    parser = parser_of(command, "")
    parser.add_argument("--transport")
    expected = global_options(parser.parse_args(rest))
    options = read_options(words)
    assert command == "serve"
    assert serves_stdio(words)
    assert options is not None
    assert (options.project_word, options.agents) == (expected.project, expected.agents)
    assert (options.project_agents, options.log) == (expected.project_agents, expected.log)


@pytest.mark.parametrize(
    "words",
    [["--project"], ["--agents"], ["--log", "loud"], ["--nonsense"], ["--project", "--log"], ["serve", "serve"]],
    ids=" ".join,
)
def test_words_that_are_not_plain_are_left_to_the_command_line(words: list[str]) -> None:
    assert read_options(words) is None


@pytest.mark.parametrize(
    "words",
    [
        ["list", "tools"],
        ["--project", "p", "call", "x"],
        ["--agents", "a", "--project", "p", "check"],
        ["serve", "--transport", "http"],
        ["serve", "--transport=sse"],
        ["--help"],
        ["serve", "-h"],
        ["--version"],
    ],
    ids=" ".join,
)
def test_standard_output_is_not_taken_from_other_commands(words: list[str]) -> None:
    assert not serves_stdio(words)
    try:
        command, _ = split(words)
    except UsageError:
        command = ""
    assert command != "serve" or {"-h", "http", "--transport=sse"} & set(words)


@pytest.mark.parametrize(
    "given", [None, ".", "sub", "sub/..", "/", "~", "home", "missing", "", "${workspaceFolder}", "file"]
)
@pytest.mark.parametrize("variable", [None, "DOMAIN_AGENTS_PROJECT", "CLAUDE_PROJECT_DIR", "WORKSPACE_FOLDER_PATHS"])
def test_the_project_is_the_one_that_the_rules_find(
    home: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, variable: str | None
) -> None:
    (home / "sub").mkdir()
    (home / "file").write_text("")
    monkeypatch.chdir(home / "sub")
    word = given if given is None or given[:1] in ("", "/", "~", "$") else str(home / given)
    if variable:
        monkeypatch.setenv(variable, str(home / "sub"))
    found = find_project_root(word).path
    project = Options(word).project
    assert (None if project is None else os.fspath(project)) == (None if found is None else str(found))


def agents(directory: Path, count: int = 1) -> Path:
    directory.mkdir(exist_ok=True)
    for number in range(count):
        text = f"---\nname: expert-{number}\ndescription: Knows part {number}.\n---\n\nYou know part {number}.\n"
        (directory / f"expert-{number}.md").write_text(text)
    return directory


@pytest.fixture
def kept(home: Path) -> tuple[Options, Path]:
    """Options with an added agent, and the manifest that the server has left for them."""
    options = Options(agents=(str(agents(home / "agents")),))
    assert capture.refresh(options, options.settings())
    return options, Path(cache_path(Fingerprint(options)))


def test_a_manifest_is_written_once_and_then_used(kept: tuple[Options, Path]) -> None:
    options, path = kept
    assert not capture.refresh(options, options.settings()), "it is still right"
    listed = Manifests(options).result("prompts/list", MODERN)
    assert listed is not None
    assert "expert-0" in {one["name"] for one in json.loads(listed)["prompts"]}
    assert [one.name for one in path.parent.iterdir()] == [path.name], "nothing half-written is left"


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.chmod(0o666),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes().replace(b"mcp-2", b"mcp-9", 1)),
        lambda path: path.write_bytes(path.read_bytes().replace(b"manifest 1", b"manifest 2", 1)),
        lambda path: path.write_bytes(path.read_bytes().replace(b"result ", b"result x", 1)),
        lambda path: path.rename(path.with_suffix(".old")).rename(path.with_suffix(".older")) and path.mkdir(),
        lambda path: (path.rename(path.with_suffix(".old")), path.symlink_to(path.with_suffix(".old"))),
    ],
)
def test_a_manifest_that_is_not_surely_ours_is_not_believed(kept: tuple[Options, Path], damage: Any) -> None:
    options, path = kept
    assert Manifests(options).current() is not None
    damage(path)
    assert Manifests(options).current() is None


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root can give a file away")
def test_a_manifest_of_another_user_is_not_believed(kept: tuple[Options, Path]) -> None:
    options, path = kept
    os.chown(path, 12_345, 12_345)
    assert Manifests(options).current() is None


@pytest.mark.parametrize(
    "edit",
    [
        lambda directory: (directory / "expert-0.md").write_text("---\nname: expert-0\ndescription: New.\n---\n"),
        lambda directory: (directory / "expert-0.md").unlink(),
        lambda directory: (directory / "expert-0.md").rename(directory / "expert-9.md"),
        lambda directory: agents(directory, 2),
        lambda directory: agents(directory.parent / "config" / "domain-agents" / "agents"),
    ],
)
def test_an_edit_makes_the_manifest_old(kept: tuple[Options, Path], home: Path, edit: Any) -> None:
    options, _ = kept
    manifests = Manifests(options, packaged="")
    assert manifests.current() is not None
    (home / "config" / "domain-agents").mkdir(parents=True)
    edit(home / "agents")
    manifests.forget()
    assert manifests.current() is None


def test_a_list_of_a_thousand_agents_is_read_alone(home: Path) -> None:
    options = Options(agents=(str(agents(home / "agents", 1_000)),))
    capture.refresh(options, options.settings())
    path = cache_path(Fingerprint(options))
    manifest = open_manifest(path, own=True)
    assert manifest is not None
    tools = manifest.result("tools/list", MODERN)
    assert tools is not None
    assert len(tools) < 13_000
    assert Path(path).stat().st_size < 1_000_000, "lists come in pages"


def test_what_does_not_depend_on_agents_comes_from_the_package(home: Path) -> None:
    options = Options(agents=(str(agents(home / "agents")),))
    packaged = home / "packaged.manifest"
    packaged.write_bytes(capture.packaged())
    manifests = Manifests(options, str(packaged))
    assert manifests.result("tools/list", MODERN) is None
    for method, version in (("initialize", HANDSHAKE), ("server/discover", MODERN)):
        assert manifests.result(method, version) == capture.capture_for(options.settings())[method, version]


class Line:
    """Both ends of a wire in this process, with the front reading it."""

    def __init__(self, home: Path) -> None:
        from_client, self._to_us = os.pipe()
        self._from_us, to_client = os.pipe()
        self.wire = Wire(from_client, to_client)
        self.front = Front(self.wire, Manifests(Options(), str(home / "none")))
        self.front.start()
        self._read = b""

    def send(self, frames: bytes) -> None:
        os.write(self._to_us, frames)

    def close(self) -> None:
        os.close(self._to_us)

    async def answers(self, count: int) -> list[dict[str, Any]]:
        while self._read.count(b"\n") < count:
            self._read += await asyncio.to_thread(os.read, self._from_us, 1 << 16)
        return [json.loads(line) for line in self._read.splitlines()]


class Tools:
    """A server with a tool that waits until it is cancelled, and one that gives back as much as it is asked for."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.server: Server[Any] = Server("test", on_call_tool=self._call)

    async def _call(
        self, _: ServerRequestContext[Any, Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        if params.name == "wait":
            self.waiting.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled.set()
        size = int(str((params.arguments or {}).get("size", 0)))
        return types.CallToolResult(content=[types.TextContent(text="x" * size)])


@both_eras
async def test_a_cancellation_reaches_a_running_call(home: Path, version: str) -> None:
    line, tools = Line(home), Tools()
    serving = asyncio.create_task(session.take_over(line.front, line.wire, tools.server, asyncio.Event()))
    line.send(opening(version) + frame(7, "tools/call", {"name": "wait"}, version=version))
    async with asyncio.timeout(30):
        await tools.waiting.wait()
        line.send(notification("notifications/cancelled", {"requestId": 7}))
        await tools.cancelled.wait()
        line.send(frame(8, "tools/call", {"name": "size"}, version=version))
        assert [answer["id"] for answer in await line.answers(2)] == [0, 8]
        line.close()
        await serving


@both_eras
async def test_frames_larger_than_a_pipe_stay_whole_and_in_order(home: Path, version: str) -> None:
    line, tools = Line(home), Tools()
    serving = asyncio.create_task(session.take_over(line.front, line.wire, tools.server, asyncio.Event()))
    sizes: Sequence[int] = [300_000, 1, 100_000, 5_000, 2] * 4
    line.send(opening(version))
    for number, size in enumerate(sizes, 1):
        line.send(frame(number, "tools/call", {"name": "size", "arguments": {"size": size}}, version=version))
    async with asyncio.timeout(30):
        answers = await line.answers(1 + len(sizes))
        line.close()
        await serving
    got = {answer["id"]: len(answer["result"]["content"][0]["text"]) for answer in answers[1:]}
    assert got == dict(enumerate(sizes, 1))


@both_eras
async def test_a_call_that_never_ends_does_not_keep_us_when_the_client_is_gone(home: Path, version: str) -> None:
    line, tools = Line(home), Tools()
    serving = asyncio.create_task(session.take_over(line.front, line.wire, tools.server, asyncio.Event()))
    line.send(opening(version) + frame(7, "tools/call", {"name": "wait"}, version=version))
    async with asyncio.timeout(30):
        await tools.waiting.wait()
        os.close(line._from_us)
        line.close()
        await serving
    assert tools.cancelled.is_set()
