"""The server that the conformance suite asks for: its own names, over the same SDK surface that ours is built on.

`python -m tests.protocol.conformance_server PORT`. Tests only: nothing of it is product.
"""

from __future__ import annotations

import base64
import hmac
import json
import sys
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import mcp_types as types
import uvicorn
from mcp import MCPDeprecationWarning
from mcp.server import NotificationOptions, Server, ServerRequestContext
from mcp.server.streamable_http import EventCallback, EventId, EventMessage, EventStore, StreamId
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, PromptsListChanged, ToolsListChanged
from mcp.shared.exceptions import MCPError

# The suite asks for what the protocol deprecates (sampling, logging): this server is there to answer it.
warnings.simplefilter("ignore", MCPDeprecationWarning)

Context = ServerRequestContext[Any, Any]
Answer = types.CallToolResult | types.InputRequiredResult
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SILENCE = base64.b64encode(b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0@\x1f\0\0@\x1f\0\0\1\0\x08\0data\0\0\0\0").decode()
KEY = b"a key for a test server, known to everybody"
BUS = InMemorySubscriptionBus()
NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
SCHEMA_2020: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def text(said: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=said)])


def form(message: str, **fields: str) -> types.ElicitRequest:
    schema = {"type": "object", "properties": {k: {"type": v} for k, v in fields.items()}, "required": list(fields)}
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=schema))


def sampling(prompt: str, most: int = 100) -> types.CreateMessageRequest:
    message = types.SamplingMessage(role="user", content=types.TextContent(text=prompt))
    return types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=[message], max_tokens=most))


def sealed(state: str) -> str:
    return f"{state}.{hmac.digest(KEY, state.encode(), 'sha256').hex()}"


def opened(given: str | None) -> str | None:
    if given is None:
        return None
    state, _, _ = given.rpartition(".")
    if not hmac.compare_digest(given.encode(), sealed(state).encode()):
        raise MCPError(types.INVALID_PARAMS, "requestState was tampered with")
    return state


async def logging_tool(context: Context, _: dict[str, Any]) -> Answer:
    for said in ("started", "processing", "done"):
        await context.session.send_log_message("info", said, related_request_id=context.request_id)
        await anyio.sleep(0.05)
    return text("logged")


async def progress_tool(context: Context, _: dict[str, Any]) -> Answer:
    for done in (0, 50, 100):
        await context.session.report_progress(done, 100, f"{done} of 100")
        await anyio.sleep(0.05)
    return text("done")


async def sampling_tool(context: Context, arguments: dict[str, Any]) -> Answer:
    message = types.SamplingMessage(role="user", content=types.TextContent(text=arguments["prompt"]))
    result = await context.session.create_message([message], max_tokens=100, related_request_id=context.request_id)
    return text(f"LLM response: {result.content}")


def asking(schema: dict[str, Any]) -> Callable[[Context, dict[str, Any]], Awaitable[Answer]]:
    async def tool(context: Context, arguments: dict[str, Any]) -> Answer:
        message = arguments.get("message", "Please fill this in")
        result = await context.session.elicit_form(message, schema, related_request_id=context.request_id)
        return text(f"Elicitation completed: action={result.action}, content={json.dumps(result.content)}")

    return tool


