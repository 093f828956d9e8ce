"""Where the catalogue comes from: the tools, prompts and agents of these settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.server.catalogue import Catalogue, CatalogueSource

if TYPE_CHECKING:
    from domain_agents.tools import Settings


def catalogue_source(settings: Settings) -> CatalogueSource:
    """Reads what the settings name; reads it again only when a file changed."""
    from domain_agents.tools._served import served_tools

    def read() -> Catalogue:
        return Catalogue(tools=served_tools(settings))

    return read
