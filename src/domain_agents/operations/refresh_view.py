"""Refresh a materialized view while it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.engines import Can
from domain_agents.operations import CannotPlan, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class RefreshView:
    """A materialized view whose query runs again."""

    kind: ClassVar[str] = "refresh_view"
    HAS_TABLE: ClassVar[bool] = False
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("name", "text", "of a materialized view"),)
    table: TableName

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.RefreshView(self.table, concurrently=True)

    @classmethod
    def from_change(cls, change: Change) -> RefreshView:
        """See Operation."""
        return cls(change.table("name"))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> RefreshView | None:
        """See Operation."""
        return cls(statement.table) if isinstance(statement, ddl.RefreshView) else None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        if schema.view(self.table) is None:
            known = ", ".join(str(one.name) for one in schema.views.values() if one.materialized) or "none"
            raise ddl.DoesNotApply(f"there is no view {self.table} (materialized views in the schema at hand: {known})")
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        if not engine.can(Can.MATERIALIZED_VIEWS):
            raise CannotPlan(
                f"{engine.name} has no materialized views",
                field="kind",
                way_out="a view always shows what its tables hold",
            )
        self.apply(schema)
        plain = [
            index
            for index in schema.indexes.values()
            if index.table.name == self.table.name
            and index.unique
            and index.where is None
            and not any(key.is_expression for key in index.keys)
        ]
        if not plain:
            raise CannotPlan(
                f"{self.table} has no unique index on plain columns: a refresh would keep everybody from reading it "
                "until its "
                "query has run",
                field="name",
                way_out="create_index with unique on the columns that tell its rows apart, then refresh it concurrently",
            )
        return (
            Migration(
                title=f"refresh {self.table}",
                slug=f"refresh_{self.table.name}",
                phase=Phase.MIGRATE,
                why="its query runs beside the readers, and only the rows that differ are written; a second refresh "
                "waits",
                statements=(self.statement,),
                undo="none needed: it shows what its tables hold",
            ),
        )
