"""Find the command that the words name, run it, and turn whatever happens into an exit code and one clear message."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from domain_agents.cli.options import COMMANDS, PROGRAM, UsageError, global_options, parser_of, split
from domain_agents.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.cli.serve import Serve

OK = 0
FAILED = 1
USAGE = 2
INTERRUPTED = 130
BROKEN_PIPE = 141

TRACEBACK_VARIABLE = "DOMAIN_AGENTS_TRACEBACK"


def main(argv: Sequence[str] | None = None, *, serve: Serve | None = None) -> int:
    """Run one command and give its exit code: 0 done, 1 failed, 2 not understood.

    `serve` is what runs a server: the floors above hand it in, so that the command line knows neither of them.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    # Read before anything is parsed: a usage error must already have the shape that was asked for.
    terminal = Terminal(log="json" if _wants_json_log(words) else "text")
    try:
        return _run(words, terminal, serve)
    except UsageError as error:
        terminal.error(str(error))
        return USAGE
    except KeyboardInterrupt:
        terminal.end_progress()
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has gone. Python flushes standard output once more at its exit: let that go nowhere.
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)
        return BROKEN_PIPE
    except Exception as error:
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        terminal.error(f"a fault in {PROGRAM} itself: {type(error).__name__}. {TRACEBACK_VARIABLE}=1 shows where.")
        return FAILED


def _run(words: list[str], terminal: Terminal, serve: Serve | None) -> int:
    command, rest = split(words)
    if not command:
        return _about(rest, terminal)
    module = import_module(f"domain_agents.cli.{command}")
    parser = parser_of(command, module.__doc__ or "")
    module.describe(parser)
    if {"-h", "--help"} & set(rest):
        terminal.write(parser.format_help().rstrip())
        return OK
    arguments = parser.parse_args(rest)
    options = global_options(arguments)
    if command == "serve":
        arguments.runner = serve
    if missing := [directory for directory in options.agents if not Path(directory).expanduser().is_dir()]:
        said = f"--agents {missing[0]}: there is no such directory"
        if command != "serve":
            raise UsageError(said)
        terminal.warning(said)  # a server that does not start is worse than one without these agents
    code: int = module.run(arguments, options, terminal)
    return code


def _about(options: list[str], terminal: Terminal) -> int:
    if "--version" in options:
        from domain_agents import __version__

        terminal.write(f"{PROGRAM} {__version__}")
        return OK
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name:<{width}}{summary}" for name, summary in COMMANDS.items()]
    parser = parser_of("", "Three specialists for databases and machine-learning systems, served over MCP.")
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.usage = f"{PROGRAM} [--project DIR] [--agents DIR ...] [--project-agents] [COMMAND ...]"
    parser.epilog = (
        "commands:\n" + "\n".join(lines) + f"\n\nWithout a command: serve over stdio, as a client runs it.\n"
        f"{PROGRAM} COMMAND --help says more about one."
    )
    terminal.write(parser.format_help().rstrip())
    return OK


def _wants_json_log(words: list[str]) -> bool:
    return "--log=json" in words or any(word == "--log" and following == "json" for word, following in pairwise(words))
