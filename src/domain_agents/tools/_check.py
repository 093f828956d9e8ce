"""Agent and prompt files held to what they should be: what `domain-agents check` prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from domain_agents import prompts
from domain_agents.agents.catalogue import load, load_catalogue
from domain_agents.agents.diagnostics import Diagnostic
from domain_agents.agents.names import is_document
from domain_agents.agents.reading import MAX_FILE_BYTES, read_agent
from domain_agents.agents.sources import ADDED, File, Source, prompt_sources, scan
from domain_agents.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain_agents.tools import Settings


def check(paths: Iterable[Path]) -> tuple[Diagnostic, ...]:
    """What there is to say about these files and directories, in order. Files are shown by the names they were given."""
    found: list[Diagnostic] = []
    for path in paths:
        found += _checked_directory(path) if path.is_dir() else _checked_file(path, str(path))
    return tuple(found)


def check_served(settings: Settings) -> tuple[Diagnostic, ...]:
    """What there is to say about everything this server would serve."""
    found = list(load_catalogue(settings).diagnostics)
    for source in prompt_sources():
        for entry in scan(source):
            if isinstance(entry, File) and entry.name.endswith(prompts.PROMPT_SUFFIX):
                found += _checked_file(Path(entry.path), entry.shown)
    return tuple(found)


def _checked_directory(directory: Path) -> list[Diagnostic]:
    source = Source(ADDED, str(directory), str(directory).rstrip("/\\"))
    entries = list(scan(source))
    templates = [
        e for e in entries if isinstance(e, File) and e.name.endswith((prompts.PROMPT_SUFFIX, prompts.REPORT_SUFFIX))
    ]
    skipped = {file.shown for file in templates}
    found = [said for said in load([source]).diagnostics if said.file not in skipped]
    for file in templates:
        if file.name.endswith(prompts.PROMPT_SUFFIX):
            found += _checked_file(Path(file.path), file.shown)
    return found


def _checked_file(path: Path, shown: str) -> list[Diagnostic]:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        return [
            Diagnostic(
                Severity.ERROR,
                "unreadable",
                error.strerror or "it cannot be read",
                "the path of a file that is there",
                shown,
            )
        ]
    if path.name.endswith(prompts.PROMPT_SUFFIX):
        return list(prompts.check_template(data, shown))
    if is_document(path.name) and not data.lstrip().startswith(b"---"):
        return []
    return list(read_agent(data, shown, ADDED)[1])
