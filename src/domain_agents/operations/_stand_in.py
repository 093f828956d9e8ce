"""A column of another type that takes a column's place: filled beside it, then exchanged with it in one short transaction.

Before the exchange a trigger computes the stand-in from the column; after it, the old column from the new one, so that a
way back exists until the old column goes. What cannot be converted is NULL in the stand-in and listed by a check; the
application's own write is never refused for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import Check, Column, ForeignKey, Unique
from domain_agents.engines import Engine, Sync
from domain_agents.operations import Deploy, Migration, Phase, Query, Step
from domain_agents.operations._backfill import backfill_step
from domain_agents.operations._indexes import IndexCopy, index_copies
from domain_agents.operations._not_null import not_null_steps

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, Table, TableName


@dataclass(slots=True)
class StandIn:
    """The steps for one column of a table that exists and has rows. `schema` is as it is before them."""

    engine: Engine
    schema: Schema
    before: Table
    column: Column
    type: str
    using: str | None
    warnings: tuple[str, ...]
    copies: tuple[IndexCopy, ...] = ()
    checks: dict[str, Check] = field(default_factory=dict)
    keys: dict[str, ForeignKey] = field(default_factory=dict)

    @property
    def table(self) -> TableName:
        """The table's name."""
        return self.before.name

    @property
    def name(self) -> str:
        """The stand-in's name until the exchange."""
        return self._free("new")

    @property
    def old_name(self) -> str:
        """The old column's name after the exchange."""
        return self._free("old")

    def _free(self, kind: str) -> str:
        taken, number = {column.name for column in self.before.columns}, 0
        name = self.engine.object_name(replace(self.table, name=self.column.name, schema=""), (), kind)
        while name in taken:
            number += 1
            name = self.engine.object_name(replace(self.table, name=self.column.name, schema=""), (), f"{kind}{number}")
        return name

    @property
    def _label(self) -> str:
        return f"{self.table.name}.{self.column.name}"

    @property
    def _forth(self) -> Sync:
        value = self.using or f"CAST({self.engine.quote(self.column.name)} AS {self.type})"
        return Sync(self.table, self.column.name, self.name, both_ways=False, expression=value, is_optional=True)

    @property
    def _back(self) -> Sync:
        value = f"CAST({self.engine.quote(self.column.name)} AS {self.column.type})"
        return Sync(self.table, self.column.name, self.old_name, both_ways=False, expression=value, is_optional=True)

    def beside(self) -> tuple[Step, ...]:
        """Until the stand-in holds everything that the column holds, and is kept as right."""
        expand = self._expand()
        self._apply(expand)
        steps: list[Step] = [expand, self._fill()]
        if not self.column.nullable:
            tightening = not_null_steps(self.engine, self.schema, self.table, self.name)
            for step in tightening:
                if isinstance(step, Migration):
                    steps.append(replace(step, phase=Phase.MIGRATE))
                    self._apply(step)
        for step in self._constraints():
            steps.append(step)
            self._apply(step)
        self.copies = index_copies(self.engine, self.schema, self.table, self.column.name, self.name)
        for copy in self.copies:
            steps.append(copy.step)
            self.schema = self.schema.with_index(copy.index)
        return tuple(steps)

    def in_place(self) -> tuple[Step, ...]:
        """The exchange, and later the end of the old column."""
        swap = self._swap()
        self._apply(swap)
        settled = Deploy(
            title=f"{self._label} works as {self.type}, and nobody wants to go back",
            why=f"until here, {self.old_name} still holds the values as {self.column.type}",
        )
        return (swap, settled, self._end())

    def _apply(self, step: Migration) -> None:
        self.schema = ddl.apply_all(step.statements, self.schema)

    def _spelled(self, statements: tuple[ddl.Statement, ...], schema: Schema) -> str:
        return "; ".join(" ".join(sql.split()) for one in statements for sql in self.engine.spell(one, schema))

    def _expand(self) -> Migration:
        added = ddl.AddColumn(
            self.table, replace(self.column, name=self.name, type=self.type, nullable=True, default=None)
        )
        triggers = self.engine.sync_triggers(self._forth, added.apply(self.schema))
        after = ddl.apply_all((added, *triggers), self.schema)
        away = (*self.engine.drop_sync_triggers(self._forth), ddl.DropColumn(self.table, self.name))
        return Migration(
            title=f"add {self.table.name}.{self.name}, which holds {self.column.name} as {self.type}",
            slug=f"add_{self.table.name}_{self.name}",
            phase=Phase.EXPAND,
            why="a trigger computes it for every row that is written; the application does not notice, no row is touched",
            statements=(added, *triggers),
            undo=self._spelled(away, after),
            warnings=self.warnings,
        )

    def _fill(self) -> Migration:
        name, old = self.engine.quote(self.name), self.engine.quote(self.column.name)
        written = self.engine.quote_table(self.table)
        step = backfill_step(
            self.engine,
            self.schema,
            self.table,
            self.name,
            name,
            expect="0",
            undo="none needed: it goes with the column",
        )
        return replace(
            step,
            why=f"rows without a value are written once, so that the trigger computes {self.name}, in batches along the "
            "key; a run that was cut off goes on where it stopped",
            validations=(
                Query(
                    f"SELECT count(*) FROM {written} WHERE {name} IS NULL AND {old} IS NOT NULL",
                    "0",
                    f"each such row holds a {self.column.name} that is no {self.type}: repair them, run again",
                ),
            ),
            undo_loses_data=False,
        )

    def _constraints(self) -> tuple[Migration, ...]:
        """Checks and foreign keys on the stand-in: first for new rows, then for all, each scan beside the application."""
        for check in self.before.checks:
            if ddl.mentions(check.expression, self.column.name):
                expression = ddl.renamed_in(check.expression, self.column.name, self.name)
                self.checks[check.name] = Check(expression, self._free_constraint("check"), validated=False)
        for key in self.before.foreign_keys:
            if self.column.name in key.columns:
                columns = tuple(self.name if one == self.column.name else one for one in key.columns)
                self.keys[key.name] = replace(key, columns=columns, name=self._free_constraint("fkey"), validated=False)
        made: list[Check | ForeignKey] = [*self.checks.values(), *self.keys.values()]
        if not made:
            return ()
        adding = tuple(ddl.AddConstraint(self.table, constraint) for constraint in made)
        validating = tuple(ddl.ValidateConstraint(self.table, constraint.name) for constraint in made)
        dropping = tuple(ddl.DropConstraint(self.table, constraint.name) for constraint in made)
        return (
            Migration(
                title=f"give {self.table.name}.{self.name} the constraints of {self.column.name}, not yet validated",
                slug=f"constrain_{self.table.name}_{self.name}",
                phase=Phase.MIGRATE,
                why="new and changed rows are checked from here on",
                statements=adding,
                undo=self._spelled(dropping, ddl.apply_all(adding, self.schema)),
            ),
            Migration(
                title=f"validate the constraints of {self.table.name}.{self.name}",
                slug=f"validate_{self.table.name}_{self.name}",
                phase=Phase.MIGRATE,
                why="existing rows are tested while reads and writes pass",
                statements=validating,
                transaction=False,
                undo="none needed: a validated constraint enforces nothing that the unvalidated one did not",
            ),
        )

    def _free_constraint(self, kind: str) -> str:
        known: list[Check | ForeignKey] = [*self.before.checks, *self.before.foreign_keys]
        taken = {one.name for one in (*known, *self.checks.values(), *self.keys.values())}
        name, number = self.engine.object_name(self.table, (self.name,), kind), 0
        while name in taken:
            number += 1
            name = self.engine.object_name(self.table, (self.name,), f"{kind}{number}")
        return name

    def _swap(self) -> Migration:
        column, table = self.column, self.table
        statements: list[ddl.Statement] = [*self.engine.drop_sync_triggers(self._forth)]
        statements += [ddl.DropConstraint(table, name) for name in (*self.checks, *self.keys)]
        for copy in self.copies:
            gone = ddl.DropConstraint(table, copy.of) if copy.is_constraint else None
            statements.append(gone or ddl.DropIndex(copy.of, schema=table.schema))
        if not column.nullable:
            statements.append(ddl.DropNotNull(table, column.name))
        if column.default is not None:
            statements += [
                ddl.SetDefault(table, column.name, None),
                ddl.SetDefault(table, self.name, column.default),
            ]
        statements += [
            ddl.RenameColumn(table, column.name, self.old_name),
            ddl.RenameColumn(table, self.name, column.name),
        ]
        statements += [ddl.RenameConstraint(table, made.name, name) for name, made in self.checks.items()]
        statements += [ddl.RenameConstraint(table, made.name, name) for name, made in self.keys.items()]
        for copy in self.copies:
            if copy.is_constraint:
                statements.append(ddl.AddConstraint(table, Unique(copy.index.columns, copy.of), copy.index.name))
            else:
                statements.append(ddl.RenameIndex(copy.index.name, copy.of, table))
        statements += self.engine.sync_triggers(self._back, self.schema)
        return Migration(
            title=f"exchange {self._label} for its stand-in of type {self.type}",
            slug=f"swap_{table.name}_{column.name}",
            phase=Phase.CONTRACT,
            why=f"in one transaction of notes in the catalog, {self.name} becomes {column.name}, with its "
            f"constraints and indexes, and the old column stays as {self.old_name}, kept up to date by a trigger",
            statements=tuple(statements),
            undo=f"the other way round: rename {self.old_name} back to {column.name}, and make its constraints and indexes "
            f"anew; values that are no {column.type} are NULL in it",
            undo_loses_data=True,
            warnings=self.engine.cautions(ddl.ChangeType(table, column.name, self.type)),
        )

    def _end(self) -> Migration:
        bare = replace(self.column, name=self.old_name, nullable=True, default=None)
        return Migration(
            title=f"drop {self.table.name}.{self.old_name}",
            slug=f"drop_{self.table.name}_{self.old_name}",
            phase=Phase.CONTRACT,
            why="the old values are needed no more",
            statements=(*self.engine.drop_sync_triggers(self._back), ddl.DropColumn(self.table, self.old_name)),
            undo=f"{self._spelled((ddl.AddColumn(self.table, bare),), self._without_old())}; its values are computed from "
            f"{self.column.name}, as far as they fit",
            undo_loses_data=True,
        )

    def _without_old(self) -> Schema:
        return ddl.DropColumn(self.table, self.old_name).apply(self.schema)
