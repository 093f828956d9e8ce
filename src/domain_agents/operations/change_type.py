"""Change a column's type: noted in the catalog where the engine can, else by a stand-in that takes its place.

The columns that refer to it get the type with it: a key that outgrows its children would only move the accident.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.engines import Can, CopiesTables, Engine
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._copied_type import copied_steps, keys_on
from domain_agents.operations._dependents import breakage_warnings
from domain_agents.operations._key_family import KeyFamily, exchange_steps, family_of
from domain_agents.operations._numbering import numbering_of, require_countable
from domain_agents.operations._unconverted import quarantine_table
from domain_agents.operations._views import Shown, views_showing

if TYPE_CHECKING:
    from domain_agents.catalog import Column, ForeignKey, Schema, Table, TableName


@dataclass(frozen=True, slots=True)
class ChangeType:
    """Another type for a column; `using` computes the new value from the row, else the old value is cast.

    `engine` is the one it was asked for: not everywhere does a shorthand such as serial hold, and count, the same.
    """

    kind: ClassVar[str] = "change_type"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("column", "text"),
        Field("type", "text", "the new one"),
        Field("using", "expression", "from the old value; a cast when left out"),
        Field("quarantine", "text", "a new table that keeps what cannot be converted"),
    )
    table: TableName
    column: str
    type: str
    engine: Engine = field(repr=False, compare=False)
    using: str | None = None
    quarantine: TableName | None = None

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return self._changed(self.table, self.column, self.using)

    @classmethod
    def from_change(cls, change: Change) -> ChangeType:
        """See Operation."""
        engine = change.request.engine
        type_ = engine.stored_type(change.text("type", '"bigint"').strip())
        quarantine = change.table("quarantine") if change.word("quarantine") else None
        using = change.expression("using")
        return cls(change.table(), change.text("column", '"total"'), type_, engine, using, quarantine)

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> ChangeType | None:
        """See Operation."""
        if not isinstance(statement, ddl.ChangeType):
            return None
        type_ = request.engine.stored_type(statement.type)
        return cls(statement.table, statement.column, type_, request.engine, statement.using)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        _, column = self._found(schema)
        after = ddl.apply_all(self._all(schema), schema)
        if self.using is None and self.engine.stored_type(column.type).lower() == self.type.lower():
            raise ddl.DoesNotApply(f"{self.table}.{self.column} has the type {self.type} already")
        return after

    def making_way(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See MakesWay: the views that show it, the columns that refer to it, and what counts in them."""
        table, column = self._found(schema)
        statements: list[ddl.Statement] = [one for shown in self._views(schema) for one in shown.dropped]
        statements += [ddl.DropConstraint(owner, key.name) for owner, key in self._held(schema)]
        for owner, one in self._family(schema, table).columns(schema):
            numbering = numbering_of(self.engine, schema, owner.name, one)
            statements += numbering.widened(self.type) if numbering else ()
            if (owner, one) != (table, column):
                statements.append(self._changed(owner.name, one.name))
        return tuple(statements)

    def putting_back(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See PutsBack: the views, and the table for what cannot be converted."""
        keys = tuple(ddl.AddConstraint(owner, key) for owner, key in self._held(schema))
        views = (*keys, *(one for shown in reversed(self._views(schema)) for one in shown.made))
        if self.quarantine is None:
            return views
        table, column = self._found(schema)
        return (*views, ddl.CreateTable(quarantine_table(self.engine, table, column, self.quarantine)))

    def _all(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        return (*self.making_way(schema), self.statement, *self.putting_back(schema))

    def _held(self, schema: Schema) -> list[tuple[TableName, ForeignKey]]:
        """The foreign keys that must go for a while, where the server lets nothing that they hold be changed."""
        if not isinstance(self.engine, CopiesTables):
            return []
        members = self._family(schema, self._found(schema)[0]).columns(schema)
        return keys_on(schema, [self._changed(owner.name, one.name) for owner, one in members])

    def _views(self, schema: Schema) -> tuple[Shown, ...]:
        """What shows a column of the family, one table's views after the other's, each of them once."""
        found: list[Shown] = []
        current = schema
        for name, columns in self._family(schema, self._found(schema)[0]).tables.items():
            shown = views_showing(self.engine, current, name, tuple(columns)) if columns else Shown()
            current = ddl.apply_all(shown.dropped, current)
            found.append(shown)
        return tuple(found)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        table, column = self._found(schema)
        family = self._family(schema, table)
        members = family.columns(schema)
        self._refuse(engine, schema, members)
        converts_in_place = isinstance(engine, CopiesTables) or not engine.can(Can.CONCURRENT_WRITES)
        if self.quarantine is not None and (len(members) > 1 or converts_in_place):
            raise CannotPlan(
                f"{self._label} is not filled beside itself alone here, so nothing is left over to keep",
                field="quarantine",
                way_out="leave it out: a value that does not fit stops the change, and nothing is lost",
            )
        if isinstance(engine, CopiesTables):
            return self._copied(engine, schema, situation, members)
        if situation.is_new_table or situation.size.rows == 0:
            return (self._direct(engine, schema, column, Phase.EXPAND, "there is no row to convert"),)
        statements = [self._changed(owner.name, one.name) for owner, one in members]
        effects = [engine.effect(statement, schema, situation.size) for statement in statements]
        if self.using is None and not any(effect.is_long for effect in effects):
            why = "every old value is a value of the new type: the change is noted in the catalog, no row is read"
            return (self._direct(engine, schema, column, Phase.EXPAND, why),)
        cope = self._deploy(members, column)
        if not engine.can(Can.CONCURRENT_WRITES):
            return (
                cope,
                self._direct(engine, schema, column, Phase.CONTRACT, "the rows are converted as they are copied"),
            )
        for owner, _ in members:
            if owner.partitioned_by:
                raise CannotPlan(
                    f"{owner.name} is partitioned: no stand-in is made for its columns by this tool yet",
                    field="column",
                    way_out="make a table of the new type beside it, copy partition by partition, and exchange their "
                    "names",
                )
        return exchange_steps(
            engine,
            schema,
            family,
            self.type,
            self.using,
            warnings=self._warnings(schema, members),
            cope=cope,
            quarantine=self.quarantine,
        )

    def _copied(
        self, engine: Engine, schema: Schema, situation: Situation, members: tuple[tuple[Table, Column], ...]
    ) -> tuple[Step, ...]:
        """Where the server converts the rows itself, in a copy, unless it needs to touch none."""
        changes = [self._changed(owner.name, one.name, self.using) for owner, one in members]
        is_empty = situation.is_new_table or situation.size.rows == 0
        is_long = any(engine.effect(change, schema, situation.size).is_long for change in changes)
        warnings = tuple(
            one
            for change in changes
            for one in breakage_warnings(schema, change.table, change.column, verb="changes its type")
        )
        why = "every row is converted as it is copied; a value that does not fit the new type stops it, and changes "
        "nothing"
        if is_empty:
            why = "there is no row to convert"
        elif not is_long:
            why = "every old value is a value of the new type: the change is noted in the catalog, no row is read"
        steps = copied_steps(
            engine, schema, changes, why=why, phase=Phase.CONTRACT if is_long else Phase.EXPAND, warnings=warnings
        )
        return (self._deploy(members, members[0][1]), *steps) if is_long and not is_empty else steps

    @property
    def _label(self) -> str:
        return f"{self.table.name}.{self.column}"

    def _changed(self, table: TableName, column: str, using: str | None = None) -> ddl.ChangeType:
        return ddl.ChangeType(table, column, self.type, using, self.engine.sequence_name(table, column))

    def _family(self, schema: Schema, table: Table) -> KeyFamily:
        return family_of(self.engine, schema, table, self.column, self.type)

    def _found(self, schema: Schema) -> tuple[Table, Column]:
        table = schema.table(self.table)
        column = table.column(self.column) if table else None
        if table is None or column is None:
            raise ddl.DoesNotApply(f"table {self.table} has no column {self.column}")
        return table, column

    def _deploy(self, members: tuple[tuple[Table, Column], ...], column: Column) -> Deploy:
        names = ", ".join(f"{owner.name.name}.{one.name}" for owner, one in members)
        stored = self.engine.stored_type(column.type)
        return Deploy(
            title=f"the application that copes with {names} as {stored} and as {self.type} is live everywhere",
            why="what it reads, compares and writes changes in the next steps, in the middle of its work",
        )

    @staticmethod
    def _warnings(schema: Schema, members: tuple[tuple[Table, Column], ...]) -> tuple[str, ...]:
        names = ", ".join(f"{owner.name}.{one.name}" for owner, one in members)
        broken = [
            one
            for owner, member in members
            for one in ChangeType._broken(schema, owner.name, member.name, "is exchanged for one of the new type")
        ]
        lost = (
            f"what is set on {names} alone goes with the old columns: column privileges, statistics targets, places in "
            "publications, row-security policies; set it on the new ones"
        )
        return (*broken, lost)

    @staticmethod
    def _broken(schema: Schema, table: TableName, column: str, verb: str) -> tuple[str, ...]:
        """What names the column and is not made again, as a view is."""
        told = breakage_warnings(schema, table, column, verb=verb)
        return tuple(one for one in told if not one.startswith("view "))

    def _direct(self, engine: Engine, schema: Schema, column: Column, phase: Phase, why: str) -> Migration:
        back = ddl.ChangeType(self.table, self.column, engine.stored_type(column.type))
        statements = self._all(schema)
        return Migration(
            title=f"change {self._label} to {self.type}",
            slug=f"change_{self.table.name}_{self.column}_type",
            phase=phase,
            why=why,
            statements=statements,
            transaction=not any(engine.refuses_transaction(statement, schema) for statement in statements),
            undo=f"a new change of {self._label} back to {back.type}; values that do not fit it stop that change",
            warnings=(
                *self._broken(schema, self.table, self.column, "changes its type"),
                *(
                    f"{one.table}.{one.column} refers to it and gets the type {self.type} with it"
                    for one in statements
                    if isinstance(one, ddl.ChangeType) and one != self.statement
                ),
            ),
        )

    def _refuse(self, engine: Engine, schema: Schema, members: tuple[tuple[Table, Column], ...]) -> None:
        """What no type can be changed of.

        Raises:
            CannotPlan: with what stands in the way.
        """
        for table, column in members:
            computed = [c.name for c in table.columns if c.generated and ddl.mentions(c.generated, column.name)]
            if computed or column.generated is not None:
                raise CannotPlan(
                    f"{', '.join(computed) or column.name} of {table.name} is computed, which keeps the type as it is",
                    field="column",
                    way_out="drop the generated column first, and add it again after the change",
                )
            require_countable(numbering_of(engine, schema, table.name, column), self.type)
        if self.using is not None and len(members) > 1:
            others = ", ".join(f"{table.name}.{column.name}" for table, column in members[1:])
            raise CannotPlan(
                f"{others} refers to {self._label}, and `using` says nothing of its values",
                field="using",
                way_out="leave `using` out, where a cast does; else add a new column and a new key with "
                "change_primary_key",
            )
