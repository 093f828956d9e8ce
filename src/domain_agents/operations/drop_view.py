"""Drop a view, materialized or not, that nobody reads any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._views import views_of

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class DropView:
    """A view that goes."""

    kind: ClassVar[str] = "drop_view"
    HAS_TABLE: ClassVar[bool] = False
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("name", "text"),)
    table: TableName

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.DropView(self.table)

    @classmethod
    def from_change(cls, change: Change) -> DropView:
        """See Operation."""
        return cls(change.table("name"))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> DropView | None:
        """See Operation."""
        return cls(statement.table) if isinstance(statement, ddl.DropView) else None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        if schema.view(self.table) is None:
            known = ", ".join(sorted(map(str, schema.views))) or "none"
            raise ddl.DoesNotApply(f"there is no view {self.table} (views in the schema at hand: {known})")
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        before = schema.view(self.table)
        readers = views_of(schema, self.table)
        if readers:
            raise CannotPlan(
                f"{', '.join(str(view.name) for view in readers)} reads {self.table}",
                field="name",
                way_out="drop_view or replace_view of these first, the last ones first",
            )
        materialized = before is not None and before.materialized
        return (
            Deploy(
                title=f"the application that does not read {self.table} is live everywhere",
                why="a query that names it fails once it is gone: look in models, raw SQL, reports and other services",
            ),
            Migration(
                title=f"drop {'materialized ' if materialized else ''}view {self.table}",
                slug=f"drop_view_{self.table.name}",
                phase=Phase.CONTRACT,
                why="no application version reads it; the tables behind it keep their rows",
                statements=(ddl.DropView(self.table, materialized=materialized),),
                undo=" ".join(before.definition.split()) if before else "none",
                warnings=(f"privileges on {self.table} go with it",),
            ),
        )