def properties(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": []}


DEFAULTS = properties(
    name={"type": "string", "default": "John Doe"},
    age={"type": "integer", "default": 30},
    score={"type": "number", "default": 95.5},
    status={"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    verified={"type": "boolean", "default": True},
)
ONE, TITLED = ["option1", "option2", "option3"], [{"const": f"value{n}", "title": f"Option {n}"} for n in (1, 2, 3)]
ENUMS = properties(
    untitledSingle={"type": "string", "enum": ONE},
    titledSingle={"type": "string", "oneOf": TITLED},
    legacyEnum={"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"]},
    untitledMulti={"type": "array", "items": {"type": "string", "enum": ONE}},
    titledMulti={"type": "array", "items": {"anyOf": TITLED}},
)


async def reconnection(context: Context, _: dict[str, Any]) -> Answer:
    if context.close_sse_stream is not None:
        await context.close_sse_stream()
    await anyio.sleep(0.2)
    return text("Reconnection test completed")


async def missing_capability(context: Context, _: dict[str, Any]) -> Answer:
    capabilities = context.session.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        needed: dict[str, Any] = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(types.MISSING_REQUIRED_CLIENT_CAPABILITY, "sampling is needed", needed)
    return text("it is there")


def changing(event: ToolsListChanged | PromptsListChanged) -> Callable[[Context, dict[str, Any]], Awaitable[Answer]]:
    async def tool(_: Context, __: dict[str, Any]) -> Answer:
        await BUS.publish(event)
        return text("changed")

    return tool


async def raising(_: Context, __: dict[str, Any]) -> Answer:
    return types.CallToolResult(content=[types.TextContent(text="This tool always fails")], is_error=True)


def giving(*content: Any) -> Callable[[Context, dict[str, Any]], Awaitable[Answer]]:
    async def tool(_: Context, __: dict[str, Any]) -> Answer:
        return types.CallToolResult(content=list(content))

    return tool


IMAGE = types.ImageContent(data=PIXEL, mime_type="image/png")


def embedded(uri: str, said: str) -> types.EmbeddedResource:
    return types.EmbeddedResource(resource=types.TextResourceContents(uri=uri, mime_type="text/plain", text=said))


Tool = Callable[[Context, dict[str, Any]], Awaitable[Answer]]
TOOLS: dict[str, tuple[dict[str, Any], Tool]] = {
    "test_simple_text": (NOTHING, giving(types.TextContent(text="This is a simple text response for testing."))),
    "test_image_content": (NOTHING, giving(IMAGE)),
    "test_audio_content": (NOTHING, giving(types.AudioContent(data=SILENCE, mime_type="audio/wav"))),
    "test_embedded_resource": (NOTHING, giving(embedded("test://embedded-resource", "An embedded resource."))),
    "test_multiple_content_types": (
        NOTHING,
        giving(types.TextContent(text="Multiple content types:"), IMAGE, embedded("test://mixed", "mixed")),
    ),
    "test_error_handling": (NOTHING, raising),
    "test_tool_with_logging": (NOTHING, logging_tool),
    "test_logging_tool": (NOTHING, logging_tool),
    "test_tool_with_progress": (NOTHING, progress_tool),
    "test_sampling": (properties(prompt={"type": "string"}), sampling_tool),
    "test_elicitation": (
        properties(message={"type": "string"}),
        asking(properties(username={"type": "string"}, email={"type": "string"})),
    ),
    "test_elicitation_sep1034_defaults": (NOTHING, asking(DEFAULTS)),
    "test_elicitation_sep1330_enums": (NOTHING, asking(ENUMS)),
    "json_schema_2020_12_tool": (SCHEMA_2020, giving(types.TextContent(text="ok"))),
    "test_reconnection": (NOTHING, reconnection),
    "test_missing_capability": (NOTHING, missing_capability),
    "test_trigger_tool_change": (NOTHING, changing(ToolsListChanged())),
    "test_trigger_prompt_change": (NOTHING, changing(PromptsListChanged())),
    "test_x_mcp_header": (
        properties(region={"type": "string", "x-mcp-header": "Region"}),
        giving(types.TextContent(text="ok")),
    ),
}
STREAMING = "test_streaming_elicitation"
PREFIX = "test_input_required_result_"
ROUNDS: dict[str, list[dict[str, Any]]] = {
    "elicitation": [{"user_name": form("What is your name?", name="string")}],
    "sampling": [{"capital_question": sampling("What is the capital of France?")}],
    "list_roots": [{"client_roots": types.ListRootsRequest(params=types.RequestParams())}],
    "request_state": [{"confirm": form("Please confirm", ok="boolean")}],
    "tampered_state": [{"confirm": form("Please confirm", ok="boolean")}],
    "multiple_inputs": [
        {
            "user_name": form("What is your name?", name="string"),
            "greeting": sampling("Generate a greeting", 50),
            "client_roots": types.ListRootsRequest(params=types.RequestParams()),
        }
    ],
    "multi_round": [
        {"step1": form("Step 1: What is your name?", name="string")},
        {"step2": form("Step 2: What is your favorite color?", color="string")},
    ],
    "capabilities": [{"user_name": form("What is your name?", name="string"), "greeting": sampling("Greet")}],
}
STATELESS = ("elicitation", "sampling", "list_roots", "capabilities")


def is_answer(request: Any, response: Any) -> bool:
    if isinstance(request, types.ElicitRequest):
        return isinstance(response, types.ElicitResult) and (response.action != "accept" or bool(response.content))
    return response is not None


def in_rounds(name: str, context: Context, params: types.CallToolRequestParams) -> Answer:
    state = opened(params.request_state)
    done = int(state or 0)
    rounds = ROUNDS[name]
    wanted = rounds[min(done, len(rounds) - 1)]
    capabilities = context.session.client_capabilities or types.ClientCapabilities()
    if name == "capabilities":
        able = {types.ElicitRequest: capabilities.elicitation, types.CreateMessageRequest: capabilities.sampling}
        wanted = {key: request for key, request in wanted.items() if able[type(request)] is not None}
    given = params.input_responses or {}
    if wanted and all(is_answer(request, given.get(key)) for key, request in wanted.items()):
        done += 1
        if done == len(rounds):
            answers = {key: one.model_dump(mode="json", exclude_none=True) for key, one in given.items()}
            return text(f"state-ok Hello, {json.dumps(answers)}!")
        wanted = rounds[done]
    return types.InputRequiredResult(
        input_requests=wanted, request_state=None if name in STATELESS else sealed(str(done))
    )


async def list_tools(_: Context, __: Any) -> types.ListToolsResult:
    schemas = {name: schema for name, (schema, _) in TOOLS.items()} | {PREFIX + name: NOTHING for name in ROUNDS}
    schemas[STREAMING] = NOTHING
    listed = [types.Tool(name=n, description=f"What {n} does.", input_schema=s) for n, s in schemas.items()]
    return types.ListToolsResult(tools=listed)


async def call_tool(context: Context, params: types.CallToolRequestParams) -> Answer:
    if params.name == STREAMING:
        await context.session.report_progress(1, 2, "about to ask")
        return in_rounds("elicitation", context, params)
    if params.name.removeprefix(PREFIX) in ROUNDS:
        return in_rounds(params.name.removeprefix(PREFIX), context, params)
    if params.name not in TOOLS:
        raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name}")
    return await TOOLS[params.name][1](context, params.arguments or {})


