"""A column and all that refer to it, which get another type together: one table after the other, none for long."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.operations import CannotPlan, Deploy, Migration, Step
from domain_agents.operations._stand_in import StandIn, names_beside

if TYPE_CHECKING:
    from domain_agents.catalog import Column, ForeignKey, Schema, Table, TableName
    from domain_agents.engines import Engine


@dataclass(slots=True)
class KeyFamily:
    """The columns by table that get the type with one column, and the foreign keys between them.

    `tables` are in the order in which they were found, the column's own first; a table may stand there without columns,
    for a foreign key whose column has the type already.
    """

    tables: dict[TableName, list[str]] = field(default_factory=dict)
    children: dict[TableName, set[TableName]] = field(default_factory=dict)

    def columns(self, schema: Schema) -> tuple[tuple[Table, Column], ...]:
        """Every column that changes, with its table."""
        return tuple(
            (table, column)
            for name, names in self.tables.items()
            for one in names
            if (table := schema.table(name)) is not None and (column := table.column(one)) is not None
        )

    def children_first(self) -> tuple[TableName, ...]:
        """The tables, each behind all that refer to it.

        Raises:
            CannotPlan: two tables refer to each other.
        """
        found: list[TableName] = []

        def visit(table: TableName, above: tuple[TableName, ...]) -> None:
            if table in above:
                raise CannotPlan(
                    f"{' and '.join(map(str, above))} refer to each other: none of their keys can change hands first",
                    field="column",
                    way_out="drop one of the foreign keys, change the type, and add it again",
                )
            for child in sorted(self.children.get(table, ())):
                if child != table:
                    visit(child, (*above, table))
            if table not in found:
                found.append(table)

        visit(next(iter(self.tables)), ())
        return tuple(found)


def family_of(engine: Engine, schema: Schema, table: Table, column: str, type_: str) -> KeyFamily:
    """The column's family: who refers to it, to those, and so on, unless it has the type already."""
    family = KeyFamily({table.name: [column]})
    waiting = [(table, column)]
    while waiting:
        parent, name = waiting.pop(0)
        for child in schema.tables.values():
            for key in child.foreign_keys:
                theirs = _column_that_refers(schema, key, parent, name)
                found = child.column(theirs) if theirs else None
                if found is None:
                    continue
                family.children.setdefault(parent.name, set()).add(child.name)
                columns = family.tables.setdefault(child.name, [])
                same = engine.stored_type(found.type).lower() == type_.lower()
                if found.name not in columns and not same:
                    columns.append(found.name)
                    waiting.append((child, found.name))
    return family


def _column_that_refers(schema: Schema, key: ForeignKey, parent: Table, column: str) -> str:
    if schema.table(key.parent) != parent:
        return ""
    told = key.parent_columns or (parent.primary_key.columns if parent.primary_key else ())
    return dict(zip(told, key.columns, strict=False)).get(column, "")


def exchange_steps(
    engine: Engine,
    schema: Schema,
    family: KeyFamily,
    type_: str,
    using: str | None,
    *,
    warnings: tuple[str, ...],
    cope: Deploy,
    quarantine: TableName | None = None,
) -> tuple[Step, ...]:
    """All of the columns beside the old ones first, then, behind the deploy, one table after the other exchanged."""
    befores = {name: found for name in family.tables if (found := schema.table(name)) is not None}
    parents = {
        name: {column: names[0] for column, names in names_beside(engine, table, family.tables[name]).items()}
        for name, table in befores.items()
    }
    stand_ins: dict[TableName, StandIn] = {}
    for name, table in befores.items():
        columns = tuple(column for one in family.tables[name] if (column := table.column(one)) is not None)
        stand_ins[name] = StandIn(engine, table, columns, type_, using, parents, () if stand_ins else warnings)
        stand_ins[name].quarantine = quarantine
    run = _Run(schema)
    filled = [one for one in stand_ins.values() if one.columns]
    for one in filled:
        run.add(one.expand(run.schema))
    for one in filled:
        run.add(*one.fills(run.schema))
    for one in filled:
        run.add(*one.indexes(run.schema))
    for one in stand_ins.values():
        run.add(*one.constraints(run.schema))
    run.steps.append(cope)
    order = family.children_first()
    for name in order:
        run.add(stand_ins[name].swap(run.schema))
    old = ", ".join(f"{one.table.name}.{twin.old_name}" for one in filled for twin in one.twins)
    run.steps.append(
        Deploy(
            title=f"{' and '.join(one.label for one in filled)} works as {type_}, and nobody wants to go back",
            why=f"until here, {old} still holds the values of before",
        )
    )
    for name in order:
        if stand_ins[name].columns:
            run.add(*stand_ins[name].quarantined(run.schema))
            run.add(stand_ins[name].end(run.schema))
    return tuple(run.steps)


class _Run:
    """Steps, and the schema behind them."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.steps: list[Step] = []

    def add(self, *steps: Migration) -> None:
        for step in steps:
            self.steps.append(step)
            self.schema = ddl.apply_all(step.statements, self.schema)
