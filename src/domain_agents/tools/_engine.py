"""Which database a call is for: given or recognised, else asked once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.engines import UnknownEngine, engine, engine_names
from domain_agents.tools import NeedsAnswer, ToolError

if TYPE_CHECKING:
    from domain_agents.engines import Engine


def engine_for(name: str, version: str, question: str, *, recognised: bool = False) -> Engine:
    """The engine of that name and version; `question` asks for the name where there is none.

    `recognised` says that the version was found in the project rather than given.

    Raises:
        NeedsAnswer: the name is empty.
        ToolError: there is no knowledge of that engine or version; with those there is.
    """
    names = engine_names()
    listed = ", ".join(names)
    if not name:
        raise NeedsAnswer("engine", question, choices=names, way_out=f'Call again with "engine": one of {listed}.')
    if name not in names:
        raise ToolError(f"engine: nothing is known of {name} yet; today: {listed}")
    try:
        return engine(name, version)
    except UnknownEngine as error:
        where = " (recognised in the project)" if recognised else ""
        raise ToolError(f'version: {error}{where}. Call again with "version" set to one of these.') from error
