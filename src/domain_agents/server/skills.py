"""Agents as skills (extension io.modelcontextprotocol/skills, SEP-2640).

A skill's file is written here from the agent: a frontmatter of name and description, then the agent's instructions
unchanged. So its frontmatter means the same to every YAML reader, whatever else the agent's own file declares, and
nothing in an agent's file that grants powers travels on.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mcp_types import PaginatedRequestParams, RequestParams

from domain_agents.server.listing import skill_uri

if TYPE_CHECKING:
    from domain_agents.server.catalogue import AgentDocument, Catalogue

EXTENSION = "io.modelcontextprotocol/skills"
MAX_NAME = 64
MAX_DESCRIPTION = 1024
MAX_BYTES = 16 * 1024 * 1024
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class ListParams(PaginatedRequestParams):
    """`skills/list`."""


class GetParams(RequestParams):
    """`skills/get`."""

    uri: str


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill: its file's text, whose UTF-8 bytes are what is served and what the digest is of."""

    uri: str
    name: str
    description: str
    text: str

    def entry(self) -> dict[str, Any]:
        """The skill as `skills/list` and `skills/get` show it."""
        raw = self.text.encode()
        return {
            "uri": self.uri,
            "frontmatter": {"name": self.name, "description": self.description},
            "resources": [{"uri": self.uri, "digest": f"sha256:{sha256(raw).hexdigest()}", "size": len(raw)}],
        }


def skills(catalogue: Catalogue) -> tuple[list[Skill], list[str]]:
    """The agents that can be skills, and for each of the others why it cannot."""
    served: dict[str, Skill] = {}
    left_out: list[str] = []
    for agent in catalogue.agents:
        problem = _problem(agent)
        if problem:
            left_out.append(f"{agent.name}: {problem}")
        elif agent.name not in served:
            served[agent.name] = _skill(agent)
    return list(served.values()), left_out


def skill(catalogue: Catalogue, uri: str) -> Skill | None:
    """The skill at a URI."""
    for agent in catalogue.agents:
        if skill_uri(agent) == uri and not _problem(agent):
            return _skill(agent)
    return None


def _problem(agent: AgentDocument) -> str:
    if not _NAME.fullmatch(agent.name):
        return "a skill's name is lower-case words of letters and digits joined by single hyphens"
    if len(agent.name) > MAX_NAME:
        return f"a skill's name has at most {MAX_NAME} characters, this one has {len(agent.name)}"
    if not agent.description.strip():
        return "a skill has a description, this agent has none"
    if len(agent.instructions.encode()) > MAX_BYTES:
        return "a skill's file has at most 16 MiB"
    return ""


def _skill(agent: AgentDocument) -> Skill:
    description = _fitting(agent.description)
    head = f"---\nname: {_quoted(agent.name)}\ndescription: {_quoted(description)}\n---\n\n"
    return Skill(skill_uri(agent), agent.name, description, head + agent.instructions)


def _quoted(text: str) -> str:
    """The text as a double-quoted YAML string: a JSON string in which all but plain ASCII is escaped as YAML does it."""
    return "".join(
        character if " " <= character <= "~" else f"\\U{ord(character):08x}"
        for character in json.dumps(text, ensure_ascii=False)
    )


def _fitting(description: str) -> str:
    """The description on one line, cut at a word to what a skill may have."""
    line = " ".join(description.split())
    if len(line) <= MAX_DESCRIPTION:
        return line
    return line[: MAX_DESCRIPTION - 4].rpartition(" ")[0] + " ..."
