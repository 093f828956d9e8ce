"""A partition made, attached or detached while others wait."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.engines import Blocks, Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said

_PROVED = "a validated CHECK that says the bound, on the table and on the default partition, then ATTACH PARTITION"


class _BlockingPartitionChange(Rule):
    severity = Severity.ERROR
    engines = ("postgresql",)
    harm = "A partition that is made or attached is tested row by row, and so is the default partition, under a lock."
    instead = _PROVED
    sources = ("https://www.postgresql.org/docs/18/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE",)
    given = (
        "CREATE TABLE users (id bigint NOT NULL) PARTITION BY LIST (id);"
        " CREATE TABLE users_rest PARTITION OF users DEFAULT;"
    )
    bad = "CREATE TABLE users_1 PARTITION OF users FOR VALUES IN (1);"
    good = (
        "ALTER TABLE users_rest ADD CONSTRAINT not_1 CHECK (id IS NOT NULL AND id <> 1) NOT VALID;\n"
        "ALTER TABLE users_rest VALIDATE CONSTRAINT not_1;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        match at.statement:
            case ddl.CreatePartition() if at.blocks_for_long:
                return Said(
                    f"reads and writes on {at.table} wait while its default partition is read ({at.effect.lock})"
                )
            case ddl.AttachPartition(partition=partition) if at.effect.scans_table:
                if at.effect.blocks is Blocks.READS_AND_WRITES:
                    return Said(f"reads and writes of the default partition of {at.table} wait while it is read whole")
                return Said(f"whoever uses {partition} waits until every row of it is tested", Severity.WARNING)
            case ddl.DetachPartition(concurrently=False, finalize=False) if not at.is_alone:
                parent = at.known(at.table) if at.table else None
                default = parent is not None and any(one.bound.kind == "default" for one in parent.partitions)
                if default or not history.engine.can(Can.DETACH_CONCURRENTLY):
                    return None
                return Said(
                    f"reads and writes on {at.table} wait behind this for as long as it waits for the queries that run "
                    f"({at.effect.lock})",
                    Severity.WARNING,
                    "DETACH PARTITION ... CONCURRENTLY, outside a transaction",
                )
        return None


RULE = _BlockingPartitionChange()
