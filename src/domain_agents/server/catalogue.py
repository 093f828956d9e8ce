"""What one server offers at one moment: tools, prompts and agents, in the order they are listed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from domain_agents.prompts import Prompt
    from domain_agents.tools import Tool


@dataclass(frozen=True, slots=True)
class AgentDocument:
    """One agent as a resource and a skill: `text` is its file as it was written, `instructions` what stands below the
    frontmatter."""

    name: str
    title: str
    description: str
    text: str
    instructions: str

    @property
    def uri(self) -> str:
        """Where the resource is read."""
        return f"agent://{quote(self.name, safe='')}"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything listed, in order. Two catalogues of equal `fingerprint` list the same."""

    tools: tuple[Tool, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    agents: tuple[AgentDocument, ...] = ()
    fingerprint: str = ""
    complete: Callable[[str, str], tuple[str, ...]] = field(default=lambda _kind, _prefix: ())
    """(kind, what was typed) -> values: the project's tables and files, the engines, the frameworks."""

    def tool(self, name: str) -> Tool | None:
        """The tool of that name."""
        return next((tool for tool in self.tools if tool.name == name), None)

    def prompt(self, name: str) -> Prompt | None:
        """The prompt of that name."""
        return next((prompt for prompt in self.prompts if prompt.name == name), None)

    def agent(self, uri: str) -> AgentDocument | None:
        """The agent whose resource has that URI."""
        return next((agent for agent in self.agents if agent.uri == uri), None)


CatalogueSource = Callable[[], Catalogue]
"""Gives today's catalogue; called for every request and in worker threads, so it is cheap when nothing changed."""
