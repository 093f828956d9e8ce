"""PostgreSQL's partitions: how their statements are written, which form of the facts each is, what else it locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import ForeignKey, IndexKey, PrimaryKey, TableName, Unique
from domain_agents.engines import CannotSpell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from domain_agents.catalog import Bound, PartitionKey, Schema, Table


def spelled_partition(statement: ddl.Statement, quoting: ddl.Quoting, schema: Schema) -> tuple[str, ...] | None:
    """The statement as SQL; None when it is about something else."""
    match statement:
        case ddl.CreatePartition(table=parent, partition=partition, bound=bound, partitioned_by=key):
            exists = "IF NOT EXISTS " if statement.if_not_exists else ""
            words = f"CREATE TABLE {exists}{quoting.table(partition)} PARTITION OF {quoting.table(parent)} "
            return (words + bound_sql(bound) + (f" PARTITION BY {key_sql(key, quoting)}" if key else ""),)
        case ddl.CreateTableLike(table=table, like=like, including=including):
            words = " ".join((quoting.table(like), *(f"INCLUDING {one}" for one in including)))
            key = statement.partitioned_by
            by = f" PARTITION BY {key_sql(key, quoting)}" if key else ""
            return (f"CREATE TABLE {quoting.table(table)} (LIKE {words}){by}",)
        case ddl.AttachPartition(table=parent, partition=partition, bound=bound):
            words = f"ALTER TABLE {quoting.table(parent)} ATTACH PARTITION {quoting.table(partition)}"
            return (f"{words} {bound_sql(bound)}",)
        case ddl.DetachPartition(table=parent, partition=partition):
            how = (
                " CONCURRENTLY"
                if detaches_concurrently(statement, schema)
                else " FINALIZE"
                if statement.finalize
                else ""
            )
            return (f"ALTER TABLE {quoting.table(parent)} DETACH PARTITION {quoting.table(partition)}{how}",)
        case ddl.ExchangePartition():
            return _exchanged(statement, quoting, schema)
        case ddl.AttachIndex(index=index, partition_index=part):
            names = [quoting.table(TableName(name, statement.schema)) for name in (index, part)]
            return (f"ALTER INDEX {names[0]} ATTACH PARTITION {names[1]}",)
    return None


def _exchanged(statement: ddl.ExchangePartition, quoting: ddl.Quoting, schema: Schema) -> tuple[str, ...]:
    table = schema.table(statement.table)
    bounds = [one.bound for one in table.partitions if one.name.name == statement.partition.name] if table else []
    if not bounds:
        raise CannotSpell(f"{statement.partition} is no partition of {statement.table} in the schema at hand")
    out = ddl.DetachPartition(statement.table, statement.partition)
    back = ddl.AttachPartition(statement.table, statement.replacement, bounds[0])
    both = (spelled_partition(one, quoting, schema) or () for one in (out, back))
    return tuple(sql for one in both for sql in one)


def detaches_concurrently(statement: ddl.DetachPartition, schema: Schema) -> bool:
    """Whether readers and writers pass: beside a default partition the server detaches none so."""
    parent = schema.table(statement.table)
    return statement.concurrently and (parent is None or default_partition(parent) is None)


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
            return f"detach_partition{'_concurrently' if detaches_concurrently(statement, schema) else ''}"
        case ddl.AttachIndex():
            return "attach_index"
        case ddl.CreateTableLike():
            return "create_table_like"
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
    if isinstance(statement, ddl.CreateTableLike):
        return ((str(statement.like), modes["partition"]),)
    if isinstance(statement, ddl.AttachIndex):
        return tuple((name, modes["partition"]) for name in _index_tables(statement, schema))
    if isinstance(statement, ddl.AttachPartition | ddl.DetachPartition) and "partition" in modes:
        found.append((str(statement.partition), modes["partition"]))
    parent = schema.table(getattr(statement, "table", None) or TableName(""))
    default = default_partition(parent) if parent is not None else None
    if default is not None and "default" in modes:
        found.append((str(default.name), modes["default"]))
    if isinstance(statement, ddl.AttachPartition) and parent is not None:
        found += _referenced(parent, schema.table(statement.partition), modes["referenced"])
    return tuple(found)


def _index_tables(statement: ddl.AttachIndex, schema: Schema) -> tuple[str, ...]:
    """The tables of the two indexes, and those above them."""
    part = schema.index(statement.partition_index)
    table = schema.table(part.table) if part else ddl.key_holder(schema, statement.partition_index)
    found: list[str] = []
    while table is not None:
        found.append(str(table.name))
        table = schema.table(table.partition_of) if table.partition_of is not None else None
    return tuple(found)


def _referenced(parent: Table, child: Table | None, taken_over: str) -> list[tuple[str, str]]:
    """What the parent's foreign keys refer to: where the child has the same key already, its triggers there go."""
    own = {(key.columns, key.parent) for key in child.foreign_keys if key.validated} if child is not None else set()
    return [
        (str(key.parent), taken_over if (key.columns, key.parent) in own else "SHARE ROW EXCLUSIVE")
        for key in parent.foreign_keys
    ]


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
