"""Rename a constraint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.operations import Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._keys import constraint_of
from domain_agents.operations._undo import undone

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class RenameConstraint:
    """A constraint's new name; the index of a key goes by it as well."""

    kind: ClassVar[str] = "rename_constraint"
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("name", "text"), Field("new_name", "text"))
    table: TableName
    name: str
    new_name: str

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.RenameConstraint(self.table, self.name, self.new_name)

    @classmethod
    def from_change(cls, change: Change) -> RenameConstraint:
        """See Operation."""
        table = change.table()
        return cls(table, change.text("name", '"users_mail_key"'), change.text("new_name", '"users_email_key"'))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> RenameConstraint | None:
        """See Operation."""
        if not isinstance(statement, ddl.RenameConstraint):
            return None
        return cls(statement.table, statement.name, statement.new_name)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        table = schema.table(self.table)
        if table is None:
            raise ddl.DoesNotApply(f"there is no table {self.table}")
        if constraint_of(table, self.name) is None:
            raise ddl.DoesNotApply(f"table {table.name} has no constraint {self.name}")
        if constraint_of(table, self.new_name) is not None:
            raise ddl.DoesNotApply(f"table {table.name} has a constraint {self.new_name} already")
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        after = self.apply(schema)
        rebuilds = engine.refuses_transaction(self.statement, schema)
        back = ddl.RenameConstraint(self.table, self.new_name, self.name)
        rename = Migration(
            title=f"rename constraint {self.name} to {self.new_name}",
            slug=f"rename_{self.name}_to_{self.new_name}",
            phase=Phase.CONTRACT,
            why="the table is built anew with the other name in its text" if rebuilds else "a change of the catalog",
            statements=(self.statement,),
            transaction=not rebuilds,
            undo=undone(engine, back, after, f"with {self.name} as the constraint's name"),
        )
        deploy = Deploy(
            title=f"no application version depends on the name {self.name}",
            why="ON CONFLICT ON CONSTRAINT, and code that tells refused rows apart by the constraint's name, stop working",
        )
        return (rename,) if situation.is_new_table else (deploy, rename)
