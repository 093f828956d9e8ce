"""What goes with a column that is dropped."""

from __future__ import annotations

import pytest

from domain_agents import ddl
from domain_agents.catalog import Check, Column, Index, IndexKey, Table, TableName, schema_of

T = TableName("t")


@pytest.mark.parametrize(
    ("expression", "goes"),
    [
        ("a > 0", True),
        ("b > A", True),
        ('"a" > 0', True),
        ("`a` IS NULL", True),
        ('"A" > 0', False),
        ("b <> 'a'", False),
        ("aa > 0", False),
        ("a_b > 0", False),
        ("a(b) > 0", False),
        ("a (b) > 0", False),
    ],
)
def test_a_check_and_an_index_go_with_the_column_they_name(expression: str, goes: bool) -> None:
    table = Table(T, (Column("a", "int"), Column("b", "int")), checks=(Check(expression),))
    by_key = Index("k", T, (IndexKey(expression, is_expression=True),))
    by_condition = Index("w", T, (IndexKey("b"),), where=expression)
    after = ddl.DropColumn(T, "a").apply(schema_of([table], [by_key, by_condition]))
    assert (after.tables[T].checks == ()) is goes
    assert (not after.indexes) is goes
