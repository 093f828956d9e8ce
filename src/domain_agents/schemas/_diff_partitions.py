"""The partitions of one table, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.schemas.change import Change, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.catalog import Bound, Table
    from domain_agents.schemas._diff_columns import Followed


def partition_changes(before: Table, after: Table) -> Iterator[Followed]:
    """Partitions that come and go, where both sides are partitioned alike."""
    if before.partitioned_by is None or before.partitioned_by != after.partitioned_by:
        return
    old = {one.name.name: one for one in before.partitions}
    new = {one.name.name: one for one in after.partitions}
    for name, partition in old.items():
        if name not in new:
            fields = {"partition": written(partition.name) if partition.is_table else name}
            loss = "" if partition.is_table else f"every row of partition {name} of {before.name}"
            kind = "detach_partition" if partition.is_table else "drop_partition"
            yield Change(kind, before.name, fields, loss), (ddl.DetachPartition(before.name, partition.name),)
    for name, partition in new.items():
        if name not in old:
            fields = {"partition": written(partition.name), "bound": bound_text(partition.bound)}
            yield (
                Change("add_partition", before.name, fields),
                (ddl.CreatePartition(before.name, partition.name, partition.bound),),
            )


def bound_text(bound: Bound) -> str:
    """A bound as people write it behind FOR VALUES."""
    if bound.kind == "default":
        return "DEFAULT"
    if bound.kind == "hash":
        return f"WITH (MODULUS {bound.modulus}, REMAINDER {bound.remainder})"
    if bound.kind == "list":
        return f"IN ({', '.join(bound.values)})"
    if not bound.lower:
        return f"LESS THAN ({', '.join(bound.upper)})"
    return f"FROM ({', '.join(bound.lower)}) TO ({', '.join(bound.upper)})"
