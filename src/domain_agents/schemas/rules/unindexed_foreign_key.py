"""A foreign key whose columns no index begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject, only_tests_null

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.catalog import ForeignKey, Table

_MANY = 100_000
"""Rows from which a read of the whole table holds up a delete for long; our own choice."""


class _UnindexedForeignKey(Rule):
    severity = Severity.WARNING
    engines = (
        "postgresql",
        "sqlite",
    )
    harm = (
        "Each DELETE or key UPDATE of a parent reads the whole child table, under locks, and joins from the "
        "parent do too."
    )
    instead = "an index that begins with the columns of the foreign key"
    sources = (
        "https://www.postgresql.org/docs/18/ddl-constraints.html#DDL-CONSTRAINTS-FK",
        "https://www.sqlite.org/foreignkeys.html#fk_indexes",
    )
    bad = """
        CREATE TABLE a (id bigint PRIMARY KEY);
        CREATE TABLE b (id bigint PRIMARY KEY, a_id bigint NOT NULL REFERENCES a (id));
    """
    good = """
        CREATE TABLE a (id bigint PRIMARY KEY);
        CREATE TABLE b (id bigint PRIMARY KEY, a_id bigint NOT NULL REFERENCES a (id));
        CREATE INDEX b_a_id_idx ON b (a_id);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for key in table.foreign_keys:
                if not key.columns or _is_covered(at, table, key):
                    continue
                columns = ", ".join(key.columns)
                name = at.engine.object_name(table.name, key.columns, "idx")
                change = Change("create_index", table.name, {"name": name, "columns": list(key.columns)})
                does = {"CASCADE": "deletes", "SET NULL": "empties"}.get(key.on_delete, "looks for")
                big = at.rows.get(str(table.name), 0) >= _MANY
                yield Seen(
                    f"every DELETE in {key.parent} {does} rows in {table.name} by reading it all: no index has {columns}",
                    table.name,
                    column=key.columns[0] if len(key.columns) == 1 else "",
                    name=key.name,
                    changes=(change,),
                    severity=Severity.ERROR if big and key.on_delete in ("CASCADE", "SET NULL") else None,
                )


def _is_covered(at: Subject, table: Table, key: ForeignKey) -> bool:
    """Whether one index has just the key's columns, in any order, before all others, for all rows that count."""
    count, wanted = len(key.columns), set(key.columns)
    if any(set(path[:count]) == wanted for path in at.paths(table)):
        return True
    conditional = [one for one in at.indexes(table) if one.where is not None and only_tests_null(one.where)]
    return any(set(one.columns[:count]) == wanted for one in conditional)


RULE = _UnindexedForeignKey()
