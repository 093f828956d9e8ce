"""All agents of all sources in one catalogue, read again only where a file changed."""

from __future__ import annotations

import difflib
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from domain_agents.agents import names
from domain_agents.agents.diagnostics import Diagnostic
from domain_agents.agents.reading import MAX_FILE_BYTES, read_agent
from domain_agents.agents.sources import SHIPPED, File, agent_sources, fingerprint_of, scan
from domain_agents.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from domain_agents.agents.model import Agent, Workflow
    from domain_agents.agents.sources import Places, Skipped, Source

Reading: TypeAlias = "tuple[Agent | None, tuple[Diagnostic, ...]]"
MAX_NEAREST = 3
MAX_CATALOGUES = 16
MAX_SAME_NAME = 1_000


@dataclass(frozen=True)
class Catalogue:
    """Agents by name: ours first, then alphabetically, always in the same order.

    `diagnostics` holds everything that was said about any file, in the order of sources and files; `fingerprint` is
    that of the files it was read from.
    """

    agents: tuple[Agent, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    fingerprint: str = ""
    _by_name: dict[str, Agent] = field(default_factory=dict, repr=False)

    def get(self, name: str) -> Agent | None:
        """The agent of that name, however it is written (`schema-designer`, `schema_designer`, `Schema Designer`)."""
        wanted = names.slug(name)
        return self._by_name.get(name) or self._by_name.get(wanted) or self._by_name.get(wanted.replace("_", "-"))

    def nearest(self, name: str) -> tuple[str, ...]:
        """Names that could have been meant, the likeliest first."""
        wanted = names.slug(name)[: names.MAX_NAME_CHARACTERS]
        holding = [known for known in self._by_name if wanted and (wanted in known or known in wanted)]
        close = difflib.get_close_matches(wanted, self._by_name, MAX_NEAREST, 0.5)
        return tuple(dict.fromkeys([*close, *holding]))[:MAX_NEAREST]

    def workflows(self) -> Iterator[tuple[Agent, Workflow]]:
        """Every workflow whose steps all name an agent that is here, with the agent that brings it."""
        for agent in self.agents:
            for workflow in agent.workflows:
                if all(self.get(step) for step in workflow.steps):
                    yield agent, workflow


def load(sources: Iterable[Source]) -> Catalogue:
    """Every agent of these sources. A later source replaces an agent of the same name; one bad file hides no other."""
    return _catalogue([entry for source in sources for entry in scan(source)], {})


def load_catalogue(places: Places) -> Catalogue:
    """The catalogue for a server's settings, as the files are now: an edit shows on the next call."""
    sources = agent_sources(places)
    entries = [entry for source in sources for entry in scan(source)]
    with _lock:
        known = _catalogues.get(sources)
        current = fingerprint_of(entries)
        if known is not None and known.catalogue.fingerprint == current:
            return known.catalogue
        readings = dict(known.readings) if known is not None else {}
        catalogue = replace(_catalogue(entries, readings), fingerprint=current)
        _catalogues[sources] = _Known(catalogue, readings)
        while len(_catalogues) > MAX_CATALOGUES:
            _catalogues.popitem(last=False)
        return catalogue


@dataclass
class _Known:
    """What was read last: `readings` by path and stamp, so that one edit among a thousand files reads one file."""

    catalogue: Catalogue
    readings: dict[tuple[object, ...], Reading]


_catalogues: OrderedDict[tuple[Source, ...], _Known] = OrderedDict()
_lock = threading.Lock()


def read_file(file: File) -> Reading:
    """The agent in a file, or why there is none. Raises nothing."""
    try:
        with Path(file.path).open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        said = Diagnostic(
            Severity.ERROR, "unreadable", error.strerror or "it cannot be read", "a file that you may read", file.shown
        )
        return None, (said,)
    return read_agent(data, file.shown, file.source.label)


def _catalogue(entries: list[File | Skipped], readings: dict[tuple[object, ...], Reading]) -> Catalogue:
    """Fill `readings` with what these entries hold, and nothing else, and make the catalogue of it."""
    said: list[Diagnostic] = []
    by_name: dict[str, Agent] = {}
    current: dict[tuple[object, ...], Reading] = {}
    for entry in entries:
        if not isinstance(entry, File):
            said.append(
                Diagnostic(Severity.ERROR if entry.error else Severity.WARNING, entry.code, entry.why, "", entry.shown)
            )
            continue
        key = (entry.path, entry.source.label, entry.shown, entry.stamp)
        agent, more = current[key] = readings.get(key) or read_file(entry)
        said += more
        if agent is not None:
            _add(agent, by_name, said)
    readings.clear()
    readings.update(current)
    said += _closed_model(by_name)
    ordered = sorted(by_name.values(), key=lambda agent: (agent.source != SHIPPED, agent.name))
    catalogue = Catalogue(tuple(ordered), (), "", by_name)
    said += _unknown_steps(catalogue)
    return replace(catalogue, diagnostics=tuple(said), fingerprint=fingerprint_of(entries))


def _add(agent: Agent, by_name: dict[str, Agent], said: list[Diagnostic]) -> None:
    """Put an agent under its name: over an earlier source's, beside one of its own source under a longer name."""
    there = by_name.get(agent.name)
    if there is None:
        by_name[agent.name] = agent
    elif (there.source, there.file.rpartition("/")[0].split("/")[0]) != (
        agent.source,
        agent.file.rpartition("/")[0].split("/")[0],
    ):
        by_name[agent.name] = agent
        code = "shadows_shipped" if there.source == SHIPPED else "shadows"
        said.append(
            Diagnostic(
                Severity.INFO,
                code,
                f"{agent.name!r} replaces the agent of the same name in {there.file}",
                "another name, if both are wanted",
                agent.file,
                1,
                1,
                "name",
            )
        )
    else:
        name = _free_name(agent, by_name)
        by_name[name] = agent.model_copy(update={"name": name})
        said.append(
            Diagnostic(
                Severity.WARNING,
                "repeated_name",
                f"{agent.name!r} is also the name of {there.file}; this one is served as {name!r}",
                f"name: {name}",
                agent.file,
                1,
                1,
                "name",
            )
        )


def _free_name(agent: Agent, taken: dict[str, Agent]) -> str:
    """A name that says where the file is, else one with a number."""
    folder = names.slug(agent.file.rpartition("/")[0].rpartition("/")[2])
    stem = names.slug(names.stem(agent.file))
    for name in (stem, f"{folder}-{agent.name}"):
        if name and name not in taken and len(name) <= names.MAX_NAME_CHARACTERS:
            return name
    kept = agent.name[: names.MAX_NAME_CHARACTERS - len(str(MAX_SAME_NAME * 10))]
    number = 2
    while f"{kept}-{number}" in taken:
        number += 1
    return f"{kept}-{number}"


def _unknown_steps(catalogue: Catalogue) -> Iterator[Diagnostic]:
    for agent in catalogue.agents:
        for workflow in agent.workflows:
            missing = [step for step in workflow.steps if catalogue.get(step) is None]
            if missing:
                near = catalogue.nearest(missing[0])
                yield Diagnostic(
                    Severity.ERROR if agent.source == SHIPPED else Severity.WARNING,
                    "unknown_step",
                    f"the workflow {workflow.name!r} names {', '.join(map(repr, missing))}, and there is no such agent; "
                    "it is not offered",
                    f"steps: the names of agents{', such as ' + ', '.join(near) if near else ''}",
                    agent.file,
                    field="workflows",
                )


def _closed_model(by_name: dict[str, Agent]) -> Iterator[Diagnostic]:
    """What a file of ours must not have: keys without a meaning, a name other than its file's."""
    for agent in by_name.values():
        if agent.source != SHIPPED:
            continue
        for key in agent.extra:
            yield Diagnostic(
                Severity.ERROR,
                "unknown_key",
                f"{key!r} is no field of an agent",
                "one of the fields in agents/model.py",
                agent.file,
                field=key,
            )
        if agent.name != names.stem(agent.file):
            yield Diagnostic(
                Severity.ERROR,
                "name_is_not_file",
                f"the name is {agent.name!r}, the file says {names.stem(agent.file)!r}",
                f"name: {names.stem(agent.file)}",
                agent.file,
                1,
                1,
                "name",
            )
