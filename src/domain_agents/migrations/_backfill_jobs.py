"""Backfills that are better run outside the migration runner: by hand, beforehand, with the same statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain_agents.migrations.plan import PlannedDeploy

if TYPE_CHECKING:
    from domain_agents.migrations.plan import PlannedMigration

LARGE_ROWS: Final = 50_000_000
"""From here on a backfill is a job of its own. Our own choice: by the measured rates these are 10,000 batches and half an
hour to an hour and a half, longer than runners and pipelines commonly let one step take."""


def backfill_job(planned: PlannedMigration, rows: int | None) -> PlannedDeploy | None:
    """The job that does a file's backfill on a large table, in the file's place; None where the file may just run."""
    fill = planned.backfill
    if fill is None or rows is None or rows < LARGE_ROWS:
        return None
    batches = -(-rows // fill.batch_rows)
    check = planned.validations[0] if planned.validations else None
    return PlannedDeploy(
        planned.order,
        "job",
        f"{planned.title}, outside the migration runner",
        f"about {rows:,} rows are {batches:,} batches and take {planned.expected_duration}. From {LARGE_ROWS:,} rows on a "
        "runner would hold its lock, and every deploy behind it, for as long, or be cut off in the middle: run the "
        "statements of the file with the database's own client, in a session that outlives yours. They may be cut off and "
        "run again; stop them when replicas fall behind",
        f"{check.sql} gives {check.expect}" if check else "it has ended well",
    )
