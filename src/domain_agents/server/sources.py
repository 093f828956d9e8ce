"""Where the catalogue comes from: the tools, prompts and agents of these settings, as their files are now."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from domain_agents.agents.catalogue import load_catalogue
from domain_agents.agents.sources import fingerprint, prompt_sources
from domain_agents.prompts import served_prompts
from domain_agents.server.catalogue import AgentDocument, Catalogue, CatalogueSource
from domain_agents.tools._served import served_tools

if TYPE_CHECKING:
    from domain_agents.agents.model import Agent
    from domain_agents.tools import Settings

logger = logging.getLogger(__name__)


def catalogue_source(settings: Settings) -> CatalogueSource:
    """Looks at the files on every call, and reads them again only when one changed."""
    lock = threading.Lock()
    known = Catalogue()

    def read() -> Catalogue:
        nonlocal known
        agents = load_catalogue(settings)
        current = f"{agents.fingerprint} {fingerprint(prompt_sources())}"
        with lock:
            if known.fingerprint != current:
                known = Catalogue(
                    tools=served_tools(settings),
                    prompts=served_prompts(settings),
                    agents=tuple(_document(agent) for agent in agents.agents),
                    fingerprint=current,
                    complete=lambda kind, _: project_values(settings, kind),
                )
            return known

    return read


def _document(agent: Agent) -> AgentDocument:
    text = agent.raw.decode("utf-8", "replace")
    return AgentDocument(agent.name, agent.title, agent.description, text, agent.body)


def project_values(settings: Settings, kind: str) -> tuple[str, ...]:
    """The values of an argument: what we support, or what the project holds. A project that cannot be read has none."""
    if kind == "engines":
        import domain_agents.engines as engines
        from domain_agents.registry import unit_names

        return unit_names(engines)
    if kind == "frameworks":
        import domain_agents.migrations.formats as formats
        from domain_agents.registry import unit_names

        return unit_names(formats)
    if settings.project is None:
        return ()
    if kind == "files":
        from domain_agents.workspace.files import ProjectFiles

        return ProjectFiles(settings.project).paths()
    return _tables(settings) if kind == "tables" else ()


def _tables(settings: Settings) -> tuple[str, ...]:
    from domain_agents.dialects import dialect, replay
    from domain_agents.tools import ToolError
    from domain_agents.tools._project import read_project

    try:
        project = read_project(settings, None)
        if not project.engine:
            return ()
        schema, _ = replay(project.schema_sql, dialect(project.engine))
    except (ToolError, LookupError) as error:
        logger.info("the project's tables are not known: %s", error)
        return ()
    return tuple(str(table.name) for table in schema.tables)
