"""What our own server lists and says: within its budgets, the same every time, and as its files are now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import mcp_types as types
import pytest
from mcp import Client

from domain_agents.server import build_server
from domain_agents.tools import Settings
from tests.protocol.connecting import ROOT, both_eras, text_of

if TYPE_CHECKING:
    from pathlib import Path

    from mcp_types import Completion

EXAMPLE = ROOT / "examples" / "shop-postgresql"
MAX_LIST_BYTES = 12 * 1024


@pytest.fixture(autouse=True)
def no_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def ours(mode: str, project: Path | None = EXAMPLE) -> Client:
    return Client(build_server(Settings(project=project), poll_seconds=0.02), mode=mode, cache=None)


def size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


@both_eras
async def test_the_list_of_tools_keeps_to_its_budget(mode: str) -> None:
    async with ours(mode) as client:
        tools = (await client.list_tools()).tools
    listed = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
    assert size(listed) <= MAX_LIST_BYTES
    assert len(tools) <= 14
    for tool in tools:
        assert len(tool.name) <= 40
        assert tool.name.replace("_", "").isalnum()
        assert tool.description
        assert tool.output_schema
        assert tool.input_schema["additionalProperties"] is False


@both_eras
async def test_instructions_are_short_name_real_tools_and_are_said_in_both_eras(mode: str) -> None:
    async with ours(mode) as client:
        said = client.instructions
        tools = {tool.name for tool in (await client.list_tools()).tools}
        info = client.server_info
    assert said is not None
    assert len(said) < 2_000
    for name in ("find_agent", "get_agent", "migration_writer", "plan_migration", "prove_migration"):
        assert name in said
        assert name in tools
    assert info is not None
    assert info.name == "domain-agents"
    assert info.icons is not None
    assert info.icons[0].src.startswith("data:image/svg+xml;base64,")


@both_eras
async def test_two_servers_of_the_same_settings_list_the_same_bytes(mode: str) -> None:
    lists = []
    for _ in range(2):
        async with ours(mode) as client:
            results: list[Any] = [
                await client.list_tools(),
                await client.list_prompts(),
                await client.list_resources(),
                await client.list_resource_templates(),
            ]
            lists.append([result.model_dump_json(by_alias=True) for result in results])
    assert lists[0] == lists[1]


@both_eras
async def test_lists_may_be_believed_for_seconds_only(mode: str) -> None:
    async with ours(mode) as client:
        results: list[Any] = [await client.list_tools(), await client.list_prompts(), await client.list_resources()]
    for result in results:
        assert result.ttl_ms == (2_000 if mode == "auto" else 0)
        assert result.cache_scope == "private"


async def complete(client: Client, prompt: str, argument: str, typed: str) -> Completion:
    ref = types.PromptReference(name=prompt)
    return (await client.complete(ref, {"name": argument, "value": typed})).completion


@both_eras
async def test_completions_know_engines_frameworks_tables_and_files(mode: str) -> None:
    async with ours(mode) as client:
        assert (await complete(client, "plan-migration", "engine", "post")).values == ["postgresql"]
        assert (await complete(client, "plan-migration", "framework", "al")).values == ["alembic"]
        assert "users" in (await complete(client, "plan-migration", "table", "us")).values
        files = (await complete(client, "review-migration", "file", "migrations/")).values
    assert files
    assert all((EXAMPLE / file).is_file() for file in files)


@both_eras
async def test_without_a_project_there_is_nothing_to_complete_from_it(mode: str) -> None:
    async with ours(mode, None) as client:
        assert (await complete(client, "plan-migration", "table", "")).values == []
        assert (await complete(client, "review-migration", "file", "")).values == []


@both_eras
async def test_an_agent_written_into_the_project_is_there_on_the_next_request(mode: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    folder = project / ".domain-agents" / "agents"
    folder.mkdir(parents=True)
    async with ours(mode, project) as client:
        before = [tool.name for tool in (await client.list_tools()).tools]
        file = folder / "cache-keeper.md"
        file.write_text("---\nname: cache-keeper\ndescription: Keeps caches.\ntool: true\n---\nBe brief.\n")
        assert "cache-keeper" in [prompt.name for prompt in (await client.list_prompts()).prompts]
        assert "cache_keeper" in [tool.name for tool in (await client.list_tools()).tools]
        (contents,) = (await client.read_resource("agent://cache-keeper")).contents
        assert isinstance(contents, types.TextResourceContents)
        assert contents.text == file.read_text()
        assert not (await client.call_tool("cache_keeper", {"task": "x"})).is_error
        file.unlink()
        assert [tool.name for tool in (await client.list_tools()).tools] == before


@both_eras
async def test_every_tool_refuses_an_unknown_argument_by_name(mode: str) -> None:
    async with ours(mode) as client:
        for tool in (await client.list_tools()).tools:
            result = await client.call_tool(tool.name, {"no_such_argument": 1})
            assert result.is_error
            assert "`no_such_argument` is not known here" in text_of(result)


@both_eras
async def test_results_fit_the_output_schema_that_is_listed(mode: str) -> None:
    # The client checks each result against the schema that was listed, and raises where it does not fit.
    calls: list[tuple[str, dict[str, Any]]] = [
        ("migration_writer", {"task": "add a NOT NULL column to users"}),
        ("find_agent", {"request": "design tables"}),
        ("find_agent", {}),
        ("get_agent", {"name": "schema-designer"}),
        ("plan_migration", {"sql": "ALTER TABLE users ADD COLUMN tz text", "date": "2026-01-01"}),
        ("design_schema", {"spec": {"entities": [{"name": "User"}]}, "engine": "sqlite"}),
        (
            "design_pipeline",
            {"grid": {"problem": "churn", "rows": "20k"}, "artifacts": ["model_card"], "date": "2026-11-21"},
        ),
    ]
    async with ours(mode) as client:
        schemas = {tool.name: tool.output_schema or {} for tool in (await client.list_tools()).tools}
        for name, arguments in calls:
            result = await client.call_tool(name, arguments)
            assert not result.is_error, text_of(result)
            assert schemas[name]["properties"]
            assert set(schemas[name]["properties"]) <= set(result.structured_content)
            assert text_of(result).strip()
