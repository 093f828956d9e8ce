"""A tool that needs one more answer: asked for where the client can be asked, else an error with the way out."""

from __future__ import annotations

from typing import Any

import mcp_types as types
import pytest

from tests.protocol.connecting import both_eras, client, text_of
from tests.protocol.surface import Surface


class Person:
    """Answers by field name, and remembers what was asked."""

    def __init__(self, action: str = "accept", **answers: str) -> None:
        self.action = action
        self.answers = answers
        self.asked: list[types.ElicitRequestFormParams] = []

    async def __call__(self, _: Any, params: Any) -> types.ElicitResult:
        self.asked.append(params)
        content = {name: self.answers[name] for name in params.requested_schema["properties"] if name in self.answers}
        return types.ElicitResult(action=self.action, content=content if self.action == "accept" else None)


@both_eras
async def test_the_person_is_asked_once_with_the_choices_and_the_answer_is_used(mode: str) -> None:
    person = Person(engine="mariadb")
    async with client(Surface(), mode, elicitation_callback=person) as connected:
        result = await connected.call_tool("plan", {"sql": "x"})
    assert result.structured_content == {"said": "mariadb"}
    (asked,) = person.asked
    assert asked.message == "Which database is this for?"
    assert asked.requested_schema["properties"]["engine"]["enum"] == ["postgresql", "mysql", "mariadb", "sqlite"]
    assert asked.requested_schema["required"] == ["engine"]


@both_eras
async def test_a_client_that_cannot_ask_gets_an_error_that_says_what_to_name(mode: str) -> None:
    async with client(Surface(), mode) as connected:
        result = await connected.call_tool("plan", {"sql": "x"})
    assert result.is_error
    assert text_of(result) == "Which database is this for? Call again with `engine`."


@both_eras
@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_a_person_who_does_not_answer_ends_the_call_without_anything_done(mode: str, action: str) -> None:
    async with client(Surface(), mode, elicitation_callback=Person(action)) as connected:
        result = await connected.call_tool("plan", {"sql": "x"})
    assert result.is_error
    assert action in text_of(result)
    assert "nothing was done" in text_of(result)


@both_eras
async def test_two_questions_are_asked_one_after_the_other_and_both_answers_count(mode: str) -> None:
    person = Person(engine="sqlite", table="users")
    async with client(Surface(), mode, elicitation_callback=person) as connected:
        result = await connected.call_tool("two_questions", {})
    assert result.structured_content == {"said": "sqlite/users"}
    assert len(person.asked) == 2


@both_eras
async def test_an_answer_that_does_not_fit_is_refused_like_an_argument(mode: str) -> None:
    async with client(Surface(), mode, elicitation_callback=Person(engine="oracle")) as connected:
        result = await connected.call_tool("plan", {"sql": "x"})
    assert result.is_error
    assert "`engine` must be one of" in text_of(result)


async def test_the_retry_needs_nothing_that_the_first_server_remembered() -> None:
    async with client(Surface(), "auto", elicitation_callback=Person()) as first:
        interim = await first.session.call_tool("two_questions", {"engine": "sqlite"}, allow_input_required=True)
    assert isinstance(interim, types.InputRequiredResult)
    answer: types.InputResponses = {"table": types.ElicitResult(action="accept", content={"table": "orders"})}
    async with client(Surface(), "auto", elicitation_callback=Person()) as second:
        result = await second.session.call_tool(
            "two_questions", {"engine": "sqlite"}, input_responses=answer, request_state=interim.request_state
        )
    assert isinstance(result, types.CallToolResult)
    assert result.structured_content == {"said": "sqlite/orders"}


@pytest.mark.parametrize("state", ["{", "[]", "null", "3", '{"engine": 3}', '{"nobody": "x"}'])
async def test_a_request_state_that_was_made_up_is_read_like_any_argument(state: str) -> None:
    answer: types.InputResponses = {"table": types.ElicitResult(action="accept", content={"table": "orders"})}
    async with client(Surface(), "auto") as connected:
        result = await connected.session.call_tool(
            "two_questions", {}, input_responses=answer, request_state=state, allow_input_required=True
        )
    assert isinstance(result, types.CallToolResult)
    assert result.is_error
    assert "engine" in text_of(result) or "nobody" in text_of(result)
