"""The indexes of a column, once more for the column that stands in for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import Index, IndexKey
from domain_agents.engines import Can, Engine
from domain_agents.operations import CannotPlan, Migration, Phase, Query

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName


@dataclass(frozen=True, slots=True)
class IndexCopy:
    """An index on the stand-in, the name of what it copies (an index, a unique constraint), and the step that builds it."""

    index: Index
    of: str
    is_constraint: bool
    step: Migration


def index_copies(engine: Engine, schema: Schema, table: TableName, column: str, stand_in: str) -> tuple[IndexCopy, ...]:
    """One copy for each index and unique key that uses the column, built while writers pass where the engine can.

    `schema` is as it is before, with the stand-in in it. The primary key is copied as a unique index.

    Raises:
        CannotPlan: the table is partitioned, and the engine builds no index on it while writers pass.
    """
    found = schema.table(table)
    if found is None:
        return ()
    originals = [(index, False) for index in schema.indexes_of(found.name) if _uses(index, column)]
    keys = [(unique.name, unique.columns) for unique in found.uniques]
    keys += [(found.primary_key.name, found.primary_key.columns)] if found.primary_key else []
    originals += [
        (Index(name, found.name, tuple(IndexKey(one) for one in columns), unique=True), True)
        for name, columns in keys
        if column in columns
    ]
    if originals and found.partitioned_by and engine.can(Can.CONCURRENT_INDEX_BUILD):
        raise CannotPlan(
            f"{found.name} is partitioned, where an index cannot be built concurrently on the parent",
            field="sql",
            way_out="add the column, and its index on each partition, by hand; this tool does not write those steps yet",
        )
    taken = set(schema.indexes)
    copies: list[IndexCopy] = []
    for original, is_constraint in originals:
        copy = _copy(engine, original, column, stand_in, taken)
        taken.add(copy.name)
        copies.append(IndexCopy(copy, original.name, is_constraint, _step(engine, schema, copy, original.name)))
    return tuple(copies)


def _uses(index: Index, column: str) -> bool:
    expressions = [key.text for key in index.keys if key.is_expression] + ([index.where] if index.where else [])
    return column in (*index.columns, *index.include) or any(ddl.mentions(one, column) for one in expressions)


def _copy(engine: Engine, index: Index, column: str, stand_in: str, taken: set[str]) -> Index:
    def key(one: IndexKey) -> IndexKey:
        if one.is_expression:
            return replace(one, text=ddl.renamed_in(one.text, column, stand_in))
        return replace(one, text=stand_in) if one.text == column else one

    keys = tuple(map(key, index.keys))
    kind, number = "idx", 0
    name = engine.object_name(index.table, tuple(one.label for one in keys), kind)
    while name in taken:
        number += 1
        name = engine.object_name(index.table, tuple(one.label for one in keys), f"{kind}{number}")
    return replace(
        index,
        name=name,
        keys=keys,
        include=tuple(stand_in if one == column else one for one in index.include),
        where=ddl.renamed_in(index.where, column, stand_in) if index.where is not None else None,
    )


def _step(engine: Engine, schema: Schema, index: Index, original: str) -> Migration:
    concurrently = engine.can(Can.CONCURRENT_INDEX_BUILD)
    drop = ddl.DropIndex(index.name, concurrently=concurrently, if_exists=concurrently, schema=index.table.schema)
    create = ddl.CreateIndex(index, concurrently=concurrently)
    validity = engine.index_validity_query(index)
    return Migration(
        title=f"create {'unique ' if index.unique else ''}index {index.name}, the twin of {original or 'a key'}",
        slug=f"create_{index.name}",
        phase=Phase.MIGRATE,
        why="the new application looks rows up, and keeps them unique, by the new column as fast as by the old one",
        # What a build that failed left behind under this name would be taken for the real one.
        statements=(drop, create) if concurrently else (create,),
        transaction=not concurrently,
        validations=(Query(validity, "true", "a build that failed leaves an INVALID index: run the file again"),)
        if validity
        else (),
        undo="; ".join(engine.spell(drop, schema)),
    )
