"""Call one tool without a client.

Standard output holds the result and nothing else: its structured data as JSON, or with --text what a person would read.
A failure leaves standard output empty, says why on standard error (with --log json as one JSON object), and gives exit
code 1 for a tool error, 2 when the call itself was not understood.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain_agents.cli.options import UsageError, nearest, read_settings

if TYPE_CHECKING:
    import argparse

    from domain_agents.cli.options import GlobalOptions, Parser
    from domain_agents.cli.terminal import Terminal
    from domain_agents.tools import Job, NeedsAnswer, Result, Settings, Tool

MAX_QUESTIONS = 5
MAX_ARGUMENT_BYTES = 16 * 1024 * 1024


def describe(parser: Parser) -> None:
    """The command's own options."""
    parser.add_argument("tool", metavar="TOOL", help="the tool's name, as `domain-agents list tools` shows it")
    parser.add_argument(
        "arguments", metavar="JSON|@FILE|-", nargs="?", default="{}", help="its arguments: JSON, a file, standard input"
    )
    parser.add_argument("--text", action="store_true", help="what a person would read, instead of JSON")
    parser.epilog = """examples:
  domain-agents call find_agent '{"request": "add a column to a big table"}' --text
  domain-agents call plan_migration @change.json"""


def run(arguments: argparse.Namespace, options: GlobalOptions, terminal: Terminal) -> int:
    """Call the tool and print its result.

    Raises:
        UsageError: there is no such tool, or the arguments are not JSON.
    """
    from domain_agents.tools import Cancelled, Job, ToolError

    settings = read_settings(options)
    tool = _tool(arguments.tool, settings)
    raw = _raw_arguments(arguments.arguments)
    try:
        result = _answered(tool, raw, settings, Job(on_progress=terminal.progress), terminal)
    except ToolError as error:
        terminal.error(f"{tool.name}: {error}" if not str(error).startswith(tool.name) else str(error))
        return 1
    except Cancelled:
        return 130
    finally:
        terminal.end_progress()
    if arguments.text:
        terminal.write(result.text.rstrip("\n"))
    else:
        terminal.write_json(result.structured)
    return 0


def _answered(tool: Tool, raw: Any, settings: Settings, job: Job, terminal: Terminal) -> Result:
    """The tool's result; what it must ask is asked of the person at the terminal, if there is one."""
    from domain_agents.tools import NeedsAnswer, ToolError
    from domain_agents.tools._arguments import parse_arguments

    for _ in range(MAX_QUESTIONS):
        try:
            return tool.call(parse_arguments(tool, raw), settings, job)
        except NeedsAnswer as question:
            answer = terminal.ask(_question(question))
            if answer is None:
                raise ToolError(str(question)) from question
            raw = {**raw, question.field: answer}
    raise ToolError("asked too often; give the arguments it asks for")


def _question(question: NeedsAnswer) -> str:
    return f"{question.question} [{' | '.join(question.choices)}]" if question.choices else question.question


def _tool(name: str, settings: Settings) -> Tool:
    from domain_agents.tools._served import served_tools

    tools = {tool.name: tool for tool in served_tools(settings)}
    found = tools.get(name) or tools.get(name.replace("-", "_"))
    if found is None:
        raise UsageError(f"no tool named {name!r}.{nearest(name, tools)} Tools: {', '.join(tools)}.")
    return found


def _raw_arguments(given: str) -> Any:
    text, origin = _read(given)
    try:
        value = json.loads(text or "{}")
    except RecursionError:
        raise UsageError(f"{origin} is nested too deeply") from None
    except ValueError as error:
        at = (
            f", line {error.lineno}, column {error.colno}: {error.msg}"
            if isinstance(error, json.JSONDecodeError)
            else ""
        )
        hint = " (a file is written @FILE)" if origin == "the argument" and Path(given).suffix == ".json" else ""
        raise UsageError(f"{origin} is not JSON{at}{hint}") from None
    if not isinstance(value, dict):
        raise UsageError(f"{origin} must be one JSON object, such as {{}}")
    return value


def _read(given: str) -> tuple[str, str]:
    if given == "-":
        return sys.stdin.read(MAX_ARGUMENT_BYTES).lstrip("\ufeff").strip(), "standard input"
    if not given.startswith("@"):
        return given.strip(), "the argument"
    path = Path(given[1:])
    try:
        if path.stat().st_size > MAX_ARGUMENT_BYTES:
            raise UsageError(f"{path} is larger than {MAX_ARGUMENT_BYTES >> 20} MiB")
        return path.read_text(encoding="utf-8-sig").strip(), str(path)
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
