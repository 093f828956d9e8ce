"""A unique index built while writers pass, with the way back from a build that a duplicate ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.operations import Migration, Phase, Query
from domain_agents.operations._keys import duplicates

if TYPE_CHECKING:
    from domain_agents.catalog import Index, Schema
    from domain_agents.engines import Engine


def build_unique(engine: Engine, schema: Schema, index: Index) -> Migration:
    """The file that builds it; a constraint may take the index over afterwards."""
    drop = ddl.DropIndex(index.name, True, True, index.table.schema, index.table)
    return Migration(
        title=f"build the unique index {index.name}",
        slug=f"create_{index.name}",
        phase=Phase.EXPAND,
        why="reads and writes pass while the index is built; a duplicate that turns up meanwhile makes the build fail: "
        "remove it and run the file again, which drops the leftover first",
        # A build that failed leaves an INVALID index under this name; IF NOT EXISTS would take it for the real one.
        statements=(drop, ddl.CreateIndex(index, concurrently=True)),
        transaction=False,
        prechecks=(duplicates(engine, index.table, index.columns),),
        validations=validity(engine, index),
        undo="; ".join(engine.spell(drop, schema)),
    )


def validity(engine: Engine, index: Index) -> tuple[Query, ...]:
    """Whether the index is whole, where a build can leave half of one."""
    sql = engine.index_validity_query(index)
    return (Query(sql, "true", "a build that failed leaves an INVALID index: run the file again"),) if sql else ()
