"""Statements about partitions that are tables themselves: made with a parent, attached to it, detached from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents.catalog import (
    Bound,
    Check,
    ForeignKey,
    Index,
    Partition,
    PartitionKey,
    PrimaryKey,
    Schema,
    Table,
    TableName,
    Unique,
    partition_table,
)
from domain_agents.ddl._bounds import SHOWN, bound_condition
from domain_agents.ddl._expressions import mentions
from domain_agents.ddl._statement import Constraint, DoesNotApply, table_in

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME_BYTES = 63


@dataclass(frozen=True, slots=True)
class CreatePartition:
    """CREATE TABLE ... PARTITION OF; `table` is the parent."""

    table: TableName
    partition: TableName
    bound: Bound
    partitioned_by: PartitionKey | None = None
    if_not_exists: bool = False

    def apply(self, schema: Schema) -> Schema:
        parent = partitioned(schema, self.table)
        if schema.table(self.partition) is not None:
            if self.if_not_exists:
                return schema
            raise DoesNotApply(f"table {self.partition} exists already")
        _require_free(parent, self.bound)
        own = Table(self.partition, (), partitioned_by=self.partitioned_by)
        made = Partition(own, self.bound, tuple((name, "") for name in parent.unfinished))
        return schema.with_table(replace(parent, partitions=(*parent.partitions, made)))


@dataclass(frozen=True, slots=True)
class CreateTableLike:
    """CREATE TABLE (LIKE ...): the columns of another table, and what `including` names (DEFAULTS, CONSTRAINTS, ...)."""

    table: TableName
    like: TableName
    including: tuple[str, ...] = ()
    partitioned_by: PartitionKey | None = None

    def apply(self, schema: Schema) -> Schema:
        model = table_in(schema, self.like)
        if schema.table(self.table) is not None:
            raise DoesNotApply(f"table {self.table} exists already")
        has = {"ALL", *self.including} if "ALL" in self.including else set(self.including)

        def takes(what: str) -> bool:
            return bool(has & {"ALL", what})

        columns = tuple(
            replace(
                column,
                default=column.default if takes("DEFAULTS") else None,
                identity=column.identity if takes("IDENTITY") else "",
                generated=column.generated if takes("GENERATED") else None,
            )
            for column in model.columns
        )
        checks = model.checks if takes("CONSTRAINTS") else ()
        made = Table(self.table, columns, checks=checks, partitioned_by=self.partitioned_by)
        if takes("INDEXES"):
            raise DoesNotApply(f"the names of the indexes that {self.table} gets are not known: make them one by one")
        return schema.with_table(made)


@dataclass(frozen=True, slots=True)
class AttachPartition:
    """ALTER TABLE ... ATTACH PARTITION: a table becomes a partition, with what it has."""

    table: TableName
    partition: TableName
    bound: Bound

    def apply(self, schema: Schema) -> Schema:
        parent, child = partitioned(schema, self.table), table_in(schema, self.partition)
        if child.partition_of is not None:
            raise DoesNotApply(f"{child.name} is a partition of {child.partition_of} already")
        _require_free(parent, self.bound)
        fault = misfit(parent, child)
        if fault:
            raise DoesNotApply(fault)
        pairs: list[tuple[str, str]] = []
        indexes = dict(schema.indexes)
        for index in schema.indexes_of(parent.name):
            twin = next((one for one in schema.indexes_of(child.name) if _same_index(index, one)), None)
            pairs.append((index.name, twin.name if twin else ""))
            if twin is not None:
                del indexes[schema.index_key(twin.name, twin.table)]
        keys = [(key.name, key.columns) for key in parent.uniques]
        own_keys = {key.columns: key.name for key in reversed(child.uniques)}
        pairs += [(name, own_keys.get(columns, "")) for name, columns in keys]
        if parent.primary_key is not None:
            pairs.append((parent.primary_key.name, child.primary_key.name if child.primary_key else ""))
        own = replace(
            child,
            columns=tuple(column for column in child.columns if column not in parent.columns),
            primary_key=None if parent.primary_key is not None else child.primary_key,
            uniques=tuple(one for one in child.uniques if one.columns not in {columns for _, columns in keys}),
            checks=tuple(one for one in child.checks if one.name not in {check.name for check in parent.checks}),
            foreign_keys=tuple(
                one for one in child.foreign_keys if not any(_same_key(one, key) for key in parent.foreign_keys)
            ),
        )
        made = Partition(own, self.bound, tuple(pairs))
        after = replace(schema.without_table(child.name), indexes=indexes)
        return after.with_table(replace(parent, partitions=(*parent.partitions, made)))


@dataclass(frozen=True, slots=True)
class DetachPartition:
    """ALTER TABLE ... DETACH PARTITION: the partition becomes a table with everything that it had from its parent.

    `concurrently` lets readers and writers pass where the parent has no default partition, and leaves a check that says the
    bound. `finalize` ends such a one that was cut off.
    """

    table: TableName
    partition: TableName
    concurrently: bool = False
    finalize: bool = False

    def apply(self, schema: Schema) -> Schema:
        parent = partitioned(schema, self.table)
        found = next((one for one in parent.partitions if _is_named(one, self.partition)), None)
        if found is None:
            raise DoesNotApply(f"{self.partition} is no partition of {parent.name}")
        table = self._alone(parent, found)
        left = tuple(one for one in parent.partitions if one is not found)
        after = schema.with_table(replace(parent, partitions=left)).with_table(table)
        names = dict(found.indexes)
        for index in schema.indexes_of(parent.name):
            labels = [key.label for key in index.keys]
            name = names.get(index.name) or _named(table.name.name, labels, "idx")
            after = after.with_index(replace(index, name=name, table=table.name))
        return after

    def _alone(self, parent: Table, found: Partition) -> Table:
        names, partition = dict(found.indexes), found.name.name
        inherited = {one.name for one in parent.uniques}
        table = replace(partition_table(parent, found), partition_of=None)
        table = replace(
            table,
            uniques=tuple(
                replace(one, name=names.get(one.name) or _named(partition, one.columns, "key"))
                if one.name in inherited
                else one
                for one in table.uniques
            ),
        )
        key = table.primary_key
        if key is not None and found.own.primary_key is None:
            table = replace(table, primary_key=replace(key, name=names.get(key.name) or _named(partition, (), "pkey")))
        has_default = any(one.bound.kind == "default" for one in parent.partitions)
        leaves_check = self.finalize or (self.concurrently and not has_default)
        condition = bound_condition(parent, found.bound, SHOWN) if leaves_check else ""
        if condition and not any(check.validated and check.expression == condition for check in table.checks):
            table = replace(table, checks=(*table.checks, Check(condition, left_check(table, condition))))
        return table


@dataclass(frozen=True, slots=True)
class AddPartition:
    """ALTER TABLE ... ADD PARTITION, where a partition stands in its table's own text."""

    table: TableName
    name: str
    bound: Bound

    def apply(self, schema: Schema) -> Schema:
        table = partitioned(schema, self.table)
        if any(one.name.name == self.name for one in table.partitions):
            raise DoesNotApply(f"table {table.name} has a partition {self.name} already")
        if self.bound.kind == "range" and any("MAXVALUE" in one.bound.upper for one in table.partitions):
            raise DoesNotApply(f"the last partition of {table.name} goes up to MAXVALUE: none can be added behind it")
        method = table.partitioned_by.method if table.partitioned_by else ""
        if method and self.bound.kind not in method:
            raise DoesNotApply(
                f"{table.name} is partitioned by {method}: the bound of a partition is no {self.bound.kind}"
            )
        made = Partition(Table(TableName(self.name), ()), self.bound, is_table=False)
        return schema.with_table(replace(table, partitions=(*table.partitions, made)))


