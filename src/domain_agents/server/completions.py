"""Values for an argument that is being typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mcp_types as types

from domain_agents.server.listing import AGENT_TEMPLATE, SKILL_TEMPLATE

if TYPE_CHECKING:
    from domain_agents.server.catalogue import Catalogue

MAX_VALUES = 100
"""The protocol's limit."""


def complete(catalogue: Catalogue, params: types.CompleteRequestParams) -> types.Completion:
    """What could stand there: values that start with what was typed, then those that contain it. Nothing known about
    an argument means no values, never an error."""
    kind = _kind(catalogue, params)
    if not kind:
        return types.Completion(values=[], total=0, has_more=False)
    typed = params.argument.value
    values = agent_names(catalogue) if kind == "agents" else catalogue.complete(kind, typed)
    fitting = matching(values, typed)
    return types.Completion(values=fitting[:MAX_VALUES], total=len(fitting), has_more=len(fitting) > MAX_VALUES)


def agent_names(catalogue: Catalogue) -> tuple[str, ...]:
    """The agents' names."""
    return tuple(agent.name for agent in catalogue.agents)


def matching(values: tuple[str, ...], typed: str) -> list[str]:
    """Those that start with it, then those that contain it, each in their order; no value twice."""
    wanted = typed.casefold()
    starting = [value for value in values if value.casefold().startswith(wanted)]
    containing = [value for value in values if wanted in value.casefold()]
    return list(dict.fromkeys([*starting, *containing]))


def _kind(catalogue: Catalogue, params: types.CompleteRequestParams) -> str:
    if isinstance(params.ref, types.ResourceTemplateReference):
        known = params.ref.uri in (AGENT_TEMPLATE, SKILL_TEMPLATE)
        return "agents" if known and params.argument.name == "name" else ""
    prompt = catalogue.prompt(params.ref.name)
    if prompt is None:
        return ""
    return next((one.completes for one in prompt.arguments if one.name == params.argument.name), "")
