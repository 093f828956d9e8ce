"""Agent: one specialist as its file describes it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

MAX_BRIEF_CHARACTERS = 240


class Frozen(BaseModel):
    """What was read does not change."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Triggers(Frozen):
    """When the agent is meant: words and phrases, regular expressions over the request, file globs, products, and words
    that speak against it."""

    keywords: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    stack: tuple[str, ...] = ()
    exclude: tuple[str, ...] = Field(default=(), alias="not")

    def __bool__(self) -> bool:
        return bool(self.keywords or self.patterns or self.files or self.stack)


class Workflow(Frozen):
    """An order in which agents do a job; `when` holds requests it is for, `steps` names of agents."""

    name: str
    when: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


class Argument(Frozen):
    """An argument of a prompt. `type` is text, integer, number or boolean; `completes` names what its values are
    completed from: agents, engines, frameworks, tables or files."""

    name: str
    type: str = "text"
    description: str = ""
    required: bool = False
    completes: str = ""


class Agent(Frozen):
    """One agent. `file` is relative to its source (never a path of this machine); `sha256` is of the file's own bytes.

    `source` is one of the labels in `agents.sources`.

    `tools` is None when the file does not say. `extra` keeps every key that has no meaning here, as text, lists and
    mappings; nothing in it is ever acted on.
    """

    name: str
    title: str
    description: str
    domain: str = ""
    version: str = ""
    tags: tuple[str, ...] = ()
    triggers: Triggers = Triggers()
    workflows: tuple[Workflow, ...] = ()
    arguments: tuple[Argument, ...] = ()
    tools: tuple[str, ...] | None = None
    model: str = ""
    tool: bool = False
    body: str
    source: str
    file: str
    sha256: str
    raw: bytes = Field(repr=False)
    extra: dict[str, Any] = Field(default_factory=dict)

    def brief(self, limit: int = MAX_BRIEF_CHARACTERS) -> str:
        """The description on one line: public ones run to thousands of characters with whole dialogues in them."""
        line = " ".join(self.description.split())
        return line if len(line) <= limit else (line[:limit].rpartition(" ")[0] or line[:limit]) + " …"

    @property
    def text(self) -> str:
        """The whole file as text, frontmatter included."""
        return self.raw.decode("utf-8-sig", errors="replace")
