"""The main job, shown to a newcomer: a NOT NULL column on a big table of a sample shop, planned, then proved on a real
PostgreSQL while other sessions read and write.

It calls the same tools that a client calls; nothing is canned.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain_agents.cli import demo_pages as pages
from domain_agents.cli.options import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from domain_agents.cli.options import GlobalOptions, Parser
    from domain_agents.cli.terminal import Terminal
    from domain_agents.tools import Settings

ROWS = 200_000
EXAMPLE = "shop-postgresql"

ASKED = "Every user needs a locale, NOT NULL. For the users we have, take it from their country."
CHANGE = "ALTER TABLE users ADD COLUMN locale text NOT NULL"
EXPRESSION = "CASE country WHEN 'DE' THEN 'de-DE' WHEN 'FR' THEN 'fr-FR' ELSE 'en-' || country END"
OBVIOUS = f"""\
BEGIN;
ALTER TABLE users ADD COLUMN locale text;
UPDATE users SET locale = {EXPRESSION};
ALTER TABLE users ALTER COLUMN locale SET NOT NULL;
COMMIT;
"""
"""What one writes when nobody else uses the database: the bare statement fails on a table with rows."""


def describe(parser: Parser) -> None:
    """The command's own options."""
    parser.add_argument(
        "--rows", type=_rows, default=ROWS, metavar="N", help=f"users to prove it with; default: {ROWS:,}"
    )


def run(arguments: argparse.Namespace, _options: GlobalOptions, terminal: Terminal) -> int:
    """Plan, prove, compare, and say how to go on."""
    from domain_agents.tools import Settings, ToolError

    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="domain-agents-demo-") as scratch:
        project = Path(scratch) / EXAMPLE
        shutil.copytree(_example(), project)
        tools = _Tools(Settings(project=project), terminal)
        request = {
            "sql": CHANGE,
            "backfill": {"users.locale": EXPRESSION},
            "tables": {"users": {"rows": arguments.rows}},
        }
        rows = {"users": arguments.rows}
        try:
            pages.title(terminal, ASKED, CHANGE, EXPRESSION)
            plan = tools.call("plan_migration", request)
            pages.project(terminal, plan["project"])
            pages.steps(terminal, plan["steps"])
            pages.files(terminal, plan["files"])
            pages.heading(
                terminal, "The proof", f"these files, on a real PostgreSQL with {arguments.rows:,} users, under load"
            )
            proof = tools.call("prove_migration", {**request, "rows": rows, "load": True})
            if proof["verdict"] == "not_run":
                terminal.error(f"nothing could be proved here: {' '.join(proof['reasons'])}")
                return 1
            pages.proof(terminal, proof, "users")
            pages.heading(terminal, "The obvious way", "one transaction, the same rows, the same load")
            obvious = tools.call("prove_migration", {"sql": OBVIOUS, "rows": rows, "load": True})
        except ToolError as error:
            terminal.error(str(error))
            return 1
        pages.comparison(terminal, proof, obvious)
    pages.next_steps(terminal, time.perf_counter() - started)
    return 0 if proof["verdict"] == "proved" else 1


class _Tools:
    """The served tools, called by name with a bar on the terminal."""

    def __init__(self, settings: Settings, terminal: Terminal) -> None:
        from domain_agents.tools._served import served_tools

        self._settings = settings
        self._terminal = terminal
        self._tools = {tool.name: tool for tool in served_tools(settings)}

    def call(self, name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The structured result of one tool."""
        from domain_agents.tools import Job
        from domain_agents.tools._arguments import parse_arguments

        tool = self._tools[name]
        try:
            return tool.call(
                parse_arguments(tool, dict(raw)), self._settings, Job(on_progress=self._terminal.progress)
            ).structured
        finally:
            self._terminal.end_progress()


def _example() -> Path:
    from domain_agents.agents.sources import shipped_directory

    found = Path(shipped_directory("examples")) / EXAMPLE
    if not found.is_dir():
        raise UsageError(f"the sample project {EXAMPLE} is not part of this installation")
    return found


def _rows(text: str) -> int:
    import argparse

    number = text.replace("_", "").replace(",", "")
    if not number.isdecimal() or not 1_000 <= int(number) <= 5_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of rows from 1,000 to 5,000,000")
    return int(number)
