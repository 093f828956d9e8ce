"""Files that change under a running server: both eras are told, and only of what changed."""

from __future__ import annotations

from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import PromptsListChanged, ResourcesListChanged, ResourceUpdated, ToolsListChanged

from domain_agents.tools import Result
from tests.protocol.connecting import both_eras, client, until
from tests.protocol.surface import Surface, agent, tool


class Heard:
    """The notifications a handshake client got."""

    def __init__(self) -> None:
        self.methods: list[str] = []
        self.uris: list[str] = []

    async def __call__(self, message: Any) -> None:
        if isinstance(message, types.ResourceUpdatedNotification):
            self.uris.append(message.params.uri)
        if hasattr(message, "method"):
            self.methods.append(message.method)

    async def wait_for(self, method: str) -> None:
        await until(lambda: method in self.methods)


@both_eras
async def test_an_edit_shows_on_the_next_request(mode: str) -> None:
    surface = Surface()
    async with client(surface, mode) as connected:
        await connected.list_prompts()
        surface.agents = (*surface.agents, agent("new-one"))
        assert "new-one" in [prompt.name for prompt in (await connected.list_prompts()).prompts]
        assert (await connected.read_resource("agent://new-one")).contents


async def test_a_handshake_client_is_promised_and_told_of_changed_lists() -> None:
    surface, heard = Surface(), Heard()
    async with client(surface, "legacy", message_handler=heard) as connected:
        promised = connected.server_capabilities
        assert promised.tools is not None
        assert promised.prompts is not None
        assert promised.resources is not None
        assert promised.tools.list_changed
        assert promised.prompts.list_changed
        assert promised.resources.list_changed
        assert promised.resources.subscribe
        await until(lambda: surface.reads >= 3)
        surface.agents = (*surface.agents, agent("new-one"))
        await heard.wait_for("notifications/prompts/list_changed")
        await heard.wait_for("notifications/resources/list_changed")
        surface.extra_tools = (tool("new_tool", lambda *_: Result({"said": ""}, "")),)
        await heard.wait_for("notifications/tools/list_changed")
    assert heard.methods.count("notifications/tools/list_changed") == 1


@pytest.mark.filterwarnings("ignore:resources/(un)?subscribe is removed")
async def test_a_handshake_client_hears_of_a_resource_only_after_it_subscribed() -> None:
    surface, heard = Surface(), Heard()
    async with client(surface, "legacy", message_handler=heard) as connected:
        await connected.subscribe_resource("agent://schema-designer")
        await until(lambda: surface.reads >= 3)
        surface.edit("migration-writer", "Changed.\n")
        surface.edit("schema-designer", "Changed.\n")
        await heard.wait_for("notifications/resources/updated")
        await connected.unsubscribe_resource("agent://schema-designer")
        with pytest.raises(MCPError) as caught:
            await connected.subscribe_resource("agent://nobody")
    assert heard.uris == ["agent://schema-designer"]
    assert caught.value.code == -32002


async def test_a_listening_client_gets_the_events_it_asked_for_and_no_others() -> None:
    surface = Surface()
    wanted: dict[str, Any] = {"prompts_list_changed": True, "resource_subscriptions": ["agent://schema-designer"]}
    async with client(surface, "auto") as connected, connected.listen(**wanted) as stream:
        surface.agents = (*surface.agents, agent("new-one"))
        surface.edit("schema-designer", "Changed.\n")
        with anyio.fail_after(10):
            events = {await anext(stream), await anext(stream)}
    assert events == {PromptsListChanged(), ResourceUpdated(uri="agent://schema-designer")}


async def test_a_listening_client_hears_of_tools_and_resources() -> None:
    surface = Surface()
    wanted: dict[str, Any] = {"tools_list_changed": True, "resources_list_changed": True}
    async with client(surface, "auto") as connected, connected.listen(**wanted) as stream:
        surface.agents = (*surface.agents, agent("new-one"))
        surface.extra_tools = (tool("new_tool", lambda *_: Result({"said": ""}, "")),)
        with anyio.fail_after(10):
            events = {await anext(stream), await anext(stream)}
    assert events == {ToolsListChanged(), ResourcesListChanged()}


async def test_nobody_listening_means_no_file_is_looked_at() -> None:
    surface = Surface()
    async with client(surface, "auto") as connected:
        await connected.list_tools()
        async with connected.listen(tools_list_changed=True):
            await until(lambda: surface.reads >= 5)
        for _ in range(100):
            before = surface.reads
            await anyio.sleep(0.1)
            if surface.reads == before:
                break
        assert surface.reads == before


async def test_a_moment_in_which_files_cannot_be_read_does_not_end_the_watch() -> None:
    class Flaky(Surface):
        broken = False

        def __call__(self) -> Any:
            if self.broken:
                raise OSError("gone for a moment")
            return super().__call__()

    surface = Flaky()
    async with client(surface, "auto") as connected, connected.listen(prompts_list_changed=True) as stream:
        surface.broken = True
        await anyio.sleep(0.1)
        surface.broken = False
        surface.agents = (*surface.agents, agent("new-one"))
        with anyio.fail_after(10):
            assert await anext(stream) == PromptsListChanged()
