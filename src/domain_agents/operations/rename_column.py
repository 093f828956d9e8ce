"""Rename a column while application versions that know the old name and that know the new one are both alive.

A twin under the new name is kept the same by triggers; when nobody uses the old name any more, the twin goes and the column
itself takes its name. So the keys, constraints, indexes and views of the column stay what they are, all through.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.engines import Can, CannotSpell, Engine, HoldsLocks, Sync
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._backfill import backfill_step
from domain_agents.operations._dependents import dependents
from domain_agents.operations._indexes import index_copies
from domain_agents.operations._not_null import not_null_steps

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Index, Schema, TableName


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """A column's new name."""

    kind: ClassVar[str] = "rename_column"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("column", "text"),
        Field("new_name", "text"),
        Field("at_once", "flag", "no time with both names"),
    )
    table: TableName
    column: str
    new_name: str
    at_once: bool = False

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.RenameColumn(self.table, self.column, self.new_name)

    @classmethod
    def from_change(cls, change: Change) -> RenameColumn:
        """See Operation."""
        return cls(
            change.table(),
            change.text("column", '"mail"'),
            change.text("new_name", '"email"'),
            change.flag("at_once", default=False),
        )

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> RenameColumn | None:
        """See Operation."""
        if not isinstance(statement, ddl.RenameColumn):
            return None
        return cls(statement.table, statement.column, statement.new_name)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        if situation.is_new_table or situation.size.rows == 0:
            return (self._direct(engine, schema, Phase.EXPAND, "nobody uses the table yet"),)
        if self.at_once:
            why = "a note in the catalog: the old name is gone and the new one there in one moment, as asked for"
            return (self._stopped(), self._direct(engine, schema, Phase.CONTRACT, why))
        column = self._column(schema)
        if column.generated is not None or column.identity or "serial" in column.type.lower():
            raise CannotPlan(
                f"{self._old} is computed by the server, so no trigger can keep a copy of it right",
                field="column",
                way_out="deploy an application that knows both names, then RENAME COLUMN by hand at a quiet moment",
            )
        loosen = self._loosen(engine, schema, column)
        steps: list[Step] = [loosen] if loosen else []
        current = ddl.apply_all(loosen.statements, schema) if loosen else schema
        expand = self._expand(engine, current, column)
        steps += [expand, self._fill(engine, ddl.apply_all(expand.statements, current))]
        stand_ins = {self.column: self.new_name}
        copies = index_copies(engine, ddl.apply_all(expand.statements, current), self.table, stand_ins)
        steps += [copy.step for copy in copies]
        steps.append(self._deploy())
        # As it is by then: the schema that the expansion leaves, with the copies of the indexes.
        current = ddl.apply_all(expand.statements, current)
        for copy in copies:
            current = current.with_index(copy.index)
        users = dependents(schema, self.table, self.column)
        indexes = tuple(copy.index for copy in copies)
        if isinstance(engine, HoldsLocks):
            return (*steps, *self._exchanged(engine, current, indexes, users))
        contract = self._contract(engine, indexes, users)
        steps.append(contract)
        if loosen:
            renamed = ddl.apply_all(contract.statements, current)
            steps += [replace(step, prechecks=()) for step in self._tighten(engine, renamed)]
        return tuple(steps)

    @property
    def _old(self) -> str:
        return f"{self.table.name}.{self.column}"

    @property
    def _new(self) -> str:
        return f"{self.table.name}.{self.new_name}"

    @property
    def _sync(self) -> Sync:
        return Sync(self.table, self.column, self.new_name)

    def _column(self, schema: Schema) -> Column:
        table = schema.table(self.table)
        column = table.column(self.column) if table else None
        if column is None:
            raise ddl.DoesNotApply(f"table {self.table} has no column {self.column}")
        return column

    def _undo(self, engine: Engine, schema: Schema) -> str:
        back = ddl.RenameColumn(self.table, self.new_name, self.column)
        return "; ".join(engine.spell(back, self.apply(schema)))

    def _stopped(self) -> Deploy:
        return Deploy(
            title=f"no application version that knows only {self._old} is running, and the one that knows {self.new_name} "
            "starts right after",
            why="there is no moment in which both names work: a version that can use either, or a short stop, bridges it",
        )

    def _direct(self, engine: Engine, schema: Schema, phase: Phase, why: str) -> Migration:
        return Migration(
            title=f"rename {self._old} to {self.new_name}",
            slug=f"rename_{self.table.name}_{self.column}_to_{self.new_name}",
            phase=phase,
            why=why,
            statements=(self.statement,),
            transaction=not engine.refuses_transaction(self.statement, schema),
            undo=self._undo(engine, schema),
            accepts=("rename_without_expand",) if self.at_once else (),
            warnings=self._told(engine, dependents(schema, self.table, self.column)),
        )

    def _loosen(self, engine: Engine, schema: Schema, column: Column) -> Migration | None:
        """Where a trigger cannot fill a row before it is tested, the new application's rows have no old value at first."""
        if column.nullable or engine.can(Can.TRIGGERS_CHANGE_ROWS):
            return None
        table = schema.table(self.table)
        if table and table.primary_key and self.column in table.primary_key.columns:
            raise CannotPlan(
                f"{self._old} is part of the primary key, which no trigger can fill here",
                field="column",
                way_out="deploy an application that knows both names, then RENAME COLUMN by hand at a quiet moment",
            )
        statement = ddl.DropNotNull(self.table, self.column)
        return Migration(
            title=f"allow rows without {self._old} for a while",
            slug=f"allow_null_{self.table.name}_{self.column}",
            phase=Phase.EXPAND,
            why=f"an application that writes only {self.new_name} leaves the old name empty until a trigger fills it; the "
            "last step forbids NULL again",
            statements=(statement,),
            transaction=not engine.refuses_transaction(statement, schema),
            undo=f"a new migration that makes {self._old} NOT NULL again",
        )

    def _expand(self, engine: Engine, schema: Schema, column: Column) -> Migration:
        twin = replace(column, name=self.new_name, nullable=True, default=None)
        added = ddl.AddColumn(self.table, twin)
        try:
            triggers = engine.sync_triggers(self._sync, added.apply(schema))
        except CannotSpell as error:
            raise CannotPlan(str(error), field="column", way_out="give the table a primary key first") from error
        taken_away = (*engine.drop_sync_triggers(self._sync), ddl.DropColumn(self.table, self.new_name))
        after = ddl.apply_all((added, *triggers), schema)
        return Migration(
            title=f"add {self._new} beside {self.column}, kept the same by triggers",
            slug=f"add_{self.table.name}_{self.new_name}",
            phase=Phase.EXPAND,
            why=f"whoever writes {self.column} writes {self.new_name} too, and the other way round: both application "
            "versions can be alive; no row is touched",
            statements=(added, *triggers),
            undo="; ".join(" ".join(sql.split()) for one in taken_away for sql in engine.spell(one, after)),
        )

    def _fill(self, engine: Engine, schema: Schema) -> Migration:
        column = self._column(schema)
        return replace(
            backfill_step(
                engine,
                schema,
                self.table,
                self.new_name,
                engine.quote(self.column),
                expect="0" if not column.nullable else f"as many as rows without {self.column}",
                undo=f"none needed: {self.new_name} is a copy, and goes with the column",
            ),
            undo_loses_data=False,
        )

    def _deploy(self) -> Deploy:
        return Deploy(
            title=f"the application that knows {self._new} and no longer {self.column} is live everywhere",
            why="the old name stops working in the next step: look for it in models, raw SQL, reports and other services",
        )

    def _contract(self, engine: Engine, copies: tuple[Index, ...], users: tuple[str, ...]) -> Migration:
        drops = tuple(ddl.DropIndex(index.name, schema=self.table.schema, table=self.table) for index in copies)
        statements: tuple[ddl.Statement, ...] = (
            *engine.drop_sync_triggers(self._sync),
            *drops,
            ddl.DropColumn(self.table, self.new_name),
            self.statement,
        )
        return Migration(
            title=f"give {self._old} its new name {self.new_name}",
            slug=f"rename_{self.table.name}_{self.column}_to_{self.new_name}",
            phase=Phase.CONTRACT,
            why=f"nobody uses the old name any more: the copy goes, and the column itself, with its keys, constraints and "
            f"indexes, becomes {self.new_name}",
            statements=statements,
            prechecks=(self._differ(engine),),
            undo=f"{self._undo_plain(engine)} (once an application that knows the old name is live)",
            warnings=self._told(engine, users),
        )

    def _differ(self, engine: Engine) -> Query:
        name, twin = engine.quote(self.column), engine.quote(self.new_name)
        return Query(
            f"SELECT count(*) FROM {engine.quote_table(self.table)} WHERE {name} <> {twin} OR ({name} IS NULL) <> "
            f"({twin} IS NULL)",
            "0",
            f"a row whose two values differ would show the value of {self.column} from here on",
        )

    def _exchanged(
        self, engine: HoldsLocks, schema: Schema, copies: tuple[Index, ...], users: tuple[str, ...]
    ) -> tuple[Migration, ...]:
        """Where statements commit one by one: the names change hands in a single one, and the copy goes later."""
        table, spare = self.table, self._spare(schema)
        away = engine.drop_sync_triggers(self._sync)
        exchange = ddl.RenameColumns(table, ((self.new_name, spare), (self.column, self.new_name)))
        back = ddl.RenameColumns(table, ((self.new_name, self.column), (spare, self.new_name)))
        exchanged = exchange.apply(schema)
        undo = [*engine.spell(back, exchanged)]
        for one in engine.sync_triggers(self._sync, schema):
            undo += engine.spell(one, schema)
        drops = tuple(ddl.DropIndex(index.name, schema=table.schema, table=table) for index in copies)
        return (
            Migration(
                title=f"give {self._old} its new name {self.new_name}",
                slug=f"rename_{table.name}_{self.column}_to_{self.new_name}",
                phase=Phase.CONTRACT,
                why=f"nobody uses the old name any more: in one statement the column itself, with its keys, constraints "
                f"and indexes, becomes {self.new_name}, and the copy {spare}; nobody else is at the table meanwhile",
                statements=engine.under_lock(table, (*away, exchange)),
                prechecks=(self._differ(engine),),
                undo="; ".join(" ".join(sql.split()) for sql in undo),
                warnings=self._told(engine, users),
            ),
            Migration(
                title=f"drop the copy {table.name}.{spare}",
                slug=f"drop_{table.name}_{spare}",
                phase=Phase.CONTRACT,
                why="nobody knows it by this name; its indexes go first, so that the column goes without a rebuild",
                statements=(*drops, ddl.DropColumn(table, spare)),
                undo="none needed: it was a copy",
            ),
        )

    def _spare(self, schema: Schema) -> str:
        """A name that no column has, for the copy on its way out."""
        table = schema.table(self.table)
        taken = {column.name.lower() for column in table.columns} if table else set()
        name, number = f"{self.new_name[:56]}_copy", 1
        while name.lower() in taken:
            number += 1
            name = f"{self.new_name[:54]}_copy{number}"
        return name

    def _told(self, engine: Engine, users: tuple[str, ...]) -> tuple[str, ...]:
        if engine.can(Can.VIEWS_KEEP_NAMES):
            fails = "it keeps the old name, and fails from then on; make it use the new one when the rename is near"
        else:
            fails = (
                "a view follows the rename by itself, a function or trigger body fails when it runs; change it between the "
                "deploy and this step"
            )
        return tuple(f"{user} names {self._old}: {fails}" for user in users)

    def _undo_plain(self, engine: Engine) -> str:
        table, old, new = engine.quote_table(self.table), engine.quote(self.column), engine.quote(self.new_name)
        return f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}"

    def _tighten(self, engine: Engine, schema: Schema) -> tuple[Migration, ...]:
        steps = not_null_steps(engine, schema, self.table, self.new_name)
        return tuple(step for step in steps if isinstance(step, Migration))
