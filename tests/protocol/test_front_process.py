"""The real command as a client runs it: a clean wire, the hand-over to the SDK, edits, and every way to end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from domain_agents.front import capture
from domain_agents.front.frames import LISTS
from tests.protocol.front_process import (
    ANSWER_SECONDS,
    HANDSHAKE,
    MODERN,
    Command,
    frame,
    notification,
    opening,
    running,
)

if TYPE_CHECKING:
    from pathlib import Path

both_eras = pytest.mark.parametrize("version", [HANDSHAKE, MODERN])
CALL = {"name": "get_agent", "arguments": {"name": "schema-designer"}}

NOISE = """
import os, subprocess, sys, threading
class Noisy:
    def find_spec(self, name, path=None, target=None):
        if name in ("mcp", "domain_agents.server.application", "domain_agents.front.frames"):
            print("printed while importing", name)
            os.write(1, b"written to descriptor 1\\n")
            subprocess.run([sys.executable, "-c", "import sys; print('a child prints and reads', sys.stdin.read())"])
        return None
sys.meta_path.insert(0, Noisy())
"""


def write_agent(directory: Path, name: str, description: str = "Knows one thing.") -> None:
    directory.mkdir(exist_ok=True)
    (directory / f"{name}.md").write_text(
        f"---\nname: {name}\ndescription: {description}\n---\n\nYou know one thing.\n"
    )


def names(answer: dict[str, Any], key: str = "prompts") -> set[str]:
    return {one["name"] for one in answer["result"][key]}


def end_well(command: Command) -> None:
    assert command.end() == 0, command.errors.decode()
    assert b"Traceback" not in command.errors, command.errors.decode()


@both_eras
def test_the_wire_is_clean_whatever_prints(tmp_path: Path, version: str) -> None:
    with running(tmp_path, before=NOISE) as command:
        command.send(opening(version) + frame(1, "tools/list", version=version))
        command.send(frame(2, "tools/call", CALL, version=version))
        for number in range(3):
            assert "result" in command.answer(number)
        end_well(command)
        assert all(json.loads(line)["jsonrpc"] == "2.0" for line in command.lines)
        assert all(line.endswith(b"}\n") for line in command.lines)
        assert b"printed while importing mcp" in command.errors
        assert command.errors.count(b"a child prints") == command.errors.count(b"printed while importing")
        assert b"and reads \n" in command.errors, "a child must not read the client's frames"


ALONE = """
import os, sys
from domain_agents.front import Front, Manifests
from domain_agents.front.options import read_options
from domain_agents.front.wire import Wire

from_client, to_us = os.pipe()
from_us, to_client = os.pipe()
front = Front(Wire(from_client, to_client), Manifests(read_options([]), sys.argv[1]))
os.write(to_us, sys.argv[2].encode())
os.close(to_us)
front.start()
needs_sdk = front.wait()
os.close(to_client)
answers = b""
while chunk := os.read(from_us, 1 << 16):
    answers += chunk
