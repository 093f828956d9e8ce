"""Add a check constraint without testing the rows under the lock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import Check
from domain_agents.engines import Can, Engine
from domain_agents.operations import Deploy, Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._keys import violations
from domain_agents.operations._undo import undone

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName


@dataclass(frozen=True, slots=True)
class AddCheck:
    """A condition that every row must fulfil from now on; NULL counts as fulfilled.

    `stays_unvalidated` is what NOT VALID in the request asks for: existing rows are never tested.
    """

    kind: ClassVar[str] = "add_check"
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("name", "text"), Field("expression", "expression"))
    table: TableName
    check: Check
    stays_unvalidated: bool = False

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.AddConstraint(self.table, replace(self.check, validated=not self.stays_unvalidated))

    @classmethod
    def from_change(cls, change: Change) -> AddCheck:
        """See Operation."""
        expression = change.expression("expression")
        if expression is None:
            raise change.fail("expression", "is missing", 'for example "total >= 0"')
        return cls(change.table(), Check(expression, change.text("name", '"total_not_negative"')))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> AddCheck | None:
        """See Operation."""
        if not isinstance(statement, ddl.AddConstraint) or not isinstance(statement.constraint, Check):
            return None
        check = statement.constraint
        return cls(statement.table, replace(check, validated=True), not check.validated)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        after = self.apply(schema)
        is_empty = situation.is_new_table or situation.size.rows == 0
        undo = undone(engine, ddl.DropConstraint(self.table, self.check.name), after, f"without {self._label}")
        if is_empty or not engine.can(Can.CONSTRAINT_NOT_VALID):
            adding = Migration(
                title=f"add {self._label}",
                slug=f"add_check_{self.check.name or self.table.name}",
                phase=Phase.EXPAND if situation.is_new_table else Phase.CONTRACT,
                why="there is no row to test" if is_empty else "every existing row is tested while the check is added",
                statements=(self.statement,),
                transaction=not engine.refuses_transaction(self.statement, schema),
                prechecks=() if is_empty else (self._violations(engine, "make this step fail"),),
                undo=undo,
            )
            return (adding,) if situation.is_new_table else (self._deploy(), adding)
        guard = Migration(
            title=f"add {self._label}, not yet validated",
            slug=f"add_check_{self.check.name}",
            phase=Phase.CONTRACT,
            why="new and changed rows are tested from here on; existing rows are not read under the lock",
            statements=(ddl.AddConstraint(self.table, replace(self.check, validated=False)),),
            prechecks=(self._violations(engine, "can no longer be updated from here on"),),
            undo=undo,
            warnings=self._never_tested() if self.stays_unvalidated else (),
        )
        if self.stays_unvalidated:
            return (self._deploy(), guard)
        validate = Migration(
            title=f"validate {self._label}",
            slug=f"validate_{self.check.name}",
            phase=Phase.CONTRACT,
            why="existing rows are tested while reads and writes pass, in a transaction of its own",
            statements=(ddl.ValidateConstraint(self.table, self.check.name),),
            prechecks=(self._violations(engine, "make the validation fail"),),
            undo="none needed: a validated check refuses nothing that the unvalidated one did not",
        )
        return (self._deploy(), guard, validate)

    @property
    def _label(self) -> str:
        return f"check {self.check.name}" if self.check.name else f"a check on {self.table.name}"

    def _deploy(self) -> Deploy:
        return Deploy(
            title=f"no application version writes rows to {self.table.name} that break {self.check.expression}",
            why="an INSERT or UPDATE that breaks the condition fails from the next step on (NULL does not break it)",
        )

    def _violations(self, engine: Engine, what: str) -> Query:
        return violations(engine, self.table, self.check, what)

    def _never_tested(self) -> tuple[str, ...]:
        warning = (
            f"{self._label} stays NOT VALID as asked: existing rows are never tested; ask for validate_constraint later"
        )
        return (warning,)
