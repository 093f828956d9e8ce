"""Drop an enum type that no column has any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.operations import Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._enums import TYPE_EXAMPLE, named_in_texts, needs_types

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class DropEnum:
    """An enum type that goes."""

    kind: ClassVar[str] = "drop_enum"
    HAS_TABLE: ClassVar[bool] = False
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("name", "text"),)
    enum: TableName

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
        return ddl.DropType(self.enum)

    @classmethod
    def from_change(cls, change: Change) -> DropEnum:
        """See Operation."""
        needs_types(change.request.engine, ())
        return cls(change.table("name", TYPE_EXAMPLE))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> DropEnum | None:
        """See Operation."""
        return cls(statement.enum) if isinstance(statement, ddl.DropType) and not statement.if_exists else None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        ddl.enum_in(schema, self.enum)
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        needs_types(engine, ())
        self.apply(schema)
        enum = ddl.enum_in(schema, self.enum)
        return (
            Migration(
                title=f"drop enum type {self.enum}",
                slug=f"drop_type_{self.enum.name}",
                phase=Phase.CONTRACT,
                why="no column has the type; the server refuses if something else, such as a function's argument, does",
                statements=(self.statement,),
                undo="; ".join(engine.spell(ddl.CreateEnum(enum), self.apply(schema))),
                warnings=named_in_texts(schema, self.enum.name, "change it before the type is dropped"),
            ),
        )
