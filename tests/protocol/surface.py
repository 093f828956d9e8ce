"""A server of test tools and test agents: what the protocol tests talk to."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain_agents.agents.model import Argument
from domain_agents.prompts import Prompt, PromptError, validated
from domain_agents.server.catalogue import AgentDocument, Catalogue
from domain_agents.tools import Job, NeedsAnswer, Result, Settings, Tool, ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS = Settings(project=None, project_problem="tests have none")


class Change(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["add_column", "create_index"]
    table: str


class PlanArguments(BaseModel):
    """Never shown to a client."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(description="The change as DDL.", examples=["ALTER TABLE users ADD COLUMN tz text"])
    engine: Literal["postgresql", "mysql", "mariadb", "sqlite"] | None = Field(None, description="The database.")
    changes: list[Change] = Field(default_factory=list, description="The same as data.")
    rows: int = Field(0, ge=0, le=10**12)
    write: bool = False


class TextArguments(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str


class NoArguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


ECHO_SCHEMA = {"type": "object", "properties": {"said": {"type": "string"}}, "required": ["said"]}


def _echo(arguments: TextArguments, _: Settings, __: Job) -> Result:
    return Result({"said": arguments.text}, arguments.text)


def _plan(arguments: PlanArguments, _: Settings, __: Job) -> Result:
    if arguments.engine is None:
        raise NeedsAnswer(
            "engine",
            "Which database is this for?",
            choices=("postgresql", "mysql", "mariadb", "sqlite"),
            way_out="Call again with `engine`.",
        )
    return Result({"said": arguments.engine}, f"for {arguments.engine}")


class TwoQuestions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    engine: str | None = None
    table: str | None = None


def _two(arguments: TwoQuestions, _: Settings, __: Job) -> Result:
    if arguments.engine is None:
        raise NeedsAnswer("engine", "Which engine?", choices=("sqlite",), way_out="Name `engine`.")
    if arguments.table is None:
        raise NeedsAnswer("table", "Which table?", way_out="Name `table`.")
    return Result({"said": f"{arguments.engine}/{arguments.table}"}, "both")


def _fail(_: NoArguments, __: Settings, ___: Job) -> Result:
    raise ZeroDivisionError("postgresql://admin:hunter2@db.internal/prod")


def _refuse(_: NoArguments, __: Settings, ___: Job) -> Result:
    raise ToolError("`table`: there is no table user. Did you mean users?")


def _steps(_: NoArguments, __: Settings, job: Job) -> Result:
    for done in range(1, 6):
        job.progress(done, 5, f"step {done}")
    return Result({"said": "done"}, "done")


@dataclass
class Endless:
    """A tool that runs until it is cancelled, and tells what became of it."""

    started: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)

    def call(self, _: NoArguments, __: Settings, job: Job) -> Result:
        self.started.set()
        try:
            while True:
                job.check()
                time.sleep(0.005)
        finally:
            self.stopped.set()


def tool(name: str, call: Any, arguments: type[BaseModel] = NoArguments, **more: Any) -> Tool:
    return Tool(
        name=name,
        title=name.replace("_", " ").capitalize(),
        description=f"What {name} is for.",
        arguments=arguments,
        output_schema=ECHO_SCHEMA,
        call=call,
        read_only=True,
        **more,
    )


def agent(name: str, description: str = "Does one thing.", body: str = "Be brief.\n") -> AgentDocument:
    text = f"---\nname: {name}\ndescription: {description}\nversion: 1.10\n---\n{body}"
    return AgentDocument(name=name, title=name, description=description, text=text, instructions=body)


def agent_prompt(document: AgentDocument) -> Prompt:
    arguments = (
        Argument(name="task", description="What to do.", required=True),
        Argument(name="engine", description="The database.", completes="engines"),
    )

    def render(given: Mapping[str, str]) -> str:
        values = validated(document.name, arguments, given)
        if "\x00" in values["task"]:
            raise PromptError("task holds a NUL character; leave it out")
        return f"{document.instructions}\nTask: {values['task']}"

    return Prompt(document.name, document.title, document.description, arguments, render, "tests")


def _complete(kind: str, _: str) -> tuple[str, ...]:
    return {"engines": ("postgresql", "mysql", "mariadb", "sqlite")}.get(kind, ())


@dataclass
class Surface:
    """A catalogue that a test can change under a running server."""

    endless: Endless = field(default_factory=Endless)
    agents: tuple[AgentDocument, ...] = (agent("migration-writer"), agent("schema-designer"), agent("Ünlike a skill"))
    extra_tools: tuple[Tool, ...] = ()
    reads: int = 0

    def __call__(self) -> Catalogue:
        self.reads += 1
        tools = (
            tool("echo", _echo, TextArguments),
            tool("plan", _plan, PlanArguments),
            tool("two_questions", _two, TwoQuestions),
            tool("fail", _fail),
            tool("refuse", _refuse),
            tool("steps", _steps, long=True),
            tool("endless", self.endless.call, long=True),
            *self.extra_tools,
        )
        return Catalogue(
            tools=tools,
            prompts=tuple(agent_prompt(one) for one in self.agents),
            agents=self.agents,
            fingerprint=repr((self.agents, self.extra_tools)),
            complete=_complete,
        )

    def edit(self, name: str, body: str) -> None:
        """Write new instructions into one agent."""
        self.agents = tuple(
            replace(one, text=one.text + body, instructions=one.instructions + body) if one.name == name else one
            for one in self.agents
        )


TESTS = Path(__file__).parent
