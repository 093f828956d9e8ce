"""An identity column that is numbered no more: its values stay, its sequence goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.operations import Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations.set_identity import require_sequences

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class DropIdentity:
    """The server numbers the column no more."""

    kind: ClassVar[str] = "drop_identity"
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("column", "text"),)
    table: TableName
    column: str

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.DropIdentity(self.table, self.column)

    @classmethod
    def from_change(cls, change: Change) -> DropIdentity:
        """See Operation."""
        require_sequences(change.request.engine)
        return cls(change.table(), change.text("column", '"id"'))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> DropIdentity | None:
        """See Operation. IF EXISTS is left out: what is no identity column is not what was meant."""
        return cls(statement.table, statement.column) if isinstance(statement, ddl.DropIdentity) else None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        table = schema.table(self.table)
        column = table.column(self.column) if table else None
        label = f"{self.table.name}.{self.column}"
        is_always = column is not None and column.identity == "always"
        again = ddl.AddIdentity(self.table, self.column)
        back = (again, ddl.ContinueIdentity(self.table, self.column))
        drop = Migration(
            title=f"number {label} no more",
            slug=f"drop_identity_{self.table.name}_{self.column}",
            phase=Phase.CONTRACT,
            why="a note in the catalog: the values that there are stay",
            statements=(self.statement,),
            undo="; ".join(" ".join(sql.split()) for one in back for sql in engine.spell(one, schema)),
            warnings=(f"the sequence behind {label} goes with it, and with it the place that it had reached",),
        )
        deploy = Deploy(
            title=f"every application version says {label} in the rows that it inserts",
            why="a row without it is refused from the next step on: the column stays NOT NULL",
        )
        if situation.is_new_table:
            return (drop,)
        return (*((self._permitting(engine, schema),) if is_always else ()), deploy, drop)

    def _permitting(self, engine: Engine, schema: Schema) -> Migration:
        """GENERATED ALWAYS refuses the very rows that the application must be able to write before the identity goes."""
        label = f"{self.table.name}.{self.column}"
        back = ddl.SetIdentity(self.table, self.column, "always")
        return Migration(
            title=f"let rows say {label} themselves",
            slug=f"permit_{self.table.name}_{self.column}",
            phase=Phase.EXPAND,
            why="GENERATED ALWAYS refuses a row that says its number; BY DEFAULT numbers those that do not",
            statements=(ddl.SetIdentity(self.table, self.column),),
            undo="; ".join(engine.spell(back, schema)),
        )
