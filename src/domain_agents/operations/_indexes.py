"""The indexes of a column, once more for the column that stands in for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import Index, IndexKey, PrimaryKey, Unique
from domain_agents.engines import Can, Engine
from domain_agents.operations import CannotPlan, Migration, Phase, Query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.catalog import Schema, TableName


@dataclass(frozen=True, slots=True)
class IndexCopy:
    """An index on stand-ins, the name of what it copies, and the step that builds it.

    `constraint` is the primary key or unique constraint that is copied, None of an index that is just one.
    """

    index: Index
    of: str
    constraint: PrimaryKey | Unique | None
    step: Migration


def index_copies(
    engine: Engine, schema: Schema, table: TableName, stand_ins: Mapping[str, str]
) -> tuple[IndexCopy, ...]:
    """One copy for each index and unique key that uses the columns, built while writers pass where the engine can.

    `stand_ins` are the columns' stand-ins by the columns' names. `schema` is as it is before, with the stand-ins in it.
    The primary key is copied as a unique index.

    Raises:
        CannotPlan: the table is partitioned, and the engine builds no index on it while writers pass.
    """
    found = schema.table(table)
    if found is None:
        return ()
    originals: list[tuple[Index, PrimaryKey | Unique | None]] = [
        (index, None) for index in schema.indexes_of(found.name) if any(_uses(index, column) for column in stand_ins)
    ]
    keys: list[PrimaryKey | Unique] = [*found.uniques, *([found.primary_key] if found.primary_key else [])]
    originals += [
        (Index(key.name, found.name, tuple(IndexKey(one) for one in key.columns), unique=True), key)
        for key in keys
        if any(column in key.columns for column in stand_ins)
    ]
    if originals and found.partitioned_by and engine.can(Can.CONCURRENT_INDEX_BUILD):
        raise CannotPlan(
            f"{found.name} is partitioned, where an index cannot be built concurrently on the parent",
            field="sql",
            way_out="add the column, and its index on each partition, by hand; this tool does not write those steps yet",
        )
    taken = set(schema.indexes)
    copies: list[IndexCopy] = []
    for original, constraint in originals:
        copy = _copy(engine, original, stand_ins, taken)
        taken.add(copy.name)
        copies.append(IndexCopy(copy, original.name, constraint, _step(engine, schema, copy, original.name)))
    return tuple(copies)


def _uses(index: Index, column: str) -> bool:
    expressions = [key.text for key in index.keys if key.is_expression] + ([index.where] if index.where else [])
    return column in (*index.columns, *index.include) or any(ddl.mentions(one, column) for one in expressions)


def exchanged_in(expression: str, stand_ins: Mapping[str, str]) -> str:
    """The expression over the stand-ins instead of the columns."""
    for column, stand_in in stand_ins.items():
        expression = ddl.renamed_in(expression, column, stand_in)
    return expression


def _copy(engine: Engine, index: Index, stand_ins: Mapping[str, str], taken: set[str]) -> Index:
    def key(one: IndexKey) -> IndexKey:
        if one.is_expression:
            return replace(one, text=exchanged_in(one.text, stand_ins))
        return replace(one, text=stand_ins.get(one.text, one.text))

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
        include=tuple(stand_ins.get(one, one) for one in index.include),
        where=exchanged_in(index.where, stand_ins) if index.where is not None else None,
    )


def _step(engine: Engine, schema: Schema, index: Index, original: str) -> Migration:
    concurrently = engine.can(Can.CONCURRENT_INDEX_BUILD)
    drop = ddl.DropIndex(
        index.name, concurrently=concurrently, if_exists=concurrently, schema=index.table.schema, table=index.table
    )
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
