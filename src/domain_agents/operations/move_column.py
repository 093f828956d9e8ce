"""Move a column to another table while one application version looks for it here and the next one there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import Column, TableName
from domain_agents.engines import CannotSpell, Engine, Relocation
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._backfill import backfill_step
from domain_agents.operations._dependents import breakage_warnings
from domain_agents.operations._reshaping import refuse_needed

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, Table


@dataclass(frozen=True, slots=True)
class MoveColumn:
    """A column that goes `to` another table; `columns` here and `to_columns` there say which rows belong together."""

    kind: ClassVar[str] = "move_column"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("column", "text"),
        Field("to", "text", "the other table"),
        Field("columns", "names", "of this table, by which rows belong together"),
        Field("to_columns", "names", "of the other table"),
        Field("type", "text", "the column's"),
        Field("new_name", "text"),
    )
    table: TableName
    column: str
    to: TableName
    keys: tuple[tuple[str, str], ...]
    type: str
    new_name: str

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.MoveColumn(self.table, self.column, self.to, Column(self.new_name, self.type), self.keys)

    @classmethod
    def from_change(cls, change: Change) -> MoveColumn:
        """See Operation."""
        column, to = change.text("column", '"motto"'), change.table("to")
        here, there = change.names("columns", '["id"]'), change.names("to_columns", '["user_id"]')
        if len(here) != len(there):
            raise change.fail("to_columns", f"pairs {len(there)} columns with {len(here)}", "as many as in columns")
        keys = tuple(zip(here, there, strict=True))
        return cls(
            change.table(), column, to, keys, change.text("type", '"text"').strip(), change.word("new_name") or column
        )

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> MoveColumn | None:
        """See Operation. No statement says it."""
        return None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def worked_on(self, schema: Schema) -> TableName:
        """The other table, whose rows are filled."""
        found = schema.table(self.to)
        return found.name if found else self.to

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        here, there = schema.table(self.table), schema.table(self.to)
        if here is None or there is None:
            raise ddl.DoesNotApply(f"there is no table {self.table if here is None else self.to}")
        refuse_needed(schema, here, (self.column,))
        self._refuse(schema, here, there)
        if situation.is_new_table or situation.size.rows == 0:
            return (self._direct(),)
        expand = self._expand(engine, schema)
        current = ddl.apply_all(expand.statements, schema)
        return (
            expand,
            self._fill(engine, current),
            Deploy(
                title=f"the application that knows {self._new} and no longer {self._old} is live everywhere",
                why="the old place stops working in the next step: look for it in models, raw SQL, reports and other "
                "services",
            ),
            self._contract(engine, here, breakage_warnings(schema, here.name, self.column, verb="moves")),
        )

    @property
    def _old(self) -> str:
        return f"{self.table.name}.{self.column}"

    @property
    def _new(self) -> str:
        return f"{self.to.name}.{self.new_name}"

    @property
    def _relocation(self) -> Relocation:
        return Relocation(self.table, self.column, self.to, self.new_name, self.keys)

    @property
    def _added(self) -> ddl.AddColumn:
        return ddl.AddColumn(self.to, Column(self.new_name, self.type))

    def _refuse(self, schema: Schema, here: Table, there: Table) -> None:
        """Rows must belong together by a key of the table they are found in, or one value would stand for several."""
        for table, names in ((here, [key for key, _ in self.keys]), (there, [key for _, key in self.keys])):
            missing = next((name for name in names if table.column(name) is None), "")
            if missing:
                raise ddl.DoesNotApply(f"table {table.name} has no column {missing}")
            if not _begins_key(schema, table, names):
                raise CannotPlan(
                    f"{table.name} ({', '.join(names)}) is no key and has no index: every write would read the whole "
                    "table to "
                    "find the row that belongs to it",
                    field="columns" if table is here else "to_columns",
                    way_out=f"create an index on {table.name} ({', '.join(names)}) first",
                )
        if not _is_unique(schema, here, [key for key, _ in self.keys]):
            raise CannotPlan(
                f"several rows of {here.name} may belong to one of {there.name}, and have different values of "
                f"{self.column}",
                field="columns",
                way_out=f"name columns that are a unique key of {here.name}, or make them one first (add_unique)",
            )

    def _direct(self) -> Migration:
        return Migration(
            title=f"move {self._old} to {self._new}",
            slug=f"move_{self.table.name}_{self.column}_to_{self.to.name}",
            phase=Phase.EXPAND,
            why="there are no rows to carry over",
            statements=(self._added, ddl.DropColumn(self.table, self.column)),
            undo=f"a new migration that moves {self._new} back",
        )

    def _expand(self, engine: Engine, schema: Schema) -> Migration:
        with_it = self._added.apply(schema)
        try:
            triggers = engine.derivation_triggers(self._relocation, with_it)
        except CannotSpell as error:
            raise CannotPlan(
                str(error), field="kind", way_out="add_column, a deploy that writes both, and drop_column"
            ) from error
        away = (*engine.drop_derivation_triggers(self._relocation), ddl.DropColumn(self.to, self.new_name))
        after = ddl.apply_all(triggers, with_it)
        return Migration(
            title=f"add {self._new}, kept the same as {self._old} by triggers",
            slug=f"add_{self.to.name}_{self.new_name}",
            phase=Phase.EXPAND,
            why="whoever writes one writes the other: both application versions can be alive; no row is touched",
            statements=(self._added, *triggers),
            undo="; ".join(" ".join(sql.split()) for one in away for sql in engine.spell(one, after)),
            warnings=(
                f"the triggers write {self.table} and {self.to} in one transaction: watch for deadlocks, and retry",
            ),
        )

    def _fill(self, engine: Engine, schema: Schema) -> Migration:
        source, target = engine.quote_table(self.table), engine.quote_table(self.to)
        matched = " AND ".join(
            f"moving.{engine.quote(here)} = {target}.{engine.quote(there)}" for here, there in self.keys
        )
        value = f"(SELECT moving.{engine.quote(self.column)} FROM {source} AS moving WHERE {matched})"
        differ = Query(
            f"SELECT count(*) FROM {target} JOIN {source} AS moving ON {matched} "
            f"WHERE {target}.{engine.quote(self.new_name)} IS NULL AND moving.{engine.quote(self.column)} IS NOT NULL",
            "0",
            "every row that belongs to one with a value has it",
        )
        step = backfill_step(
            engine, schema, self.to, self.new_name, value, expect="0", undo="none needed: it goes with the column"
        )
        return replace(step, validations=(differ,), undo_loses_data=False)

    def _contract(self, engine: Engine, here: Table, warnings: tuple[str, ...]) -> Migration:
        source, target = engine.quote_table(self.table), engine.quote_table(self.to)
        matched = " AND ".join(f"there.{engine.quote(key)} = here.{engine.quote(one)}" for one, key in self.keys)
        column = engine.quote(self.column)
        alone = Query(
            f"SELECT count(*) FROM {source} AS here WHERE here.{column} IS NOT NULL "
            f"AND NOT EXISTS (SELECT 1 FROM {target} AS there WHERE {matched} "
            f"AND there.{engine.quote(self.new_name)} IS NOT NULL)",
            "0",
            f"each such value has no row in {self.to} to stand in, and would be lost: make these rows first",
        )
        column_here = here.column(self.column)
        kind = column_here.type if column_here else self.type
        return Migration(
            title=f"drop {self._old}, which {self._new} holds now",
            slug=f"drop_{self.table.name}_{self.column}",
            phase=Phase.CONTRACT,
            why="no application version reads or writes the old place any more",
            statements=(
                *engine.drop_derivation_triggers(self._relocation),
                ddl.DropColumn(self.table, self.column),
            ),
            prechecks=(alone,),
            undo=f"move_column the other way round: {self._old} ({kind}) is filled from {self._new}",
            undo_loses_data=True,
            warnings=warnings,
        )


def _begins_key(schema: Schema, table: Table, names: list[str]) -> bool:
    keys = [table.primary_key.columns] if table.primary_key else []
    keys += [unique.columns for unique in table.uniques] + [index.columns for index in schema.indexes_of(table.name)]
    return any(set(found[: len(names)]) == set(names) for found in keys)


def _is_unique(schema: Schema, table: Table, names: list[str]) -> bool:
    keys = [table.primary_key.columns] if table.primary_key else []
    keys += [unique.columns for unique in table.uniques]
    keys += [index.columns for index in schema.indexes_of(table.name) if index.unique and index.where is None]
    return any(set(found) <= set(names) and found for found in keys)
