"""The Inspector's command line over the real stdio command, in both eras."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.protocol import connecting, node

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.inspector
EXAMPLE = str(connecting.ROOT / "examples" / "shop-postgresql")
both_eras = pytest.mark.parametrize("era", ["legacy", "modern"])


def run(era: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The Inspector's call; one that it does not accept fails the test with what it said."""
    server = [sys.executable, "-m", "domain_agents", "--project", EXAMPLE]
    program = "inspector/clients/launcher/build/index.js"
    done = node.run(program, "--cli", "--protocol-era", era, *server, *arguments, "--format", "json")
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def inspect(era: str, *arguments: str) -> Any:
    """The result of the request that the Inspector made."""
    return json.loads(run(era, *arguments).stdout)["result"]


@both_eras
def test_the_schemas_of_our_tools_are_portable(era: str) -> None:
    done = run(era, "--method", "tools/list", "--strict")
    tools = json.loads(done.stdout)["result"]["tools"]
    assert [tool["name"] for tool in tools][-3:] == ["diff_schema", "design_pipeline", "audit_pipeline"]
    assert "Error:" not in done.stderr
    assert "Warning:" not in done.stderr


@both_eras
def test_prompts_are_listed_and_given(era: str) -> None:
    result = inspect(era, "--method", "prompts/list")
    assert "migration-writer" in [prompt["name"] for prompt in result["prompts"]]
    arguments = ("--prompt-name", "migration-writer", "--prompt-args", "task=hello")
    got = inspect(era, "--method", "prompts/get", *arguments)
    assert "hello" in got["messages"][0]["content"]["text"]


@both_eras
def test_a_tool_is_called(era: str) -> None:
    arguments = ("--tool-name", "find_agent", "--tool-args-json", '{"request": "add a NOT NULL column to users"}')
    result = inspect(era, "--method", "tools/call", *arguments)
    assert result["structuredContent"]["agents"][0]["name"] == "migration-writer"


@both_eras
def test_a_resource_is_read(era: str) -> None:
    result = inspect(era, "--method", "resources/read", "--uri", "agent://migration-writer")
    assert result["contents"][0]["text"].startswith("---\n")


def test_every_skill_is_what_its_digest_says() -> None:
    done = run("modern", "--method", "skills/list", "--verify", "--require-digests")
    verified = [json.loads(line) for line in done.stdout.splitlines()]
    names = {skill["name"] for skill in verified if skill["outcome"] == "verified"}
    assert {"migration-writer", "schema-designer", "ml-pipeline-architect"} <= names
