"""An index on two values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator


class _IndexOnFlag(Rule):
    tier = Tier.STYLE
    severity = Severity.INFO
    harm = "An index on a boolean alone finds half the table: nothing is saved."
    instead = "a partial index on the rarer value, or the flag behind the column that is searched with it"
    sources = ("https://www.postgresql.org/docs/18/indexes-partial.html",)
    bad = """
        CREATE TABLE a (id bigint PRIMARY KEY, done boolean NOT NULL);
        CREATE INDEX a_done ON a (done);
    """
    good = """
        CREATE TABLE a (id bigint PRIMARY KEY, done boolean NOT NULL);
        CREATE INDEX a_open ON a (id) WHERE NOT done;
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for index in at.indexes(table):
                column = table.column(index.columns[0]) if len(index.keys) == 1 and index.columns else None
                if (
                    column is not None
                    and index.where is None
                    and not index.unique
                    and at.type_of(column) in ("boolean", "tinyint(1)")
                ):
                    yield Seen(f"{index.name} finds half of {table.name}", table.name, name=index.name)


RULE = _IndexOnFlag()