@dataclass(frozen=True, slots=True)
class DropPartition:
    """ALTER TABLE ... DROP PARTITION, with its rows."""

    table: TableName
    name: str

    def apply(self, schema: Schema) -> Schema:
        table = partitioned(schema, self.table)
        left = tuple(one for one in table.partitions if one.name.name != self.name)
        if table.partitioned_by and table.partitioned_by.method and left == table.partitions:
            raise DoesNotApply(f"table {table.name} has no partition {self.name}")
        return schema.with_table(replace(table, partitions=left))


@dataclass(frozen=True, slots=True)
class ExchangePartition:
    """A table takes the place of a partition, which becomes a table of its own."""

    table: TableName
    partition: TableName
    replacement: TableName

    def apply(self, schema: Schema) -> Schema:
        parent = partitioned(schema, self.table)
        found = next((one for one in parent.partitions if _is_named(one, self.partition)), None)
        if found is None:
            raise DoesNotApply(f"{self.partition} is no partition of {parent.name}")
        without = DetachPartition(self.table, self.partition).apply(schema)
        return AttachPartition(self.table, self.replacement, found.bound).apply(without)


@dataclass(frozen=True, slots=True)
class AttachIndex:
    """ALTER INDEX ... ATTACH PARTITION: a partition's index becomes its part of the parent's.

    Both may be indexes of constraints; the parent's is valid once every partition has its part.
    """

    index: str
    partition_index: str
    schema: str = ""

    def apply(self, schema: Schema) -> Schema:
        part = schema.index(self.partition_index)
        child = schema.table(part.table) if part else key_holder(schema, self.partition_index)
        parent = schema.table(child.partition_of) if child is not None and child.partition_of is not None else None
        if child is None or parent is None:
            raise DoesNotApply(f"there is no index {self.partition_index} of a partition")
        made = schema.index(self.index)
        key = next((one for one in _keys(parent) if one.name == self.index), None)
        if made is None and key is None:
            raise DoesNotApply(f"there is no index {self.index} on {parent.name}")
        if (part is None) != (made is None) or (part and made and not _same_index(made, part)):
            raise DoesNotApply(f"index {self.partition_index} is not like {self.index}")
        after = schema.without_index(self.partition_index) if part else schema
        if part is None:
            uniques = tuple(one for one in child.uniques if one.name != self.partition_index)
            primary_key = parent.primary_key if isinstance(key, PrimaryKey) else child.primary_key
            after = after.with_table(replace(child, uniques=uniques, primary_key=primary_key))
        parent = table_in(after, parent.name)
        partitions = tuple(
            replace(one, indexes=(*one.indexes, (self.index, self.partition_index))) if one.name == child.name else one
            for one in parent.partitions
        )
        is_whole = all(self.index in dict(one.indexes) for one in partitions)
        unfinished = tuple(one for one in parent.unfinished if not (is_whole and one == self.index))
        return after.with_table(replace(parent, partitions=partitions, unfinished=unfinished))


