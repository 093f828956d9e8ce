"""The Inspector's command line over the real stdio command, in both eras."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from tests.protocol import connecting, node

pytestmark = pytest.mark.inspector
EXAMPLE = str(connecting.ROOT / "examples" / "shop-postgresql")
both_eras = pytest.mark.parametrize("era", ["legacy", "modern"])


def inspect(era: str, *arguments: str) -> Any:
    """What the Inspector printed as JSON; a call that it does not accept fails the test with what it said."""
    server = [sys.executable, "-m", "domain_agents", "--project", EXAMPLE]
    program = "inspector/clients/launcher/build/index.js"
    done = node.run(program, "--cli", "--protocol-era", era, *server, *arguments, "--format", "json")
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout), done.stderr


@both_eras
def test_the_schemas_of_our_tools_are_portable(era: str) -> None:
    result, said = inspect(era, "--method", "tools/list", "--strict")
    assert [tool["name"] for tool in result["tools"]][-2:] == ["plan_migration", "prove_migration"]
    assert "Error:" not in said
    assert "Warning:" not in said


@both_eras
def test_prompts_are_listed_and_given(era: str) -> None:
    result, _ = inspect(era, "--method", "prompts/list")
    assert "migration-writer" in [prompt["name"] for prompt in result["prompts"]]
    arguments = ("--prompt-name", "migration-writer", "--prompt-args", "task=hello")
    got, _ = inspect(era, "--method", "prompts/get", *arguments)
    assert "hello" in got["messages"][0]["content"]["text"]


@both_eras
def test_a_tool_is_called(era: str) -> None:
    arguments = ("--tool-name", "find_agent", "--tool-args-json", '{"request": "add a NOT NULL column to users"}')
    result, _ = inspect(era, "--method", "tools/call", *arguments)
    assert result["structuredContent"]["agents"][0]["name"] == "migration-writer"


@both_eras
def test_a_resource_is_read(era: str) -> None:
    result, _ = inspect(era, "--method", "resources/read", "--uri", "agent://migration-writer")
    assert result["contents"][0]["text"].startswith("---\n")


def test_every_skill_is_what_its_digest_says() -> None:
    result, _ = inspect("modern", "--method", "skills/list", "--verify", "--require-digests")
    text = json.dumps(result)
    for name in ("migration-writer", "schema-designer", "ml-pipeline-architect"):
        assert f"skill://{name}/SKILL.md" in text
