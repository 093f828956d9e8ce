"""One name, several types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.catalog import TableName


class _OneNameTwoTypes(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    harm = "Columns of one name have different types in different tables: joins convert, and code must guess."
    instead = "one type for one meaning"
    sources = (
        "pg-index-health: unfiltered it is 874 of 4,758 findings (measured), so only names that keys refer to count",
    )
    bad = """
        CREATE TABLE a (id bigint PRIMARY KEY, code text NOT NULL UNIQUE);
        CREATE TABLE b (id bigint PRIMARY KEY, code text NOT NULL REFERENCES a (code));
        CREATE INDEX b_code ON b (code);
        CREATE TABLE c (id bigint PRIMARY KEY, code bigint NOT NULL);
    """
    good = """
        CREATE TABLE a (id bigint PRIMARY KEY, code text NOT NULL UNIQUE);
        CREATE TABLE b (id bigint PRIMARY KEY, code text NOT NULL REFERENCES a (code));
        CREATE INDEX b_code ON b (code);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        meant = {
            name
            for table in at.tables
            for key in table.foreign_keys
            for name in (*key.columns, *at.parent_columns(key))
        } - {"id"}
        types: dict[str, dict[str, list[tuple[TableName, str]]]] = {}
        for table in at.tables:
            for column in table.columns:
                if column.name in meant:
                    types.setdefault(column.name, {}).setdefault(at.type_of(column).partition("(")[0], []).append(
                        (table.name, column.name)
                    )
        for name, kinds in sorted(types.items()):
            if len(kinds) > 1:
                rarest = min(kinds.items(), key=lambda one: (len(one[1]), one[0]))
                for table_name, column_name in rarest[1]:
                    yield Seen(f"{name} is {rarest[0]} here", table_name, column_name)


RULE = _OneNameTwoTypes()
