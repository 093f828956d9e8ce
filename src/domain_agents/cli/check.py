"""Validate agent and prompt files: file, line, field, and what to write instead.

Without a path: everything that the server would read. Exit code 1 when there is an error.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from domain_agents.cli.options import UsageError, read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from domain_agents.agents.diagnostics import Diagnostic
    from domain_agents.agents.sources import Source
    from domain_agents.cli.options import GlobalOptions, Parser
    from domain_agents.cli.terminal import Terminal
    from domain_agents.tools import Settings

Examined = tuple[int, int, tuple["Diagnostic", ...]]
"""Agents, prompts, and what there is to say."""

_HEADLINE = re.compile(r"^(?P<place>\S.*?): (?P<severity>error|warning|info)(?P<code>\[[a-z_]+\])", re.MULTILINE)
_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


def describe(parser: Parser) -> None:
    """The command's own options."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files or directories; default: what is served")
    parser.add_argument("--json", action="store_true", help="the diagnostics as JSON")


def run(arguments: argparse.Namespace, options: GlobalOptions, terminal: Terminal) -> int:
    """Read the files and print what there is to say.

    Raises:
        UsageError: a path is not there.
    """
    if arguments.paths:
        agents, prompts, diagnostics = _merged([_examined_path(path) for path in arguments.paths])
    else:
        agents, prompts, diagnostics = examined(read_settings(options))
    errors = sum(1 for diagnostic in diagnostics if diagnostic.severity.value == "error")
    if arguments.json:
        terminal.write_json(
            {
                "checked": {"agents": agents, "prompts": prompts},
                "errors": errors,
                "diagnostics": [diagnostic.as_json() for diagnostic in diagnostics],
            }
        )
    else:
        _show(agents, prompts, diagnostics, errors, terminal)
    return 1 if errors else 0


def examined(settings: Settings) -> Examined:
    """Everything that a server with these settings reads."""
    from domain_agents.agents.catalogue import load_catalogue
    from domain_agents.agents.sources import prompt_sources

    catalogue = load_catalogue(settings)
    prompts, diagnostics = _prompts_in(prompt_sources())
    return len(catalogue.agents), prompts, (*catalogue.diagnostics, *diagnostics)


def _prompts_in(sources: Iterable[Source]) -> tuple[int, tuple[Diagnostic, ...]]:
    from domain_agents.agents.sources import File, scan
    from domain_agents.prompts import PROMPT_SUFFIX

    files = [entry for source in sources for entry in scan(source) if isinstance(entry, File)]
    prompts = [file for file in files if file.name.endswith(PROMPT_SUFFIX)]
    return len(prompts), tuple(said for file in prompts for said in _prompt_said(Path(file.path), file.shown))


def _prompt_said(path: Path, shown: str) -> tuple[Diagnostic, ...]:
    from domain_agents.prompts import check_template

    return check_template(_content(path, shown), shown)


def _content(path: Path, shown: str) -> bytes:
    from domain_agents.agents.reading import MAX_FILE_BYTES

    try:
        with path.open("rb") as stream:
            return stream.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"{shown} cannot be read: {getattr(error, 'strerror', None) or 'not a path'}") from None


def _examined_path(given: str) -> Examined:
    from domain_agents.prompts import PROMPT_SUFFIX, REPORT_SUFFIX

    path = Path(given)
    if path.is_dir():
        from domain_agents.agents.catalogue import load
        from domain_agents.agents.sources import ADDED, Source

        source = Source(ADDED, str(path), given.rstrip("/") or "/")
        prompts, diagnostics = _prompts_in([source])
        catalogue = load([source])
        not_agents = (PROMPT_SUFFIX, REPORT_SUFFIX)
        agents = [agent for agent in catalogue.agents if not agent.file.endswith(not_agents)]
        said = [diagnostic for diagnostic in catalogue.diagnostics if not diagnostic.file.endswith(not_agents)]
        return len(agents), prompts, (*said, *diagnostics)
    if given.endswith(PROMPT_SUFFIX):
        return 0, 1, _prompt_said(path, given)
    from domain_agents.agents.reading import read_agent

    agent, diagnostics = read_agent(_content(path, given), given)
    return int(agent is not None), 0, diagnostics


def _merged(parts: list[Examined]) -> Examined:
    diagnostics = tuple(diagnostic for part in parts for diagnostic in part[2])
    return sum(part[0] for part in parts), sum(part[1] for part in parts), diagnostics


def _show(agents: int, prompts: int, diagnostics: tuple[Diagnostic, ...], errors: int, terminal: Terminal) -> None:
    from domain_agents.agents.diagnostics import format_diagnostics

    def coloured(found: re.Match[str]) -> str:
        severity = terminal.styled(found["severity"] + found["code"], _COLOURS[found["severity"]], "bold")
        return f"{terminal.styled(found['place'], 'bold')}: {severity}"

    text = format_diagnostics(diagnostics)
    if text:
        terminal.write(_HEADLINE.sub(coloured, text))
    counts = [_counted(number, noun) for number, noun in ((agents, "agent"), (prompts, "prompt")) if number]
    read = f"{' and '.join(counts) or 'nothing'} read"
    if not diagnostics:
        terminal.write(f"{read}, nothing to say.")
        return
    said = f"{_counted(errors, 'error')}, {_counted(len(diagnostics) - errors, 'other diagnostic')}"
    terminal.write(f"{read}: {terminal.styled(said, 'red' if errors else 'yellow')}.")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
