"""A delete that must fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _SetNullOnRequiredColumn(Rule):
    severity = Severity.ERROR
    harm = "ON DELETE SET NULL on a column that is NOT NULL: deleting a parent that has children always fails."
    instead = "ON DELETE RESTRICT or CASCADE, or a column that may be NULL"
    sources = (
        "https://www.postgresql.org/docs/18/ddl-constraints.html#DDL-CONSTRAINTS-FK",
        "https://dev.mysql.com/doc/refman/8.4/en/create-table-foreign-keys.html",
    )
    bad = """
        CREATE TABLE a (id bigint PRIMARY KEY);
        CREATE TABLE b (id bigint PRIMARY KEY, a_id bigint NOT NULL REFERENCES a (id) ON DELETE SET NULL);
        CREATE INDEX b_a_id_idx ON b (a_id);
    """
    good = """
        CREATE TABLE a (id bigint PRIMARY KEY);
        CREATE TABLE b (id bigint PRIMARY KEY, a_id bigint REFERENCES a (id) ON DELETE SET NULL);
        CREATE INDEX b_a_id_idx ON b (a_id);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for key in table.foreign_keys:
                if key.on_delete != "SET NULL":
                    continue
                for name in key.set_columns or key.columns:
                    if table.column(name) is not None and not at.is_nullable(table, name):
                        in_key = table.primary_key is not None and name in table.primary_key.columns
                        changes = () if in_key else (Change("drop_not_null", table.name, {"column": name}),)
                        yield Seen(
                            f"deleting a row of {key.parent} with rows in {table.name} fails: {name} may not be NULL",
                            table.name,
                            name,
                            key.name,
                            changes,
                        )


RULE = _SetNullOnRequiredColumn()
