"""What goes with a column that is dropped, and what follows one that is renamed."""

from __future__ import annotations

import pytest

from domain_agents import ddl
from domain_agents.catalog import Check, Column, ForeignKey, Index, IndexKey, Table, TableName, schema_of

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


def test_a_rename_is_followed_into_expressions_and_other_tables_keys() -> None:
    table = Table(
        T,
        (Column("a", "int"), Column("b", "int", generated="A + a(1)")),
        checks=(Check("a > 0 AND note <> 'a'"),),
    )
    child = Table(TableName("c"), (Column("x", "int"),), foreign_keys=(ForeignKey(("x",), T, ("a",)),))
    index = Index("i", T, (IndexKey("abs(a)", is_expression=True),), where='"a" > 1')
    after = ddl.RenameColumn(T, "a", "to x").apply(schema_of([table, child], [index]))
    assert after.tables[T].checks[0].expression == "\"to x\" > 0 AND note <> 'a'"
    assert after.tables[T].columns[1].generated == '"to x" + a(1)'
    assert after.tables[TableName("c")].foreign_keys[0].parent_columns == ("to x",)
    assert (after.indexes["i"].keys[0].text, after.indexes["i"].where) == ('abs("to x")', '"to x" > 1')
