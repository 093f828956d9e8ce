"""A reference to any table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _PolymorphicReference(Rule):
    severity = Severity.INFO
    harm = "A type beside an id refers to several tables, so no foreign key can hold it: orphans gather."
    instead = "one nullable foreign key for each table with a check that exactly one is there, or a table in between"
    sources = ("Karwin, SQL Antipatterns, ch. 7 (Polymorphic Associations)",)
    bad = """
        CREATE TABLE comments (id bigint PRIMARY KEY, subject_type text NOT NULL, subject_id bigint NOT NULL);
    """
    good = """
        CREATE TABLE posts (id bigint PRIMARY KEY);
        CREATE TABLE comments (id bigint PRIMARY KEY, post_id bigint NOT NULL REFERENCES posts (id), body text NOT NULL);
        CREATE INDEX comments_post_id_idx ON comments (post_id);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            keyed = {name for key in table.foreign_keys for name in key.columns}
            for column in table.columns:
                stem, found, _ = column.name.rpartition("_type")
                if found and stem and table.column(f"{stem}_id") is not None and f"{stem}_id" not in keyed:
                    yield Seen(
                        f"{table.name}.{stem}_id refers to the table that {column.name} names: no foreign key can hold it",
                        table.name,
                        f"{stem}_id",
                    )


RULE = _PolymorphicReference()
