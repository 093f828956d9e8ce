"""Jobs beside a file: what changes a large table while writers pass, where the server's own way keeps them waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain_agents.engines import Blocks, Can, CopiesTables, TableSize

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain_agents import ddl
    from domain_agents.catalog import Schema
    from domain_agents.engines import CopyJob, Effect, Engine
    from domain_agents.operations import Migration


OF_WAITING: Final = (
    "rewriting_column",
    "scanning_check",
    "scanning_foreign_key",
    "blocking_index_build",
    "blocking_unique_constraint",
    "blocking_table_copy",
    "blocking_exclusion",
)
"""The rules that say of a statement what the plan says of a file that waits knowingly."""


def job_before(
    engine: Engine, step: Migration, schema: Schema, size_of: Callable[[ddl.Statement, Schema], TableSize | None]
) -> CopyJob | None:
    """The job that a file's statements need on a large table. `size_of` gives None for a table that the plan makes."""
    if not isinstance(engine, CopiesTables):
        return None
    current = schema
    for statement in step.statements:
        size = size_of(statement, current)
        job = engine.copy_job(statement, current, size) if size is not None else None
        if job is not None:
            return job
        current = statement.apply(current)
    return None


def waits_knowingly(engine: Engine, effects: tuple[Effect, ...]) -> bool:
    """Whether a file keeps writers waiting for long on an engine that has no other way for some changes."""
    if not isinstance(engine, CopiesTables) or not engine.can(Can.CONCURRENT_WRITES):
        return False
    return any(effect.is_long and effect.blocks is not Blocks.NONE for effect in effects)
