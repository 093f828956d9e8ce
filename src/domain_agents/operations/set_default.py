"""Give a column another default, or take its default away; rows that are there keep what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Schema, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class SetDefault:
    """What an INSERT that leaves the column out puts in; None takes the default away."""

    kind: ClassVar[str] = "set_default"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("column", "text"),
        Field("default", "expression", "left out or null drops it"),
    )
    table: TableName
    column: str
    default: str | None

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.SetDefault(self.table, self.column, self.default)

    @classmethod
    def from_change(cls, change: Change) -> SetDefault:
        """See Operation."""
        return cls(change.table(), change.text("column", '"status"'), change.expression("default"))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> SetDefault | None:
        """See Operation."""
        if not isinstance(statement, ddl.SetDefault):
            return None
        return cls(statement.table, statement.column, statement.default)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        after = self.statement.apply(schema)
        if self._column(schema).default == self.default:
            now = "has no default" if self.default is None else f"has the default {self.default} already"
            raise ddl.DoesNotApply(f"{self.table}.{self.column} {now}")
        return after

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        column = self._column(schema)
        if column.generated is not None or column.identity:
            raise CannotPlan(
                f"{self.table}.{column.name} is computed by the server, which takes no default for it",
                field="column",
                way_out="leave this change out, or drop the column and add another",
            )
        change = self._change(engine, schema, column)
        is_empty = situation.is_new_table or situation.size.rows == 0
        if self.default is not None or column.nullable or is_empty:
            return (change,)
        deploy = Deploy(
            title=f"the application that gives {self.table.name}.{self.column} a value in every INSERT is live everywhere",
            why="the column is NOT NULL: without a default, an INSERT that leaves it out fails",
        )
        return (deploy, change)

    def _column(self, schema: Schema) -> Column:
        table = schema.table(self.table)
        column = table.column(self.column) if table else None
        if column is None:
            raise ddl.DoesNotApply(f"table {self.table} has no column {self.column}")
        return column

    def _change(self, engine: Engine, schema: Schema, column: Column) -> Migration:
        name = f"{self.table.name}.{self.column}"
        drops = self.default is None
        return Migration(
            title=f"drop the default of {name}" if drops else f"set the default of {name}",
            slug=f"{'drop' if drops else 'set'}_default_{self.table.name}_{self.column}",
            phase=Phase.CONTRACT if drops else Phase.EXPAND,
            why=(
                "every application version gives the column a value, or means NULL when it leaves it out"
                if drops
                else f"an INSERT that leaves the column out gets {self.default} from here on; no row is touched"
            ),
            statements=(self.statement,),
            transaction=not engine.refuses_transaction(self.statement, schema),
            undo=self._undo(engine, schema, column),
            warnings=self._warnings(name, column),
        )

    def _undo(self, engine: Engine, schema: Schema, column: Column) -> str:
        back = ddl.SetDefault(self.table, self.column, column.default)
        if engine.refuses_transaction(back, self.statement.apply(schema)):
            was = f"the default {column.default}" if column.default is not None else "no default"
            return f"a new migration that rebuilds {engine.quote_table(self.table)} with {was} on {self.column}"
        return "; ".join(engine.spell(back, self.statement.apply(schema)))

    def _warnings(self, name: str, column: Column) -> tuple[str, ...]:
        if self.default is None:
            return (f"rows that leave {name} out hold NULL from here on",) if column.nullable else ()
        holding = column.default if column.default is not None else "NULL"
        warning = (
            f"rows that were made with the former default keep it ({holding}): if they should change too, that is a "
            f"batched UPDATE of {name} of its own"
        )
        return (warning,)
