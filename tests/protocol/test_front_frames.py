"""What is answered before the SDK is loaded is what the SDK would have answered, byte for byte."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from domain_agents.front import capture
from domain_agents.front.capture import envelope
from domain_agents.front.frames import HANDSHAKE_METHODS, HANDSHAKE_VERSIONS, LISTS, MODERN_METHODS, Conversation
from domain_agents.front.manifest import PACKAGED
from domain_agents.server import build_server
from domain_agents.tools import Settings
from tests.protocol.front_process import MODERN, frame, hello, notification, opening, sdk_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSIONS = (*HANDSHAKE_VERSIONS, MODERN)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> capture.Results:
    """What the server answers for the agents it ships, by method and version."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        return capture.capture_for(Settings(project=None))


@pytest.fixture(autouse=True)
def no_agents_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))


def answers_of_both(lines: Sequence[bytes], results: capture.Results) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Answers given at once, those the SDK gives to what was kept for it, and those of the SDK alone."""
    conversation = Conversation(lambda method, version: results.get((method, version)))
    at_once = [answer[:-1] for line in lines if (answer := conversation.answer(line)) is not None]
    replayed = [json.loads(line)["id"] for line, is_answered in conversation.kept if is_answered]

    async def both() -> tuple[list[bytes], list[bytes]]:
        server = build_server(Settings(project=None))
        return (
            await sdk_answers(server, [line for line, _ in conversation.kept]),
            await sdk_answers(server, lines),
        )

    later, alone = asyncio.run(both())
    for number in replayed:
        later.remove(next(answer for answer in later if json.loads(answer)["id"] == number))
    return at_once, later, alone


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_that_opens_and_lists_gets_the_sdks_bytes(version: str, results: capture.Results) -> None:
    methods = [method for method in (MODERN_METHODS if version == MODERN else HANDSHAKE_METHODS) if "list" in method]
    lines = [*opening(version).splitlines(), *(frame(f"l{i}", m, version=version) for i, m in enumerate(methods))]
    at_once, later, alone = answers_of_both(lines, results)
    assert at_once == alone
    assert later == []
    assert len(at_once) == 1 + len(LISTS)


def json_values(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=5,
    )


VALUES = json_values(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("\ud800") | st.just(2**70)
)
IDS = st.integers(-2, 9) | st.sampled_from(["1", "a", '"', "\\", "é", "", " 7 ", 1.5, True, None, 2**60, 2**70, [1]])
CAPABILITIES = st.dictionaries(
    st.sampled_from(["roots", "sampling", "elicitation", "experimental", "extensions", "tasks", "future"]),
    st.sampled_from(
        [{}, {"listChanged": True}, {"form": {}}, {"x": {}}, {"x": {"y": [1, None]}}, {"requests": {"sampling": {}}}]
    )
    | VALUES,
    max_size=3,
)
INFO = st.sampled_from(
    [{"name": "c", "version": "1"}, {"name": "c"}, {"name": 1, "version": "1"}, "c", {}]
) | st.fixed_dictionaries(
    {"name": st.just("c") | VALUES, "version": st.just("1")},
    optional={
        "title": st.just("C") | VALUES,
        "icons": st.just([{"src": "x", "theme": "dark"}]) | VALUES,
        "websiteUrl": VALUES,
        "other": VALUES,
    },
)
HELLOS = st.fixed_dictionaries(
    {
        "protocolVersion": st.sampled_from([*VERSIONS, "2023-01-01", "", 7]),
        "capabilities": CAPABILITIES,
        "clientInfo": INFO,
    },
    optional={"_meta": st.sampled_from([{}, {"progressToken": 1}, {"progressToken": 1.5}, {"x": 1}, None])},
)
PREFIX = "io.modelcontextprotocol/"
ENVELOPES = st.fixed_dictionaries(
    {f"{PREFIX}protocolVersion": st.sampled_from([MODERN] * 6 + ["2025-11-25", "2099-01-01", 3])},
    optional={
        f"{PREFIX}clientCapabilities": CAPABILITIES,
        f"{PREFIX}clientInfo": INFO,
        f"{PREFIX}logLevel": st.sampled_from(["info", "loud", 3]),
        "progressToken": st.sampled_from([1, "t", 1.5, None]),
        "traceparent": st.just("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    },
).map(lambda meta: {"_meta": meta})
PLAIN = st.sampled_from(
    [
        {},
        {"_meta": {}},
        {"_meta": {"progressToken": "t"}},
        {"cursor": "x"},
        {"cursor": None},
        {"_meta": None},
        envelope(),
    ]
)
METHODS = st.sampled_from(
    [*LISTS, *LISTS, "ping", "initialize", "server/discover", "prompts/get", "tools/call", "no/such", "skills/get"]
)


@st.composite
def odd_frames(draw: st.DrawFn) -> bytes:
    """A frame that a careless client could send."""
    content: dict[str, Any] = {"jsonrpc": draw(st.sampled_from(["2.0"] * 9 + ["1.0", 2])), "id": draw(IDS)}
    content["method"] = draw(METHODS | VALUES)
    params = draw(st.one_of(st.just(...), PLAIN, ENVELOPES, HELLOS, VALUES))
    if params is not ...:
        content["params"] = params
    if draw(st.booleans()) and draw(st.booleans()):
        content[draw(st.sampled_from(["extra", "result", "error"]))] = draw(VALUES)
    text = json.dumps(content, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    return draw(damaged(text))


@st.composite
def damaged(draw: st.DrawFn, text: bytes) -> bytes:
    """The same text, or what a careless writer makes of it."""
    damage = draw(st.sampled_from(["", "", "", "", "", "\r", " ", "x", "[", "bom", "twice", "cut"]))
    return {
        "[": b"[" + text + b"]",
        "bom": b"\xef\xbb\xbf" + text,
        "twice": text.replace(b'"jsonrpc"', b'"id": 99, "jsonrpc"', 1),
        "cut": text[: len(text) // 2],
    }.get(damage, text + damage.encode())


def plain_frames(version: str) -> st.SearchStrategy[bytes]:
    """A frame as most clients send it."""
    methods = [*(MODERN_METHODS if version == MODERN else HANDSHAKE_METHODS[1:]), "tools/call"]
    return st.builds(
        lambda number, method: frame(number, method, version=version).strip(),
        st.integers(10, 99),
        st.sampled_from(methods),
    )


@st.composite
def nearly_plain_frames(draw: st.DrawFn, version: str) -> bytes:
    """A frame with one thing about it that is not plain."""
    content = json.loads(draw(plain_frames(version)))
    params = content.setdefault("params", {})
    meta = params.setdefault("_meta", {})
    aspect = draw(st.sampled_from(["id", "params", "meta", "envelope", "frame", "text"]))
    if aspect == "id":
        content["id"] = draw(IDS)
    elif aspect == "params":
        params.update(draw(st.sampled_from([{"cursor": "x"}, {"cursor": None}, {"cursor": ""}, {"more": 1}])))
    elif aspect == "meta":
        key = draw(st.sampled_from(["progressToken", "progressToken", "x", f"{PREFIX}logLevel", "traceparent"]))
        meta[key] = draw(st.sampled_from([None, 1.5, True, [], {}, "x"]) | VALUES)
    elif aspect == "envelope":
        params.update(draw(ENVELOPES))
    elif aspect == "frame":
        content[draw(st.sampled_from(["extra", "jsonrpc", "result", "error", "params"]))] = draw(VALUES)
    text = json.dumps(content).encode()
    return text if aspect != "text" else draw(damaged(text))


@st.composite
def conversations(draw: st.DrawFn) -> list[bytes]:
    """An opening of some version, most often a plain one, and what comes after it."""
    version = draw(st.sampled_from([*VERSIONS, MODERN, MODERN]))
    start = opening(version).splitlines()
    if draw(st.integers(0, 9)) >= 6:
        start = draw(
            st.sampled_from([start[:1], [], start[::-1]])
            | odd_frames().map(lambda line: [line])
            | st.builds(lambda params: [frame(0, "initialize", params, version="2025-11-25").strip()], HELLOS)
            | st.builds(lambda params: [frame(0, "server/discover", params, version="2025-11-25").strip()], ENVELOPES)
        )
    rest = []
    for number in range(draw(st.integers(1, 5))):
        kind = draw(st.integers(0, 9))
        if kind < 6:
            rest.append(draw(nearly_plain_frames(version)))
        elif kind < 8:
            rest.append(draw(plain_frames(version)))
        else:
            rest.append(draw(odd_frames() | st.sampled_from([b"", notification("x"), b"%d" % number])))
    return [*start, *rest]


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conversations())
def test_whatever_is_sent_the_answers_are_the_sdks(results: capture.Results, lines: list[bytes]) -> None:
    at_once, later, alone = answers_of_both(lines, results)
    event(f"answered at once: {min(len(at_once), 4)}, later: {min(len(later), 4)}")
    assert Counter(without_reference(at_once + later)) == Counter(without_reference(alone))


def without_reference(answers: list[bytes]) -> list[bytes]:
    """An unforeseen fault carries a number of its own each time."""
    return [answer.split(b"(reference")[0] for answer in answers]


def test_the_packaged_manifest_is_up_to_date() -> None:
    is_current = Path(PACKAGED).read_bytes() == capture.packaged()
    assert is_current, "out of date; run: python -m domain_agents.front.capture"


def test_frames_of_another_era_are_left_to_the_sdk(results: capture.Results) -> None:
    for version, other in ((MODERN, hello()), ("2025-11-25", envelope())):
        conversation = Conversation(lambda method, of: results.get((method, of)))
        for line in opening(version).splitlines():
            conversation.answer(line)
        method = "initialize" if version == MODERN else "tools/list"
        assert conversation.answer(frame(5, method, other, version="2025-11-25")) is None
        assert conversation.needs_sdk


def test_what_waits_for_the_sdk_does_not_hold_up_the_lists(results: capture.Results) -> None:
    conversation = Conversation(lambda method, of: results.get((method, of)))
    for line in opening(MODERN).splitlines():
        conversation.answer(line)
    assert conversation.answer(frame(1, "tools/call", {"name": "get_agent"}, version=MODERN)) is None
    assert conversation.answer(frame(2, "tools/list", version=MODERN)) is not None


def test_an_id_that_still_waits_is_not_answered_a_second_time(results: capture.Results) -> None:
    conversation = Conversation(lambda method, of: results.get((method, of)))
    for line in opening(MODERN).splitlines():
        conversation.answer(line)
    assert conversation.answer(frame(7, "tools/call", {"name": "get_agent"}, version=MODERN)) is None
    assert conversation.answer(frame("7", "tools/list", version=MODERN)) is None
    assert conversation.answer(frame(8, "tools/list", version=MODERN)) is None, (
        "in doubt, all that follows is the SDK's"
    )


@pytest.mark.parametrize(
    "change",
    [
        {f"{PREFIX}clientInfo": {"name": 1, "version": "1"}},
        {f"{PREFIX}clientInfo": "a client"},
        {f"{PREFIX}clientCapabilities": {"elicitation": {"form": 1}}},
        {f"{PREFIX}clientCapabilities": []},
        {f"{PREFIX}logLevel": "loud"},
        {"progressToken": [1]},
        {"progressToken": None},
        {"nobody": "knows this"},
    ],
)
def test_an_envelope_with_one_odd_thing_is_left_to_the_sdk(change: dict[str, Any], results: capture.Results) -> None:
    conversation = Conversation(lambda method, of: results.get((method, of)))
    params = {"_meta": {**envelope()["_meta"], **change}}
    assert conversation.answer(frame(1, "server/discover", params, version="2025-11-25")) is None
