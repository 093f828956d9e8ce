"""dbt: the tables as sources, their constraints as tests, and which of them become facts and dimensions.

https://docs.getdbt.com/best-practices/how-we-structure/1-guide-overview (read 2026-11-21).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain_agents.catalog import Column
    from domain_agents.schemas.design import Design, DesignedTable

_LISTED = re.compile(r"IN \((.+)\)\s*\Z")


def sketch(made: Design) -> str:
    """Sources with tests, staging models, marts."""
    name = re.sub(r"\W+", "_", made.spec.name.lower()).strip("_") or "source"
    lines = [
        f"# {made.spec.name} in a warehouse, with dbt",
        "",
        "What the database keeps true is tested again behind the copy: a copy can lose rows that a constraint never would.",
        "",
        f"## models/staging/{name}/_sources.yml",
        "",
        "```yaml",
        "version: 2",
        "sources:",
        f"  - name: {name}",
        "    tables:",
    ]
    for table in made.tables:
        lines += _source(name, table)
    lines += ["```", "", "## Models", "", "| model | from | what it is |", "| --- | --- | --- |"]
    lines += [row for table in made.tables if (row := _mart(made, table))]
    lines += ["", "## What to decide", "", *(f"- {says}" for says in _notes(made))]
    return "\n".join(lines) + "\n"


def _source(name: str, table: DesignedTable) -> list[str]:
    lines = [f"      - name: {table.table.name.name}"]
    if table.table.comment:
        lines.append(f"        description: {_text(table.table.comment)}")
    lines.append("        columns:")
    for column in table.table.columns:
        tests = _tests(name, table, column)
        lines.append(f"          - name: {_text(column.name)}")
        if tests:
            lines += ["            data_tests:", *tests]
    return lines


def _tests(name: str, table: DesignedTable, column: Column) -> list[str]:
    key = table.table.primary_key
    alone = [one.columns for one in table.table.uniques] + ([key.columns] if key is not None else [])
    tests = ["              - unique"] if (column.name,) in alone else []
    if not column.nullable:
        tests.append("              - not_null")
    for reference in table.table.foreign_keys:
        if reference.columns[-1] == column.name:
            tests += [
                "              - relationships:",
                f"                  to: source('{name}', '{reference.parent.name}')",
                f"                  field: {reference.parent_columns[-1]}",
            ]
            break
    for check in table.table.checks:
        found = _LISTED.search(check.expression)
        if found and check.expression.strip('"`').startswith(column.name):
            tests += ["              - accepted_values:", f"                  values: [{found[1]}]"]
    return tests


def _mart(made: Design, table: DesignedTable) -> str:
    """A fact is what happens and is counted; a dimension is what it happens to."""
    entity = made.spec.entity(table.entity)
    source = table.table.name.name
    if entity is None:
        is_bridge = "id" not in dict(table.meanings)
        return f"| (in the facts) | stg_{source} | a bridge between two dimensions |" if is_bridge else ""
    kinds = {kind for _, kind in table.meanings}
    made_by_us = {"created_at", "updated_at", "deleted_at"}
    moments = [one for one, kind in table.meanings if kind in {"timestamp", "date"} and one not in made_by_us]
    counted = kinds & {"money", "decimal", "int", "bigint", "float", "percent"}
    is_part = any(key.on_delete == "CASCADE" for key in table.table.foreign_keys)
    happens = entity.lifecycle == "append_only" or (counted and (moments or is_part))
    if "reference" in kinds and happens:
        moment = moments[0] if moments else "created_at"
        return f"| fct_{source} | stg_{source} | one row for each {table.entity}, incremental by {moment} |"
    history = "" if entity.lifecycle == "reference" else ", with its history in a snapshot (updated_at)"
    return f"| dim_{source} | stg_{source} | one row for each {table.entity}{history} |"


def _notes(made: Design) -> list[str]:
    personal = [f"{table.table.name.name}.{column}" for table in made.tables for column in table.personal]
    found = [
        "copied by change data capture (Debezium, or the warehouse's own), so that deletes arrive too; else from a replica",
        "staging renames and casts, one view for each source; joins begin in intermediate models, business words in marts",
    ]
    if personal:
        found.append(f"left out or hashed on the way: {', '.join(personal)}")
    if any(table.table.column("deleted_at") for table in made.tables):
        found.append("marts of what exists say deleted_at IS NULL; marts of what was do not")
    if made.spec.settings.tenancy == "column":
        found.append("the tenant stays in every model, and in the row access policy of the marts")
    return found


def _text(text: str) -> str:
    return '"' + " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"') + '"'
