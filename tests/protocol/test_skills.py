"""The skills extension (SEP-2640): every agent that can be one is a skill whose bytes match their digest."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import mcp_types as types
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.exceptions import MCPError
from pydantic import ConfigDict

from domain_agents.server.catalogue import AgentDocument, Catalogue
from domain_agents.server.skills import skills
from tests.protocol.connecting import both_eras, client
from tests.protocol.surface import Surface, agent


class AnyResult(types.Result):
    """Whatever the server answered."""

    model_config = ConfigDict(extra="allow")


async def ask(connected: Any, method: str, **params: Any) -> dict[str, Any]:
    request = types.Request[dict[str, Any], str](method=method, params=params)
    result = await connected.session.send_request(request, AnyResult)
    return dict(result.model_extra)


async def test_the_extension_is_declared() -> None:
    async with client(Surface(), "auto") as connected:
        assert connected.server_capabilities.extensions == {"io.modelcontextprotocol/skills": {}}


@both_eras
async def test_what_is_read_has_the_digest_and_size_that_were_listed(mode: str) -> None:
    async with client(Surface(), mode) as connected:
        listed = (await ask(connected, "skills/list"))["skills"]
        assert [skill["uri"] for skill in listed] == [
            "skill://migration-writer/SKILL.md",
            "skill://schema-designer/SKILL.md",
        ]
        for skill in listed:
            (contents,) = (await connected.read_resource(skill["uri"])).contents
            assert isinstance(contents, types.TextResourceContents)
            raw = contents.text.encode()
            assert skill["resources"] == [
                {"uri": skill["uri"], "digest": f"sha256:{sha256(raw).hexdigest()}", "size": len(raw)}
            ]
            assert (await ask(connected, "skills/get", uri=skill["uri"]))["skill"] == skill


@both_eras
async def test_an_unknown_skill_is_invalid_parameters(mode: str) -> None:
    async with client(Surface(), mode) as connected:
        for uri in ("skill://nobody/SKILL.md", "skill://Ünlike a skill/SKILL.md", "agent://migration-writer"):
            with pytest.raises(MCPError) as caught:
                await ask(connected, "skills/get", uri=uri)
            assert caught.value.code == -32602


@both_eras
async def test_skills_come_in_pages(mode: str) -> None:
    surface = Surface(agents=tuple(agent(f"agent-{number:03}") for number in range(230)))
    seen: list[str] = []
    async with client(surface, mode) as connected:
        result = await ask(connected, "skills/list")
        seen += [skill["frontmatter"]["name"] for skill in result["skills"]]
        while "nextCursor" in result:
            result = await ask(connected, "skills/list", cursor=result["nextCursor"])
            seen += [skill["frontmatter"]["name"] for skill in result["skills"]]
    assert seen == [f"agent-{number:03}" for number in range(230)]


def test_an_agent_that_cannot_be_a_skill_is_left_out_with_the_reason() -> None:
    agents = tuple(
        AgentDocument(name, name, description, "", "")
        for name, description in [("Two Words", "x"), ("a" * 65, "x"), ("none", " "), ("fine", "x")]
    )
    served, left_out = skills(Catalogue(agents=agents))
    assert [skill.name for skill in served] == ["fine"]
    assert [reason.partition(":")[0] for reason in left_out] == ["Two Words", "a" * 65, "none"]
    assert "hyphens" in left_out[0]
    assert "64" in left_out[1]
    assert "description" in left_out[2]


@given(description=st.text(min_size=1, max_size=3000), body=st.text(max_size=200))
def test_the_frontmatter_that_is_listed_is_what_yaml_reads_in_the_file(description: str, body: str) -> None:
    document = AgentDocument("an-agent", "An agent", description, "", body)
    served, left_out = skills(Catalogue(agents=(document,)))
    if not description.strip():
        assert left_out
        return
    (skill,) = served
    _, head, rest = skill.text.split("---\n", 2)
    assert yaml.safe_load(head) == skill.entry()["frontmatter"]
    assert 1 <= len(skill.description) <= 1024
    assert rest == "\n" + body
