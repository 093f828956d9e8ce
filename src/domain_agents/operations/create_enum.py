"""Create an enum type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import Enum
from domain_agents.operations import Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._enums import LONGEST_VALUE, TYPE_EXAMPLE, needs_types

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class CreateEnum:
    """An enum type with its values, in their order."""

    kind: ClassVar[str] = "create_enum"
    HAS_TABLE: ClassVar[bool] = False
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("name", "text"), Field("values", "names"))
    enum: TableName
    values: tuple[str, ...]

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
        return ddl.CreateEnum(Enum(self.enum, self.values))

    @classmethod
    def from_change(cls, change: Change) -> CreateEnum:
        """See Operation."""
        name, values = change.table("name", TYPE_EXAMPLE), change.names("values", '["draft", "paid"]')
        needs_types(change.request.engine, values)
        twice = sorted({one for one in values if values.count(one) > 1})
        if twice:
            raise change.fail("values", f"{twice[0]!r} stands there twice", "each value once")
        long = next((one for one in values if len(one.encode()) > LONGEST_VALUE), "")
        if long:
            raise change.fail(
                "values", f"{long[:20]!r}... is longer than {LONGEST_VALUE} bytes", "a shorter name for it"
            )
        return cls(name, values)

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> CreateEnum | None:
        """See Operation."""
        return cls(statement.enum.name, statement.enum.values) if isinstance(statement, ddl.CreateEnum) else None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        needs_types(engine, self.values)
        after = self.apply(schema)
        return (
            Migration(
                title=f"create enum type {self.enum}",
                slug=f"create_type_{self.enum.name}",
                phase=Phase.EXPAND,
                why="nobody uses a type that did not exist",
                statements=(self.statement,),
                undo="; ".join(engine.spell(ddl.DropType(self.enum), after)),
            ),
        )
