"""A specification -> a schema, with the reason for everything in it. The same page of meaning gives the same tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents.catalog import Index, Schema, Table, schema_of
from domain_agents.schemas.draft import Draft, DraftTable, Question
from domain_agents.schemas.entities import add_attributes, make_tables
from domain_agents.schemas.keys import add_rules, add_unique_keys, note_references
from domain_agents.schemas.large import add_retention
from domain_agents.schemas.lifecycle import HISTORY, add_history, add_lifecycles
from domain_agents.schemas.names import said
from domain_agents.schemas.paths import add_indexes, read_paths
from domain_agents.schemas.physical import physical
from domain_agents.schemas.relations import add_relations
from domain_agents.schemas.serving import Served, serve
from domain_agents.schemas.tenancy import add_row_security, add_tenant_columns, choose_tenant, set_apart

if TYPE_CHECKING:
    from domain_agents.engines import Engine
    from domain_agents.findings import Finding
    from domain_agents.schemas.draft import PlannedIndex
    from domain_agents.schemas.physical import Physical
    from domain_agents.schemas.spec import Spec


@dataclass(frozen=True, slots=True)
class DesignedIndex:
    """An index, and why it is there."""

    index: Index
    why: str


@dataclass(frozen=True, slots=True)
class DesignedTable:
    """A table, and why it is so. `statements` come behind all tables; `meanings` are the kinds of its columns."""

    table: Table
    entity: str
    indexes: tuple[DesignedIndex, ...]
    statements: tuple[str, ...]
    reasons: tuple[str, ...]
    meanings: tuple[tuple[str, str], ...]
    personal: tuple[str, ...] = ()
    of_tenant: bool = False
    """Whether it is made once for each tenant, in a schema or database of its own."""


@dataclass(frozen=True, slots=True)
class Design:
    """What a specification came to. `tables` are in the order in which they are made: parents first."""

    spec: Spec
    physical: Physical
    schema: Schema
    tables: tuple[DesignedTable, ...]
    access: tuple[Served, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    assumptions: tuple[str, ...]
    conventions: tuple[str, ...]
    questions: tuple[Question, ...]
    findings: tuple[Finding, ...]

    @property
    def engine(self) -> Engine:
        """The database it is for."""
        return self.physical.engine


MAX_QUESTIONS = 5


def design(spec: Spec, engine: Engine) -> Design:
    """The schema that a specification asks for.

    Raises:
        SpecError: it asks for what its own entities do not have.
    """
    draft = Draft(spec, physical(engine))
    make_tables(draft)
    choose_tenant(draft)
    set_apart(draft)
    add_tenant_columns(draft)
    add_relations(draft)
    add_attributes(draft)
    add_lifecycles(draft)
    add_unique_keys(draft)
    add_rules(draft)
    note_references(draft)
    add_history(draft)
    add_retention(draft)
    paths = read_paths(draft)
    add_indexes(draft, paths)
    add_row_security(draft)
    for table in draft.tables.values():
        table.table = replace(table.table, comment=_comment(table))
    ordered = in_load_order(draft)
    tables = tuple(_designed(table) for table in ordered)
    return Design(
        spec,
        draft.physical,
        schema_of_design(draft, tables),
        tables,
        tuple(serve(draft, paths)),
        tuple(draft.before),
        tuple(draft.after),
        tuple(draft.assumptions),
        tuple(draft.conventions),
        tuple(draft.questions[:MAX_QUESTIONS]),
        tuple(draft.findings),
    )


def schema_of_design(draft: Draft, tables: tuple[DesignedTable, ...]) -> Schema:
    """The catalog that the design's DDL arrives at."""
    by_table = draft.physical.indexes_foreign_keys
    schema = replace(schema_of(table.table for table in tables), indexes_by_table=by_table)
    for table in tables:
        for planned in table.indexes:
            schema = schema.with_index(planned.index)
    return schema


def _comment(table: DraftTable) -> str:
    if table.table.comment or table.entity is None:
        return table.table.comment
    return " ".join(table.entity.description.split())


def _designed(table: DraftTable) -> DesignedTable:
    return DesignedTable(
        table.table,
        table.entity.name if table.entity else said(table.key),
        tuple(DesignedIndex(one.index, _why(one)) for one in table.indexes),
        tuple(table.statements),
        tuple(dict.fromkeys(table.reasons)),
        tuple(table.meanings.items()),
        tuple(table.pii),
        table.apart,
    )


def _why(planned: PlannedIndex) -> str:
    serves = ", ".join(dict.fromkeys(planned.serves))
    return "; ".join(part for part in (serves, planned.why) if part)


def in_load_order(draft: Draft) -> list[DraftTable]:
    """Parents before children, else as they were written; tables in a circle as they were written."""
    waiting = sorted((one for one in draft.tables.values() if one.key != HISTORY), key=lambda one: one.apart)
    made: set[str] = set()
    ordered: list[DraftTable] = []
    while waiting:
        free = [
            table
            for table in waiting
            if all(key.parent.name in made or key.parent.name == table.name for key in table.table.foreign_keys)
        ]
        for table in free[:1] or _in_circle(waiting, made):
            waiting.remove(table)
            ordered.append(table)
            made.add(table.name)
    return [*ordered, *(table for table in draft.tables.values() if table.key == HISTORY)]


def _in_circle(waiting: list[DraftTable], made: set[str]) -> list[DraftTable]:
    """Of tables in a circle the first whose rows may do without those that are not there yet."""

    def can_wait(table: DraftTable) -> bool:
        awaited = [key for key in table.table.foreign_keys if key.parent.name not in made | {table.name}]
        columns = {name for key in awaited for name in key.columns}
        return all(column.nullable for column in table.table.columns if column.name in columns)

    return [table for table in waiting if can_wait(table)][:1] or waiting[:1]
