"""Tools in both eras: what is listed, what a call gives back, and how every error reads."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from tests.protocol.connecting import both_eras, client, text_of
from tests.protocol.surface import ECHO_SCHEMA, Surface


@both_eras
async def test_tools_are_listed_in_the_catalogues_order_with_annotations_and_output_schema(mode: str) -> None:
    async with client(Surface(), mode) as connected:
        listed = (await connected.list_tools()).tools
        again = (await connected.list_tools()).tools
    assert [tool.name for tool in listed] == ["echo", "plan", "two_questions", "fail", "refuse", "steps", "endless"]
    assert listed == again
    for tool in listed:
        assert tool.output_schema == {"type": "object", "properties": ECHO_SCHEMA["properties"]}
        assert tool.annotations is not None
        hints = tool.annotations
        assert None not in (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint)


@both_eras
async def test_schemas_hold_no_titles_no_refs_no_nulls_and_are_closed(mode: str) -> None:
    async with client(Surface(), mode) as connected:
        schema = next(tool.input_schema for tool in (await connected.list_tools()).tools if tool.name == "plan")
    text = json.dumps(schema)
    assert '"title"' not in text
    assert "$ref" not in text
    assert "null" not in text
    assert "Never shown to a client" not in text
    assert schema["additionalProperties"] is False
    assert schema["properties"]["changes"]["items"]["additionalProperties"] is False
    assert schema["properties"]["engine"] == {
        "enum": ["postgresql", "mysql", "mariadb", "sqlite"],
        "type": "string",
        "description": "The database.",
    }


@both_eras
async def test_a_result_holds_structured_content_and_a_text(mode: str) -> None:
    async with client(Surface(), mode) as connected:
        result = await connected.call_tool("echo", {"text": "héllo\n"})
    assert not result.is_error
    assert result.structured_content == {"said": "héllo\n"}
    assert text_of(result) == "héllo\n"


@both_eras
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"txt": "x"}, ["`text` is required", "`txt` is not known here. Did you mean text?", '{"text": "text"}']),
        ({"text": 3}, ["`text` must be text"]),
        ({"text": None}, ["`text` must be text"]),
        ({}, ["`text` is required"]),
    ],
)
async def test_arguments_that_do_not_fit_are_a_tool_error_with_the_way_out(
    mode: str, arguments: dict[str, Any], said: list[str]
) -> None:
    async with client(Surface(), mode) as connected:
        result = await connected.call_tool("echo", arguments)
    assert result.is_error
    for words in said:
        assert words in text_of(result)


@both_eras
async def test_an_error_names_the_path_the_nearest_choice_and_never_what_was_sent(mode: str) -> None:
    arguments = {
        "sql": {"password": "hunter2"},
        "engine": "postgre",
        "changes": [{"kind": "create_indx", "table": "users"}, {"kind": "add_column", "tabel": "hunter2"}],
        "rows": -5,
    }
    async with client(Surface(), mode) as connected:
        text = text_of(await connected.call_tool("plan", arguments))
    assert "`engine` must be one of: postgresql, mysql, mariadb, sqlite. Did you mean postgresql?" in text
    assert "`changes[0].kind` must be one of: add_column, create_index. Did you mean create_index?" in text
    assert "`changes[1].tabel` is not known here. Did you mean table?" in text
    assert "hunter2" not in text
    assert "pydantic" not in text.lower()
    assert "Input should" not in text


@both_eras
async def test_an_unknown_tool_is_a_protocol_error_that_names_the_nearest(mode: str) -> None:
    async with client(Surface(), mode) as connected:
        with pytest.raises(MCPError) as caught:
            await connected.call_tool("ecko", {})
        assert caught.value.code == -32602
        assert "Did you mean echo?" in caught.value.message
        assert not (await connected.call_tool("echo", {"text": "still here"})).is_error


@both_eras
async def test_a_tools_own_error_reaches_the_model_as_it_was_written(mode: str) -> None:
    async with client(Surface(), mode) as connected:
        result = await connected.call_tool("refuse", {})
    assert result.is_error
    assert text_of(result) == "`table`: there is no table user. Did you mean users?"
    assert result.structured_content is None


@both_eras
async def test_an_unexpected_exception_shows_a_reference_and_its_traceback_goes_to_the_log(
    mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        async with client(Surface(), mode) as connected:
            result = await connected.call_tool("fail", {})
    assert result.is_error
    text = text_of(result)
    assert "hunter2" not in text
    assert "Traceback" not in text
    assert "ZeroDivisionError" not in text
    reference = text.rstrip(".").rsplit(" ", 1)[-1]
    (record,) = [record for record in caplog.records if reference in record.getMessage()]
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


@both_eras
async def test_a_catalogue_that_cannot_be_read_is_an_internal_error_without_its_text(
    mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Surface):
        def __call__(self) -> Any:
            raise OSError("/home/somebody/.config/secret")

    async with client(Broken(), mode) as connected:
        for request in (connected.list_prompts, connected.list_resources):
            with pytest.raises(MCPError) as caught:
                await request()
            assert caught.value.code == -32603
            assert "secret" not in str(caught.value)
    assert "secret" in caplog.text
