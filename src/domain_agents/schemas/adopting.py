"""What a schema that is there already decides: its table names and its identifiers are kept, unless told otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from domain_agents.schemas.names import plural, singular, snake
from domain_agents.schemas.spec import Attribute

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, Table
    from domain_agents.schemas.spec import Entity, Spec

_UUIDS = ("uuid", "char(36)", "binary(16)")


def adopt(spec: Spec, there: Schema) -> Spec:
    """The specification with the habits of the schema that it is about."""
    settings = spec.settings
    names = [name.name for name in there.tables]
    countable = [name for name in names if plural(name) != singular(name)]
    if "table_names" not in settings.given and countable:
        singulars = sum(singular(name) == name for name in countable)
        settings = replace(settings, table_names="singular" if singulars * 2 > len(countable) else "plural")
    if "ids" in settings.given:
        return replace(spec, settings=settings)
    return replace(spec, settings=settings, entities=tuple(_adopted(one, there) for one in spec.entities))


def _adopted(entity: Entity, there: Schema) -> Entity:
    """The entity with the kind of identifier that its table has."""
    key = singular(snake(entity.renamed_from or entity.name))
    table = next((one for name, one in there.tables.items() if singular(snake(name.name)) == key), None)
    if table is None or not _has_uuid(table) or any(snake(one.name) == "id" for one in entity.attributes):
        return entity
    return replace(entity, attributes=(Attribute("id", "uuid", place=entity.place), *entity.attributes))


def _has_uuid(table: Table) -> bool:
    column = table.column("id")
    return column is not None and column.type.lower().startswith(_UUIDS)
