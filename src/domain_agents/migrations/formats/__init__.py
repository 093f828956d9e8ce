"""Migration frameworks, one folder each: how to name and split the files, its Jinja template, and how to read one back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from domain_agents.registry import load_unit, unit_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.plan import Plan, Project


class Format(Protocol):
    """One framework.

    `render` gives path -> content for every file of the plan, in order, numbered after the project's newest.
    `read` gives the SQL of one rendered (or existing) file, its statements in order as (sql, line), and whether the
    framework would run the file in a transaction.
    """

    @property
    def name(self) -> str: ...

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]: ...

    def read(self, path: str, content: str) -> tuple[tuple[tuple[str, int], ...], bool]: ...


def framework_names() -> tuple[str, ...]:
    """The frameworks that can be rendered."""
    import domain_agents.migrations.formats as package

    return unit_names(package)


def framework(name: str) -> Format:
    """The framework of that name.

    Raises:
        LookupError: with the names there are.
    """
    import domain_agents.migrations.formats as package

    made: Format = load_unit(package, name).FORMAT
    return made
