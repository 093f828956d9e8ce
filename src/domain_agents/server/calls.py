"""One tool call: arguments read, function run in a worker thread, progress and cancellation carried, questions asked.

Whatever a tool does, the client gets a result it can act on; a traceback goes to the log with the reference that the
client was given.
"""

from __future__ import annotations

import json
import logging
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
import anyio.from_thread
import anyio.to_thread
import mcp_types as types
from mcp.shared.exceptions import MCPError

from domain_agents.tools import Cancelled, Job, NeedsAnswer, Result, ToolError
from domain_agents.tools._arguments import parse_arguments

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream
    from mcp.server import ServerRequestContext

    from domain_agents.server.live import Live
    from domain_agents.tools import Settings, Tool

MAX_QUESTIONS = 5
"""A tool that asks more than this is not going to be satisfied by one more answer."""
_PROGRESS_BACKLOG = 256
_MODERN = "2026-07-28"

logger = logging.getLogger(__name__)

Progress = tuple[float, float | None, str]
Outcome = types.CallToolResult | types.InputRequiredResult


def is_modern(context: ServerRequestContext[Any, Any]) -> bool:
    """Whether the request came in the protocol without a handshake."""
    return context.protocol_version >= _MODERN


def failed(text: str) -> types.CallToolResult:
    """A tool error. It holds no structuredContent: clients check that against the output schema even on errors, and
    ask for none when the result says it is one."""
    return types.CallToolResult(content=[types.TextContent(text=text)], is_error=True)


def unexpected(what: str) -> str:
    """Log the exception at hand (call it in an `except`); the text that may be sent instead of it."""
    reference = secrets.token_hex(4)
    logger.exception("%s failed (reference %s)", what, reference, extra={"reference": reference})  # noqa: LOG004
    return (
        f"{what} failed inside the server; the arguments are not at fault. The server's log has the details under "
        f"reference {reference}."
    )


