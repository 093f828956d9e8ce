"""Look at migrations before they run: what would hurt in production, and what to write instead.

Exit code 1 when a finding is an error. What could not be read is listed as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain_agents.cli.options import UsageError, one_of, project_root, read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from domain_agents.cli.options import GlobalOptions, Parser
    from domain_agents.cli.terminal import Terminal

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_GITHUB = {"error": "error", "warning": "warning", "info": "notice"}
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def describe(parser: Parser) -> None:
    """The command's own options."""
    formats = ("text", "json", "sarif", "github")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="migration files or directories of the project")
    parser.add_argument("--engine", metavar="E", help="postgresql, mysql, mariadb or sqlite; detected when left out")
    parser.add_argument("--engine-version", metavar="V", help="such as 16 or 10.11; detected when left out")
    parser.add_argument("--since", metavar="FILE", help="only what follows this file")
    parser.add_argument("--style", action="store_true", help="matters of taste as well")
    parser.add_argument("--format", type=one_of(*formats), default="text", metavar="|".join(formats))
    parser.epilog = """A statement that is meant so stays, with its reason beside it:
  -- allow: blocking_index_build, the table holds 200 rows"""


def run(arguments: argparse.Namespace, options: GlobalOptions, terminal: Terminal) -> int:
    """Look, and print what was found.

    Raises:
        UsageError: a path lies outside the project, or an argument does not fit.
    """
    from domain_agents.tools import Job, NeedsAnswer, ToolError
    from domain_agents.tools._arguments import parse_arguments
    from domain_agents.tools.lint_migration import TOOL

    root = project_root(options).path
    given = {
        "paths": [_in_project(path, root) for path in arguments.paths],
        "engine": arguments.engine,
        "version": arguments.engine_version,
        "style": arguments.style or None,
        "since": _in_project(arguments.since, root) if arguments.since else None,
    }
    try:
        asked = parse_arguments(TOOL, {name: value for name, value in given.items() if value is not None})
        result = TOOL.call(asked, read_settings(options), Job())
    except NeedsAnswer as error:
        raise UsageError(f"{error.question} Write --engine with one of {', '.join(error.choices)}.") from None
    except ToolError as error:
        raise UsageError(str(error)) from None
    _write(arguments.format, result.structured, terminal)
    return int(any(finding["severity"] == "error" for finding in result.structured["findings"]))


def _in_project(given: str, root: Path | None) -> str:
    """The path from the project's directory; what is written from here is meant from here."""
    path = Path(given)
    if root is None:
        return given
    for base in (Path.cwd(), root):
        full = (base / path).resolve()
        if full.exists() and full.is_relative_to(root.resolve()):
            return full.relative_to(root.resolve()).as_posix()
    return given


def _write(form: str, found: dict[str, Any], terminal: Terminal) -> None:
    if form == "json":
        terminal.write_json(found)
    elif form == "sarif":
        terminal.write_json(sarif(found))
    elif form == "github":
        for line in github(found):
            terminal.write(line)
    else:
        _show(found, terminal)


def _show(found: dict[str, Any], terminal: Terminal) -> None:
    for one in found["findings"]:
        severity = terminal.styled(f"{one['severity']}[{one['rule']}]", _COLOURS[one["severity"]], "bold")
        terminal.write(f"{terminal.styled(_place(one), 'bold')}: {severity}")
        if one["statement"]:
            terminal.write(f"    {' '.join(one['statement'].split())[:160]}")
        terminal.write(f"  {one['effect']}")
        terminal.write(f"  instead: {one['instead']}\n")
    for one in found["unparsed"]:
        terminal.write(f"{_place(one)}: not looked at: {one['reason']}")
    errors = sum(one["severity"] == "error" for one in found["findings"])
    checked = (
        f"{_counted(found['checked']['statements'], 'statement')} in {_counted(found['checked']['files'], 'file')}"
    )
    said = f"{_counted(errors, 'error')}, {_counted(len(found['findings']) - errors, 'other finding')}"
    terminal.write(f"{checked}: {terminal.styled(said, 'red', 'bold') if errors else said}.")


def _place(one: dict[str, Any]) -> str:
    return f"{one['file']}:{one['line']}" if one["line"] else str(one["file"])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def github(found: dict[str, Any]) -> Sequence[str]:
    """Workflow commands, which GitHub shows beside the lines.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    lines = [
        _command(_GITHUB[one["severity"]], one, one["rule"], f"{one['effect']}. Instead: {one['instead']}")
        for one in found["findings"]
    ]
    return [*lines, *(_command("warning", one, "not looked at", one["reason"]) for one in found["unparsed"])]


def _command(level: str, one: dict[str, Any], title: str, message: str) -> str:
    place = f"file={_property(one['file'])}" + (f",line={one['line']}" if one["line"] else "")
    place += f",col={one['column']}" if one.get("column") else ""
    return f"::{level} {place},title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def sarif(found: dict[str, Any]) -> dict[str, Any]:
    """The findings as SARIF 2.1.0 (OASIS); what could not be read is a notification of the run."""
    from domain_agents.migrations.rules import rules

    described = [
        {
            "id": one.name,
            "shortDescription": {"text": one.harm},
            "help": {"text": f"Instead: {one.instead}\n{chr(10).join(one.sources)}"},
        }
        for one in rules()
    ]
    results = [
        {
            "ruleId": one["rule"],
            "level": _LEVELS[one["severity"]],
            "message": {"text": f"{one['effect']}. Instead: {one['instead']}"},
            "locations": [_location(one)],
        }
        for one in found["findings"]
    ]
    notes = [
        {"level": "warning", "message": {"text": f"not looked at: {one['reason']}"}, "locations": [_location(one)]}
        for one in found["unparsed"]
    ]
    run = {
        "tool": {"driver": {"name": "domain-agents", "rules": described}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
        "results": results,
    }
    return {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}


def _location(one: dict[str, Any]) -> dict[str, Any]:
    column = {"startColumn": one["column"]} if one.get("column") else {}
    region = {"region": {"startLine": one["line"], **column}} if one["line"] else {}
    return {"physicalLocation": {"artifactLocation": {"uri": one["file"]}, **region}}
