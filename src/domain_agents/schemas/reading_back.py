"""Checking what was written, never what was meant: the SQL is read again and must arrive at the schema of the design."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from domain_agents.dialects import dialect, replay
from domain_agents.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.catalog import Index, Schema, Table
    from domain_agents.dialects import Unread
    from domain_agents.schemas.design import Design

RULE = "not_as_designed"


def read_back(made: Design, sql: str) -> list[Finding]:
    """What the SQL does not say as the design does; nothing when all is well."""
    return compare(made, *replay(sql, dialect(made.engine.name)))


def compare(made: Design, reached: Schema, unread: Sequence[Unread]) -> list[Finding]:
    """The same, of SQL that was read already."""
    found = [
        _finding(one.line, one.sql, f"this statement is read as nothing the design knows: {one.reason}")
        for one in unread
    ]
    for name, wanted in made.schema.tables.items():
        table = reached.tables.get(name)
        if table is None:
            found.append(_finding(0, "", f"the SQL makes no table {name}"))
            continue
        if _unique(wanted, made.schema) != _unique(table, reached):
            found.append(_finding(0, str(name), f"the unique keys of {name} are not as designed"))
        found += [
            _finding(0, str(name), f"{part} of {name} are not as designed") for part in _differences(wanted, table)
        ]
        have = {_comparable(index) for index in reached.indexes_of(name)}
        missing = [index for index in made.schema.indexes_of(name) if _comparable(index) not in have]
        found += [_finding(0, index.name, f"index {index.name} is not as designed") for index in missing]
    return found


def _differences(wanted: Table, table: Table) -> list[str]:
    found = []
    if [(c.name, c.type, c.nullable) for c in wanted.columns] != [(c.name, c.type, c.nullable) for c in table.columns]:
        found.append("the columns")
    if (wanted.primary_key and wanted.primary_key.columns) != (table.primary_key and table.primary_key.columns):
        found.append("the primary key")
    if {(one.name, one.expression) for one in wanted.checks} != {(one.name, one.expression) for one in table.checks}:
        found.append("the checks")
    if {(k.name, k.columns, k.parent, k.on_delete) for k in wanted.foreign_keys} != {
        (k.name, k.columns, k.parent, k.on_delete) for k in table.foreign_keys
    }:
        found.append("the foreign keys")
    return found


def _unique(table: Table, schema: Schema) -> set[tuple[str, tuple[str, ...]]]:
    """Unique keys, constraint or index: some engines make no difference."""
    indexes = [one for one in schema.indexes_of(table.name) if one.unique and one.where is None]
    plain = [one for one in indexes if len(one.columns) == len(one.keys)]
    return {(one.name, one.columns) for one in table.uniques} | {(one.name, one.columns) for one in plain}


def _comparable(index: Index) -> Index:
    return replace(index, method="" if index.method == "btree" else index.method.lower())


def _finding(line: int, statement: str, says: str) -> Finding:
    return Finding(
        RULE,
        Severity.ERROR,
        says,
        "do not use this SQL; report the specification that led here",
        file="sql",
        line=line,
        statement=statement[:200],
    )
