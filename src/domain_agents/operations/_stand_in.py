"""Columns of another type that take columns' place: filled beside them, then exchanged with them in one short transaction.

Before the exchange a trigger computes each stand-in from its column; after it, the old column from the new one, so that a
way back exists until the old column goes. What cannot be converted is NULL in the stand-in and listed by a check; the
application's own write is never refused for it.

A foreign key whose other side changes too is made once, between the stand-ins, and validated before anything is exchanged:
so the tables of a family of keys change hands one at a time, and never all at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import Check, Column, ForeignKey, Table, TableName
from domain_agents.engines import Engine, Sync
from domain_agents.operations import Migration, Phase, Query
from domain_agents.operations._backfill import backfill_step
from domain_agents.operations._indexes import IndexCopy, exchanged_in, index_copies
from domain_agents.operations._not_null import undo_not_null
from domain_agents.operations._numbering import numbering_of
from domain_agents.operations._unconverted import (
    always_converts,
    list_unconverted,
    quarantine_steps,
    quarantine_table,
)
from domain_agents.operations._views import Shown, views_showing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from domain_agents.catalog import Schema


@dataclass(frozen=True, slots=True)
class Twin:
    """A column, the name of its stand-in until the exchange, and the old column's name after it."""

    column: Column
    name: str
    old_name: str


