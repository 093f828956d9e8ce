"""EXCLUDE constraints out of the parser's trees: their text as it was written, and the name the server gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain_agents.catalog import Exclusion
from domain_agents.engines.postgresql import object_name

if TYPE_CHECKING:
    from domain_agents.catalog import TableName
    from domain_agents.dialects._postgresql_source import Span


def read_exclusion(table: TableName, tree: Any, span: Span) -> Exclusion:
    """The constraint; without a name it gets that of its columns, "expr" for an expression."""
    start = span.find("EXCLUDE", span.index_at(tree.location))
    columns = tuple(node.list.items[0].index_elem.name or "expr" for node in tree.exclusions)
    name = tree.conname or object_name(table, columns, "excl")
    return Exclusion(span.text(start + 1, span.item_end(start + 1)), name)
