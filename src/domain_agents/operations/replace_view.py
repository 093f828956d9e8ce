"""Give a view another query, with the views that read it and the privileges on all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.engines import Can
from domain_agents.operations import Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._views import made_again, refuse_materialized, views_of, written_view

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName, View
    from domain_agents.engines import Engine

_REFUSED = (
    "the server refuses CREATE OR REPLACE VIEW (42P16) if a column of the view goes or gets another name, type or place: "
    'then ask with "columns_change": true'
)


@dataclass(frozen=True, slots=True)
class ReplaceView:
    """A view's new query; `in_place` keeps the columns that it shows, and adds others behind them at most."""

    kind: ClassVar[str] = "replace_view"
    HAS_TABLE: ClassVar[bool] = False
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("name", "text"),
        Field("query", "query", "a SELECT"),
        Field("columns_change", "flag", "a column goes, or gets another name, type or place"),
    )
    view: View
    in_place: bool

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
        return ddl.DefineView(self.view, replaces=self.in_place)

    @classmethod
    def from_change(cls, change: Change) -> ReplaceView:
        """See Operation."""
        in_place = change.request.engine.can(Can.REPLACE_VIEW) and not change.flag("columns_change", default=False)
        return cls(written_view(change, "CREATE OR REPLACE VIEW" if in_place else "CREATE VIEW"), in_place)

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> ReplaceView | None:
        """See Operation."""
        if not isinstance(statement, ddl.DefineView) or not statement.replaces:
            return None
        return cls(statement.view, in_place=True)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        if not self.in_place and schema.view(self.view.name) is None:
            raise ddl.DoesNotApply(f"there is no view {self.view.name}")
        return ddl.apply_all(self._all(schema), schema)

    def making_way(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See MakesWay: the view itself, and those that read it, where it is made anew."""
        if self.in_place:
            return ()
        before = schema.view(self.view.name)
        views = views_of(schema, self.view.name)
        return made_again((before, *views) if before else views)[0]

    def putting_back(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See PutsBack: the views that read it."""
        return () if self.in_place else made_again(views_of(schema, self.view.name))[1]

    def _all(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        own = self.statement if self.in_place else ddl.DefineView(self.view, restores_privileges=True)
        return (*self.making_way(schema), own, *self.putting_back(schema))

    def _undo(self, engine: Engine, schema: Schema) -> str:
        """The view as it was, and again those that read it, in one transaction: what it shows now may not be taken away."""
        after = self.apply(schema)
        before = schema.view(self.view.name)
        if before is None:
            return "; ".join(engine.spell(ddl.DropView(self.view.name), after))
        readers = views_of(after, self.view.name)
        gone, _ = made_again((self.view, *readers))
        _, made = made_again((replace(before, definition=_anew(before.definition)), *readers))
        return "; ".join(" ".join(sql.split()) for one in (*gone, *made) for sql in engine.spell(one, after))

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        if not self.in_place:
            refuse_materialized(views_of(schema, self.view.name))
        replacing = Migration(
            title=f"replace view {self.view.name}",
            slug=f"replace_view_{self.view.name.name}",
            phase=Phase.EXPAND if self.in_place else Phase.CONTRACT,
            why="the columns that it shows stay, others may stand behind them: who reads it does not notice"
            if self.in_place
            else "it is made anew, with the views that read it and the privileges on them, in one transaction",
            statements=self._all(schema),
            undo=self._undo(engine, schema),
            warnings=(_REFUSED,) if self.in_place and engine.can(Can.VIEWS_HOLD_COLUMNS) else (),
        )
        if self.in_place:
            return (replacing,)
        cope = Deploy(
            title=f"the application that copes with {self.view.name} as it was and as it will be is live everywhere",
            why="what it reads changes in the next step, in the middle of its work",
        )
        return (cope, replacing)


def _anew(definition: str) -> str:
    """The statement for a view that is not there."""
    return re.sub(r"\ACREATE\s+OR\s+REPLACE\s+", "CREATE ", definition, flags=re.IGNORECASE)
