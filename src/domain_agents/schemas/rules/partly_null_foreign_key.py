"""A key of several columns that one NULL switches off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.catalog import ForeignKey, Table


class _PartlyNullForeignKey(Rule):
    severity = Severity.WARNING
    engines = (
        "postgresql",
        "sqlite",
        "mysql",
        "mariadb",
    )
    harm = "With MATCH SIMPLE, the default, a NULL in one of the columns leaves all of them untested."
    instead = "NOT NULL on all of its columns, or a check that all or none are NULL"
    sources = (
        "https://www.postgresql.org/docs/18/sql-createtable.html#SQL-CREATETABLE-PARMS-REFERENCES",
        "https://www.sqlite.org/foreignkeys.html",
    )
    bad = """
        CREATE TABLE a (x bigint, y bigint, PRIMARY KEY (x, y));
        CREATE TABLE b (id bigint PRIMARY KEY, x bigint NOT NULL, y bigint, FOREIGN KEY (x, y) REFERENCES a (x, y));
        CREATE INDEX b_x_y_idx ON b (x, y);
    """
    good = """
        CREATE TABLE a (x bigint, y bigint, PRIMARY KEY (x, y));
        CREATE TABLE b (id bigint PRIMARY KEY, x bigint, y bigint, FOREIGN KEY (x, y) REFERENCES a (x, y),
          CHECK ((x IS NULL) = (y IS NULL)));
        CREATE INDEX b_x_y_idx ON b (x, y);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for key in table.foreign_keys:
                if len(key.columns) < 2:
                    continue
                empty = [name for name in key.columns if at.is_nullable(table, name)]
                tenant = at.tenant_column
                shared = len(empty) == 1 and tenant in key.columns and empty[0] != tenant
                tested = any(
                    all(name in check.expression for name in key.columns) and "null" in check.expression.lower()
                    for check in table.checks
                )
                if (
                    not empty
                    or tested
                    or (shared or (len(empty) == len(key.columns) - 1 and _is_scoped(at, table, key)))
                ):
                    continue
                yield Seen(
                    f"a NULL in {' or '.join(empty)} leaves all of ({', '.join(key.columns)}) of {table.name} untested",
                    table.name,
                    name=key.name,
                )


def _is_scoped(at: Subject, table: Table, key: ForeignKey) -> bool:
    """Whether a column that is always there only narrows the key, as a tenant's does: then NULL means "none"."""
    required = [name for name in key.columns if not at.is_nullable(table, name)]
    others = [one for one in table.foreign_keys if one is not key]
    return all(any(name in one.columns for one in others) for name in required)


RULE = _PartlyNullForeignKey()
