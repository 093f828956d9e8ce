"""Rename a table while application versions that know the old name and that know the new one are both alive.

Where a view can be written to, one stands in under the old name until nobody uses it any more. Where it cannot, the
application is stopped for the rename: triggers in place of the writes would lose defaults and what RETURNING gives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.engines import Can, Engine
from domain_agents.operations import Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._dependents import dependents_of_table

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, Table, TableName


@dataclass(frozen=True, slots=True)
class RenameTable:
    """A table's new name; its schema stays."""

    kind: ClassVar[str] = "rename_table"
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("new_name", "text"),)
    table: TableName
    new_name: str

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.RenameTable(self.table, self.new_name)

    @classmethod
    def from_change(cls, change: Change) -> RenameTable:
        """See Operation."""
        return cls(change.table(), change.text("new_name", '"people"'))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> RenameTable | None:
        """See Operation."""
        return cls(statement.table, statement.new_name) if isinstance(statement, ddl.RenameTable) else None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        after = self.apply(schema)
        table = schema.table(self.table)
        if table is None:
            raise ddl.DoesNotApply(f"there is no table {self.table}")
        if situation.is_new_table:
            return (self._rename(engine, after, Phase.EXPAND, "nobody uses the table yet"),)
        warnings = self._warnings(schema, table)
        if not engine.can(Can.UPDATABLE_VIEWS):
            return self._stopped(engine, after, warnings)
        view = ddl.CreateView(self._new, self.table, tuple(column.name for column in table.columns))
        drop = ddl.DropView(self.table)
        back = engine.spell(ddl.RenameTable(self._new, self.table.name), after)
        return (
            Migration(
                title=f"rename {self._label}, with a view under the old name",
                slug=f"rename_{self.table.name}_to_{self.new_name}",
                phase=Phase.EXPAND,
                why="both statements commit together, so no application version ever finds the name it knows missing; "
                "reads and writes through the view reach the table",
                statements=(self.statement, view),
                undo="; ".join((*engine.spell(drop, after), *back)),
                warnings=(*warnings, *self._said_of_the_view(engine)),
            ),
            Deploy(
                title=f"the application, jobs and reports that use {self.new_name} are live everywhere",
                why=f"whatever still names {self.table.name} fails once the view is gone",
            ),
            Migration(
                title=f"drop the view {self.table.name}",
                slug=f"drop_view_{self.table.name}",
                phase=Phase.CONTRACT,
                why="no application version uses the old name any more",
                statements=(drop,),
                undo="; ".join(engine.spell(view, after)),
            ),
        )

    @property
    def _new(self) -> TableName:
        return replace(self.table, name=self.new_name)

    @property
    def _label(self) -> str:
        return f"{self.table.name} to {self.new_name}"

    def _rename(
        self, engine: Engine, after: Schema, phase: Phase, why: str, warnings: tuple[str, ...] = ()
    ) -> Migration:
        return Migration(
            title=f"rename {self._label}",
            slug=f"rename_{self.table.name}_to_{self.new_name}",
            phase=phase,
            why=why,
            statements=(self.statement,),
            undo="; ".join(engine.spell(ddl.RenameTable(self._new, self.table.name), after)),
            warnings=warnings,
        )

    def _stopped(self, engine: Engine, after: Schema, warnings: tuple[str, ...]) -> tuple[Step, ...]:
        stop = (
            f"the old application fails from the rename of {self.table.name} on, and the new one before it: stop the "
            "application for it. A view under the old name cannot be written to here without triggers, which would lose "
            "column defaults and what RETURNING and the last inserted number give"
        )
        return (
            Deploy(
                title=f"every application version that names {self.table.name} is stopped",
                why="no name serves both versions here; the stop lasts for one file (milliseconds) and the start after",
            ),
            self._rename(engine, after, Phase.CONTRACT, "nobody is using either name now", (stop, *warnings)),
            Deploy(
                title=f"the application that uses {self.new_name} is started",
                why="it is the only version that can work from here on",
            ),
        )

    def _warnings(self, schema: Schema, table: Table) -> tuple[str, ...]:
        bodies = [
            label for label in dependents_of_table(schema, table.name) if label.startswith(("function ", "trigger "))
        ]
        kept = (
            f"indexes, constraints and sequences of {table.name} keep their names; rename them with rename_index and "
            "rename_constraint if that matters"
        )
        named = (
            f"{label} names {table.name} in its text: write it anew with {self.new_name} before the old name is gone"
            for label in bodies
        )
        return (kept, *named)

    def _said_of_the_view(self, engine: Engine) -> tuple[str, ...]:
        written = engine.quote_table(self.table)
        fails = (
            f"while the view {written} stands in, these fail by the old name: TRUNCATE, COPY ... FROM and TO, ON CONFLICT "
            "ON CONSTRAINT, ALTER TABLE, CREATE INDEX, foreign keys to it, and ctid or xmin; a model that reads its "
            "primary key from the catalog finds none"
        )
        granted = (
            f"what is granted on the whole table is granted on the view {written} by the same file; privileges on single "
            "columns are not"
        )
        return (fails, granted)
