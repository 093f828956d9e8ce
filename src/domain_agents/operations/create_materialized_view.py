"""Create a materialized view, with the unique index that lets it be refreshed while it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import Index, IndexKey, View
from domain_agents.engines import Can
from domain_agents.operations import CannotPlan, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._views import written_view

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class CreateMaterializedView:
    """A view that keeps its rows; `unique` are the columns that tell them apart."""

    kind: ClassVar[str] = "create_materialized_view"
    HAS_TABLE: ClassVar[bool] = False
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("name", "text"),
        Field("query", "query", "a SELECT"),
        Field("unique", "names", "columns that tell its rows apart"),
    )
    view: View
    index: Index | None = None

    @property
    def table(self) -> TableName:
        """The view's name."""
        return self.view.name

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.DefineView(self.view)

    @classmethod
    def from_change(cls, change: Change) -> CreateMaterializedView:
        """See Operation."""
        view = written_view(change, "CREATE MATERIALIZED VIEW", materialized=True)
        columns = change.optional_names("unique")
        if not columns:
            return cls(view)
        name = change.request.engine.object_name(view.name, columns, "idx")
        return cls(view, Index(name, view.name, tuple(IndexKey(column) for column in columns), unique=True))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> CreateMaterializedView | None:
        """See Operation."""
        if not isinstance(statement, ddl.DefineView) or not statement.view.materialized:
            return None
        return cls(statement.view)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return ddl.apply_all((self.statement, *self.putting_back(schema)), schema)

    def putting_back(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See PutsBack: its index."""
        return (ddl.CreateIndex(self.index),) if self.index else ()

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        if not engine.can(Can.MATERIALIZED_VIEWS):
            raise CannotPlan(
                f"{engine.name} has no materialized views",
                field="kind",
                way_out="create_table for its rows, filled and refreshed by a job; or create_view where it is fast "
                "enough",
            )
        after = self.apply(schema)
        return (
            Migration(
                title=f"create materialized view {self.view.name}",
                slug=f"create_view_{self.view.name.name}",
                phase=Phase.EXPAND,
                why="its query runs once, beside the application; nobody uses it yet"
                + (", so its index is built at once" if self.index else ""),
                statements=(self.statement, *self.putting_back(schema)),
                undo="; ".join(engine.spell(ddl.DropView(self.view.name, materialized=True), after)),
                warnings=(
                    f"{self.view.name} shows its rows as of now until it is refreshed: decide who runs refresh_view",
                    *self._without_key(),
                ),
            ),
        )

    def _without_key(self) -> tuple[str, ...]:
        if self.index:
            return ()
        return (
            f"without a unique index {self.view.name} is not readable while it is refreshed: give `unique`, or add one",
        )
