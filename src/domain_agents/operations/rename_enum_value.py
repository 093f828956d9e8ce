"""Rename a value of an enum type: the rows that hold it show its new name at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.operations import Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._enums import TYPE_EXAMPLE, named_in_texts, needs_types

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class RenameEnumValue:
    """A value's new name."""

    kind: ClassVar[str] = "rename_enum_value"
    HAS_TABLE: ClassVar[bool] = False
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("name", "text"), Field("value", "text"), Field("new_value", "text"))
    enum: TableName
    value: str
    new_value: str

    @property
    def table(self) -> TableName:
        """The type's name: no table changes."""
        return self.enum

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.RenameEnumValue(self.enum, self.value, self.new_value)

    @classmethod
    def from_change(cls, change: Change) -> RenameEnumValue:
        """See Operation."""
        needs_types(change.request.engine, ())
        return cls(change.table("name", TYPE_EXAMPLE), change.text("value", '"ok"'), change.text("new_value", '"fine"'))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> RenameEnumValue | None:
        """See Operation."""
        if not isinstance(statement, ddl.RenameEnumValue):
            return None
        return cls(statement.enum, statement.value, statement.new_value)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        needs_types(engine, (self.new_value,))
        after = self.apply(schema)
        used = ddl.enum_columns(schema, ddl.enum_in(schema, self.enum))
        renaming = Migration(
            title=f"rename the value {self.value!r} of {self.enum} to {self.new_value!r}",
            slug=f"rename_{self.enum.name}_{self.value}_to_{self.new_value}",
            phase=Phase.CONTRACT if used else Phase.EXPAND,
            why="one row of the server's catalog changes; rows, defaults, checks, indexes and views follow by themselves",
            statements=(self.statement,),
            undo="; ".join(engine.spell(ddl.RenameEnumValue(self.enum, self.new_value, self.value), after)),
            warnings=named_in_texts(
                schema, self.value, "a function's text keeps the old name and fails when it runs: change it"
            ),
            accepts=("renamed_object",),  # the deploy before it knows both names
        )
        if not used:
            return (renaming,)
        both = Deploy(
            title=f"the application that reads {self.value!r} and {self.new_value!r} alike, and writes whichever the "
            "server takes, is live everywhere",
            why=f"from one moment to the next the server refuses {self.value!r} and takes {self.new_value!r} (22P02 for "
            "the other): a version that knows one name only fails on one side of it. Where that cannot be, use "
            "add_enum_value, a backfill and remove_enum_value instead",
        )
        last = Deploy(
            title=f"the application that knows only {self.new_value!r} is live everywhere",
            why=f"nothing holds {self.value!r} any more",
        )
        return (both, renaming, last)
