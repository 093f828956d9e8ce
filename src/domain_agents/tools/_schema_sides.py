"""A schema as it is given to a tool: DDL, a path in the project, a specification, or a configured database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from domain_agents.dialects import dialect, replay
from domain_agents.schemas.design import design
from domain_agents.schemas.diff import Renames
from domain_agents.schemas.names import snake
from domain_agents.schemas.spec import SpecError, read_spec
from domain_agents.tools import Settings, ToolError
from domain_agents.tools._project import project_directory

if TYPE_CHECKING:
    from domain_agents.catalog import Schema
    from domain_agents.dialects import Unread
    from domain_agents.engines import Engine
    from domain_agents.schemas.design import Design
    from domain_agents.workspace.files import ProjectFiles

_DDL_MARKS = ("\n", ";", "(")
_KINDS = ("sql", "path", "paths", "spec", "database")
_EXAMPLE = '"CREATE TABLE ...", "db/schema.sql", {"spec": {...}} or {"database": "staging"}'


@dataclass(frozen=True, slots=True)
class Side:
    """One schema that was given: the model, what of its text could not be read, and the renames that it says itself."""

    schema: Schema
    unread: tuple[Unread, ...] = ()
    renames: Renames = field(default_factory=Renames)
    says: str = ""


def read_side(argument: str, given: Any, engine: Engine, settings: Settings, project: str | None) -> Side:
    """The schema that an argument stands for.

    Raises:
        ToolError: it stands for none; with the field and the way out.
    """
    kind, value = _kind(argument, given)
    if kind == "spec":
        return _specified(argument, value, engine)
    if kind == "database":
        return _live(argument, value, engine)
    text = value if kind == "sql" else _read_files(argument, value, settings, project)
    return _read(text, engine, said=kind if kind == "sql" else ", ".join(value))


def _kind(argument: str, given: Any) -> tuple[str, Any]:
    if isinstance(given, str):
        if any(mark in given for mark in _DDL_MARKS) or not given.strip():
            return "sql", given
        return "paths", [given]
    if isinstance(given, list) and given and all(isinstance(one, str) for one in given):
        return "paths", given
    if isinstance(given, dict):
        if "entities" in given:
            return "spec", given
        named = [kind for kind in _KINDS if kind in given]
        if len(named) == 1 and len(given) == 1:
            (kind,) = named
            value: object = given[kind]
            if kind == "path":
                kind, value = "paths", [value]
            fits: type = {"sql": str, "database": str, "paths": list, "spec": dict}[kind]
            if isinstance(value, fits):
                return kind, value
    raise ToolError(f"{argument}: is no schema; give {_EXAMPLE}")


def _specified(argument: str, given: dict[str, Any], engine: Engine) -> Side:
    try:
        made = design(read_spec(given), engine)
    except SpecError as error:
        faults = "; ".join(str(fault) for fault in error.faults[:5])
        raise ToolError(f"{argument}.spec: {faults}") from error
    return Side(made.schema, (), renames_of(made), "specification")


def renames_of(made: Design) -> Renames:
    """The names that a specification says are new ones."""
    tables: dict[str, str] = {}
    columns: dict[tuple[str, str], str] = {}
    by_entity = {table.entity: table.table for table in made.tables}
    for entity in made.spec.entities:
        table = by_entity.get(entity.name)
        if table is None:
            continue
        if entity.renamed_from:
            tables[str(table.name)] = _old_table(entity.renamed_from, str(table.name))
        for attribute in entity.attributes:
            if attribute.renamed_from and table.column(snake(attribute.name)):
                columns[str(table.name), snake(attribute.name)] = snake(attribute.renamed_from)
    return Renames(tables, columns)


def _old_table(said: str, new: str) -> str:
    """The table's old name, in the number (customer, customers) that the new one is in."""
    from domain_agents.schemas.names import plural, singular

    old = snake(said)
    return plural(old) if plural(singular(new)) == new and singular(new) != new else old


def _read(text: str, engine: Engine, *, said: str) -> Side:
    schema, unread = replay(text, dialect(engine.name))
    return Side(schema, tuple(unread), says=said)


def _read_files(argument: str, given: list[Any], settings: Settings, project: str | None) -> str:
    from domain_agents.workspace.files import ProjectFiles

    files = ProjectFiles(project_directory(settings, project))
    return "\n;\n".join(_text(argument, one, files) for one in given)


def _text(argument: str, given: Any, files: ProjectFiles) -> str:
    path = str(given).strip().replace("\\", "/").removeprefix("./").rstrip("/")
    known = files.paths()
    if path in known:
        return files.text(path)
    inside = sorted(one for one in known if one.startswith(f"{path}/") and one.endswith(".sql"))
    if not inside:
        raise ToolError(f'{argument}: there is no file "{path}" in the project; give a path in it, or the DDL itself')
    return "\n;\n".join(files.text(one) for one in inside)


def _live(argument: str, name: str, engine: Engine) -> Side:
    from domain_agents.workspace.introspection import NotReadable, read_database

    try:
        text = read_database(name, engine.name)
    except NotReadable as error:
        raise ToolError(f"{argument}.database: {error}") from error
    return _read(text, engine, said=f"database {name}")
