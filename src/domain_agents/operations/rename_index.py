"""Rename an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import TableName
from domain_agents.operations import Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._keys import holder_of

if TYPE_CHECKING:
    from domain_agents.catalog import Index, Schema
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class RenameIndex:
    """An index's new name. `owner` is its table where the request says it: DDL may name the index alone."""

    kind: ClassVar[str] = "rename_index"
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("name", "text"), Field("new_name", "text"))
    name: str
    new_name: str
    owner: TableName | None = None

    @property
    def table(self) -> TableName:
        """See Operation. Without an owner, it is told from the index when the steps are made."""
        return self.owner or TableName(self.name)

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.RenameIndex(self.name, self.new_name, self.owner)

    @classmethod
    def from_change(cls, change: Change) -> RenameIndex:
        """See Operation."""
        table = change.table()
        return cls(change.text("name", '"users_mail_idx"'), change.text("new_name", '"users_email_idx"'), table)

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> RenameIndex | None:
        """See Operation."""
        if not isinstance(statement, ddl.RenameIndex):
            return None
        return cls(statement.index, statement.new_name, statement.table)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        self._found(schema)
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        index = self._found(schema)
        statement = ddl.RenameIndex(self.name, self.new_name, index.table)
        back = ddl.RenameIndex(self.new_name, self.name, index.table)
        after = statement.apply(schema)
        builds = engine.effect(statement, schema, situation.size).builds_index
        return (
            Migration(
                title=f"rename index {self.name} to {self.new_name}",
                slug=f"rename_{self.name}_to_{self.new_name}",
                phase=Phase.CONTRACT,
                why="the index is built anew under the other name, for there is no statement that renames one"
                if builds
                else "a change of the catalog: nothing is built",
                statements=(statement,),
                undo="; ".join(engine.spell(back, after)),
                warnings=()
                if situation.is_new_table
                else (
                    f"whatever names the index {self.name} (hints, monitoring, later migrations) must use {self.new_name}",
                ),
            ),
        )

    def _found(self, schema: Schema) -> Index:
        index = schema.index(self.name, self.owner)
        if index is None:
            holder = holder_of(schema, self.name)
            if holder is not None:
                raise ddl.DoesNotApply(
                    f"{self.name} is the index of a constraint of {holder.name}: rename the constraint, and it goes along"
                )
            raise ddl.DoesNotApply(f"there is no index {self.name}")
        if self.owner is not None and schema.table(self.owner) != schema.table(index.table):
            raise ddl.DoesNotApply(f"index {self.name} is on table {index.table}, not on {self.owner}")
        if schema.index(self.new_name, self.owner or index.table) is not None:
            raise ddl.DoesNotApply(f"index {self.new_name} exists already")
        return index
