"""Tools: typed functions that take a request down the road read -> think -> render -> check -> report. No MCP here.

A tool function is synchronous and takes (arguments, job). The MCP edge runs it in a worker thread, the command line
calls it directly; neither knows more of it than the `Tool` record says.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydantic import BaseModel

MAX_TEXT_CHARACTERS = 36_000
"""What a text result may hold: under 10,000 tokens at the 3.6 characters a token that SQL and Markdown average."""


class ToolError(Exception):
    """A call that cannot be answered as asked; the message is for the model that made it: field, fault, way out."""


class NeedsAnswer(Exception):
    """One thing must be known first and only a person knows it.

    The edge asks where the client can be asked and calls again with `field` set to the answer; elsewhere it becomes a
    ToolError whose text is `question` and `way_out`. `choices` empty means free text.
    """

    def __init__(self, field: str, question: str, *, choices: tuple[str, ...] = (), way_out: str) -> None:
        super().__init__(f"{question} {way_out}")
        self.field = field
        self.question = question
        self.choices = choices
        self.way_out = way_out


class Cancelled(Exception):
    """The client took the call back."""


@dataclass
class Job:
    """What a running call may do besides compute: report progress, and learn that it was cancelled."""

    on_progress: Callable[[float, float | None, str], None] = field(default=lambda _done, _total, _message: None)
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def progress(self, done: float, total: float | None, message: str) -> None:
        """Say how far the call is. Also where a cancelled call stops.

        Raises:
            Cancelled: the client took the call back.
        """
        self.check()
        self.on_progress(done, total, message)

    def check(self) -> None:
        """Raises:
        Cancelled: the client took the call back.
        """
        if self._cancelled.is_set():
            raise Cancelled

    def cancel(self) -> None:
        """Take the call back; safe from any thread."""
        self._cancelled.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether the call was taken back."""
        return self._cancelled.is_set()


@dataclass(frozen=True)
class Result:
    """What a tool gives back: data for a program, and a text that says the same to a person."""

    structured: dict[str, Any]
    text: str


@dataclass(frozen=True)
class Settings:
    """Where this server works: the project's directory (None when it was refused, with the reason) and agent sources."""

    project: Path | None
    project_problem: str = ""
    agent_directories: tuple[Path, ...] = ()
    project_agents: bool = False


@dataclass(frozen=True)
class Tool:
    """One tool as it is served and called.

    `arguments` is the pydantic model (extra names forbidden), `output_schema` is written by hand, small and closed where
    it can be. `long` calls report progress. `reference` is what the list of tools is too short for: the arguments in full,
    as Markdown, told by the agents whose tool it is.
    """

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    output_schema: dict[str, Any]
    call: Callable[[Any, Settings, Job], Result]
    read_only: bool
    destructive: bool = False
    idempotent: bool = True
    open_world: bool = False
    long: bool = False
    reference: Callable[[], str] | None = None


def shortened(text: str, *, how_to_page: str) -> str:
    """The text, cut at a line to what a client shows, with the way to the rest."""
    if len(text) <= MAX_TEXT_CHARACTERS:
        return text
    kept = text[:MAX_TEXT_CHARACTERS].rpartition("\n")[0]
    return f"{kept}\n\n[{len(text) - len(kept):,} more characters. {how_to_page}]\n"