@dataclass(slots=True)
class StandIn:
    """The steps for columns of one table that exists and has rows; without `columns`, those for its foreign keys alone.

    `parents` are the stand-ins' names by column for every table whose columns change, this one too. The steps are asked
    for in the order of the methods, each with the schema as it is before it.
    """

    engine: Engine
    before: Table
    columns: tuple[Column, ...]
    type: str
    using: str | None
    parents: Mapping[TableName, Mapping[str, str]]
    warnings: tuple[str, ...] = ()
    back: str | None = None
    """The old value from the new column of the same name; a cast to the old type when left out."""
    quarantine: TableName | None = None
    """The table that keeps what cannot be converted, when the old column goes."""
    copies: tuple[IndexCopy, ...] = ()
    guards: list[Check] = field(default_factory=list)
    checks: dict[str, Check] = field(default_factory=dict)
    keys: dict[str, ForeignKey] = field(default_factory=dict)

    @property
    def table(self) -> TableName:
        """The table's name."""
        return self.before.name

    @property
    def label(self) -> str:
        """The columns, as a title names them."""
        return f"{self.table.name}.{' and '.join(column.name for column in self.columns)}"

    @property
    def twins(self) -> tuple[Twin, ...]:
        """The columns with the names that stand-ins and old columns get."""
        named = names_beside(self.engine, self.before, (column.name for column in self.columns))
        return tuple(Twin(column, *named[column.name]) for column in self.columns)

    @property
    def _stand_ins(self) -> dict[str, str]:
        return {twin.column.name: twin.name for twin in self.twins}

    @property
    def _slug(self) -> str:
        return "_".join((self.table.name, *(column.name for column in self.columns)))

    def _forth(self, twin: Twin) -> Sync:
        value = self.using or f"CAST({self.engine.quote(twin.column.name)} AS {self.type})"
        return Sync(self.table, twin.column.name, twin.name, both_ways=False, expression=value, is_optional=True)

    def _back(self, twin: Twin) -> Sync:
        stored = self.engine.stored_type(twin.column.type)
        value = self.back or f"CAST({self.engine.quote(twin.column.name)} AS {stored})"
        return Sync(
            self.table,
            twin.column.name,
            twin.old_name,
            both_ways=False,
            expression=value,
            is_optional=True,
            on_change=True,
        )

    def _spelled(self, statements: Iterable[ddl.Statement], schema: Schema) -> str:
        return "; ".join(" ".join(sql.split()) for one in statements for sql in self.engine.spell(one, schema))

    def expand(self, schema: Schema) -> Migration:
        """The stand-ins, and the triggers that compute them."""
        added = [
            ddl.AddColumn(
                self.table,
                replace(twin.column, name=twin.name, type=self.type, nullable=True, default=None, identity=""),
            )
            for twin in self.twins
        ]
        with_them = ddl.apply_all(added, schema)
        triggers = [one for twin in self.twins for one in self.engine.sync_triggers(self._forth(twin), with_them)]
        away = [one for twin in self.twins for one in self.engine.drop_sync_triggers(self._forth(twin))]
        away += [ddl.DropColumn(self.table, twin.name) for twin in self.twins]
        names = " and ".join(twin.name for twin in self.twins)
        held = " and ".join(column.name for column in self.columns)
        return Migration(
            title=f"add {self.table.name}.{names}, which holds {held} as {self.type}",
            slug=f"add_{self.table.name}_{'_'.join(twin.name for twin in self.twins)}",
            phase=Phase.EXPAND,
            why="a trigger computes it for every row that is written; the application does not notice, no row is touched",
            statements=(*added, *triggers),
            undo=self._spelled(away, ddl.apply_all(triggers, with_them)),
            warnings=self.warnings,
        )

    def fills(self, schema: Schema) -> tuple[Migration, ...]:
        """Every row written once, so that the triggers compute the stand-ins; one walk will do where one is never NULL."""
        required = [twin for twin in self.twins if not twin.column.nullable]
        return tuple(self._fill(schema, twin) for twin in required[:1] or self.twins)

    def _fill(self, schema: Schema, walked: Twin) -> Migration:
        written = self.engine.quote_table(self.table)
        step = backfill_step(
            self.engine,
            schema,
            self.table,
            walked.name,
            self.engine.quote(walked.name),
            expect="0",
            undo="none needed: it goes with the column",
        )
        left = " OR ".join(
            f"({self.engine.quote(twin.name)} IS NULL AND {self.engine.quote(twin.column.name)} IS NOT NULL)"
            for twin in self.twins
        )
        left = left[1:-1] if len(self.twins) == 1 else left
        why = (
            f"rows without a value are written once, so that the trigger computes {walked.name}, in batches along the key; "
            "a run that was cut off goes on where it stopped"
        )
        count = f"SELECT count(*) FROM {written} WHERE {left}"
        if self._takes_every_value:
            reached = Query(count, "0", "each such row was not reached yet: run it again")
            return replace(step, why=why, validations=(reached,), undo_loses_data=False)
        return replace(
            step,
            why=why,
            validations=(
                Query(
                    count,
                    "as many as the next query lists" if self.quarantine else "0",
                    f"each such row holds a value that is no {self.type}: "
                    + (f"it goes to {self.quarantine} in the end" if self.quarantine else "repair them, run again"),
                ),
                *self._unconverted(schema, {twin.column.name: twin.name for twin in self.twins}),
            ),
            undo_loses_data=False,
        )

    @property
    def _takes_every_value(self) -> bool:
        """Whether no value of the columns can be refused."""
        stored = [self.engine.stored_type(twin.column.type) for twin in self.twins]
        return self.using is None and all(always_converts(one, self.type) for one in stored)

    def _unconverted(self, schema: Schema, pairs: Mapping[str, str]) -> tuple[Query, ...]:
        """What lists the values that could not be converted, `pairs` being the columns with the values and without."""
        if self._takes_every_value:
            return ()
        found = schema.table(self.table)
        return tuple(list_unconverted(self.engine, found, self.table, pair, self.type) for pair in pairs.items())

    def quarantined(self, schema: Schema) -> tuple[Migration, ...]:
        """The values that could not be converted, into a table of their own, before the old column goes."""
        if self.quarantine is None:
            return ()
        [twin] = self.twins
        made = quarantine_table(self.engine, self.before, twin.column, self.quarantine)
        return quarantine_steps(self.engine, schema, made, self.table, (twin.column.name, twin.old_name), self.type)

    def indexes(self, schema: Schema) -> tuple[Migration, ...]:
        """The indexes and unique keys of the columns, once more for the stand-ins."""
        self.copies = index_copies(self.engine, schema, self.table, self._stand_ins)
        return tuple(copy.step for copy in self.copies)

    def constraints(self, schema: Schema) -> tuple[Migration, ...]:
        """Constraints on the stand-ins: first for new rows, then for all, each scan beside the application."""
        guards = [
            Check(
                f"{self.engine.quote(twin.name)} IS NOT NULL",
                self.engine.object_name(self.table, (twin.name,), "not_null"),
                validated=False,
            )
            for twin in self.twins
            if not twin.column.nullable
        ]
        self.guards = guards
        stand_ins = self._stand_ins
        for check in self.before.checks:
            if any(ddl.mentions(check.expression, name) for name in stand_ins):
                name = self._free_constraint(tuple(stand_ins.values())[:1], "check")
                self.checks[check.name] = Check(exchanged_in(check.expression, stand_ins), name, validated=False)
        for key in self.before.foreign_keys:
            self._add_key(schema, key, stand_ins)
        made: list[Check | ForeignKey] = [*guards, *self.checks.values(), *self.keys.values()]
        if not made:
            return ()
        adding = tuple(ddl.AddConstraint(self.table, constraint) for constraint in made)
        with_them = ddl.apply_all(adding, schema)
        validating: list[ddl.Statement] = [ddl.ValidateConstraint(self.table, constraint.name) for constraint in made]
        for guard, twin in zip(guards, (twin for twin in self.twins if not twin.column.nullable), strict=True):
            validating += [ddl.SetNotNull(self.table, twin.name), ddl.DropConstraint(self.table, guard.name)]
        what = f"{self.table.name}.{' and '.join(stand_ins.values())}" if stand_ins else self.table.name
        slug = "_".join((self.table.name, *stand_ins.values()))
        return (
            Migration(
                title=f"give {what} the constraints of what it stands in for, not yet validated",
                slug=f"constrain_{slug}",
                phase=Phase.MIGRATE,
                why="new and changed rows are checked from here on",
                statements=adding,
                warnings=tuple(
                    f"from here on a row whose {twin.column.name} is no {self.type} is refused, because "
                    f"{self.table.name}.{twin.column.name} is NOT NULL: be sure that no application writes one"
                    for twin in self.twins
                    if not twin.column.nullable
                    and not always_converts(self.engine.stored_type(twin.column.type), self.type)
                ),
                undo=self._spelled((ddl.DropConstraint(self.table, one.name) for one in made), with_them),
            ),
            Migration(
                title=f"validate the constraints of {what}",
                slug=f"validate_{slug}",
                phase=Phase.MIGRATE,
                why="existing rows are tested while reads and writes pass; each statement commits by itself, so that no "
                "scan holds back a lock that follows",
                statements=tuple(validating),
                transaction=False,
                undo="; ".join(
                    (
                        *(
                            sql
                            for one in guards
                            for sql in self.engine.spell(ddl.AddConstraint(self.table, one), schema)
                        ),
                        *(
                            undo_not_null(self.engine, schema, self.table, twin.name)
                            for twin in self.twins
                            if not twin.column.nullable
                        ),
                    )
                )
                or "none needed: a validated constraint enforces nothing that the unvalidated one did not",
            ),
        )

    def _add_key(self, schema: Schema, key: ForeignKey, stand_ins: Mapping[str, str]) -> None:
        """The foreign key once more, between the stand-ins, if one of its columns has one."""
        parent = schema.table(key.parent)
        theirs = self.parents.get(parent.name, {}) if parent else {}
        told = key.parent_columns or (parent.primary_key.columns if parent and parent.primary_key else ())
        if not any(column in stand_ins for column in key.columns) and not any(column in theirs for column in told):
            return
        columns = tuple(stand_ins.get(column, column) for column in key.columns)
        self.keys[key.name] = replace(
            key,
            columns=columns,
            parent_columns=tuple(theirs.get(column, column) for column in told),
            set_columns=tuple(stand_ins.get(column, column) for column in key.set_columns),
            name=self._free_constraint(columns if stand_ins else (*columns, "new"), "fkey"),
            validated=False,
        )

    def _free_constraint(self, columns: tuple[str, ...], kind: str) -> str:
        known: list[Check | ForeignKey] = [*self.before.checks, *self.before.foreign_keys, *self.guards]
        taken = {one.name for one in (*known, *self.checks.values(), *self.keys.values())}
        name, number = self.engine.object_name(self.table, columns, kind), 0
        while name in taken:
            number += 1
            name = self.engine.object_name(self.table, columns, f"{kind}{number}")
        return name

    def swap(self, schema: Schema) -> Migration:
        """The exchange, one transaction of notes in the catalog."""
        table = self.table
        parents = [key.parent for key in self.keys.values() if key.parent != table]
        names = (table, *dict.fromkeys(found.name for one in parents if (found := schema.table(one))))
        names_of_columns = tuple(column.name for column in self.columns)
        views = views_showing(self.engine, schema, table, names_of_columns) if names_of_columns else Shown()
        statements: list[ddl.Statement] = [ddl.LockTables(names), *views.dropped]
        statements += [one for twin in self.twins for one in self.engine.drop_sync_triggers(self._forth(twin))]
        statements += [ddl.DropConstraint(table, name) for name in (*self.keys, *self.checks)]
        for copy in self.copies:
            gone = ddl.DropConstraint(table, copy.of) if copy.constraint else None
            statements.append(gone or ddl.DropIndex(copy.of, schema=table.schema, table=table))
        for twin in self.twins:
            statements += [
                ddl.RenameColumn(table, twin.column.name, twin.old_name),
                ddl.RenameColumn(table, twin.name, twin.column.name),
            ]
        statements += [ddl.RenameConstraint(table, made.name, name) for name, made in self.checks.items()]
        statements += [ddl.RenameConstraint(table, made.name, name) for name, made in self.keys.items()]
        for copy in self.copies:
            if copy.constraint is not None:
                statements.append(ddl.AddConstraint(table, replace(copy.constraint, name=copy.of), copy.index.name))
            else:
                statements.append(ddl.RenameIndex(copy.index.name, copy.of, table))
        for twin in self.twins:
            statements += self._handed_over(schema, twin)
        renamed = ddl.apply_all(statements, schema)
        statements += [one for twin in self.twins for one in self.engine.sync_triggers(self._back(twin), renamed)]
        statements += views.made
        return self._swapped(tuple(statements), views.warnings)

    def _handed_over(self, schema: Schema, twin: Twin) -> list[ddl.Statement]:
        """What numbers or fills the column, from the old one to the new; then the old one may be NULL."""
        column = twin.column
        numbering = numbering_of(self.engine, schema, self.table, column)
        given: list[ddl.Statement] = []
        if numbering is not None:
            given += numbering.handed_over(twin.old_name, twin.name, self.type)
        elif column.default is not None:
            given += [
                ddl.SetDefault(self.table, twin.old_name, None),
                ddl.SetDefault(self.table, column.name, column.default),
            ]
        return given if column.nullable else [*given, ddl.DropNotNull(self.table, twin.old_name)]

    def _swapped(self, statements: tuple[ddl.Statement, ...], warnings: tuple[str, ...]) -> Migration:
        table = self.table
        if not self.twins:
            keys = " and ".join(self.keys)
            return Migration(
                title=f"let {keys} of {table.name} refer to the new column",
                slug=f"swap_{table.name}_{'_'.join(self.keys)}",
                phase=Phase.CONTRACT,
                why="the same foreign key is there and validated already; the one to the old column goes",
                statements=statements,
                undo=f"none needed until the old column goes: {keys} refuses the same rows",
            )
        old = " and ".join(twin.old_name for twin in self.twins)
        cautions = [one for c in self.columns for one in self.engine.cautions(ddl.ChangeType(table, c.name, self.type))]
        return Migration(
            title=f"exchange {self.label} for its stand-in of type {self.type}",
            slug=f"swap_{self._slug}",
            phase=Phase.CONTRACT,
            why="in one transaction of notes in the catalog the stand-in takes the column's name, with its "
            "constraints and "
            f"indexes, and the old column stays as {old}, kept up to date by a trigger. Its locks are asked for at once, "
            "given up when they do not come soon, and asked for again: nobody waits behind them for long",
            statements=statements,
            undo=f"the other way round: rename {old} back to {' and '.join(c.name for c in self.columns)}, and make its "
            "constraints and indexes anew; values that do not fit the old type are NULL in it",
            undo_loses_data=True,
            warnings=(*dict.fromkeys(cautions), *warnings),
        )

    def end(self, schema: Schema) -> Migration:
        """The old columns go."""
        gone = tuple(ddl.DropColumn(self.table, twin.old_name) for twin in self.twins)
        triggers = tuple(one for twin in self.twins for one in self.engine.drop_sync_triggers(self._back(twin)))
        bare = [
            replace(
                twin.column,
                name=twin.old_name,
                type=self.engine.stored_type(twin.column.type),
                nullable=True,
                default=None,
                identity="",
            )
            for twin in self.twins
        ]
        again: list[ddl.Statement] = [ddl.AddColumn(self.table, one) for one in bare]
        again += [one for twin in self.twins for one in self.engine.sync_triggers(self._back(twin), schema)]
        back = self._spelled(again, ddl.apply_all(gone, schema))
        names = " and ".join(twin.old_name for twin in self.twins)
        return Migration(
            title=f"drop {self.table.name}.{names}",
            slug=f"drop_{self.table.name}_{'_'.join(twin.old_name for twin in self.twins)}",
            phase=Phase.CONTRACT,
            why="the old values are needed no more",
            statements=(*triggers, *gone),
            prechecks=()
            if self.quarantine
            else tuple(
                replace(
                    query,
                    why="each of these values is lost with the old column: repair it, or keep it elsewhere, first",
                )
                for query in self._unconverted(
                    schema, {twin.old_name: twin.column.name for twin in self.twins if twin.column.nullable}
                )
            ),
            undo=f"{back} (its values are computed from {' and '.join(c.name for c in self.columns)} when a row is "
            "written, as far as they fit)",
            undo_loses_data=True,
        )


def names_beside(engine: Engine, table: Table, columns: Iterable[str]) -> dict[str, tuple[str, str]]:
    """For each column the free names of its stand-in and of what it is called afterwards."""
    taken = {column.name for column in table.columns}

    def free(column: str, kind: str) -> str:
        alone = replace(table.name, name=column, schema="")
        name, number = engine.object_name(alone, (), kind), 0
        while name in taken:
            number += 1
            name = engine.object_name(alone, (), f"{kind}{number}")
        taken.add(name)
        return name

    return {column: (free(column, "new"), free(column, "old")) for column in columns}
