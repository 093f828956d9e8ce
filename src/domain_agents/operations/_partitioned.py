"""Indexes, keys and foreign keys of a partitioned table, where none is made on the parent while writers pass.

The parent gets a note first (ON ONLY), so that a partition which is made meanwhile has its part; then every partition gets
its own, one file each, so that a build that fails repeats only itself; the parts are attached in the end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from domain_agents import ddl
from domain_agents.catalog import Index, IndexKey, Unique
from domain_agents.operations import CannotPlan, Migration, Phase, Query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.catalog import ForeignKey, Schema, Table
    from domain_agents.engines import Engine


_ALONE: Final = (
    "Each statement commits by itself, and does nothing when it was done: readers lock several partitions in their own "
    "order, and would meet a transaction that holds one and waits for another in a deadlock"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A partition on any level, with the one above it."""

    table: Table
    parent: Table

    @property
    def is_leaf(self) -> bool:
        """Whether it holds rows itself."""
        return self.table.partitioned_by is None


def parts_of(schema: Schema, table: Table) -> Iterator[Part]:
    """Every partition below a table, each after the one above it.

    Raises:
        CannotPlan: the schema names no partition.
    """
    if not table.partitions:
        raise CannotPlan(
            f"{table.name} is partitioned, and today's schema names none of its partitions",
            field="schema",
            way_out="give the CREATE TABLE ... PARTITION OF (or ATTACH PARTITION) of each partition in `schema`; where "
            f'there is none yet, "tables": {{"{table.name}": {{"rows": 0}}}}',
        )
    yield from _below(schema, table)


def _below(schema: Schema, table: Table) -> Iterator[Part]:
    for partition in table.partitions:
        found = schema.table(partition.name)
        if found is None:
            continue
        yield Part(found, table)
        yield from _below(schema, found)


def require_partition_key(table: Table, columns: tuple[str, ...], what: str, field: str) -> None:
    """What is unique in a partitioned table must hold the partition key: each partition only knows its own rows.

    Raises:
        CannotPlan: it does not.
    """
    key = table.partitioned_by
    if key is None:
        return
    if any(one.is_expression for one in key.keys):
        raise CannotPlan(
            f"{table.name} is partitioned by {key}, an expression: nothing can be unique across its partitions",
            field=field,
            way_out="keep the values in a small table of their own that is not partitioned, with the unique key there",
        )
    missing = [column for column in key.columns if column not in columns]
    if missing:
        raise CannotPlan(
            f"{what} of {table.name} must hold {', '.join(missing)}: the table is partitioned by it, and each partition "
            "knows only its own rows",
            field=field,
            way_out=f"add {', '.join(missing)} to its columns (unique then means: within one value of it); for a value "
            "that is unique in all partitions keep it in a table of its own that is not partitioned, with the key there",
        )


def index_steps(engine: Engine, schema: Schema, index: Index, prechecks: tuple[Query, ...]) -> tuple[Migration, ...]:
    """An index of a partitioned table, built on one partition after the other while writers pass."""
    table = ddl.CreateIndex(index, only=True)
    parent = schema.table(index.table)
    if parent is None:
        raise ddl.DoesNotApply(f"there is no table {index.table}")
    parts = tuple(parts_of(schema, parent))
    label = f"{'unique ' if index.unique else ''}index {index.name}"
    undo = "; ".join(engine.spell(ddl.DropIndex(index.name, schema=index.table.schema, table=index.table), schema))
    note = Migration(
        title=f"create {label} on {index.table.name} alone",
        slug=f"create_{index.name}",
        phase=Phase.EXPAND,
        why="a note on the parent: nothing is built, and a partition that is made from here on has its part of the index",
        statements=(table,),
        prechecks=prechecks,
        undo=undo,
    )
    names = _Names(engine, schema, index)
    attached: list[ddl.Statement] = []
    steps: list[Migration] = [note]
    notes: list[ddl.Statement] = [table]
    above = {parent.name: index.name}
    for part in parts:
        made = replace(index, name=names.of(part.table), table=part.table.name)
        above[part.table.name] = made.name
        if part.is_leaf:
            if made.name not in schema.indexes:
                steps.append(build_step(engine, schema, made))
        else:
            notes.append(ddl.CreateIndex(made, only=True))
        attached.insert(0, ddl.AttachIndex(above[part.parent.name], made.name, index.table.schema))
    steps[0] = replace(note, statements=tuple(notes), undo=_dropped(engine, schema, notes))
    validity = engine.index_validity_query(index)
    steps.append(
        Migration(
            title=f"attach the partitions' indexes to {index.name}",
            slug=f"attach_{index.name}",
            phase=Phase.EXPAND,
            why=f"notes in the catalog; the parent's index is valid once every partition has attached its own. {_ALONE}",
            statements=tuple(attached),
            transaction=False,
            validations=(Query(validity, "true", "a partition without its index keeps the parent's INVALID"),)
            if validity
            else (),
            undo=undo,
        )
    )
    return tuple(steps)


