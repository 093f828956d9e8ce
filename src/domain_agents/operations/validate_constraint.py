"""Validate a check or foreign key that was added NOT VALID, while reads and writes pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import Check, ForeignKey
from domain_agents.operations import Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._keys import constraint_of, orphans, violations

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class ValidateConstraint:
    """The rows that were there before a constraint are tested as well."""

    kind: ClassVar[str] = "validate_constraint"
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("name", "text"),)
    table: TableName
    name: str

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.ValidateConstraint(self.table, self.name)

    @classmethod
    def from_change(cls, change: Change) -> ValidateConstraint:
        """See Operation."""
        return cls(change.table(), change.text("name", '"orders_user_id_fkey"'))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> ValidateConstraint | None:
        """See Operation."""
        return cls(statement.table, statement.name) if isinstance(statement, ddl.ValidateConstraint) else None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        self._found(schema)
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        constraint = self._found(schema)
        return (
            Migration(
                title=f"validate {self.name}",
                slug=f"validate_{self.name}",
                phase=Phase.CONTRACT,
                why="existing rows are tested while reads and writes pass, in a transaction of its own",
                statements=(self.statement,),
                prechecks=() if situation.is_new_table else self._prechecks(engine, schema, constraint),
                undo="none needed: a validated constraint refuses nothing that the unvalidated one did not",
            ),
        )

    def _found(self, schema: Schema) -> Check | ForeignKey:
        table = schema.table(self.table)
        constraint = constraint_of(table, self.name) if table else None
        if constraint is None:
            raise ddl.DoesNotApply(f"table {self.table} has no constraint {self.name}")
        if not isinstance(constraint, Check | ForeignKey) or constraint.validated:
            raise ddl.DoesNotApply(f"{self.name} of {self.table} is validated already")
        return constraint

    def _prechecks(self, engine: Engine, schema: Schema, constraint: Check | ForeignKey) -> tuple[Query, ...]:
        if isinstance(constraint, ForeignKey):
            return orphans(engine, schema, self.table, constraint)
        return (violations(engine, self.table, constraint, "make the validation fail"),)
