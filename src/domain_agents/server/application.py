"""The server: one catalogue behind every method, in both protocol eras."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, unquote

import anyio.to_thread
import mcp_types as types
from mcp.server import NotificationOptions, Server, ServerRequestContext
from mcp.server.caching import CacheHint
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from domain_agents import __version__
from domain_agents.prompts import PromptError
from domain_agents.server import listing, skills
from domain_agents.server.calls import Call, is_modern, unexpected
from domain_agents.server.catalogue import Catalogue
from domain_agents.server.completions import complete
from domain_agents.server.instructions import INSTRUCTIONS
from domain_agents.server.live import Live, living
from domain_agents.server.paging import BadCursor, page
from domain_agents.tools._arguments import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from mcp.server.context import CallNext, HandlerResult
    from mcp.server.models import InitializationOptions

    from domain_agents.server.catalogue import CatalogueSource
    from domain_agents.tools import Settings

NAME = "domain-agents"
TITLE = "Domain agents"
DESCRIPTION = (
    "Specialists for migrations, schemas and machine-learning pipelines that prove what they write by running it"
)
RESOURCE_NOT_FOUND = -32002
"""What the handshake revisions of the protocol say; the later one says -32602."""
LIST_TTL_MS = 2_000
"""How long a client may believe a list. Short: an edited agent shows up on the next request after it."""
SURFACE_TTL_MS = 60_000

logger = logging.getLogger(__name__)

Context = ServerRequestContext[Live, Any]
ItemT = TypeVar("ItemT")


class _Server(Server[Live]):
    """The SDK's server, telling handshake clients that lists change when it can tell them so."""

    pushes: bool = True

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        changes = notification_options or NotificationOptions(self.pushes, self.pushes, self.pushes)
        return super().create_initialization_options(changes, experimental_capabilities, extensions)


def build_server(
    settings: Settings, source: CatalogueSource | None = None, *, pushes: bool = True, poll_seconds: float = 1.5
) -> Server[Live]:
    """The MCP server over the agents, prompts and tools of these settings.

    `source` gives the catalogue (default: what the settings say, read again when a file changed). `pushes` says that
    the transport keeps a connection over which a handshake client can be notified; without it nothing is promised.
    """
    if source is None:
        from domain_agents.server.sources import catalogue_source

        source = catalogue_source(settings)
    surface = _Surface(settings, source)

    def lifespan(_: Server[Live]) -> AbstractAsyncContextManager[Live]:
        return living(source, poll_seconds)

    lists = CacheHint(ttl_ms=LIST_TTL_MS, scope="private")
    server = _Server(
        NAME,
        version=__version__,
        title=TITLE,
        description=DESCRIPTION,
        instructions=INSTRUCTIONS,
        icons=listing.icons("server"),
        lifespan=lifespan,
        cache_hints={
            "tools/list": lists,
            "prompts/list": lists,
            "resources/list": lists,
            "resources/templates/list": lists,
            "resources/read": lists,
            "server/discover": CacheHint(ttl_ms=SURFACE_TTL_MS, scope="private"),
        },
        on_list_tools=surface.list_tools,
        on_call_tool=surface.call_tool,
        on_list_prompts=surface.list_prompts,
        on_get_prompt=surface.get_prompt,
        on_list_resources=surface.list_resources,
        on_list_resource_templates=surface.list_templates,
        on_read_resource=surface.read_resource,
        on_completion=surface.complete,
        on_subscribe_resource=surface.subscribe if pushes else None,
        on_unsubscribe_resource=surface.unsubscribe if pushes else None,
        on_subscriptions_listen=_listen,
    )
    server.pushes = pushes
    server.extensions[skills.EXTENSION] = {}
    server.add_request_handler("skills/list", skills.ListParams, surface.list_skills)
    server.add_request_handler("skills/get", skills.GetParams, surface.get_skill)
    if pushes:
        server.add_notification_handler("notifications/initialized", types.NotificationParams, _initialized)
    server.middleware.append(_nothing_leaks)
    return server


async def _listen(context: Context, params: types.SubscriptionsListenRequestParams) -> types.SubscriptionsListenResult:
    return await context.lifespan_context.listen(context, params)


async def _initialized(context: Context, _: types.NotificationParams) -> None:
    await context.lifespan_context.greet(context.session)


