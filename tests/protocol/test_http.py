"""Streamable HTTP as a client finds it: both eras, with and without a token, what is refused, and what is not kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.sse import sse_client

from domain_agents.server.gate import Token, allowed_hosts, host_of, origin_host
from domain_agents.server.http import CannotServe, HttpOptions, checked
from tests.protocol.connecting import both_eras, http_client, http_server, text_of, until

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "a-token-that-is-long-enough-to-be-one"
CALL = {
    "jsonrpc": "2.0",
    "id": 7,
    "method": "tools/call",
    "params": {"name": "echo", "arguments": {"text": "hi"}},
}
HEADERS = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25"}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with http_server() as running:
        yield running


@pytest.fixture(scope="module")
def guarded() -> Iterator[int]:
    with http_server("--token-env", "TEST_TOKEN", environment={"TEST_TOKEN": TOKEN}) as running:
        yield running


@pytest.fixture(scope="module")
def two_workers() -> Iterator[int]:
    with http_server("--workers", "2") as running:
        yield running


def post(port: int, body: Any = CALL, **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {**HEADERS, "content-type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return httpx2.post(f"http://127.0.0.1:{port}/mcp", content=content, headers=sent, timeout=30)


@both_eras
async def test_a_client_lists_calls_and_reads(port: int, mode: str) -> None:
    async with http_client(port, mode) as client:
        assert len((await client.list_tools()).tools) == 8
        assert text_of(await client.call_tool("echo", {"text": "hi"})) == "hi"
        assert (await client.read_resource("agent://migration-writer")).contents
        assert (await client.call_tool("refuse", {})).is_error


@both_eras
async def test_progress_arrives_over_http(port: int, mode: str) -> None:
    seen: list[float] = []

    async def step(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    async with http_client(port, mode) as client:
        await client.call_tool("steps", {}, progress_callback=step)
        await until(lambda: len(seen) == 5)
    assert seen == [1, 2, 3, 4, 5]


async def test_a_handshake_client_is_not_promised_what_a_server_without_sessions_cannot_do(port: int) -> None:
    async with http_client(port, "legacy") as client:
        capabilities = client.server_capabilities
    assert capabilities.tools is not None
    assert capabilities.resources is not None
    assert not capabilities.tools.list_changed
    assert not capabilities.resources.subscribe


async def test_a_listening_client_is_acknowledged_over_http(port: int) -> None:
    async with http_client(port, "auto") as client, client.listen(tools_list_changed=True) as stream:
        assert stream.honored.tools_list_changed


def test_no_request_needs_one_before_it_and_none_is_given_a_session(port: int) -> None:
    answer = post(port)
    assert answer.status_code == 200
    assert '"said":"hi"' in answer.text
    assert "mcp-session-id" not in answer.headers


def test_the_gate_refuses_foreign_hosts_origins_large_bodies_and_other_methods(port: int) -> None:
    assert post(port, host="evil.example.com").status_code == 421
    assert post(port, host=f"localhost:{port}").status_code == 200
    assert post(port, origin="http://evil.example.com").status_code == 403
    assert post(port, origin="null").status_code == 403
    assert post(port, origin="http://localhost:3000").status_code == 200
    assert post(port, b" " * (2 * 1024 * 1024 + 1)).status_code == 413
    assert httpx2.get(f"http://127.0.0.1:{port}/mcp", headers=HEADERS, timeout=10).status_code == 405
    assert httpx2.get(f"http://127.0.0.1:{port}/etc/passwd", timeout=10).status_code == 404


def test_health_is_outside_every_check(guarded: int) -> None:
    answer = httpx2.get(f"http://127.0.0.1:{guarded}/health", headers={"host": "10.1.2.3"}, timeout=10)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@both_eras
async def test_the_right_token_is_let_in(guarded: int, mode: str) -> None:
    async with http_client(guarded, mode, TOKEN) as client:
        assert text_of(await client.call_tool("echo", {"text": "hi"})) == "hi"


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x"])
def test_any_other_is_told_what_is_needed(guarded: int, sent: str) -> None:
    answer = post(guarded, authorization=sent) if sent else post(guarded)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="domain-agents"')
    assert TOKEN not in answer.text


def test_without_a_token_nobody_serves_beyond_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    monkeypatch.setenv("EMPTY_TOKEN", "  ")
    for host in ("0.0.0.0", "::", "192.168.1.5", "example.com", ""):
        with pytest.raises(CannotServe, match="--token-env"):
            checked(HttpOptions(host=host))
    for name in ("NO_SUCH_TOKEN", "EMPTY_TOKEN"):
        with pytest.raises(CannotServe, match=name):
            checked(HttpOptions(token_env=name))
    with pytest.raises(CannotServe, match="workers"):
        checked(HttpOptions(workers=0))
    with pytest.raises(CannotServe, match="sse"):
        checked(HttpOptions(workers=2, sse=True))
    for host in ("127.0.0.1", "localhost", "::1", "127.8.8.8"):
        assert checked(HttpOptions(host=host)).host == host


def test_on_every_address_the_host_header_is_still_checked() -> None:
    hosts = allowed_hosts("0.0.0.0", ("Agents.Example.com",))
    assert "agents.example.com" in hosts
    assert "127.0.0.1" in hosts
    assert "evil.example.com" not in hosts
    assert "0.0.0.0" not in hosts


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("Example.com", "example.com"),
        ("example.com:8000", "example.com"),
        ("[::1]:8000", "::1"),
        ("[::1]", "::1"),
        ("::1", ""),
        ("[::1", ""),
        ("localhost@evil.com", ""),
        ("localhost:80@evil.com", ""),
        ("localhost/evil.com", ""),
        ("localhost:", ""),
        ("", ""),
    ],
)
def test_a_host_is_read_exactly(authority: str, host: str) -> None:
    assert host_of(authority) == host
    assert origin_host(f"https://{authority}") == host
    assert origin_host(f"file://{authority}") == ""


def test_a_token_shows_nowhere() -> None:
    token = Token.of(TOKEN)
    assert TOKEN not in repr(token)
    assert token.admits(f"bearer {TOKEN}")
    assert not token.admits(None)
    assert not token.admits("Bearer \udcff")


@both_eras
async def test_two_workers_answer_one_client(two_workers: int, mode: str) -> None:
    async with http_client(two_workers, mode) as client:
        seen = set()
        for _ in range(200):
            # A fresh connection each time, so that either worker may accept it.
            answer = await anyio.to_thread.run_sync(lambda: post(two_workers, {**CALL, "params": WHO}))
            seen.add(answer.text.partition('"said":"')[2].partition('"')[0])
            if len(seen) == 2:
                break
        assert not (await client.call_tool("echo", {"text": "x"})).is_error
    assert len(seen) == 2


WHO = {"name": "who", "arguments": {}}


@both_eras
async def test_a_hundred_clients_at_once_each_get_their_own_answers(two_workers: int, mode: str) -> None:
    wrong: list[str] = []

    async def one(number: int) -> None:
        async with http_client(two_workers, mode) as client:
            for turn in range(2):
                said = f"{number}/{turn}"
                result = await client.call_tool("echo", {"text": said})
                if result.structured_content != {"said": said}:
                    wrong.append(said)

    async with anyio.create_task_group() as group:
        for number in range(100):
            group.start_soon(one, number)
    assert wrong == []


async def test_an_older_client_is_served_over_sse_when_asked_for() -> None:
    with http_server("--sse", "--token-env", "TEST_TOKEN", environment={"TEST_TOKEN": TOKEN}) as port:
        url = f"http://127.0.0.1:{port}/sse"
        assert httpx2.get(url, timeout=10).status_code == 401
        transport = sse_client(url, headers={"Authorization": f"Bearer {TOKEN}"})
        async with Client(transport, mode="legacy", cache=None) as client:
            assert text_of(await client.call_tool("echo", {"text": "hi"})) == "hi"
            assert client.server_capabilities.tools is not None
            assert client.server_capabilities.tools.list_changed


def test_sse_is_not_there_unless_it_is_asked_for(port: int) -> None:
    assert httpx2.get(f"http://127.0.0.1:{port}/sse", timeout=10).status_code == 404