def _dropped(engine: Engine, schema: Schema, notes: list[ddl.Statement]) -> str:
    """The notes of the parents away again, the lowest first: nothing is attached to them yet."""
    told: list[str] = []
    for note in reversed(notes):
        if isinstance(note, ddl.CreateIndex):
            index = note.index
            told += engine.spell(ddl.DropIndex(index.name, schema=index.table.schema, table=index.table), schema)
        elif isinstance(note, ddl.AddConstraint):
            told += engine.spell(ddl.DropConstraint(note.table, note.constraint.name), schema)
    return "; ".join(told)


def unique_steps(engine: Engine, schema: Schema, parent: Table, unique: Unique) -> tuple[Migration, ...]:
    """A unique constraint of a partitioned table: an index on each partition, taken over by its own constraint."""
    keys = tuple(IndexKey(column) for column in unique.columns)
    index = Index(unique.name, parent.name, keys, unique=True)
    names = _Names(engine, schema, index, kind="key")
    note: list[ddl.Statement] = [ddl.AddConstraint(parent.name, unique, only=True)]
    builds: list[Migration] = []
    taken: list[Migration] = []
    upper: list[ddl.Statement] = []
    above = {parent.name: unique.name}
    for part in parts_of(schema, parent):
        name = names.of(part.table)
        above[part.table.name] = name
        own, attached = replace(unique, name=name), ddl.AttachIndex(above[part.parent.name], name, parent.name.schema)
        if part.is_leaf:
            builds.append(build_step(engine, schema, replace(index, name=name, table=part.table.name)))
            taken.append(_taken_over(engine, schema, part.table, own, attached))
        else:
            note.append(ddl.AddConstraint(part.table.name, own, only=True))
            upper.insert(0, attached)
    validity = engine.index_validity_query(index)
    valid = (Query(validity, "true", "a partition without its key keeps the parent's INVALID"),) if validity else ()
    return (
        Migration(
            title=f"add unique constraint {unique.name} on {parent.name.name} alone",
            slug=f"add_unique_{unique.name}",
            phase=Phase.EXPAND,
            why="a note on the parent: nothing is built or tested, and a partition that is made from here on has its part",
            statements=tuple(note),
            undo=_dropped(engine, schema, note),
        ),
        *builds,
        *taken[:-1],
        *((replace(taken[-1], validations=valid),) if not upper else taken[-1:]),
        *((_uppermost(unique, tuple(upper), valid),) if upper else ()),
    )


def _taken_over(engine: Engine, schema: Schema, table: Table, unique: Unique, attached: ddl.AttachIndex) -> Migration:
    """A partition's index made its constraint, and that a part of the parent's."""
    name = unique.name
    built = ddl.CreateIndex(Index(name, table.name, tuple(map(IndexKey, unique.columns)), unique=True)).apply(schema)
    taken = ddl.AddConstraint(table.name, unique, using_index=name)
    drop = ddl.DropConstraint(table.name, name)
    return Migration(
        title=f"make the index {name} a part of the constraint {attached.index}",
        slug=f"attach_{name}",
        phase=Phase.EXPAND,
        why="the index is there and valid, so nothing is read or built; one partition at a time, for readers lock several "
        "of them in their own order",
        statements=(taken, attached),
        undo=f"drop the parent's constraint {attached.index}; before it is attached: "
        + "; ".join(engine.spell(drop, taken.apply(built))),
    )


