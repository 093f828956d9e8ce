"""A table whose rows cannot be told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _MissingPrimaryKey(Rule):
    severity = Severity.ERROR
    harm = (
        "Without a primary key no row can be told from its twin, logical replication cannot update it, and "
        "batches have nothing to walk along."
    )
    instead = "a primary key: the key that is there already, else an identity column"
    sources = (
        "https://www.postgresql.org/docs/18/logical-replication-publication.html",
        "https://dev.mysql.com/doc/refman/8.4/en/innodb-index-types.html",
    )
    bad = "CREATE TABLE logs (at timestamptz NOT NULL, line text NOT NULL);"
    good = "CREATE TABLE logs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, line text NOT NULL);"

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            if table.primary_key is not None:
                continue
            keys = [key for key in at.unique_keys(table) if not any(at.is_nullable(table, name) for name in key)]
            if keys:
                change = Change("add_primary_key", table.name, {"columns": list(keys[0])})
                effect = f"{table.name} has no primary key, though {', '.join(keys[0])} would do"
                yield Seen(effect, table.name, changes=(change,), severity=Severity.WARNING)
            else:
                yield Seen(
                    f"no row of {table.name} can be told from its twin, updated through replication or walked in batches",
                    table.name,
                )


RULE = _MissingPrimaryKey()