def left_check(table: Table, condition: str) -> str:
    """The name of the check that a partition is left with which was detached concurrently."""
    named = tuple(column.name for column in table.columns if mentions(condition, column.name))
    labels, number = named if len(named) == 1 else (), 0
    name = _named(table.name.name, labels, "check")
    while name in {check.name for check in table.checks}:
        number += 1
        name = _named(table.name.name, labels, f"check{number}")
    return name


def partitioned(schema: Schema, name: TableName) -> Table:
    """The table of that name, which is partitioned.

    Raises:
        DoesNotApply: it is not there, or not partitioned.
    """
    table = table_in(schema, name)
    if table.partitioned_by is None:
        raise DoesNotApply(f"table {table.name} is not partitioned")
    return table


def misfit(parent: Table, child: Table) -> str:
    """Why a table cannot become a partition of another as it is; empty when it can."""
    ours, theirs = {c.name: c for c in parent.columns}, {c.name: c for c in child.columns}
    if set(ours) != set(theirs):
        differing = ", ".join(sorted(set(ours) ^ set(theirs)))
        return f"{child.name} and {parent.name} do not have the same columns: {differing}"
    for name, column in ours.items():
        if not column.nullable and theirs[name].nullable:
            return f"column {name} of {child.name} must be NOT NULL, as it is in {parent.name}"
    have = {check.name for check in child.checks}
    missing = next((check.name for check in parent.checks if check.name not in have), None)
    return f"{child.name} has no check {missing}, which {parent.name} has" if missing is not None else ""


def absorbing(table: Table, constraint: Constraint) -> Table:
    """A table that has just got a constraint: what its partitions have of the same kind becomes their part of it."""

    def without(own: Table) -> Table:
        match constraint:
            case ForeignKey():
                kept = tuple(one for one in own.foreign_keys if not _same_key(one, constraint))
                return replace(own, foreign_keys=kept)
            case Check():
                return replace(own, checks=tuple(one for one in own.checks if one.name != constraint.name))
        return own

    partitions = tuple(
        replace(one, own=absorbing(without(one.own), constraint) if one.own.partitions else without(one.own))
        for one in table.partitions
    )
    return replace(table, partitions=partitions)


def without_unfinished(table: Table, name: str) -> Table:
    """The table without what is remembered of an index or key of that name."""
    partitions = tuple(
        replace(one, indexes=tuple(pair for pair in one.indexes if pair[0] != name)) for one in table.partitions
    )
    unfinished = tuple(one for one in table.unfinished if one != name)
    if unfinished == table.unfinished and partitions == table.partitions:
        return table
    return replace(table, partitions=partitions, unfinished=unfinished)


def _require_free(parent: Table, bound: Bound) -> None:
    key = parent.partitioned_by
    if key is not None and bound.kind not in (key.method, "default"):
        raise DoesNotApply(f"{parent.name} is partitioned by {key}: the bound of a partition is no {bound.kind}")
    if key is not None and bound.kind == "range" and {len(bound.lower), len(bound.upper)} != {len(key.keys)}:
        raise DoesNotApply(f"{parent.name} is partitioned by {key}: FROM and TO take {len(key.keys)} value(s) each")
    taken = next((one for one in parent.partitions if one.bound == bound), None)
    if taken is not None:
        raise DoesNotApply(f"{taken.name} takes these rows of {parent.name} already")


def _is_named(partition: Partition, name: TableName) -> bool:
    return partition.name == name or (partition.name.name == name.name and "" in (name.schema, partition.name.schema))


def _same_index(one: Index, other: Index) -> bool:
    return replace(one, name="", table=other.table) == replace(other, name="")


def _same_key(one: ForeignKey, other: ForeignKey) -> bool:
    return replace(one, name="", validated=True) == replace(other, name="", validated=True)


def _keys(table: Table) -> Iterable[Unique | PrimaryKey]:
    return (*table.uniques, *((table.primary_key,) if table.primary_key else ()))


def key_holder(schema: Schema, name: str) -> Table | None:
    """The partition with a key of that name of its own."""
    waiting = [partition for table in schema.tables.values() for partition in table.partitions]
    while waiting:
        partition = waiting.pop()
        if any(key.name == name for key in _keys(partition.own)):
            return schema.table(partition.name)
        waiting += partition.own.partitions
    return None


def _named(table: str, labels: Iterable[str], kind: str) -> str:
    """The name that the server gives to a partition's part of an index or key."""
    name = "_".join((table, *labels, kind))
    return name if len(name.encode()) <= _NAME_BYTES else name.encode()[:_NAME_BYTES].decode("utf-8", "ignore")
