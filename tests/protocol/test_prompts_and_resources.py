"""Prompts, resources, templates, pages and completions, in both eras."""

from __future__ import annotations

from typing import Any

import mcp_types as types
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.exceptions import MCPError

from domain_agents.server.paging import BadCursor, page
from tests.protocol.connecting import both_eras, client
from tests.protocol.surface import Surface, agent


@both_eras
async def test_every_agent_is_a_prompt_with_its_arguments_and_an_icon_it_draws_itself(mode: str) -> None:
    async with client(Surface(), mode) as connected:
        listed = (await connected.list_prompts()).prompts
        got = await connected.get_prompt("migration-writer", {"task": "add a column"})
    assert [prompt.name for prompt in listed] == ["migration-writer", "schema-designer", "Ünlike a skill"]
    assert listed[0].arguments is not None
    assert [(one.name, one.required) for one in listed[0].arguments] == [("task", True), ("engine", False)]
    (message,) = got.messages
    assert message.role == "user"
    assert isinstance(message.content, types.TextContent)
    assert message.content.text.endswith("Task: add a column")


@both_eras
@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("migration-writter", {"task": "x"}, "Did you mean migration-writer?"),
        ("migration-writer", {}, "needs the argument 'task'"),
        ("migration-writer", {"task": "  "}, "needs the argument 'task'"),
        ("migration-writer", {"task": "x", "tsk": "y"}, "did you mean 'task'?"),
        ("migration-writer", {"task": "\x00"}, "leave it out"),
    ],
)
async def test_a_prompt_that_cannot_be_given_is_invalid_parameters(
    mode: str, name: str, arguments: dict[str, str], said: str
) -> None:
    async with client(Surface(), mode) as connected:
        with pytest.raises(MCPError) as caught:
            await connected.get_prompt(name, arguments)
    assert caught.value.code == -32602
    assert said in caught.value.message


@both_eras
async def test_an_agents_resource_is_its_file_as_it_was_written(mode: str) -> None:
    surface = Surface()
    async with client(surface, mode) as connected:
        listed = (await connected.list_resources()).resources
        for resource, document in zip(listed, surface.agents, strict=True):
            assert resource.mime_type == "text/markdown"
            (contents,) = (await connected.read_resource(resource.uri)).contents
            assert isinstance(contents, types.TextResourceContents)
            assert contents.text == document.text
            assert resource.size == len(document.text.encode())


@both_eras
async def test_a_name_may_be_quoted_more_or_less_than_we_do(mode: str) -> None:
    async with client(Surface(), mode) as connected:
        for uri in ("agent://migration%2Dwriter", "agent://Ünlike a skill", "agent://%C3%9Cnlike%20a%20skill"):
            assert (await connected.read_resource(uri)).contents


@pytest.mark.parametrize(("mode", "code"), [("auto", -32602), ("legacy", -32002)])
@pytest.mark.parametrize(
    "uri", ["agent://nobody", "file:///etc/passwd", "agent://../../etc/passwd", "skill://x/SKILL.md"]
)
async def test_an_unknown_resource_has_the_code_of_its_era(mode: str, code: int, uri: str) -> None:
    async with client(Surface(), mode) as connected:
        with pytest.raises(MCPError) as caught:
            await connected.read_resource(uri)
    assert caught.value.code == code
    assert caught.value.data == {"uri": uri}


@both_eras
async def test_templates_say_how_agents_and_skills_are_addressed(mode: str) -> None:
    async with client(Surface(), mode) as connected:
        listed = (await connected.list_resource_templates()).resource_templates
    assert [template.uri_template for template in listed] == ["agent://{name}", "skill://{name}/SKILL.md"]


@both_eras
async def test_a_thousand_agents_come_in_pages_none_missing_none_twice(mode: str) -> None:
    surface = Surface(agents=tuple(agent(f"agent-{number:04}") for number in range(1000)))
    async with client(surface, mode) as connected:
        seen: list[str] = []
        cursor = None
        while True:
            result = await connected.list_resources(cursor=cursor)
            seen += [resource.name for resource in result.resources]
            cursor = result.next_cursor
            if cursor is None:
                break
            surface.agents = tuple(one for one in surface.agents if one.name != seen[-1])  # removed between two pages
    assert seen == [f"agent-{number:04}" for number in range(1000)]


@both_eras
@pytest.mark.parametrize("cursor", ["", "zzz", "####", "cHJvbXB0cwo1CmE=", "\x00"])
async def test_a_cursor_of_no_list_is_invalid_parameters(mode: str, cursor: str) -> None:
    async with client(Surface(), mode) as connected:
        with pytest.raises(MCPError) as caught:
            await connected.list_tools(cursor=cursor)
    assert caught.value.code == -32602


@given(cursor=st.text())
def test_any_text_is_a_cursor_or_a_bad_cursor(cursor: str) -> None:
    try:
        items, _ = page("tools", list("abc"), str, cursor)
    except BadCursor:
        return
    assert items == list("abc")[3 - len(items) :]


@given(items=st.lists(st.text(), unique=True), size=st.integers(1, 5))
def test_pages_put_together_are_the_list(items: list[str], size: int) -> None:
    seen, cursor = page("kind", items, str, None, size)
    while cursor is not None:
        more, cursor = page("kind", items, str, cursor, size)
        seen += more
    assert seen == items


PROMPT = types.PromptReference(name="migration-writer")
TEMPLATE = types.ResourceTemplateReference(uri="agent://{name}")


@both_eras
@pytest.mark.parametrize(
    ("ref", "argument", "values"),
    [
        (PROMPT, {"name": "engine", "value": ""}, ["postgresql", "mysql", "mariadb", "sqlite"]),
        (PROMPT, {"name": "engine", "value": "SQL"}, ["sqlite", "postgresql", "mysql"]),
        (PROMPT, {"name": "task", "value": "a"}, []),
        (PROMPT, {"name": "nothing", "value": "a"}, []),
        (TEMPLATE, {"name": "name", "value": "mig"}, ["migration-writer"]),
        (types.ResourceTemplateReference(uri="file://{path}"), {"name": "path", "value": "/etc"}, []),
        (types.PromptReference(name="nobody"), {"name": "task", "value": ""}, []),
    ],
)
async def test_values_that_start_with_what_was_typed_come_before_those_that_contain_it(
    mode: str, ref: Any, argument: dict[str, str], values: list[str]
) -> None:
    async with client(Surface(), mode) as connected:
        assert (await connected.complete(ref, argument)).completion.values == values


@both_eras
async def test_no_more_than_a_hundred_values_are_given_and_the_rest_is_counted(mode: str) -> None:
    surface = Surface(agents=tuple(agent(f"agent-{number}") for number in range(150)))
    async with client(surface, mode) as connected:
        completion = (await connected.complete(TEMPLATE, {"name": "name", "value": "agent"})).completion
    assert (len(completion.values), completion.total, completion.has_more) == (100, 150, True)
