"""A constraint that old rows were never tested for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.catalog import Check, ForeignKey


class _UnvalidatedConstraint(Rule):
    severity = Severity.WARNING
    engines = ("postgresql",)
    harm = "Rows from before may break it, the planner does not trust it, and nobody is told."
    instead = "VALIDATE CONSTRAINT, after the rows that break it were mended"
    sources = ("https://www.postgresql.org/docs/18/sql-altertable.html#SQL-ALTERTABLE-DESC-VALIDATE-CONSTRAINT",)
    bad = """
        CREATE TABLE a (id bigint PRIMARY KEY, x integer NOT NULL);
        ALTER TABLE a ADD CONSTRAINT positive CHECK (x > 0) NOT VALID;
    """
    good = """
        CREATE TABLE a (id bigint PRIMARY KEY, x integer NOT NULL);
        ALTER TABLE a ADD CONSTRAINT positive CHECK (x > 0) NOT VALID;
        ALTER TABLE a VALIDATE CONSTRAINT positive;
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            constraints: tuple[Check | ForeignKey, ...] = (*table.checks, *table.foreign_keys)
            for one in constraints:
                if not one.validated:
                    changes = (Change("validate_constraint", table.name, {"name": one.name}),) if one.name else ()
                    yield Seen(
                        f"rows of {table.name} from before {one.name or 'the constraint'} may break it",
                        table.name,
                        name=one.name,
                        changes=changes,
                    )


RULE = _UnvalidatedConstraint()
