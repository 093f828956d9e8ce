"""Statements that leave tables and indexes as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.ddl._statement import Statement


@dataclass(frozen=True, slots=True)
class NoCatalogChange:
    """A statement that was understood and leaves tables and indexes as they are.

    `kind` says which: "data" (INSERT, UPDATE, DELETE), "copy" (INSERT of a whole table's rows), "batches" (a whole
    table filled, a batch at a time), "session" (SET, PRAGMA), "transaction" (BEGIN, COMMIT), "routine" (a procedure made,
    called or dropped), "query" (SELECT), "comment", "maintenance", "privileges", "settings"; whoever weighs a text knows
    "truncate", "cluster" and "lock" apart from these.
    """

    kind: str
    table: TableName | None = None

    def apply(self, schema: Schema) -> Schema:
        return schema


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A statement of which only the text is known, and what it is told to do.

    `kind` as in NoCatalogChange; `yields` are the statements whose effect on the catalog it has.
    """

    text: str
    kind: str = "data"
    table: TableName | None = None
    yields: tuple[Statement, ...] = ()

    def apply(self, schema: Schema) -> Schema:
        for statement in self.yields:
            schema = statement.apply(schema)
        return schema


@dataclass(frozen=True, slots=True)
class KeepText:
    """A statement whose object the catalog has no noun for (a view, a trigger, a type): its text is kept."""

    text: str

    def apply(self, schema: Schema) -> Schema:
        return replace(schema, extras=(*schema.extras, self.text))


@dataclass(frozen=True, slots=True)
class Reindex:
    """An index built anew under its name (`table` then says nothing), or every index of a table where `index` is empty."""

    table: TableName
    index: str = ""
    concurrently: bool = False
    schema: str = ""
    """Of the index, where it was written."""

    def apply(self, schema: Schema) -> Schema:
        return schema


@dataclass(frozen=True, slots=True)
class Vacuum:
    """Space of dead rows given back for reuse; `full` writes the table anew, while nobody can use it."""

    table: TableName
    full: bool = False
    analyze: bool = False

    def apply(self, schema: Schema) -> Schema:
        return schema
