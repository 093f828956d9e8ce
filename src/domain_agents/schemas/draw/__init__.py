"""A schema as a picture: text that other tools draw, and an SVG of our own. From the catalog alone, without a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain_agents.catalog import ForeignKey, Schema, Table


@dataclass(frozen=True, slots=True)
class End:
    """How many rows stand at one end of a relation."""

    is_optional: bool
    is_many: bool


def ends_of(key: ForeignKey, child: Table) -> tuple[End, End]:
    """The parent's end and the child's end of a foreign key."""
    columns = [column for column in child.columns if column.name in key.columns]
    keys = [unique.columns for unique in child.uniques]
    if child.primary_key is not None:
        keys.append(child.primary_key.columns)
    is_one = any(set(one) <= set(key.columns) for one in keys)
    return End(any(column.nullable for column in columns), is_many=False), End(is_optional=True, is_many=not is_one)


def key_marks(table: Table, schema: Schema) -> dict[str, tuple[str, ...]]:
    """Which columns are part of a primary (PK), foreign (FK) or unique (UK) key."""
    marks: dict[str, list[str]] = {}
    if table.primary_key is not None:
        for name in table.primary_key.columns:
            marks.setdefault(name, []).append("PK")
    for key in table.foreign_keys:
        for name in key.columns:
            if "FK" not in marks.setdefault(name, []):
                marks[name].append("FK")
    alone = [one.columns[0] for one in table.uniques if len(one.columns) == 1]
    alone += [
        one.columns[0] for one in schema.indexes_of(table.name) if one.unique and len(one.keys) == len(one.columns) == 1
    ]
    for name in dict.fromkeys(alone):
        marks.setdefault(name, []).append("UK")
    return {name: tuple(found) for name, found in marks.items()}
