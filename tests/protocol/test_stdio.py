"""A real stdio subprocess, and what happens to frames that no client should send."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import Client, StdioServerParameters
from mcp_types.version import LATEST_MODERN_VERSION

from tests.protocol.connecting import ROOT, both_eras, served, text_of

if TYPE_CHECKING:
    import subprocess

EXAMPLE = ROOT / "examples" / "shop-postgresql"
SERVER = StdioServerParameters(
    command=sys.executable, args=["-m", "domain_agents", "--project", str(EXAMPLE)], cwd=str(ROOT)
)


@both_eras
async def test_the_command_of_mcp_json_serves_everything(mode: str) -> None:
    async with Client(SERVER, mode=mode, cache=None) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        assert {"migration_writer", "find_agent", "get_agent", "plan_migration", "prove_migration"} <= set(tools)
        assert "migration-writer" in [prompt.name for prompt in (await client.list_prompts()).prompts]
        assert "agent://schema-designer" in [one.uri for one in (await client.list_resources()).resources]
        result = await client.call_tool("find_agent", {"request": "add a NOT NULL column"})
        assert result.structured_content["agents"][0]["name"] == "migration-writer"
        unfit = await client.call_tool("find_agent", {"requst": "x"})
        assert unfit.is_error
        assert "Did you mean request?" in text_of(unfit)


class Frames:
    """The stdio server as bytes: whatever is written, the server must answer the next ping."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._pings = 0

    def send(self, frame: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(frame.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n")
        self._process.stdin.flush()

    def answers_until_ping(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        assert self._process.stdout is not None
        self._pings += 1
        name = f"ping-{self._pings}"
        self.send(json.dumps({"jsonrpc": "2.0", "id": name, "method": "tools/list", "params": params}).encode())
        seen: list[dict[str, Any]] = []
        for line in self._process.stdout:
            assert line.endswith(b"\n")
            assert not line.endswith(b"\r\n")
            message = json.loads(line)
            if message.get("id") == name:
                assert message["result"]["tools"]
                return seen
            seen.append(message)
        raise AssertionError("the server has gone")


LEGACY_OPENING = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "fuzz", "version": "1"},
}
ENVELOPE = {
    "_meta": {
        "io.modelcontextprotocol/protocolVersion": LATEST_MODERN_VERSION,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
METHODS = ["tools/call", "prompts/get", "resources/read", "completion/complete", "skills/get", "resources/subscribe"]
messages = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | values,
        # Never a name of ours, which starts with "ping-".
        "id": st.integers() | st.text("abc", max_size=5) | values,
        "method": st.sampled_from([*METHODS, "tools/list", "initialize", "notifications/cancelled"]) | values,
        "params": values
        | st.fixed_dictionaries(
            {},
            optional={
                "name": st.sampled_from(["find_agent", "get_agent", "migration-writer"]) | values,
                "arguments": values,
                "uri": st.text(max_size=20) | values,
                "cursor": values,
                "ref": values,
                "argument": values,
                "_meta": values | st.just(ENVELOPE["_meta"]),
                "requestState": values,
                "inputResponses": values,
            },
        ),
    },
)
frames = (
    st.binary(max_size=200)
    | messages.map(lambda message: json.dumps(message).encode())
    | values.map(lambda value: json.dumps(value).encode())
)


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_no_frame_stops_the_server_or_brings_a_traceback_out_of_it(era: str) -> None:
    command = [sys.executable, "-m", "domain_agents", "--project", str(EXAMPLE)]
    with served(command, piped=True) as process:
        talk = Frames(process)
        params = ENVELOPE if era == "modern" else {}
        if era == "legacy":
            opening = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": LEGACY_OPENING}
            talk.send(json.dumps(opening).encode())
            talk.send(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
        talk.answers_until_ping(params)

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(frames, max_size=4))
        def check(sent: list[bytes]) -> None:
            for frame in sent:
                talk.send(frame)
            for answer in talk.answers_until_ping(params):
                said = json.dumps(answer)
                assert "Traceback" not in said
                assert "pydantic" not in said
                assert ".py" not in said or "error" not in answer
                if "error" in answer:
                    assert answer["error"]["code"] != 0

        check()
