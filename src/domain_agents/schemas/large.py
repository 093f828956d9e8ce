"""Tables that only ever grow: partitions by time, where foreign keys go with them, and how rows leave again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from domain_agents.catalog import IndexKey, PartitionKey
from domain_agents.facts.scale import threshold
from domain_agents.schemas.draft import Draft, DraftTable, Need, Question
from domain_agents.schemas.names import said
from domain_agents.schemas.sizes import held_rows

if TYPE_CHECKING:
    from domain_agents.schemas.spec import Entity


def add_retention(draft: Draft) -> None:
    """Partitions for what is large and only added to; else an index by which old rows are found."""
    sized = [table for table in draft.tables.values() if table.entity is not None and table.entity.rows_1y]
    if not sized:
        draft.questions.append(
            Question(
                "How many rows will the largest tables get in a year, and for how long are they kept?",
                "few enough for one table each, kept for ever",
                "rows_1y and retention_days of an entity",
            )
        )
    for table in list(draft.tables.values()):
        entity = table.entity
        if entity is None or not table.moment:
            continue
        if entity.lifecycle == "append_only" and _is_giant(entity) and _partition(draft, table, entity):
            continue
        if entity.retention_days is not None:
            table.needs.append(Need("retention", (), range=(table.moment,)))
            table.reasons.append(
                f"kept for {entity.retention_days:,} days: a job deletes by {table.moment}, some thousand rows at a time, "
                "so that nobody waits for it"
            )


def _is_giant(entity: Entity) -> bool:
    rows = entity.rows_1y or 0
    if rows >= threshold("partition_rows_per_year").value:
        return True
    return entity.retention_days is not None and held_rows(entity) >= threshold("partition_rows_held").value


def _partition(draft: Draft, table: DraftTable, entity: Entity) -> bool:
    """Partition a table by the moment of its rows, if everything about it allows; whether it was."""
    why_not = _hindrance(draft, table)
    if why_not:
        draft.assume(f"{table.name} is large and not partitioned: {why_not}")
        return False
    key = table.table.primary_key
    names = () if key is None else key.columns
    if key is not None and table.moment not in names:
        table.table = replace(table.table, primary_key=replace(key, columns=(*names, table.moment)))
    table.table = replace(table.table, partitioned_by=PartitionKey("range", (IndexKey(table.moment),)))
    table.statements += draft.physical.partitions(table.table, table.moment, keep_days=entity.retention_days)
    kept = f", and whole months are dropped after {entity.retention_days:,} days" if entity.retention_days else ""
    table.reasons.append(
        f"about {entity.rows_1y or 0:,} rows a year, only ever added: one partition a month{kept}; so `{table.moment}` "
        "is part of the primary key"
    )
    return True


def _hindrance(draft: Draft, table: DraftTable) -> str:
    if not draft.physical.has_partitions:
        return f"{draft.physical.engine.name} has no partitions that keep foreign keys"
    referring = [
        one.name
        for one in draft.tables.values()
        if any(key.parent == table.table.name for key in one.table.foreign_keys)
    ]
    if referring:
        return f"{', '.join(referring)} refers to it by its id alone, and a key of a partitioned table holds {table.moment}"
    unique = [one.columns for one in table.table.uniques if table.moment not in one.columns]
    unique += [one.index.columns for one in table.indexes if one.index.unique and table.moment not in one.index.columns]
    if unique:
        return (
            f"{said(', '.join(unique[0]))} is unique in all of it, which partitions by {table.moment} cannot see; make it "
            "unique per day elsewhere, or leave it to the writer, and it can be partitioned"
        )
    return ""
