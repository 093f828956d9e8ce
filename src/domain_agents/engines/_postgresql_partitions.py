"""PostgreSQL's partitions: how their statements are written, which form of the facts each is, what else it locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import ForeignKey, IndexKey, PrimaryKey, TableName, Unique

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from domain_agents.catalog import Bound, PartitionKey, Schema, Table


def spelled_partition(statement: ddl.Statement, quoting: ddl.Quoting) -> tuple[str, ...] | None:
    """The statement as SQL; None when it is about something else."""
    match statement:
        case ddl.CreatePartition(table=parent, partition=partition, bound=bound, partitioned_by=key):
            exists = "IF NOT EXISTS " if statement.if_not_exists else ""
            words = f"CREATE TABLE {exists}{quoting.table(partition)} PARTITION OF {quoting.table(parent)} "
            return (words + bound_sql(bound) + (f" PARTITION BY {key_sql(key, quoting)}" if key else ""),)
        case ddl.CreateTableLike(table=table, like=like, including=including):
            words = " ".join((quoting.table(like), *(f"INCLUDING {one}" for one in including)))
            return (f"CREATE TABLE {quoting.table(table)} (LIKE {words})",)
        case ddl.AttachPartition(table=parent, partition=partition, bound=bound):
            words = f"ALTER TABLE {quoting.table(parent)} ATTACH PARTITION {quoting.table(partition)}"
            return (f"{words} {bound_sql(bound)}",)
        case ddl.DetachPartition(table=parent, partition=partition):
            how = " CONCURRENTLY" if statement.concurrently else " FINALIZE" if statement.finalize else ""
            return (f"ALTER TABLE {quoting.table(parent)} DETACH PARTITION {quoting.table(partition)}{how}",)
        case ddl.AttachIndex(index=index, partition_index=part, schema=schema):
            names = [quoting.table(TableName(name, schema)) for name in (index, part)]
            return (f"ALTER INDEX {names[0]} ATTACH PARTITION {names[1]}",)
    return None


def key_sql(key: PartitionKey, quoting: ddl.Quoting) -> str:
    """What stands behind PARTITION BY."""

    def written(one: IndexKey) -> str:
        text = f"({one.text})" if one.is_expression else quoting.name(one.text)
        return f"{text} {one.suffix}".strip()

    return f"{key.method.upper()} ({', '.join(map(written, key.keys))})"


def bound_sql(bound: Bound) -> str:
    """FOR VALUES ..., or DEFAULT."""
    match bound.kind:
        case "range":
            return f"FOR VALUES FROM ({', '.join(bound.lower)}) TO ({', '.join(bound.upper)})"
        case "list":
            return f"FOR VALUES IN ({', '.join(bound.values)})"
        case "hash":
            return f"FOR VALUES WITH (MODULUS {bound.modulus}, REMAINDER {bound.remainder})"
    return "DEFAULT"


def partition_form(statement: ddl.Statement, schema: Schema, quoting: ddl.Quoting) -> str:
    """The statement's form among the facts; empty when it is about something else."""
    match statement:
        case ddl.CreatePartition(table=name):
            parent = schema.table(name)
            beside = parent is not None and default_partition(parent) is not None
            return f"create_partition{'_beside_default' if beside else ''}"
        case ddl.AttachPartition():
            return _attach_form(statement, schema, quoting)
        case ddl.DetachPartition():
            return "detach_partition_concurrently" if statement.concurrently else "detach_partition"
        case ddl.AttachIndex():
            return "attach_index"
        case ddl.CreateTableLike():
            return "create_table"
        case ddl.CreateIndex(only=True, index=index) if _is_partitioned(schema, index.table):
            return "create_index_only"
        case ddl.AddConstraint(only=True, constraint=Unique() | PrimaryKey()) if _is_partitioned(
            schema, statement.table
        ):
            return "add_unique_only"
        case ddl.AddConstraint(constraint=ForeignKey(validated=True) as key) if _has_everywhere(statement, schema, key):
            return "add_foreign_key_on_partitions"
    return ""


def partition_locks(modes: Mapping[str, str], statement: ddl.Statement, schema: Schema) -> tuple[tuple[str, str], ...]:
    """The locks on the tables that play a part: the partition itself, the default one, the parent of a new index."""
    found: list[tuple[str, str]] = []
    if isinstance(statement, ddl.AttachIndex):
        part = schema.index(statement.partition_index)
        return ((str(part.table) if part else statement.partition_index, modes["partition"]),)
    if isinstance(statement, ddl.AttachPartition | ddl.DetachPartition) and "partition" in modes:
        found.append((str(statement.partition), modes["partition"]))
    parent = schema.table(getattr(statement, "table", None) or TableName(""))
    default = default_partition(parent) if parent is not None else None
    if default is not None and "default" in modes:
        found.append((str(default.name), modes["default"]))
    return tuple(found)


def default_partition(parent: Table) -> Table | None:
    """The partition for what no other takes."""
    return next((one.own for one in parent.partitions if one.bound.kind == "default"), None)


def _attach_form(statement: ddl.AttachPartition, schema: Schema, quoting: ddl.Quoting) -> str:
    parent, child = schema.table(statement.table), schema.table(statement.partition)
    default = default_partition(parent) if parent is not None else None
    condition = ddl.bound_condition(parent, statement.bound, quoting) if parent is not None else ""
    is_proved = statement.bound.kind == "default" or _says(child, condition)
    if default is not None:
        is_proved = is_proved and _says(default, f"NOT ({condition})")
    form = "attach_partition_proved" if is_proved else "attach_partition"
    return form if default is None else f"{form}_beside_default"


def _says(table: Table | None, condition: str) -> bool:
    """Whether a validated check of the table says exactly this."""
    if table is None or not condition:
        return False
    wanted = _plain(condition)
    return any(check.validated and _plain(check.expression) == wanted for check in table.checks)


def _plain(expression: str) -> str:
    return " ".join(expression.split())


def _is_partitioned(schema: Schema, name: TableName) -> bool:
    table = schema.table(name)
    return table is not None and table.partitioned_by is not None


def _has_everywhere(statement: ddl.AddConstraint, schema: Schema, key: ForeignKey) -> bool:
    """Whether every partition has the very foreign key already, validated: then nothing is tested again."""
    table = schema.table(statement.table)
    if table is None or not table.partitions:
        return False
    return all(
        any(
            own.validated
            and (own.columns, own.parent, own.on_delete, own.on_update)
            == (key.columns, key.parent, key.on_delete, key.on_update)
            for own in leaf.foreign_keys
        )
        for leaf in _leaves(table)
    )


def _leaves(table: Table) -> Iterator[Table]:
    for partition in table.partitions:
        if partition.own.partitioned_by is None:
            yield partition.own
        yield from _leaves(partition.own)
