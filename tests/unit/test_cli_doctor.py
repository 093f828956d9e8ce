"""`doctor`: what works is measured, what is broken is said in one line."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from domain_agents import __version__
from domain_agents.cli import main
from domain_agents.cli.handshake import ERAS, HANDSHAKE, HandshakeError, shake_hands

if TYPE_CHECKING:
    from pathlib import Path

SERVER = [sys.executable, "-m", "domain_agents"]


def scripted(code: str) -> list[str]:
    """A server that is a few lines of Python."""
    return [sys.executable, "-c", "import json, sys\nask = lambda: json.loads(sys.stdin.readline())\n" + code]


@pytest.mark.parametrize("protocol", ERAS)
def test_our_own_server_shakes_hands_in_both_eras(protocol: str, tmp_path: Path) -> None:
    seen = shake_hands([*SERVER, "--project", str(tmp_path)], protocol)
    assert seen.server == f"domain-agents {__version__}"
    assert "find_agent" in seen.tools
    assert "migration-writer" in seen.prompts
    assert 0 < seen.first_answer_ms <= seen.tools_ms


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("sys.exit('no such option')", "It said last: no such option"),
        ("print('hello'); sys.stdout.flush(); ask()", "wrote something else than a frame: b'hello"),
        ("print('[]'); sys.stdout.flush(); ask()", "a frame that is not an object"),
        (
            "ask(); print(json.dumps({'id': 1, 'error': {'code': 1, 'message': 'not today'}})); sys.stdout.flush()",
            "initialize was answered with an error: not today",
        ),
        ("ask(); print(json.dumps({'id': 1})); sys.stdout.flush()", "initialize was answered without a result"),
    ],
)
def test_a_broken_server_is_described_by_what_was_seen(code: str, says: str) -> None:
    with pytest.raises(HandshakeError, match=says):
        shake_hands(scripted(code), HANDSHAKE)


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain_agents.cli.handshake.ANSWER_SECONDS", 0.2)
    with pytest.raises(HandshakeError, match="initialize was not answered within"):
        shake_hands(scripted("sys.stdin.read()"), HANDSHAKE)


def test_a_command_that_is_not_there_is_a_failed_handshake() -> None:
    with pytest.raises(HandshakeError, match="cannot be started"):
        shake_hands(["/nowhere/domain-agents"], HANDSHAKE)


def test_doctor_reports_everything_as_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("domain_agents.cli.doctor.installed_program", lambda: (SERVER[0], SERVER[1:]))
    monkeypatch.setenv("DOMAIN_AGENTS_SERVER_STAGING", "postgresql://ada:secret@db.example.com/x")
    assert main(["doctor", "--json", "--project", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "secret" not in text
    assert "example.com" not in text
    found = json.loads(text)
    assert found["ok"] is True
    checks: dict[str, list[dict[str, object]]] = {}
    for check in found["checks"]:
        checks.setdefault(check["name"], []).append(check)
    assert checks["project"][0]["chosen_by"] == "--project"
    assert [check["protocol"] for check in checks["handshake"]] == list(ERAS)
    assert checks["agents"][0]["diagnostics"] == 0
    assert checks["scratch"][0]["status"] == "ok"
    assert [check["configured"] for check in checks["PostgreSQL"] if "configured" in check] == ["staging"]
    assert checks["SQLite"][0]["status"] == "ok"


def test_doctor_fails_when_the_server_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("domain_agents.cli.doctor.installed_program", lambda: (sys.executable, ["-c", "pass"]))
    assert main(["doctor", "--project", str(tmp_path)]) == 1
    text = capsys.readouterr().out
    assert "failed   handshake" in text
    assert "2 of" in text


def test_a_refused_project_is_a_warning_and_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("domain_agents.cli.doctor.installed_program", lambda: (SERVER[0], SERVER[1:]))
    assert main(["doctor", "--project", "/"]) == 0
    assert "warning  project" in capsys.readouterr().out