async def _nothing_leaks(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Whatever a handler did not foresee becomes an internal error with a reference; its text stays in the log."""
    try:
        return await call_next(ctx)
    except (MCPError, ValidationError):
        raise
    except Exception as error:
        raise MCPError(types.INTERNAL_ERROR, unexpected(ctx.method)) from error


class _Surface:
    """The handlers. Each reads the catalogue anew, so an edited file shows up on the next request."""

    def __init__(self, settings: Settings, source: CatalogueSource) -> None:
        self._settings = settings
        self._source = source
        self._last = Catalogue()

    async def _catalogue(self) -> Catalogue:
        self._last = await anyio.to_thread.run_sync(self._source)
        return self._last

    async def list_tools(self, _: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        tools = listing.tools(await self._catalogue())
        chosen, after = _page("tools", tools, lambda tool: tool.name, params)
        return types.ListToolsResult(tools=chosen, next_cursor=after)

    async def call_tool(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        # A tool reads its own agent anew and says so when that is gone: a known tool needs no look at the files first.
        tool = self._last.tool(params.name) or (await self._catalogue()).tool(params.name)
        if tool is None:
            raise _unknown("tool", params.name, [tool.name for tool in self._last.tools])
        return await Call(tool, self._settings, context.lifespan_context, context, params).run()

    async def list_prompts(self, _: Context, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        prompts = (await self._catalogue()).prompts
        chosen, after = _page("prompts", prompts, lambda prompt: prompt.name, params)
        return types.ListPromptsResult(prompts=listing.prompts(chosen), next_cursor=after)

    async def get_prompt(self, _: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        catalogue = await self._catalogue()
        prompt = catalogue.prompt(params.name)
        if prompt is None:
            raise _unknown("prompt", params.name, [prompt.name for prompt in catalogue.prompts])
        try:
            text = await anyio.to_thread.run_sync(prompt.render, params.arguments or {})
        except PromptError as error:
            raise MCPError(types.INVALID_PARAMS, str(error)) from error
        message = types.PromptMessage(role="user", content=types.TextContent(text=text))
        return types.GetPromptResult(description=prompt.description, messages=[message])

    async def list_resources(
        self, _: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        agents = (await self._catalogue()).agents
        chosen, after = _page("resources", agents, lambda agent: agent.uri, params)
        return types.ListResourcesResult(resources=listing.resources(chosen), next_cursor=after)

    async def list_templates(
        self, _: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        chosen, after = _page("templates", listing.templates(), lambda template: template.uri_template, params)
        return types.ListResourceTemplatesResult(resource_templates=chosen, next_cursor=after)

    async def read_resource(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        text = _resource_text(await self._catalogue(), params.uri)
        if text is None:
            code = types.INVALID_PARAMS if is_modern(context) else RESOURCE_NOT_FOUND
            raise MCPError(code, f"There is no resource {params.uri[:200]}", {"uri": params.uri[:2000]})
        contents = types.TextResourceContents(uri=params.uri, mime_type=listing.MARKDOWN, text=text)
        return types.ReadResourceResult(contents=[contents])

    async def subscribe(self, context: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
        if _resource_text(await self._catalogue(), params.uri) is None:
            raise MCPError(RESOURCE_NOT_FOUND, f"There is no resource {params.uri[:200]}", {"uri": params.uri[:2000]})
        context.lifespan_context.subscribe(params.uri)
        return types.EmptyResult()

    async def unsubscribe(self, context: Context, params: types.UnsubscribeRequestParams) -> types.EmptyResult:
        context.lifespan_context.unsubscribe(params.uri)
        return types.EmptyResult()

    async def complete(self, _: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        catalogue = await self._catalogue()
        return types.CompleteResult(completion=await anyio.to_thread.run_sync(complete, catalogue, params))

    async def list_skills(self, _: Context, params: skills.ListParams) -> dict[str, Any]:
        served, left_out = skills.skills(await self._catalogue())
        chosen, after = _page("skills", served, lambda skill: skill.uri, params)
        if left_out:
            logger.info("not served as skills: %s", "; ".join(left_out))
        result: dict[str, Any] = {"skills": [skill.entry() for skill in chosen]}
        if after is not None:
            result["nextCursor"] = after
        return {**result, "ttlMs": LIST_TTL_MS, "cacheScope": "private"}

    async def get_skill(self, _: Context, params: skills.GetParams) -> dict[str, Any]:
        found = skills.skill(await self._catalogue(), params.uri)
        if found is None:
            raise MCPError(types.INVALID_PARAMS, f"There is no skill {params.uri[:200]}", {"uri": params.uri[:2000]})
        return {"skill": found.entry(), "ttlMs": LIST_TTL_MS, "cacheScope": "private"}


def _page(
    kind: str, items: Sequence[ItemT], key: Callable[[ItemT], str], params: types.PaginatedRequestParams | None
) -> tuple[list[ItemT], str | None]:
    try:
        return page(kind, items, key, params.cursor if params else None)
    except BadCursor:
        raise MCPError(
            types.INVALID_PARAMS, "The cursor is not one of this list's; start again without a cursor"
        ) from None


def _unknown(kind: str, name: str, names: list[str]) -> MCPError:
    return MCPError(types.INVALID_PARAMS, f"Unknown {kind}: {name[:200]}. {did_you_mean(name, names)}")


def _resource_text(catalogue: Catalogue, uri: str) -> str | None:
    agent = catalogue.agent(uri) or catalogue.agent(_respelled(uri))
    if agent is not None:
        return agent.text
    found = skills.skill(catalogue, uri)
    return found.text if found else None


def _respelled(uri: str) -> str:
    """The same URI as we spell it: a client may quote more, or less, of a name than we do."""
    scheme, separator, name = uri.partition("://")
    return f"{scheme}{separator}{quote(unquote(name), safe='')}"
