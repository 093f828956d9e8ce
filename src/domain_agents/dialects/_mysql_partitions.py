"""MySQL's and MariaDB's PARTITION BY: the key, and the partitions that stand in the table's own text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from domain_agents.catalog import Bound, IndexKey, Partition, PartitionKey, Table, TableName
from domain_agents.engines._mysql_tokens import MysqlCursor, tokens
from domain_agents.engines._sqlite_tokens import NotUnderstood

if TYPE_CHECKING:
    from domain_agents.engines._sqlite_tokens import Cursor


def partitioned_as(table: Table, text: str) -> Table:
    """The table with what PARTITION BY ... says; a clause that is not read keeps its text, and has no partitions known."""
    cursor = MysqlCursor(text, tokens(text))
    try:
        cursor.expect("PARTITION", "BY")
        key = _key(cursor)
        count = int(cursor.next().text) if cursor.takes("PARTITIONS") else 0
        partitions = read_partitions(cursor) if cursor.sees("(") else ()
    except (NotUnderstood, ValueError):
        return replace(table, partitioned_by=PartitionKey("", (), written=text))
    if not cursor.at_end:
        return replace(table, partitioned_by=PartitionKey("", (), written=text))
    return replace(table, partitioned_by=replace(key, count=count, written=text), partitions=partitions)


def _key(cursor: Cursor) -> PartitionKey:
    linear = "linear " if cursor.takes("LINEAR") else ""
    if cursor.takes("KEY"):
        if cursor.takes("ALGORITHM", "="):
            cursor.next()
        named = () if cursor.sees("(", ")") else cursor.names()
        if not named:
            cursor.parenthesised()
        return PartitionKey(f"{linear}key", tuple(map(IndexKey, named)))
    method = next((word for word in ("HASH", "RANGE", "LIST") if cursor.takes(word)), "")
    if not method:
        raise NotUnderstood(f"{cursor.here()} is no way to partition that is read yet")
    if cursor.takes("COLUMNS"):
        return PartitionKey(f"{method.lower()} columns", tuple(map(IndexKey, cursor.names())))
    text = cursor.parenthesised()
    inner = MysqlCursor(text, tokens(text))
    alone = inner.name() if len(inner.row) == 1 else ""
    key = IndexKey(alone) if alone else IndexKey(text, is_expression=True)
    return PartitionKey(f"{linear}{method.lower()}", (key,))


def read_partitions(cursor: Cursor) -> tuple[Partition, ...]:
    """(PARTITION name VALUES ..., ...), each with its bound.

    Raises:
        NotUnderstood: something else stands there.
    """
    cursor.expect("(")
    found = [_partition(cursor)]
    while cursor.takes(","):
        found.append(_partition(cursor))
    cursor.expect(")")
    return tuple(found)


def _partition(cursor: Cursor) -> Partition:
    cursor.expect("PARTITION")
    own = Table(TableName(cursor.name("a partition")), ())
    if cursor.takes("VALUES", "LESS", "THAN"):
        upper = ("MAXVALUE",) if cursor.takes("MAXVALUE") else _values(cursor.parenthesised())
        bound = Bound("range", upper=upper)
    elif cursor.takes("VALUES", "IN"):
        bound = Bound("list", values=_values(cursor.parenthesised()))
    elif cursor.takes("DEFAULT"):
        bound = Bound("default")
    else:
        bound = Bound("hash")
    while not cursor.sees(",") and not cursor.sees(")"):
        cursor.next()
    return Partition(own, bound, is_table=False)


def _values(text: str) -> tuple[str, ...]:
    """The values of a list, as written."""
    row = tokens(text)
    found: list[str] = []
    depth, start = 0, 0
    for token in row:
        depth += token.is_sign("(") - token.is_sign(")")
        if depth == 0 and token.is_sign(","):
            found.append(text[start : token.start].strip())
            start = token.end
    found.append(text[start:].strip())
    return tuple(one.upper() if one.upper() == "MAXVALUE" else one for one in found)
