"""What lives as long as a connection (or an HTTP server) does: worker limits, and the watch over the agents' files."""

from __future__ import annotations

import json
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    ToolsListChanged,
)

from domain_agents.server import listing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import mcp_types as types
    from mcp.server import ServerRequestContext
    from mcp.server.session import ServerSession

    from domain_agents.server.catalogue import Catalogue, CatalogueSource

QUICK_CALLS = 32
LONG_CALLS = 4
"""Calls that may run at once; further ones wait. Long ones start servers of their own and would starve the rest."""
MAX_LISTENERS = 128

logger = logging.getLogger(__name__)


class Live:
    """One connection's (or one HTTP server's) running state. Nothing in it outlives or is needed by another replica."""

    def __init__(self, source: CatalogueSource, poll_seconds: float) -> None:
        self._source = source
        self._poll_seconds = poll_seconds
        self._quick = anyio.CapacityLimiter(QUICK_CALLS)
        self._long = anyio.CapacityLimiter(LONG_CALLS)
        self._bus = InMemorySubscriptionBus()
        self._listen = ListenHandler(self._bus, max_subscriptions=MAX_LISTENERS)
        self._listeners = 0
        self._session: ServerSession | None = None
        self._subscribed: set[str] = set()
        self._wanted = anyio.Event()
        self._known: Catalogue | None = None

    def limiter(self, *, long: bool) -> anyio.CapacityLimiter:
        """How many calls of this kind may run at once."""
        return self._long if long else self._quick

    async def listen(
        self, context: ServerRequestContext[Live, Any], params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Serve one modern subscription stream until its client leaves."""
        self._listeners += 1
        try:
            await self._attend()
            return await self._listen(context, params)
        finally:
            self._listeners -= 1

    async def greet(self, session: ServerSession) -> None:
        """A handshake connection is ready for notifications."""
        self._session = session
        await self._attend()

    def subscribe(self, uri: str) -> None:
        """A handshake connection wants to know when a resource changes."""
        self._subscribed.add(uri)

    def unsubscribe(self, uri: str) -> None:
        """It no longer does."""
        self._subscribed.discard(uri)

    async def watch(self) -> None:
        """Tell whoever listens what changed. Files are looked at only while somebody does."""
        while True:
            await self._wanted.wait()
            while self._listeners or self._session is not None:
                await anyio.sleep(self._poll_seconds)
                await self._compare()
            self._known = None
            self._wanted = anyio.Event()

    async def _attend(self) -> None:
        """Know what there is before a client is told that it will hear of changes, so that none falls between."""
        if self._known is None:
            self._known = await self._read()
        self._wanted.set()

    async def _compare(self) -> None:
        before, now = self._known, await self._read()
        if now is None:
            return
        self._known = now
        if before is not None and now.fingerprint != before.fingerprint:
            for event in _changes(before, now):
                await self._tell(event)

    async def _read(self) -> Catalogue | None:
        try:
            return await anyio.to_thread.run_sync(self._source, abandon_on_cancel=True)
        except Exception:
            logger.exception("the agents could not be read")
            return None

    async def _tell(self, event: ServerEvent) -> None:
        await self._bus.publish(event)
        session = self._session
        if session is None:
            return
        if isinstance(event, ToolsListChanged):
            await session.send_tool_list_changed()
        elif isinstance(event, PromptsListChanged):
            await session.send_prompt_list_changed()
        elif isinstance(event, ResourcesListChanged):
            await session.send_resource_list_changed()
        elif event.uri in self._subscribed:
            await session.send_resource_updated(event.uri)


@asynccontextmanager
async def living(source: CatalogueSource, poll_seconds: float) -> AsyncIterator[Live]:
    """Live state with its watch running."""
    live = Live(source, poll_seconds)
    async with anyio.create_task_group() as group:
        group.start_soon(live.watch)
        try:
            yield live
        finally:
            group.cancel_scope.cancel()


def _changes(before: Catalogue, now: Catalogue) -> list[ServerEvent]:
    """The events that lead from one catalogue to the other, lists first."""
    events: list[ServerEvent] = []
    if _listed(listing.tools(before)) != _listed(listing.tools(now)):
        events.append(ToolsListChanged())
    if _listed(listing.prompts(before.prompts)) != _listed(listing.prompts(now.prompts)):
        events.append(PromptsListChanged())
    if _listed(listing.resources(before.agents)) != _listed(listing.resources(now.agents)):
        events.append(ResourcesListChanged())
    old = {agent.uri: agent for agent in before.agents}
    for agent in now.agents:
        known = old.get(agent.uri)
        if known is not None and known.text != agent.text:
            events += [ResourceUpdated(uri=agent.uri), ResourceUpdated(uri=listing.skill_uri(agent))]
    return events


def _listed(items: list[Any]) -> str:
    return json.dumps([item.model_dump(mode="json", exclude_none=True) for item in items], sort_keys=True)
