"""A key that deleted rows still hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARK = re.compile(r"deleted_at|deleted_on|removed_at|discarded_at|archived_at", re.IGNORECASE)


class _UniqueWithDeletedRows(Rule):
    severity = Severity.WARNING
    harm = (
        "Rows are only marked as deleted, and go on holding their unique values: nobody can register that name again."
    )
    instead = (
        "a unique index for the rows that are there (WHERE deleted_at IS NULL), or over a generated column "
        "where there is none"
    )
    sources = ("https://www.postgresql.org/docs/18/indexes-partial.html#INDEXES-PARTIAL-EX3",)
    bad = """
        CREATE TABLE users (id bigint PRIMARY KEY, mail text NOT NULL, deleted_at timestamptz, UNIQUE (mail));
    """
    good = """
        CREATE TABLE users (id bigint PRIMARY KEY, mail text NOT NULL, deleted_at timestamptz);
        CREATE UNIQUE INDEX users_mail ON users (mail) WHERE deleted_at IS NULL;
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            mark = next(
                (
                    column
                    for column in table.columns
                    if _MARK.fullmatch(column.name) and at.is_nullable(table, column.name)
                ),
                None,
            )
            if mark is None:
                continue
            made = {column.name for column in table.columns if column.generated is not None}
            keys = [(one.columns, one.name, "drop_constraint") for one in table.uniques]
            keys += [
                (one.columns, one.name, "drop_index")
                for one in at.indexes(table)
                if one.unique and one.where is None and len(one.columns) == len(one.keys)
            ]
            for columns, name, drop in keys:
                if mark.name in columns or made & set(columns) or _is_code(columns):
                    continue
                fresh = {
                    "name": at.engine.object_name(table.name, (*columns, "alive"), "key"),
                    "columns": list(columns),
                    "unique": True,
                    "where": f"{at.engine.quote(mark.name)} IS NULL",
                }
                changes = (
                    Change("create_index", table.name, fresh),
                    *((Change(drop, table.name, {"name": name}),) if name else ()),
                )
                yield Seen(
                    f"a deleted row of {table.name} still holds its {', '.join(columns)}: nobody can use it again",
                    table.name,
                    name=name,
                    changes=changes,
                )


def _is_code(columns: tuple[str, ...]) -> bool:
    """Whether a value is made once and never again, as tokens and identifiers are."""
    return (
        len(columns) == 1
        and re.search(r"(?:uuid|guid|token|external_id|_sid|hash)\Z", columns[0], re.IGNORECASE) is not None
    )


RULE = _UniqueWithDeletedRows()
