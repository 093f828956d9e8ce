"""Give the space of dead rows back: to the table, or to the disk by a job that copies it while writers pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.engines import Can
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class ReclaimSpace:
    """A table with many dead rows; `to_disk` makes its files smaller too."""

    kind: ClassVar[str] = "reclaim_space"
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("to_disk", "flag", "else the space is for the table itself"),)
    table: TableName
    to_disk: bool = False

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.Vacuum(self.table, analyze=True)

    @classmethod
    def from_change(cls, change: Change) -> ReclaimSpace:
        """See Operation."""
        return cls(change.table(), change.flag("to_disk", default=False))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> ReclaimSpace | None:
        """See Operation."""
        return cls(statement.table, statement.full) if isinstance(statement, ddl.Vacuum) else None

    def apply(self, schema: Schema) -> Schema:
        """See Operation. Nothing of the schema changes; the table must be there."""
        if schema.table(self.table) is None and schema.view(self.table) is None:
            raise ddl.DoesNotApply(f"there is no table {self.table}")
        return schema

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        if not engine.can(Can.VACUUM):
            raise CannotPlan(
                f"{engine.name} has no statement that reclaims the space of one table while everybody goes on",
                field="kind",
                way_out=f"at a quiet moment, by hand: {engine.reclaiming(self.table)}",
            )
        self.apply(schema)
        literal = engine.quote_table(self.table).replace("'", "''")
        vacuum = Migration(
            title=f"vacuum {self.table}",
            slug=f"vacuum_{self.table.name}",
            phase=Phase.MIGRATE,
            why="the space of dead rows is free for new ones, and the statistics are new; reads and writes pass. The "
            "file on the disk stays as large as it is",
            statements=(self.statement,),
            transaction=False,
            validations=(
                Query(
                    f"SELECT n_dead_tup FROM pg_stat_all_tables WHERE relid = '{literal}'::regclass",
                    "near 0",
                    "an older transaction keeps dead rows alive: look at pg_stat_activity.xact_start",
                ),
            ),
            undo="none needed: no row changes",
        )
        return (vacuum, self._repack(schema)) if self.to_disk else (vacuum,)

    def _repack(self, schema: Schema) -> Deploy:
        """pg_repack, and not VACUUM FULL: that keeps everybody waiting until the last row is copied."""
        table = schema.table(self.table)
        if table is not None and table.primary_key is None and not table.uniques:
            raise CannotPlan(
                f"{self.table} has neither a primary key nor a unique one, which pg_repack needs",
                field="to_disk",
                way_out="add a primary key first, or leave to_disk out",
            )
        written = f"{self.table.schema or 'public'}.{self.table.name}"
        quoted = "'" + written.replace("'", "'\\''") + "'"
        return Deploy(
            title=f"repack {self.table}",
            why="VACUUM FULL would keep every reader and writer waiting until the table is copied. pg_repack copies "
            "it beside "
            "them and waits only to exchange it (ACCESS EXCLUSIVE for a moment, at most --wait-timeout, then it gives "
            "up); it "
            "needs twice the space of the table and its indexes, the extension of the same version in the database, "
            "and no "
            "DDL on the table meanwhile (https://reorg.github.io/pg_repack/)",
            kind="job",
            wait_for="pg_repack has ended well",
            commands=(
                (
                    "pg_repack, which only says what it would do",
                    f"pg_repack --dry-run --no-kill-backend --table={quoted} DATABASE",
                ),
                ("pg_repack", f"pg_repack --no-kill-backend --wait-timeout=60 --table={quoted} DATABASE"),
            ),
        )