@dataclass(frozen=True)
class Call:
    """One `tools/call` on its way."""

    tool: Tool
    settings: Settings
    live: Live
    context: ServerRequestContext[Live, Any]
    params: types.CallToolRequestParams

    async def run(self) -> Outcome:
        """The result, an error result, or (modern protocol) the question that must be answered first."""
        try:
            answers = self._answers()
            while True:
                arguments = {**(self.params.arguments or {}), **answers}
                try:
                    result = await self._work(arguments)
                except NeedsAnswer as question:
                    if question.field in answers or len(answers) >= MAX_QUESTIONS or not self._may_ask():
                        return failed(str(question))
                    if is_modern(self.context):
                        return _ask_in_result(question, answers)
                    answers[question.field] = await self._ask_now(question)
                else:
                    return types.CallToolResult(
                        content=[types.TextContent(text=result.text)], structured_content=result.structured
                    )
        except ToolError as error:
            return failed(str(error))
        except Cancelled:
            return failed(f"{self.tool.name} was cancelled.")
        except MCPError:
            raise
        except Exception:  # noqa: BLE001 - the boundary: logged with a reference, never sent
            return failed(unexpected(self.tool.name))

    async def _work(self, raw: dict[str, Any]) -> Result:
        """Run the tool in a worker thread; cancelling the call stops it at its next check."""
        if not self.tool.long:
            return await self._run(raw, Job())
        send, receive = anyio.create_memory_object_stream[Progress](_PROGRESS_BACKLOG)

        def offer(item: Progress) -> None:
            # A client that does not read its progress must not stop the work.
            with suppress(anyio.WouldBlock, anyio.ClosedResourceError, anyio.BrokenResourceError):
                send.send_nowait(item)

        def on_progress(done: float, total: float | None, message: str) -> None:
            try:
                anyio.from_thread.run_sync(offer, (done, total, message))
            except RuntimeError as error:
                raise Cancelled from error  # the call's event loop is gone: nobody waits for this any more

        outcome = _Outcome()
        async with receive, anyio.create_task_group() as group:
            group.start_soon(self._forward, receive)
            with send:
                outcome = await self._caught(raw, Job(on_progress=on_progress))
        return outcome.value()

    async def _run(self, raw: dict[str, Any], job: Job) -> Result:
        try:
            return await anyio.to_thread.run_sync(
                lambda: self.tool.call(parse_arguments(self.tool, raw), self.settings, job),
                abandon_on_cancel=True,
                limiter=self.live.limiter(long=self.tool.long),
            )
        finally:
            job.cancel()

    async def _caught(self, raw: dict[str, Any], job: Job) -> _Outcome:
        """The outcome as a value: a task group would wrap an exception in a group."""
        try:
            return _Outcome(result=await self._run(raw, job))
        except Exception as error:  # noqa: BLE001 - raised again by value()
            return _Outcome(error=error)

    async def _forward(self, receive: MemoryObjectReceiveStream[Progress]) -> None:
        last = float("-inf")
        async for done, total, message in receive:
            if done > last:  # the protocol wants every step to be greater than the one before
                last = done
                await self.context.session.report_progress(done, total, message or None)

    def _may_ask(self) -> bool:
        capabilities = self.context.session.client_capabilities
        if capabilities is None or capabilities.elicitation is None:
            return False
        asks_by_form = capabilities.elicitation.form is not None or capabilities.elicitation.url is None
        return asks_by_form and (is_modern(self.context) or self.context.session.can_send_request)

    def _answers(self) -> dict[str, Any]:
        """What the person has answered so far. It comes from the client and is read like any other argument.

        Raises:
            ToolError: the person did not want to answer.
        """
        given = self.params.input_responses
        if not given:
            return {}
        answers: dict[str, Any] = {}
        try:
            remembered = json.loads(self.params.request_state or "{}")
        except ValueError:
            remembered = None
        if isinstance(remembered, dict):
            answers.update(remembered)
        for name, response in given.items():
            if isinstance(response, types.ElicitResult):
                answers[name] = _answer(name, response)
        return answers

    async def _ask_now(self, question: NeedsAnswer) -> Any:
        """Ask over the handshake protocol's back-channel.

        Raises:
            ToolError: the person did not want to answer, or could not be asked.
        """
        try:
            response = await self.context.session.elicit_form(
                question.question, _form(question), related_request_id=self.context.request_id
            )
        except MCPError as error:
            raise ToolError(str(question)) from error
        try:
            return _answer(question.field, response)
        except ToolError as error:
            raise ToolError(f"{error} {question.way_out}") from None


@dataclass(frozen=True, slots=True)
class _Outcome:
    result: Result | None = None
    error: Exception | None = None

    def value(self) -> Result:
        if self.error is not None:
            raise self.error
        if self.result is None:
            raise TypeError("the tool returned nothing")
        return self.result


def _form(question: NeedsAnswer) -> dict[str, Any]:
    field: dict[str, Any] = {"type": "string", "title": question.field, "description": question.question}
    if question.choices:
        field["enum"] = list(question.choices)
    return {"type": "object", "properties": {question.field: field}, "required": [question.field]}


def _ask_in_result(question: NeedsAnswer, answers: dict[str, Any]) -> types.InputRequiredResult:
    """The question as a result. Earlier answers travel with the client, so any replica can take the retry."""
    request = types.ElicitRequest(
        params=types.ElicitRequestFormParams(message=question.question, requested_schema=_form(question))
    )
    return types.InputRequiredResult(
        input_requests={question.field: request},
        request_state=json.dumps(answers, sort_keys=True) if answers else None,
    )


def _answer(field: str, response: types.ElicitResult) -> Any:
    if response.action != "accept" or not response.content or field not in response.content:
        raise ToolError(f"`{field}` was asked for and not answered ({response.action}); nothing was done.")
    return response.content[field]
