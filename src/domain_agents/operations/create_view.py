"""Create a view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.operations import Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._views import written_view

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName, View
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class CreateView:
    """A view, as its statement makes it."""

    kind: ClassVar[str] = "create_view"
    HAS_TABLE: ClassVar[bool] = False
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("name", "text"), Field("query", "query", "a SELECT"))
    view: View

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
    def from_change(cls, change: Change) -> CreateView:
        """See Operation."""
        return cls(written_view(change, "CREATE VIEW"))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> CreateView | None:
        """See Operation."""
        if not isinstance(statement, ddl.DefineView) or statement.replaces or statement.view.materialized:
            return None
        return cls(statement.view)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        after = self.apply(schema)
        return (
            Migration(
                title=f"create view {self.view.name}",
                slug=f"create_view_{self.view.name.name}",
                phase=Phase.EXPAND,
                why="nobody uses a view that did not exist; its tables are only read",
                statements=(self.statement,),
                undo="; ".join(engine.spell(ddl.DropView(self.view.name), after)),
            ),
        )
