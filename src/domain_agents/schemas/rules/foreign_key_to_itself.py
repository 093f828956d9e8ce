"""A row that refers to its own key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _ForeignKeyToItself(Rule):
    severity = Severity.ERROR
    harm = "The columns refer to themselves: every row satisfies the key, and nothing is ever tested."
    instead = "a column of its own for the parent (parent_id), or no key at all"
    sources = ("https://www.schemacrawler.com/lint.html",)
    bad = "CREATE TABLE a (id bigint PRIMARY KEY REFERENCES a (id));"
    good = """
        CREATE TABLE a (id bigint PRIMARY KEY, parent_id bigint REFERENCES a (id));
        CREATE INDEX a_parent_id_idx ON a (parent_id);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for key in table.foreign_keys:
                if key.parent == table.name and key.columns == at.parent_columns(key):
                    changes = (Change("drop_constraint", table.name, {"name": key.name}),) if key.name else ()
                    yield Seen(
                        f"{', '.join(key.columns)} of {table.name} refers to itself: the key tests nothing",
                        table.name,
                        name=key.name,
                        changes=changes,
                    )


RULE = _ForeignKeyToItself()