loaded = {"mcp", "mcp_types", "pydantic", "anyio", "asyncio", "json", "yaml", "jinja2", "re"} & set(sys.modules)
import json
print(json.dumps([needs_sdk, sorted(loaded), [json.loads(line)["id"] for line in answers.splitlines()]]))
"""


@both_eras
def test_the_first_lists_are_answered_before_the_sdk_is_imported(tmp_path: Path, version: str) -> None:
    manifest = tmp_path / "packaged.manifest"
    manifest.write_bytes(capture.packaged())
    frames = opening(version) + b"".join(frame(n, method, version=version) for n, method in enumerate(LISTS, 1))
    home = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    paths = f"import sys; sys.path[:] = {sys.path!r}"  # without the site packages' own start-up code
    command = [sys.executable, "-S", "-c", f"{paths}\n{ALONE}", str(manifest), frames.decode()]
    done = subprocess.run(command, env=home, cwd=tmp_path, capture_output=True, check=False, timeout=ANSWER_SECONDS)
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == [False, [], list(range(1 + len(LISTS)))]


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", MODERN])
def test_before_and_after_the_hand_over_every_list_is_the_same(tmp_path: Path, version: str) -> None:
    with running(tmp_path) as command:
        command.send(opening(version) + b"".join(frame(f"a{n}", m, version=version) for n, m in enumerate(LISTS)))
        command.ask("call", "tools/call", CALL, version=version)
        command.send(b"".join(frame(f"b{n}", m, version=version) for n, m in enumerate(LISTS)))
        for number in range(len(LISTS)):
            before, after = command.answer(f"a{number}"), command.answer(f"b{number}")
            assert json.dumps(before["result"]) == json.dumps(after["result"])
        end_well(command)


@both_eras
def test_a_burst_is_answered_completely_and_each_by_its_id(tmp_path: Path, version: str) -> None:
    with running(tmp_path) as command:
        asked: dict[int, str] = {}
        burst = opening(version)
        for number in range(1, 200):
            asked[number] = "tools/call" if number % 7 == 0 else LISTS[number % 4]
            burst += frame(number, asked[number], CALL if number % 7 == 0 else None, version=version)
        command.send(burst)
        keys = {
            "tools/list": "tools",
            "prompts/list": "prompts",
            "resources/list": "resources",
            "tools/call": "content",
        }
        for number, method in asked.items():
            assert keys.get(method, "resourceTemplates") in command.answer(number)["result"]
        end_well(command)
        assert len(command.lines) == 200


@both_eras
def test_an_edit_shows_in_the_next_list(tmp_path: Path, version: str) -> None:
    agents = tmp_path / "agents"
    write_agent(agents, "first-one")
    for _ in range(2):  # the second time the first lists come from the manifest that the first time left
        with running(tmp_path, "--agents", str(agents)) as command:
            command.send(opening(version))
            before = names(command.ask(1, "prompts/list", version=version))
            write_agent(agents, "second-one")
            during = names(command.ask(2, "prompts/list", version=version))
            (agents / "second-one.md").unlink()
            after = names(command.ask(3, "prompts/list", version=version))
            assert "first-one" in before
            assert during == before | {"second-one"}
            assert after == before
            wait_for_manifest(tmp_path)
            end_well(command)


def wait_for_manifest(directory: Path) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    while not list((directory / "cache").rglob("*.manifest")):
        assert time.monotonic() < deadline, "no manifest was written"
        time.sleep(0.02)


@both_eras
def test_a_manifest_of_another_day_is_not_believed(tmp_path: Path, version: str) -> None:
    agents = tmp_path / "agents"
    write_agent(agents, "first-one")
    with running(tmp_path, "--agents", str(agents)) as command:
        command.send(opening(version))
        command.ask(1, "prompts/list", version=version)
        wait_for_manifest(tmp_path)
        end_well(command)
    write_agent(agents, "first-one", "Knows something else.")
    with running(tmp_path, "--agents", str(agents)) as command:
        command.send(opening(version))
        listed = command.ask(1, "resources/list", version=version)["result"]["resources"]
        assert "Knows something else." in {one.get("description") for one in listed}
        end_well(command)


@both_eras
def test_what_was_asked_before_the_end_of_input_is_answered(tmp_path: Path, version: str) -> None:
    with running(tmp_path) as command:
        command.send(opening(version) + frame(1, "tools/list", version=version))
        command.send(frame(2, "tools/call", CALL, version=version))
        command.close_input()
        assert "result" in command.answer(1)
        assert "result" in command.answer(2)
        end_well(command)


def test_without_anything_to_answer_it_ends_at_the_end_of_input(tmp_path: Path) -> None:
    with running(tmp_path) as command:
        end_well(command)
        assert command.lines == []


def test_a_last_frame_without_its_line_end_is_answered(tmp_path: Path) -> None:
    with running(tmp_path) as command:
        command.send(frame(1, "ping", version=HANDSHAKE).strip())
        command.close_input()
        assert command.answer(1)["result"] == {}
        end_well(command)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to send")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("loaded", [False, True])
def test_a_signal_ends_it_quietly(tmp_path: Path, number: signal.Signals, *, loaded: bool) -> None:
    with running(tmp_path) as command:
        command.send(opening(HANDSHAKE))
        command.answer(0)
        if loaded:
            command.ask(1, "tools/call", CALL, version=HANDSHAKE)
        command.process.send_signal(number)
        assert command.process.wait(ANSWER_SECONDS) == 0
        end_well(command)


@pytest.mark.skipif(os.name == "nt", reason="Windows tells a closed pipe otherwise")
@pytest.mark.parametrize("loaded", [False, True])
def test_a_client_that_reads_no_more_gets_no_traceback(tmp_path: Path, *, loaded: bool) -> None:
    from_us, to_client = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "domain_agents"],
        stdin=subprocess.PIPE,
        stdout=to_client,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    os.close(to_client)
    assert process.stdin is not None
    process.stdin.write(opening(HANDSHAKE) + (frame(1, "tools/call", CALL, version=HANDSHAKE) if loaded else b""))
    process.stdin.flush()
    read = b""
    while read.count(b"\n") < (2 if loaded else 1):
        read += os.read(from_us, 1 << 16)
    os.close(from_us)
    process.stdin.write(frame(2, "tools/list", version=HANDSHAKE))
    process.stdin.flush()
    assert process.wait(ANSWER_SECONDS) == 0
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stdin.close()
    process.stderr.close()
    assert b"Traceback" not in errors, errors.decode()


@pytest.mark.parametrize("words", [(), ("serve",), ("serve", "--transport", "stdio"), ("--log=json", "serve")])
def test_every_way_to_ask_for_stdio_serves_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    agents = tmp_path / "agents"
    write_agent(agents, "first-one")
    options = ("--project", str(tmp_path / "project"), "--agents", str(agents), "--project-agents")
    with running(tmp_path, *options, *words) as command:
        command.send(opening(HANDSHAKE))
        assert "first-one" in names(command.ask(1, "prompts/list", version=HANDSHAKE))
        end_well(command)


def test_logs_are_json_lines_on_request(tmp_path: Path) -> None:
    with running(tmp_path, "--log", "json") as command:
        command.send(opening(HANDSHAKE) + b"this is no frame\n")
        command.ask(1, "tools/list", version=HANDSHAKE)
        end_well(command)
        records = [json.loads(line) for line in command.errors.splitlines()]
        assert any("not a JSON-RPC message" in record["message"] for record in records)


def test_frames_that_are_none_do_not_end_the_conversation(tmp_path: Path) -> None:
    with running(tmp_path) as command:
        command.send(b"\xff\xfe nonsense\n[]\n{}\n\n" + b"[" * 5_000 + b"\n")
        command.send(opening(HANDSHAKE) + b'{"jsonrpc":"2.0","id":1}\n' + frame(2, "tools/list", version=HANDSHAKE))
        assert "result" in command.answer(2)
        end_well(command)


def test_other_commands_keep_their_standard_output(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "domain_agents", "--version"], cwd=tmp_path, capture_output=True, check=True
    )
    assert done.stdout.startswith(b"domain-agents ")


def test_notifications_before_the_first_request_are_not_lost(tmp_path: Path) -> None:
    with running(tmp_path) as command:
        command.send(notification("notifications/initialized") + opening(HANDSHAKE))
        assert "result" in command.answer(0)
        assert "result" in command.ask(1, "tools/call", CALL, version=HANDSHAKE)
        end_well(command)
