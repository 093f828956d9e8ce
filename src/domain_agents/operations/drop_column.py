"""Drop a column, after every application version has stopped reading and writing it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import Check, ForeignKey
from domain_agents.engines import Can, Engine
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._dependents import breakage_warnings

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Schema, Table, TableName


@dataclass(frozen=True, slots=True)
class DropColumn:
    """A column that goes, with its values."""

    kind: ClassVar[str] = "drop_column"
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
        return ddl.DropColumn(self.table, self.column)

    @classmethod
    def from_change(cls, change: Change) -> DropColumn:
        """See Operation."""
        return cls(change.table(), change.text("column", '"locale"'))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> DropColumn | None:
        """See Operation."""
        return cls(statement.table, statement.column) if isinstance(statement, ddl.DropColumn) else None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        table, column = self._found(schema)
        self._refuse_what_others_need(schema, table)
        drop = self._drop(engine, schema, table, column)
        if situation.is_new_table or situation.size.rows == 0:
            return (replace(drop, why="nobody uses the table yet"),)
        must_be_given = (
            not column.nullable and column.default is None and column.generated is None and not column.identity
        )
        return (
            *((self._loosen(engine, schema),) if must_be_given else ()),
            Deploy(
                title=f"the application that does not read {self._label} is live everywhere",
                why="queries, models (SELECT * included), reports and jobs that name the column fail once it is gone; "
                "this version goes on writing it, for the one before still reads",
            ),
            Deploy(
                title=f"the application that does not write {self._label} is live everywhere",
                why="an INSERT or UPDATE that names the column fails once it is gone",
            ),
            drop,
        )

    @property
    def _label(self) -> str:
        return f"{self.table.name}.{self.column}"

    def _found(self, schema: Schema) -> tuple[Table, Column]:
        table = schema.table(self.table)
        column = table.column(self.column) if table else None
        if table is None or column is None:
            raise ddl.DoesNotApply(f"table {self.table} has no column {self.column}")
        return table, column

    def _refuse_what_others_need(self, schema: Schema, table: Table) -> None:
        """Keys that other tables refer to, and columns computed from this one, have to be dealt with by their owner."""
        if table.primary_key and self.column in table.primary_key.columns:
            raise CannotPlan(
                f"{self._label} is part of the primary key",
                field="column",
                way_out="give the table another primary key first",
            )
        for child in schema.tables.values():
            for key in child.foreign_keys:
                if schema.table(key.parent) == table and self.column in key.parent_columns:
                    raise CannotPlan(
                        f"{child.name} refers to {self._label} (foreign key {key.name or 'without a name'})",
                        field="column",
                        way_out="drop that foreign key first",
                    )
        computed = [c.name for c in table.columns if c.generated and ddl.mentions(c.generated, self.column)]
        if computed:
            raise CannotPlan(
                f"{', '.join(computed)} of {self.table} is computed from {self.column}",
                field="column",
                way_out="drop the generated column first, in the same request if you like",
            )

    def _loosen(self, engine: Engine, schema: Schema) -> Migration:
        statement = ddl.DropNotNull(self.table, self.column)
        tighten = f"a new migration that makes {self._label} NOT NULL again"
        if engine.can(Can.SET_NOT_NULL):
            tighten = "; ".join(engine.spell(ddl.SetNotNull(self.table, self.column), statement.apply(schema)))
        return Migration(
            title=f"allow rows without {self._label}",
            slug=f"allow_null_{self.table.name}_{self.column}",
            phase=Phase.EXPAND,
            why="the column is NOT NULL without a default: an application that no longer writes it could insert nothing",
            statements=(statement,),
            transaction=not engine.refuses_transaction(statement, schema),
            undo=f"{tighten} (while no row holds NULL)",
        )

    def _drop(self, engine: Engine, schema: Schema, table: Table, column: Column) -> Migration:
        bare = replace(column, nullable=column.nullable or column.default is None)
        after = self.apply(schema)
        undo = "; ".join(self._again(engine, schema, after, table, bare))
        loosened = schema.with_table(table.with_column(replace(column, nullable=True)))
        return Migration(
            title=f"drop {self._label}",
            slug=f"drop_{self.table.name}_{self.column}",
            phase=Phase.CONTRACT,
            why="no application version reads or writes the column any more",
            statements=(self.statement,),
            transaction=not engine.refuses_transaction(self.statement, loosened),
            undo=f"{_short(undo)}; the values come from a backup, or are lost",
            undo_loses_data=True,
            warnings=(
                f"the values of {self._label} are lost for good: keep a copy of them before this step",
                *self._goes_along(schema, table),
                *breakage_warnings(schema, table.name, self.column, verb="is dropped"),
            ),
        )

    def _again(self, engine: Engine, schema: Schema, after: Schema, table: Table, bare: Column) -> tuple[str, ...]:
        """The column once more, with what went with it; in words where a table is built anew for some of that."""
        left = after.table(table.name)
        keys: list[ddl.Constraint] = [*table.uniques, *table.checks, *table.foreign_keys]
        kept: list[ddl.Constraint] = [*left.uniques, *left.checks, *left.foreign_keys] if left else []
        lost = [one for one in keys if one not in kept]
        own = tuple(
            one
            for one in lost
            if isinstance(one, Check) or (isinstance(one, ForeignKey) and one.columns == (self.column,))
        )
        first = ddl.AddColumn(self.table, bare, own if not engine.can(Can.ADD_FOREIGN_KEY) else ())
        statements: list[ddl.Statement] = [first]
        statements += [ddl.AddConstraint(self.table, one) for one in lost if one not in first.constraints]
        statements += [ddl.CreateIndex(one) for key, one in sorted(schema.indexes.items()) if key not in after.indexes]
        spelled: list[str] = []
        for statement in statements:
            if engine.refuses_transaction(statement, after):
                what = "; ".join(engine.spell(ddl.AddColumn(self.table, bare), after))
                return (f"a new migration that rebuilds the table with what went: {what}",)
            spelled += engine.spell(statement, after)
            after = statement.apply(after)
        return tuple(spelled)

    def _goes_along(self, schema: Schema, table: Table) -> tuple[str, ...]:
        """Indexes and constraints on more than this column that vanish with it."""
        after = self.apply(schema)
        left = after.table(table.name)
        shared = [
            f"index {index.name}"
            for index in schema.indexes_of(table.name)
            if index.name not in after.indexes and len(index.keys) > 1
        ]
        if left is not None:
            lost = [u for u in table.uniques if u not in left.uniques and len(u.columns) > 1]
            shared += [f"unique {u.name or u.columns}" for u in lost]
            shared += [f"check {c.name or c.expression}" for c in table.checks if c not in left.checks]
            shared += [f"foreign key {k.name or k.columns}" for k in table.foreign_keys if k not in left.foreign_keys]
        if not shared:
            return ()
        return (f"{', '.join(shared)} goes with {self._label}: what it kept right is kept right by nobody afterwards",)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:297]}..."
