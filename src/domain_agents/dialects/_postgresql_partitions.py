"""PostgreSQL's partitions, read from the grammar's trees; every key and value is cut from the text as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain_agents import ddl
from domain_agents.catalog import Bound, IndexKey, PartitionKey, TableName

if TYPE_CHECKING:
    from domain_agents.dialects._postgresql_source import Span

_METHODS = {"LIST": "list", "RANGE": "range", "HASH": "hash"}
_LIKE = {
    1: "COMMENTS", 2: "COMPRESSION", 4: "CONSTRAINTS", 8: "DEFAULTS", 16: "GENERATED", 32: "IDENTITY", 64: "INDEXES",
    128: "STATISTICS", 256: "STORAGE",
}  # fmt: skip
_LIKE_ALL = 0x7FFFFFFF
_NOT_HELD = {"COMMENTS", "COMPRESSION", "STATISTICS", "STORAGE"}


def partition_key(tree: Any, span: Span) -> PartitionKey | None:
    """What stands behind PARTITION BY; None when the table is not partitioned."""
    if not tree.HasField("partspec"):
        return None
    spec = tree.partspec
    opening = span.find("ASCII_40", span.index_at(spec.location))
    method = _METHODS[_word(spec, "strategy").rpartition("_")[2]]
    params = zip(spec.part_params, span.items(opening), strict=True)
    return PartitionKey(method, tuple(_key(node.partition_elem, span, *place) for node, place in params))


def _key(element: Any, span: Span, start: int, end: int) -> IndexKey:
    if element.name:
        return IndexKey(element.name, suffix=span.text(start + 1, end))
    opening = span.find("ASCII_40", start)
    closing = span.closing(opening)
    text = span.text(start, closing + 1) if opening != start else span.text(start + 1, closing)
    return IndexKey(text, is_expression=True, suffix=span.text(closing + 1, end))


def bound_of(tree: Any, span: Span) -> Bound:
    """FOR VALUES ..., or DEFAULT."""
    if tree.is_default:
        return Bound("default")
    if tree.strategy == "h":
        return Bound("hash", modulus=tree.modulus, remainder=tree.remainder)
    at = span.index_at(tree.location)
    if tree.strategy == "l":
        return Bound("list", values=_values(span, at))
    until = next(i for i in range(at, len(span.tokens)) if span.tokens[i].kind == "TO" and i > at)
    return Bound("range", lower=_values(span, at), upper=_values(span, until))


def _values(span: Span, start: int) -> tuple[str, ...]:
    opening = span.find("ASCII_40", start)
    texts = (span.text(*place) for place in span.items(opening))
    return tuple(text.upper() if text.upper() in ("MINVALUE", "MAXVALUE") else text for text in texts)


def partition_made(tree: Any, span: Span) -> tuple[ddl.CreatePartition, list[str]]:
    """CREATE TABLE ... PARTITION OF, and the clauses that are lost with it; constraints written in it are the caller's."""
    parent, own = _name(tree.inh_relations[0].range_var), _name(tree.relation)
    dropped = ["options of the partition's columns"] if any(_is_column(one) for one in tree.table_elts) else []
    made = ddl.CreatePartition(
        parent, own, bound_of(tree.partbound, span), partition_key(tree, span), tree.if_not_exists
    )
    return made, dropped


def like_clause(tree: Any) -> tuple[TableName, tuple[str, ...]] | None:
    """The table that a CREATE TABLE copies and what of it, when it says nothing else."""
    if len(tree.table_elts) != 1 or tree.table_elts[0].WhichOneof("node") != "table_like_clause":
        return None
    clause = tree.table_elts[0].table_like_clause
    if clause.options == _LIKE_ALL:
        return _name(clause.relation), ("ALL",)
    words = tuple(word for bit, word in _LIKE.items() if clause.options & bit)
    return _name(clause.relation), tuple(word for word in words if word not in _NOT_HELD)


def altered(table: TableName, tree: Any, span: Span) -> ddl.Statement | None:
    """ATTACH and DETACH; None for any other action."""
    kind = _word(tree, "subtype").removeprefix("AT_")
    command = getattr(tree, "def").partition_cmd
    match kind:
        case "AttachPartition" if command.HasField("bound"):
            return ddl.AttachPartition(table, _name(command.name), bound_of(command.bound, span))
        case "DetachPartition":
            return ddl.DetachPartition(table, _name(command.name), concurrently=command.concurrent)
        case "DetachPartitionFinalize":
            return ddl.DetachPartition(table, _name(command.name), finalize=True)
    return None


def index_attached(tree: Any) -> ddl.AttachIndex | None:
    """ALTER INDEX ... ATTACH PARTITION; None for anything else."""
    if _word(tree, "objtype") != "OBJECT_INDEX" or len(tree.cmds) != 1:
        return None
    command = tree.cmds[0].alter_table_cmd
    if _word(command, "subtype") != "AT_AttachPartition":
        return None
    part = _name(getattr(command, "def").partition_cmd.name)
    return ddl.AttachIndex(tree.relation.relname, part.name, tree.relation.schemaname)


def _is_column(node: Any) -> bool:
    return bool(node.WhichOneof("node") == "column_def")


def _name(relation: Any) -> TableName:
    return TableName(relation.relname, relation.schemaname)


def _word(message: Any, field: str) -> str:
    descriptor = message.DESCRIPTOR.fields_by_name[field].enum_type
    return str(descriptor.values_by_number[getattr(message, field)].name)