def _uppermost(unique: Unique, statements: tuple[ddl.Statement, ...], valid: tuple[Query, ...]) -> Migration:
    return Migration(
        title=f"attach the partitioned partitions' keys to {unique.name}",
        slug=f"attach_{unique.name}",
        phase=Phase.EXPAND,
        why=f"notes in the catalog; the constraint is valid once every partition has attached its own. {_ALONE}",
        statements=statements,
        transaction=False,
        validations=valid,
        undo=f"drop the constraint {unique.name}",
    )


def build_step(engine: Engine, schema: Schema, index: Index) -> Migration:
    """One index on one partition (or on a table that becomes one), built while writers pass."""
    drop = ddl.DropIndex(index.name, True, True, index.table.schema, index.table)
    validity = engine.index_validity_query(index)
    return Migration(
        title=f"build {'unique ' if index.unique else ''}index {index.name} on {index.table.name}",
        slug=f"create_{index.name}",
        phase=Phase.EXPAND,
        why="reads and writes pass while the index is built; the leftover of a failed build is dropped first, so the file "
        "can simply be run again",
        statements=(drop, ddl.CreateIndex(index, concurrently=True)),
        transaction=False,
        validations=(Query(validity, "true", "a build that failed leaves an INVALID index: run the file again"),)
        if validity
        else (),
        undo="; ".join(engine.spell(drop, schema)),
    )


def foreign_key_steps(
    engine: Engine,
    schema: Schema,
    parent: Table,
    key: ForeignKey,
    orphans: tuple[Query, ...],
    warnings: tuple[str, ...],
) -> tuple[Migration, ...]:
    """A foreign key where a partitioned table cannot have one that is not validated: on each partition, then on the parent,
    which takes them over."""
    leaves = [part.table.name for part in parts_of(schema, parent) if part.is_leaf]
    adding = tuple(ddl.AddConstraint(name, replace(key, validated=False)) for name in leaves)
    added = ddl.apply_all(adding, schema)
    validating = tuple(ddl.ValidateConstraint(name, key.name) for name in leaves)
    written = engine.quote_table(parent.name)
    later = (
        f"a partition of {written} that is made between the first and the last of these files has no key of its own, and "
        "is read whole by the last one while writes wait: make none meanwhile, or give it the key as well"
    )
    whole = ddl.AddConstraint(parent.name, replace(key, validated=True))
    after = whole.apply(ddl.apply_all(validating, added))
    return (
        *(
            Migration(
                title=f"add foreign key {key.name} to {one.table.name}, not yet validated",
                slug=f"add_{key.name}_to_{one.table.name}",
                phase=Phase.EXPAND,
                why="new and changed rows are checked from here on; in this version a partition takes NOT VALID, the "
                "partitioned table does not",
                statements=(one,),
                undo="; ".join(engine.spell(ddl.DropConstraint(one.table, key.name), added)),
                warnings=(*warnings, later) if one is adding[0] else (),
            )
            for one in adding
        ),
        Migration(
            title=f"validate foreign key {key.name} on each partition",
            slug=f"validate_{key.name}",
            phase=Phase.CONTRACT,
            why="existing rows are tested while reads and writes pass; each statement commits by itself",
            statements=validating,
            transaction=False,
            prechecks=orphans,
            undo="none needed: a validated key enforces nothing that the unvalidated one did not",
        ),
        Migration(
            title=f"add foreign key {key.name} to {parent.name.name}",
            slug=f"add_{key.name}",
            phase=Phase.CONTRACT,
            why="the partitions' keys become its parts, so no row is tested again; partitions made later have the key too",
            statements=(whole,),
            undo="; ".join(engine.spell(ddl.DropConstraint(parent.name, key.name), after)),
        ),
    )


class _Names:
    """The partitions' names for their part of an index: one that is like it already, else the engine's own, where free."""

    def __init__(self, engine: Engine, schema: Schema, index: Index, kind: str = "idx") -> None:
        self._engine, self._schema, self._index, self._kind = engine, schema, index, kind
        self._taken = set(schema.indexes) | {index.name}

    def of(self, table: Table) -> str:
        for own in self._schema.indexes_of(table.name):
            if self._kind == "idx" and replace(own, name="", table=self._index.table) == replace(self._index, name=""):
                return own.name
        labels, kind, number = [key.label for key in self._index.keys], self._kind, 0
        name = self._engine.object_name(table.name, labels, kind)
        while name in self._taken:
            number += 1
            name = self._engine.object_name(table.name, labels, f"{kind}{number}")
        self._taken.add(name)
        return name
