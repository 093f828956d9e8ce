"""Any arguments to any tool, in memory: a result or an error result, never an exception, and never our insides."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain_agents.tools import ToolError
from domain_agents.tools._arguments import parse_arguments
from tests.protocol.connecting import both_eras, client, text_of
from tests.protocol.surface import PlanArguments, Surface

TOOL = next(tool for tool in Surface()().tools if tool.name == "plan")
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
names = st.sampled_from(["sql", "engine", "changes", "rows", "write", "kind", "table"]) | st.text(max_size=10)
arguments = st.dictionaries(
    names, values | st.lists(st.dictionaries(names, values, max_size=3), max_size=3), max_size=5
)


@given(raw=arguments | values)
def test_any_arguments_are_read_or_refused_in_our_own_words(raw: Any) -> None:
    read, refusal = _read(raw)
    assert (read is None) != (refusal == "")
    assert "Input should" not in refusal
    assert "validation error" not in refusal
    assert len(refusal) < 8_000
    assert read is None or isinstance(read, PlanArguments)


def _read(raw: Any) -> tuple[Any, str]:
    try:
        return parse_arguments(TOOL, raw), ""
    except ToolError as error:
        return None, str(error)


@given(secret=st.text("0123456789abcdef", min_size=12, max_size=20))
def test_a_value_that_was_sent_is_never_repeated(secret: str) -> None:
    for raw in ({"sql": [secret]}, {"sql": "x", "engine": secret}, {"sql": "x", "changes": [{"kind": secret}]}):
        with pytest.raises(ToolError) as caught:
            parse_arguments(TOOL, raw)
        assert secret not in str(caught.value)


@both_eras
def test_any_arguments_over_the_wire_are_answered(mode: str) -> None:
    @settings(max_examples=40)
    @given(calls=st.lists(arguments, min_size=1, max_size=5))
    def check(calls: list[dict[str, Any]]) -> None:
        asyncio.run(_answered(mode, calls))

    check()


async def _answered(mode: str, calls: list[dict[str, Any]]) -> None:
    async with client(Surface(), mode) as connected:
        for call in calls:
            result = await connected.call_tool("plan", call)
            assert result.is_error or result.structured_content
            assert "Traceback" not in text_of(result)
        assert not (await connected.call_tool("echo", {"text": "still here"})).is_error


def test_arguments_nested_beyond_reason_are_refused() -> None:
    nested: Any = {}
    for _ in range(5_000):
        nested = {"a": nested}
    with pytest.raises(ToolError):
        parse_arguments(TOOL, {"sql": nested})