RESOURCES: dict[str, types.TextResourceContents | types.BlobResourceContents] = {
    "test://static-text": types.TextResourceContents(uri="test://static-text", mime_type="text/plain", text="Static."),
    "test://static-binary": types.BlobResourceContents(uri="test://static-binary", mime_type="image/png", blob=PIXEL),
    "test://watched-resource": types.TextResourceContents(
        uri="test://watched-resource", mime_type="text/plain", text="W"
    ),
}


async def list_resources(_: Context, __: Any) -> types.ListResourcesResult:
    return types.ListResourcesResult(
        resources=[types.Resource(uri=uri, name=uri, description="A resource.") for uri in RESOURCES]
    )


async def list_templates(_: Context, __: Any) -> types.ListResourceTemplatesResult:
    template = types.ResourceTemplate(uri_template="test://template/{id}/data", name="template", description="One.")
    return types.ListResourceTemplatesResult(resource_templates=[template])


async def read_resource(_: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    if params.uri in RESOURCES:
        return types.ReadResourceResult(contents=[RESOURCES[params.uri]])
    parts = params.uri.split("/")
    if params.uri.startswith("test://template/") and len(parts) == 5:
        said = json.dumps({"id": parts[3], "templateTest": True, "data": f"Data for ID: {parts[3]}"})
        contents = types.TextResourceContents(uri=params.uri, mime_type="application/json", text=said)
        return types.ReadResourceResult(contents=[contents])
    raise MCPError(types.INVALID_PARAMS, "There is no such resource", {"uri": params.uri})


async def agree(_: Context, __: Any) -> types.EmptyResult:
    return types.EmptyResult()


def user(content: Any) -> types.PromptMessage:
    return types.PromptMessage(role="user", content=content)


PROMPTS: dict[str, list[str]] = {
    "test_simple_prompt": [],
    "test_prompt_with_arguments": ["arg1", "arg2"],
    "test_prompt_with_embedded_resource": ["resourceUri"],
    "test_prompt_with_image": [],
    "test_input_required_result_prompt": [],
}


async def list_prompts(_: Context, __: Any) -> types.ListPromptsResult:
    return types.ListPromptsResult(
        prompts=[
            types.Prompt(
                name=name,
                description=f"What {name} says.",
                arguments=[types.PromptArgument(name=one, description="A text.", required=True) for one in arguments],
            )
            for name, arguments in PROMPTS.items()
        ]
    )


async def get_prompt(
    _: Context, params: types.GetPromptRequestParams
) -> types.GetPromptResult | types.InputRequiredResult:
    given = params.arguments or {}
    match params.name:
        case "test_simple_prompt":
            messages = [user(types.TextContent(text="This is a simple prompt for testing."))]
        case "test_prompt_with_arguments":
            said = f"Prompt with arguments: arg1='{given.get('arg1')}', arg2='{given.get('arg2')}'"
            messages = [user(types.TextContent(text=said))]
        case "test_prompt_with_embedded_resource":
            uri = given.get("resourceUri", "test://example")
            messages = [user(embedded(uri, "Embedded.")), user(types.TextContent(text="Process the resource above."))]
        case "test_prompt_with_image":
            messages = [user(IMAGE), user(types.TextContent(text="Analyze the image above."))]
        case "test_input_required_result_prompt":
            answer = (params.input_responses or {}).get("user_context")
            if not isinstance(answer, types.ElicitResult):
                wanted = {"user_context": form("What context should the prompt use?", context="string")}
                return types.InputRequiredResult(input_requests=dict(wanted))
            messages = [user(types.TextContent(text=f"Context: {answer.content}"))]
        case _:
            raise MCPError(types.INVALID_PARAMS, "There is no such prompt")
    return types.GetPromptResult(messages=messages)


async def complete(_: Context, __: types.CompleteRequestParams) -> types.CompleteResult:
    return types.CompleteResult(completion=types.Completion(values=["paris", "park", "party"], total=3, has_more=False))


class Events(EventStore):
    """Everything that was sent, for a client that comes back."""

    def __init__(self) -> None:
        self.sent: list[tuple[StreamId, types.JSONRPCMessage | None]] = []

    async def store_event(self, stream_id: StreamId, message: types.JSONRPCMessage | None) -> EventId:
        self.sent.append((stream_id, message))
        return str(len(self.sent))

    async def replay_events_after(self, last_event_id: EventId, send_callback: EventCallback) -> StreamId | None:
        last = int(last_event_id)
        stream = self.sent[last - 1][0]
        for number, (of, message) in enumerate(self.sent[last:], start=last + 1):
            if of == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream


class Fixture(Server[Any]):
    def create_initialization_options(self, *_: Any, **more: Any) -> Any:
        return super().create_initialization_options(NotificationOptions(True, True, True), **more)


@asynccontextmanager
async def lifespan(_: Server[Any]) -> AsyncIterator[dict[str, Any]]:
    yield {}


def build() -> Server[Any]:
    return Fixture(
        "conformance-fixture",
        version="1",
        lifespan=lifespan,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_subscribe_resource=agree,
        on_unsubscribe_resource=agree,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_completion=complete,
        on_set_logging_level=agree,
        on_subscriptions_listen=ListenHandler(BUS),
    )


if __name__ == "__main__":
    application = build().streamable_http_app(event_store=Events(), retry_interval=500)
    uvicorn.run(application, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
