"""A key to columns that are not unique."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _ForeignKeyWithoutUniqueParent(Rule):
    severity = Severity.ERROR
    engines = (
        "mysql",
        "mariadb",
        "sqlite",
    )
    example_engine = "sqlite"
    harm = (
        "The columns referred to are no key: SQLite fails at the first write, MySQL lets one child belong to "
        "several parents."
    )
    instead = "a key on the columns referred to, or the parent's primary key"
    sources = (
        "https://www.sqlite.org/foreignkeys.html#fk_indexes",
        "https://dev.mysql.com/doc/refman/8.4/en/create-table-foreign-keys.html",
    )
    bad = """
        CREATE TABLE a (id integer PRIMARY KEY, code text NOT NULL) STRICT;
        CREATE TABLE b (id integer PRIMARY KEY, code text REFERENCES a (code)) STRICT;
        CREATE INDEX b_code ON b (code);
    """
    good = """
        CREATE TABLE a (id integer PRIMARY KEY, code text NOT NULL UNIQUE) STRICT;
        CREATE TABLE b (id integer PRIMARY KEY, code text REFERENCES a (code)) STRICT;
        CREATE INDEX b_code ON b (code);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for key in table.foreign_keys:
                parent, columns = at.parent(key), at.parent_columns(key)
                if parent is None or not columns or any(set(one) == set(columns) for one in at.unique_keys(parent)):
                    continue
                yield Seen(
                    f"{table.name}.{', '.join(key.columns)} refers to {parent.name} ({', '.join(columns)}): no key",
                    table.name,
                    name=key.name,
                )


RULE = _ForeignKeyWithoutUniqueParent()
