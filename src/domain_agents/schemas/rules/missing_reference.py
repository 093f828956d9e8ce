"""An id that refers to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.names import plural
from domain_agents.schemas.rules import Rule, Seen, Subject, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator


class _MissingReference(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    harm = "A column named for a table without a foreign key to it: orphans gather unseen."
    instead = "a foreign key, or a name that does not promise one"
    sources = ("61 % of 2,507 _id columns in 23 real schemas have no key (measured): one line, never one finding each",)
    bad = """
        CREATE TABLE users (id bigint PRIMARY KEY);
        CREATE TABLE posts (id bigint PRIMARY KEY, user_id bigint NOT NULL);
    """
    good = """
        CREATE TABLE users (id bigint PRIMARY KEY);
        CREATE TABLE posts (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id), trace_id bigint NOT NULL);
        CREATE INDEX posts_user_id_idx ON posts (user_id);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        named = {table.name.name.lower(): table for table in at.tables}
        for table in at.tables:
            keyed = {name for key in table.foreign_keys for name in key.columns}
            for column in table.columns:
                stem = column.name.lower().removesuffix("_id")
                if stem == column.name.lower() or column.name in keyed or table.column(f"{stem}_type") is not None:
                    continue
                parent = named.get(stem) or named.get(plural(stem))
                if (
                    parent is None
                    or parent is table
                    or parent.primary_key is None
                    or len(parent.primary_key.columns) != 1
                ):
                    continue
                key = parent.column(parent.primary_key.columns[0])
                if key is not None and at.type_of(key) == at.type_of(column):
                    yield Seen(f"{table.name}.{column.name} names {parent.name}", table.name, column.name)


RULE = _MissingReference()
