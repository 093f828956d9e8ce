"""Columns that are computed from each other until the old ones go: what splitting and merging columns share.

Triggers keep both sides right whichever application writes; every row is computed once; the old columns go when no
application version knows them any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.engines import Can, CannotSpell, Derivation
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Query, Step
from domain_agents.operations._backfill import backfill_step
from domain_agents.operations._dependents import breakage_warnings
from domain_agents.operations._not_null import not_null_steps

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Schema, Table, TableName
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class Reshaping:
    """The change: `coming` are the new columns with their values, `going` the old ones with theirs from the new."""

    table: TableName
    coming: tuple[tuple[Column, str], ...]
    going: tuple[tuple[str, str], ...]

    @property
    def statement(self) -> ddl.ReshapeColumns:
        """The change as one statement."""
        return ddl.ReshapeColumns(self.table, self.coming, tuple(dict(self.going)))

    @property
    def names(self) -> str:
        """The new columns, in a sentence."""
        return _listed([column.name for column, _ in self.coming])

    @property
    def old_names(self) -> str:
        """The old columns, in a sentence."""
        return _listed(list(dict(self.going)))

    @property
    def slug(self) -> str:
        """The new columns, in a file's name."""
        return "_".join((self.table.name, *(column.name for column, _ in self.coming)))

    def direct(self, schema: Schema) -> Migration:
        """For a table without rows that nobody uses."""
        return Migration(
            title=f"put {self.names} in the place of {self.table.name}.{self.old_names}",
            slug=f"reshape_{self.slug}",
            phase=Phase.EXPAND,
            why="nobody uses the table yet, and it has no rows",
            statements=(*self.statement.added, *self.statement.settled),
            undo=f"a new migration that adds {self.old_names} again and drops {self.names}",
        )

    def steps(self, engine: Engine, schema: Schema) -> tuple[Step, ...]:
        """The steps for a table that is in use.

        Raises:
            CannotPlan: an old column is needed by others, or the engine cannot keep the columns right.
        """
        table = schema.table(self.table)
        if table is None:
            raise ddl.DoesNotApply(f"there is no table {self.table}")
        refuse_needed(schema, table, tuple(dict(self.going)))
        warnings = tuple(
            warning for name in dict(self.going) for warning in breakage_warnings(schema, table.name, name, verb="goes")
        )
        steps: list[Step] = []
        current = schema
        for step in self._loosened(engine, schema, table):
            steps.append(step)
            current = ddl.apply_all(step.statements, current)
        expand = self._expand(engine, current)
        current = ddl.apply_all(expand.statements, current)
        steps += [expand, self._fill(engine, current)]
        tight = [column.name for column, _ in self.coming if not column.nullable]
        before = engine.can(Can.TRIGGERS_FILL_OMITTED)
        if before:
            for step in self._tightened(engine, current, tight, Phase.MIGRATE):
                steps.append(step)
                current = ddl.apply_all(step.statements, current)
        steps.append(self._deploy())
        contract = self._contract(engine, warnings)
        steps.append(contract)
        current = ddl.apply_all(contract.statements, current)
        return (*steps, *(() if before else self._tightened(engine, current, tight, Phase.CONTRACT)))

    @property
    def _derivation(self) -> Derivation:
        return Derivation(self.table, self.going, tuple((column.name, value) for column, value in self.coming))

    def _loosened(self, engine: Engine, schema: Schema, table: Table) -> tuple[Migration, ...]:
        """Rows of the application that comes may have no value for an old column when they are tested."""
        always = engine.can(Can.TRIGGERS_FILL_OMITTED) and any(not column.nullable for column, _ in self.coming)
        required = [name for name in dict(self.going) if (column := table.column(name)) and not column.nullable]
        if always or not required:
            return ()
        statements = tuple(ddl.DropNotNull(self.table, name) for name in required)
        return (
            Migration(
                title=f"allow rows without {self.table.name}.{_listed(required)} for a while",
                slug=f"allow_null_{self.table.name}_{'_'.join(required)}",
                phase=Phase.EXPAND,
                why=f"an application that writes only {self.names} leaves the old value to the triggers",
                statements=statements,
                transaction=not any(engine.refuses_transaction(one, schema) for one in statements),
                undo=f"a new migration that makes {_listed(required)} NOT NULL again",
            ),
        )

    def _expand(self, engine: Engine, schema: Schema) -> Migration:
        added = self.statement.added
        with_them = ddl.apply_all(added, schema)
        try:
            triggers = engine.derivation_triggers(self._derivation, with_them)
        except CannotSpell as error:
            raise CannotPlan(
                str(error), field="table", way_out="let the application write both, and drop_column later"
            ) from error
        away = [*engine.drop_derivation_triggers(self._derivation)]
        away += [ddl.DropColumn(self.table, column.name) for column, _ in self.coming]
        after = ddl.apply_all(triggers, with_them)
        return Migration(
            title=f"add {self.table.name}.{self.names} beside {self.old_names}, computed from each other by triggers",
            slug=f"add_{self.slug}",
            phase=Phase.EXPAND,
            why=f"whoever writes {self.old_names} writes {self.names} too, and the other way round: both application "
            "versions "
            "can be alive; no row is touched. A value that cannot be computed stays NULL, and refuses nobody's write",
            statements=(*added, *triggers),
            undo="; ".join(" ".join(sql.split()) for one in away for sql in engine.spell(one, after)),
        )

    def _fill(self, engine: Engine, schema: Schema) -> Migration:
        first = self.coming[0][0].name
        written = engine.quote_table(self.table)
        empty = " AND ".join(f"{engine.quote(column.name)} IS NULL" for column, _ in self.coming)
        given = " OR ".join(f"{engine.quote(name)} IS NOT NULL" for name in dict(self.going))
        step = backfill_step(
            engine,
            schema,
            self.table,
            first,
            engine.quote(first),
            expect="0",
            undo="none needed: it goes with the columns",
        )
        unlike = " OR ".join(
            f"({engine.quote(name)} <> ({value}) OR ({engine.quote(name)} IS NULL) <> (({value}) IS NULL))"
            for name, value in self.going
        )
        return replace(
            step,
            title=f"compute {self.table.name}.{self.names} for the rows there are",
            why=f"rows without a value are written once, so that the trigger computes {self.names}, in batches along "
            "the key; "
            "a run that was cut off goes on where it stopped, and a second run changes nothing",
            validations=(
                Query(
                    f"SELECT count(*) FROM {written} WHERE ({empty}) AND ({given})",
                    "0",
                    f"each such row has a value of {self.old_names} that {self.names} cannot be computed from: look "
                    "at them",
                ),
                Query(
                    f"SELECT count(*) FROM {written} WHERE {unlike}",
                    "as many as you have looked at",
                    f"rows whose {self.old_names} does not come back from {self.names} as it was (double spaces, one "
                    "word "
                    "only): what is lost with the old column",
                ),
            ),
            undo_loses_data=False,
        )

    def _tightened(self, engine: Engine, schema: Schema, columns: list[str], phase: Phase) -> tuple[Migration, ...]:
        found: list[Migration] = []
        for name in columns:
            for step in not_null_steps(engine, schema, self.table, name):
                if isinstance(step, Migration):
                    found.append(replace(step, phase=phase))
                    schema = ddl.apply_all(step.statements, schema)
        return tuple(found)

    def _deploy(self) -> Deploy:
        return Deploy(
            title=f"the application that knows {self.table.name}.{self.names} and no longer {self.old_names} is live "
            "everywhere",
            why="the old name stops working in the next step: look for it in models, raw SQL, reports and other services",
        )

    def _contract(self, engine: Engine, warnings: tuple[str, ...]) -> Migration:
        drops = tuple(ddl.DropColumn(self.table, name) for name in dict(self.going))
        written = engine.quote_table(self.table)
        empty = " AND ".join(f"{engine.quote(column.name)} IS NULL" for column, _ in self.coming)
        given = " OR ".join(f"{engine.quote(name)} IS NOT NULL" for name in dict(self.going))
        values = "; ".join(f"{name} = {value}" for name, value in self.going)
        return Migration(
            title=f"drop {self.table.name}.{self.old_names}, which {self.names} holds now",
            slug=f"drop_{self.table.name}_{'_'.join(dict(self.going))}",
            phase=Phase.CONTRACT,
            why="no application version reads or writes the old value any more",
            statements=(*engine.drop_derivation_triggers(self._derivation), *drops),
            prechecks=(
                Query(
                    f"SELECT count(*) FROM {written} WHERE ({empty}) AND ({given})",
                    "0",
                    f"a row whose {self.names} was never computed would lose its {self.old_names}",
                ),
            ),
            undo=f"add {self.old_names} again; the values are computed from {self.names} ({values}), as far as they "
            "hold them",
            undo_loses_data=True,
            warnings=warnings,
        )


def refuse_needed(schema: Schema, table: Table, columns: tuple[str, ...]) -> None:
    """Keys, and columns computed from it, must be dealt with before a column goes.

    Raises:
        CannotPlan: with what needs the column.
    """
    for name in columns:
        column = table.column(name)
        if column is None:
            raise ddl.DoesNotApply(f"table {table.name} has no column {name}")
        fault = ""
        if table.primary_key and name in table.primary_key.columns:
            fault = "is part of the primary key"
        computed = [other.name for other in table.columns if other.generated and ddl.mentions(other.generated, name)]
        if computed or column.generated is not None:
            fault = f"is computed, or {', '.join(computed)} is computed from it"
        for child in schema.tables.values():
            for key in child.foreign_keys:
                if schema.table(key.parent) == table and name in key.parent_columns:
                    fault = f"is what {child.name} refers to"
        if fault:
            raise CannotPlan(
                f"{table.name}.{name} {fault}", field="column", way_out="change that first, in a request of its own"
            )


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
