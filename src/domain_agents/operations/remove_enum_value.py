"""Remove a value from an enum type, with rows, a default and application versions that still have it.

No server has a statement for it. A type without the value is made, each column gets a stand-in of that type beside it, kept
right by triggers, and in one short transaction the types and the columns exchange their names.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import Enum
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._dependents import breakage_warnings
from domain_agents.operations._enums import TYPE_EXAMPLE, literal, named_in_texts, needs_types
from domain_agents.operations._stand_in import StandIn
from domain_agents.operations._views import made_again, views_showing

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Schema, Table, TableName, View
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class RemoveEnumValue:
    """A value that goes; what holds it gets `replacement`."""

    kind: ClassVar[str] = "remove_enum_value"
    HAS_TABLE: ClassVar[bool] = False
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("name", "text", "the type"),
        Field("value", "text"),
        Field("replacement", "text", "the value that rows with it get"),
    )
    enum: TableName
    value: str
    replacement: str = ""

    @property
    def table(self) -> TableName:
        """The type's name."""
        return self.enum

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.RemoveEnumValue(self.enum, self.value, self.replacement)

    @classmethod
    def from_change(cls, change: Change) -> RemoveEnumValue:
        """See Operation."""
        needs_types(change.request.engine, ())
        return cls(change.table("name", TYPE_EXAMPLE), change.text("value", '"legacy"'), change.word("replacement"))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> RemoveEnumValue | None:
        """See Operation. No statement says it."""
        return None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def worked_on(self, schema: Schema) -> TableName:
        """The table whose size matters: the first with a column of the type."""
        enum = schema.enum(self.enum)
        used = ddl.enum_columns(schema, enum) if enum else ()
        return used[0][0].name if used else self.enum

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        needs_types(engine, ())
        self.apply(schema)
        enum = ddl.enum_in(schema, self.enum)
        used = ddl.enum_columns(schema, enum)
        if used and not self.replacement:
            where = ", ".join(f"{table.name}.{column.name}" for table, column in used)
            raise CannotPlan(
                f"rows of {where} may hold {self.value!r}, and an application version may still write it",
                field="replacement",
                way_out=f"give `replacement`, the value that takes its place: one of {', '.join(self._left(enum))}",
            )
        if not self._left(enum):
            raise CannotPlan(f"{self.value!r} is the last value of {enum.name}", field="value", way_out="drop_enum")
        new = Enum(replace(enum.name, name=_free(engine, schema, enum, "new")), self._left(enum))
        if not used:
            return (self._unused(engine, schema, enum, new),)
        return self._in_use(engine, schema, enum, new, used)

    def _left(self, enum: Enum) -> tuple[str, ...]:
        return tuple(one for one in enum.values if one != self.value)

    def _unused(self, engine: Engine, schema: Schema, enum: Enum, new: Enum) -> Migration:
        statements = (ddl.CreateEnum(new), ddl.DropType(enum.name), ddl.RenameType(new.name, enum.name.name))
        return Migration(
            title=f"make {enum.name} anew without {self.value!r}",
            slug=f"remove_{enum.name.name}_{self.value}",
            phase=Phase.CONTRACT,
            why="no column has the type",
            statements=statements,
            undo="; ".join(engine.spell(ddl.AddEnumValue(enum.name, self.value), schema)),
            warnings=named_in_texts(schema, self.value, "change it first"),
        )

    def _in_use(
        self, engine: Engine, schema: Schema, enum: Enum, new: Enum, used: tuple[tuple[Table, Column], ...]
    ) -> tuple[Step, ...]:
        create = self._create(engine, enum, new, schema)
        current = ddl.apply_all(create.statements, schema)
        gone = replace(enum.name, name=_free(engine, current, enum, "old"))
        steps: list[Step] = [create]
        stand_ins: list[StandIn] = []
        views: dict[TableName, View] = {}
        for table, column in used:
            self._refuse(schema, enum, table, column)
            shown = views_showing(engine, schema, table.name, (column.name,))
            views |= {made.view.name: made.view for made in shown.made if isinstance(made, ddl.DefineView)}
            stand_in = self._stand_in(engine, current, (enum, new, gone), (table, column))
            for part in (self._expanded, StandIn.fills, StandIn.constraints, StandIn.indexes):
                for step in part(stand_in, current):
                    steps.append(step)
                    current = ddl.apply_all(step.statements, current)
            stand_ins.append(stand_in)
        ordered = tuple(view for name, view in schema.views.items() if name in views)
        swap = self._swap(engine, current, (enum, new, gone), stand_ins, ordered)
        settled = Deploy(
            title=f"everything works without {self.value!r}, and nobody wants to go back",
            why="until here, the old columns still hold the values of before",
        )
        end = self._end(engine, ddl.apply_all(swap.statements, current), (enum, gone), stand_ins)
        return (*steps, self._deploy(), swap, settled, end)

    @staticmethod
    def _expanded(stand_in: StandIn, schema: Schema) -> tuple[Migration, ...]:
        return (stand_in.expand(schema),)

    def _create(self, engine: Engine, enum: Enum, new: Enum, schema: Schema) -> Migration:
        statement = ddl.CreateEnum(new)
        undo = engine.spell(ddl.DropType(new.name), statement.apply(schema))
        return Migration(
            title=f"create enum type {new.name}, {enum.name} without {self.value!r}",
            slug=f"create_type_{new.name.name}",
            phase=Phase.EXPAND,
            why="an enum type loses no value: the columns move to one that never had it",
            statements=(statement,),
            undo="; ".join(undo),
            warnings=named_in_texts(
                schema, literal(self.value), "it fails when it runs after the exchange: change it before"
            ),
        )

    def _stand_in(
        self,
        engine: Engine,
        current: Schema,
        types: tuple[Enum, Enum, TableName],
        where: tuple[Table, Column],
    ) -> StandIn:
        enum, new, gone = types
        table, column = where
        after = self.apply(current).table(table.name)
        wanted = after.column(column.name) if after else None
        named = ddl.named_type(column.type)
        is_array = named is not None and named[1]
        stand_in_type = ddl.renamed_type(column.type, enum.name.name, new.name.name)
        old_type = ddl.renamed_type(column.type, enum.name.name, gone.name)
        name, text = engine.quote(column.name), "text[]" if is_array else "text"
        value = f"CAST({name} AS {text})"
        kept = ddl.RemoveEnumValue(self.enum, self.value, self.replacement).value_from(name, is_array=is_array)
        warnings = tuple(
            one
            for one in breakage_warnings(current, table.name, column.name, verb="is exchanged for one of the new type")
            if not one.startswith("view ")
        )
        before = current.table(table.name) or table
        changed = replace(column, default=wanted.default if wanted else column.default)
        using = f"CAST({kept} AS {stand_in_type})"
        return StandIn(
            engine, before, (changed,), stand_in_type, using, {}, warnings, back=f"CAST({value} AS {old_type})"
        )

    def _deploy(self) -> Deploy:
        return Deploy(
            title=f"the application that no longer writes {self.value!r} is live everywhere",
            why=f"from the next step on the server refuses {self.value!r} (22P02); rows that had it show "
            f"{self.replacement!r}",
        )

    def _swap(
        self,
        engine: Engine,
        current: Schema,
        types: tuple[Enum, Enum, TableName],
        stand_ins: list[StandIn],
        views: tuple[View, ...],
    ) -> Migration:
        enum, new, gone = types
        dropped, made = made_again(views)
        statements: list[ddl.Statement] = [
            ddl.LockTables(tuple(dict.fromkeys(one.table for one in stand_ins))),
            *dropped,
            ddl.RenameType(enum.name, gone.name),
            ddl.RenameType(new.name, enum.name.name),
        ]
        for stand_in in stand_ins:
            exchange = stand_in.swap(ddl.apply_all(statements, current)).statements
            statements += [one for one in exchange if not isinstance(one, ddl.LockTables)]
        statements += made
        checks = tuple(
            Query(
                f"SELECT count(*) FROM {engine.quote_table(one.table)} WHERE {engine.quote(twin.column.name)} IS NOT NULL "
                f"AND {engine.quote(twin.name)} IS NULL",
                "0",
                f"each such row would lose its {twin.column.name}",
            )
            for one in stand_ins
            for twin in one.twins
        )
        where = ", ".join(one.label for one in stand_ins)
        return Migration(
            title=f"exchange {enum.name} for the type without {self.value!r}, in {where}",
            slug=f"swap_type_{enum.name.name}",
            phase=Phase.CONTRACT,
            why=f"in one transaction of notes in the catalog the new type and the columns of that type take the old names; "
            f"the old columns stay, as {gone.name}, kept up to date by triggers",
            statements=tuple(statements),
            prechecks=checks,
            undo=f"the other way round, by a new migration: the old columns and {gone} take their names again; rows that "
            f"held {self.value!r} show {self.replacement!r} where they were written since",
            undo_loses_data=True,
            warnings=(
                f"rows with {self.value!r} hold {self.replacement!r} afterwards, nothing tells them apart: note their keys",
                "drivers that remember a type by its number (OID) must read it again: restart their pools afterwards",
            ),
        )

    def _end(
        self, engine: Engine, schema: Schema, types: tuple[Enum, TableName], stand_ins: list[StandIn]
    ) -> Migration:
        enum, gone = types
        statements: list[ddl.Statement] = []
        for stand_in in stand_ins:
            statements += stand_in.end(ddl.apply_all(statements, schema)).statements
        return Migration(
            title=f"drop the old columns and the type {gone}",
            slug=f"drop_type_{gone.name}",
            phase=Phase.CONTRACT,
            why="the old values are needed no more",
            statements=(*statements, ddl.DropType(gone)),
            undo=f"none: what held {self.value!r} comes from a backup of before; the value itself comes back with "
            f"{'; '.join(engine.spell(ddl.AddEnumValue(enum.name, self.value), schema))}",
            undo_loses_data=True,
        )

    def _refuse(self, schema: Schema, enum: Enum, table: Table, column: Column) -> None:
        """What a stand-in cannot take over, or holds the value itself."""
        texts = {f"check {c.name or c.expression}": c.expression for c in table.checks}
        for index in schema.indexes_of(table.name):
            keys = [key.text for key in index.keys if key.is_expression]
            texts[f"index {index.name}"] = " ".join([*keys, index.where or ""])
        fault = next(
            (
                f"{label} says {self.value!r} or casts to {enum.name}"
                for label, text in texts.items()
                if ddl.mentions(text, column.name)
                and (ddl.says_value(text, self.value) or ddl.casts_to(text, enum.name.name))
            ),
            "",
        )
        if table.primary_key and column.name in table.primary_key.columns:
            fault = f"{table.name}.{column.name} is part of the primary key"
        elif column.generated is not None or any(
            other.generated and ddl.mentions(other.generated, column.name) for other in table.columns
        ):
            fault = f"{table.name}.{column.name} is computed, or another column is computed from it"
        elif table.partitioned_by:
            fault = f"{table.name} is partitioned"
        if fault:
            raise CannotPlan(
                f"{fault}: the columns of {enum.name} cannot be exchanged as they are",
                field="value",
                way_out="drop or change that first, in a request of its own; or forbid the value with a check "
                f"({column.name}::text <> {literal(self.value)}) and keep it in the type",
            )


def _free(engine: Engine, schema: Schema, enum: Enum, kind: str) -> str:
    name, number = engine.object_name(replace(enum.name, schema=""), (), kind), 0
    while any(key.name == name for key in (*schema.enums, *schema.tables)):
        number += 1
        name = engine.object_name(replace(enum.name, schema=""), (), f"{kind}{number}")
    return name
