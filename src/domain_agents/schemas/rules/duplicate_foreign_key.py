"""The same foreign key twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _DuplicateForeignKey(Rule):
    severity = Severity.WARNING
    harm = "Both keys are tested for every write, and one says nothing that the other does not."
    instead = "one of them"
    sources = ("https://www.postgresql.org/docs/18/sql-createtable.html",)
    bad = """
        CREATE TABLE a (id bigint PRIMARY KEY);
        CREATE TABLE b (id bigint PRIMARY KEY, a_id bigint, CONSTRAINT one FOREIGN KEY (a_id) REFERENCES a (id),
          CONSTRAINT two FOREIGN KEY (a_id) REFERENCES a (id));
        CREATE INDEX b_a_id_idx ON b (a_id);
    """
    good = """
        CREATE TABLE a (id bigint PRIMARY KEY);
        CREATE TABLE b (id bigint PRIMARY KEY, a_id bigint, c_id bigint,
          CONSTRAINT one FOREIGN KEY (a_id) REFERENCES a (id),
          CONSTRAINT two FOREIGN KEY (c_id) REFERENCES a (id));
        CREATE INDEX b_a_id_idx ON b (a_id);
        CREATE INDEX b_c_id_idx ON b (c_id);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            first: dict[object, str] = {}
            for key in table.foreign_keys:
                said = (frozenset(zip(key.columns, at.parent_columns(key), strict=False)), key.parent)
                if said in first:
                    changes = (Change("drop_constraint", table.name, {"name": key.name}),) if key.name else ()
                    named = key.name or "a second one"
                    yield Seen(
                        f"foreign key {named} of {table.name} says what {first[said] or 'another'} says already",
                        table.name,
                        name=key.name,
                        changes=changes,
                    )
                first.setdefault(said, key.name)


RULE = _DuplicateForeignKey()
