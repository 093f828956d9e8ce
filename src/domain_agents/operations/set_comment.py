"""Say what a table or a column is for, or take the comment away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.engines import Can
from domain_agents.operations import CannotPlan, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class SetComment:
    """What the catalog says of a table, or of one of its columns; an empty comment takes it away."""

    kind: ClassVar[str] = "set_comment"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("column", "text", "left out: the table's comment"),
        Field("comment", "text", "left out or null removes it"),
    )
    table: TableName
    column: str = ""
    comment: str = ""

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.SetComment(self.table, self.column, self.comment)

    @classmethod
    def from_change(cls, change: Change) -> SetComment:
        """See Operation."""
        comment = change.word("comment")
        if "\0" in comment:
            raise change.fail("comment", "holds a NUL character, which no server keeps", "leave it out")
        return cls(change.table(), change.word("column"), comment)

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> SetComment | None:
        """See Operation."""
        if not isinstance(statement, ddl.SetComment):
            return None
        return cls(statement.table, statement.column, statement.comment)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        if self._today(schema) == self.comment:
            now = f"the comment {self.comment!r} already" if self.comment else "no comment"
            raise ddl.DoesNotApply(f"{self._name} has {now}")
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        if not engine.can(Can.SET_COMMENT):
            raise CannotPlan(
                f"{engine.name}: no plan is made for a comment here",
                field="kind",
                way_out="where the server keeps comments, give its own statement as `raw_sql`; else leave this change out",
            )
        self.apply(schema)
        back = ddl.SetComment(self.table, self.column, self._today(schema))
        removes = not self.comment
        of = "_".join(part for part in (self.table.name, self.column) if part)
        return (
            Migration(
                title=f"{'remove the comment of' if removes else 'comment on'} {self._name}",
                slug=f"{'drop' if removes else 'set'}_comment_{of}",
                phase=Phase.EXPAND,
                why="a note in the catalog: no row is touched, and no reader or writer waits",
                statements=(self.statement,),
                transaction=not engine.refuses_transaction(self.statement, schema),
                undo="; ".join(engine.spell(back, self.statement.apply(schema))),
            ),
        )

    @property
    def _name(self) -> str:
        return f"{self.table}.{self.column}" if self.column else str(self.table)

    def _today(self, schema: Schema) -> str:
        table = schema.table(self.table)
        if table is None:
            raise ddl.DoesNotApply(f"there is no table {self.table}")
        if not self.column:
            return table.comment
        column = table.column(self.column)
        if column is None:
            raise ddl.DoesNotApply(f"table {self.table} has no column {self.column}")
        if table.partition_of is not None:
            raise ddl.DoesNotApply(f"{self.table} is a partition: comment on the column of {table.partition_of}")
        return column.comment
