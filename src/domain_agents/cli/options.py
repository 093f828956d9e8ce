"""The words of the command line: which command, which options, and what to say when one does not fit."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from domain_agents.tools import Settings
    from domain_agents.workspace.project_root import ProjectRoot

PROGRAM = "domain-agents"

COMMANDS = {
    "serve": "serve MCP: over stdio (what a client runs), HTTP or SSE",
    "call": "one tool, without a client: its result as JSON",
    "list": "the agents, tools or prompts that are served",
    "check": "validate agent and prompt files",
    "lint": "what would hurt in migrations when they run in production",
    "install": "register the server with an MCP client",
    "doctor": "is everything in place? A handshake with itself, databases, versions",
    "demo": "the main job on a sample project and a real PostgreSQL",
}
"""Every command with its one line of help, in the order they are listed."""

_WITH_VALUE = ("--project", "--log")


class UsageError(Exception):
    """The command line does not say what to do; the message names the nearest that would."""


def nearest(word: str, choices: Iterable[str]) -> str:
    """ "Did you mean ...?" for the choice that looks most like the word, or empty when none does."""
    found = get_close_matches(word, list(choices), n=1, cutoff=0.5)
    return f" Did you mean {found[0]}?" if found else ""


def one_of(*choices: str) -> Callable[[str], str]:
    """A type for argparse: one of these words, where the error names the nearest."""

    def chosen(word: str) -> str:
        if word in choices:
            return word
        raise argparse.ArgumentTypeError(f"{word!r} is not one of {', '.join(choices)}.{nearest(word, choices)}")

    return chosen


class Parser(argparse.ArgumentParser):
    """A parser that raises instead of leaving the process, and knows which option was meant."""

    def __init__(self, **kwargs: Any) -> None:
        self.words: list[str] = []
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs)

    def add_argument(self, *names: str, **kwargs: Any) -> argparse.Action:
        """Also remember the option's name."""
        self.words += [name for name in names if name.startswith("--")]
        return super().add_argument(*names, **kwargs)

    def error(self, message: str) -> NoReturn:
        """Raises:
        UsageError: always.
        """
        if message.startswith("argument ") and not message.startswith("argument -"):
            message = message.partition(": ")[2]
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            word = unknown.split()[0]
            what = "option" if word.startswith("-") else "argument"
            message = f"unknown {what} {word}.{nearest(word.partition('=')[0], self.words)}"
        raise UsageError(f"{message.rstrip('.')}{'' if message.endswith('?') else '.'} Try: {self.prog} --help")


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """The options that every command takes, before or after its name."""

    project: str | None = None
    agents: tuple[str, ...] = ()
    project_agents: bool = False
    log: str = "text"


def split(argv: Sequence[str]) -> tuple[str, list[str]]:
    """The command's name, and the other words with the global options first and each directory of `--agents` by itself.

    Without a command it is `serve`: that is what a client's configuration runs.

    Raises:
        UsageError: no command has that name.
    """
    options: list[str] = []
    words = list(argv)
    while words:
        word = words.pop(0)
        if word == "--agents":
            taken = 0
            while words and not words[0].startswith("-") and (taken == 0 or words[0] not in COMMANDS):
                options.append(f"--agents={words.pop(0)}")
                taken += 1
            if not taken:
                options.append(word)
        elif word in _WITH_VALUE and words:
            options += [word, words.pop(0)]
        elif word.startswith("-"):
            options.append(word)
        elif word in COMMANDS:
            return word, options + _agents_spelled(words)
        else:
            raise UsageError(f"no command named {word!r}.{nearest(word, COMMANDS)} Commands: {', '.join(COMMANDS)}.")
    return ("", options) if {"-h", "--help", "--version"} & set(options) else ("serve", options)


def _agents_spelled(words: list[str]) -> list[str]:
    """`--agents a b` as `--agents=a --agents=b`, so that argparse takes neither too few nor too many words."""
    spelled: list[str] = []
    in_agents = False
    for word in words:
        if word == "--agents":
            in_agents = True
            continue
        if in_agents and not word.startswith("-"):
            spelled.append(f"--agents={word}")
            continue
        in_agents = False
        spelled.append(word)
    return [*spelled, "--agents"] if words and words[-1] == "--agents" else spelled


def parser_of(command: str, description: str) -> Parser:
    """A parser for one command, with the global options in it."""
    parser = Parser(prog=f"{PROGRAM} {command}".strip(), description=description)
    group = parser.add_argument_group("everywhere")
    for names, settings in _GLOBAL:
        parser.words.append(names)
        group.add_argument(names, **settings)
    return parser


_GLOBAL: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--project", {"metavar": "DIR", "help": "the project (default: what the client names, else this directory)"}),
    (
        "--agents",
        {"metavar": "DIR", "action": "append", "default": [], "help": "more agents of yours; can be given repeatedly"},
    ),
    (
        "--project-agents",
        {"action": "store_true", "help": "also agents that other clients keep in the project (.claude/agents, ...)"},
    ),
    ("--log", {"type": one_of("text", "json"), "default": "text", "metavar": "text|json", "help": "shape of messages"}),
)


def global_options(arguments: argparse.Namespace) -> GlobalOptions:
    """The global options among the parsed ones."""
    return GlobalOptions(arguments.project, tuple(arguments.agents), arguments.project_agents, arguments.log)


def project_root(options: GlobalOptions) -> ProjectRoot:
    """The project's directory, by the options and the environment."""
    from domain_agents.workspace.project_root import find_project_root

    return find_project_root(options.project)


def read_settings(options: GlobalOptions) -> Settings:
    """Where the server works, by the options and the environment."""
    from domain_agents.tools import Settings

    root = project_root(options)
    return Settings(
        project=root.path,
        project_problem=root.problem,
        agent_directories=tuple(Path(directory).expanduser().absolute() for directory in options.agents),
        project_agents=options.project_agents,
    )
