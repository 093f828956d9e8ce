"""The agents, tools or prompts that a server with these options serves, in the order in which it lists them."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from domain_agents.cli.options import one_of, read_settings

if TYPE_CHECKING:
    import argparse

    from domain_agents.cli.options import GlobalOptions, Parser
    from domain_agents.cli.terminal import Terminal
    from domain_agents.tools import Settings

KINDS = ("agents", "tools", "prompts")


def describe(parser: Parser) -> None:
    """The command's own options."""
    parser.add_argument("kind", type=one_of(*KINDS), metavar="|".join(KINDS), help="what to list")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(arguments: argparse.Namespace, options: GlobalOptions, terminal: Terminal) -> int:
    """Print the list in the order in which it is served."""
    read = {"agents": _agents, "tools": _tools, "prompts": _prompts}[arguments.kind]
    entries = read(read_settings(options))
    if arguments.json:
        terminal.write_json({arguments.kind: entries})
        return 0
    for entry in entries:
        terminal.write(f"{terminal.styled(entry['name'], 'bold')}  {terminal.styled(_aside(entry), 'dim')}".rstrip())
        for line in textwrap.wrap(_first_sentence(entry["description"]), terminal.width - 4, break_on_hyphens=False):
            terminal.write(f"    {line}")
    return 0


def _first_sentence(text: str) -> str:
    """Enough to choose by; --json holds the whole."""
    return re.split(r"(?<=[.!?])\s+(?=[A-Z])", text, maxsplit=1)[0]


def _aside(entry: dict[str, Any]) -> str:
    if "source" in entry:
        return f"({entry['source']}, {entry['file']})"
    if "read_only" in entry:
        return "" if entry["read_only"] else "(writes only when asked to)"
    return " ".join(f"{a['name']}" if a["required"] else f"[{a['name']}]" for a in entry["arguments"])


def _agents(settings: Settings) -> list[dict[str, Any]]:
    from domain_agents.agents.catalogue import load_catalogue

    return [
        {
            "name": agent.name,
            "title": agent.title,
            "description": agent.description,
            "source": agent.source,
            "file": agent.file,
            "sha256": agent.sha256,
        }
        for agent in load_catalogue(settings).agents
    ]


def _tools(settings: Settings) -> list[dict[str, Any]]:
    from domain_agents.tools._served import served_tools

    return [
        {"name": tool.name, "title": tool.title, "description": tool.description, "read_only": tool.read_only}
        for tool in served_tools(settings)
    ]


def _prompts(settings: Settings) -> list[dict[str, Any]]:
    from domain_agents.prompts import served_prompts

    return [
        {
            "name": prompt.name,
            "title": prompt.title,
            "description": prompt.description,
            "arguments": [
                {"name": argument.name, "description": argument.description, "required": argument.required}
                for argument in prompt.arguments
            ],
        }
        for prompt in served_prompts(settings)
    ]
