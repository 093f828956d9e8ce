"""Create a table, with every constraint that is written in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import PrimaryKey, Table
from domain_agents.engines import Can, Engine
from domain_agents.operations import Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request

if TYPE_CHECKING:
    from domain_agents.catalog import ForeignKey, Schema, TableName


@dataclass(frozen=True, slots=True)
class CreateTable:
    """A new table. Nobody uses it yet, so whatever comes after it in the same request may change it freely."""

    kind: ClassVar[str] = "create_table"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("columns", "columns", "{name, type, nullable, default}"),
        Field("primary_key", "names"),
    )
    made: Table

    @property
    def table(self) -> TableName:
        """See Operation."""
        return self.made.name

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.CreateTable(self.made)

    @classmethod
    def from_change(cls, change: Change) -> CreateTable:
        """See Operation."""
        name, engine = change.table(), change.request.engine
        columns = change.columns("columns", '[{"name": "id", "type": "bigint"}, {"name": "note", "type": "text"}]')
        key = change.optional_names("primary_key")
        missing = [column for column in key if column not in {one.name for one in columns}]
        if missing:
            raise change.fail("primary_key", f"{missing[0]} is none of the columns", "name columns of the new table")
        made = Table(name, columns)
        if key:
            key_name = engine.object_name(name, (), "pkey") if engine.can(Can.NAMES_CONSTRAINTS) else ""
            made = ddl.with_constraint(made, PrimaryKey(key, key_name))
        return cls(made)

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> CreateTable | None:
        """See Operation. IF NOT EXISTS is left out: it would take another table of that name for this one."""
        return cls(statement.table) if isinstance(statement, ddl.CreateTable) else None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        if schema.table(self.table) is not None:
            raise ddl.DoesNotApply(f"table {self.table} exists already")
        names = [column.name for column in self.made.columns]
        twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
        if twice is not None:
            raise ddl.DoesNotApply(f"column {twice} is written twice in table {self.table}")
        keys = () if self.made.primary_key is None else (self.made.primary_key,)
        for constraint in (*keys, *self.made.uniques, *self.made.foreign_keys):
            _require(constraint.columns, self.made)
        for key in self.made.foreign_keys:
            parent = self.made if key.parent == self.table else schema.table(key.parent)
            if parent is None:
                raise ddl.DoesNotApply(f"there is no table {key.parent} to reference")
            _require(key.parent_columns, parent)
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        return (
            Migration(
                title=f"create table {self.table.name}",
                slug=f"create_{self.table.name}",
                phase=Phase.EXPAND,
                why=f"{engine.quote_table(self.table)} is new: nobody waits for it; what uses it is deployed after",
                statements=(self.statement,),
                undo="; ".join(engine.spell(ddl.DropTable(self.table), self.apply(schema))),
                undo_loses_data=True,
                warnings=self._warnings(engine),
            ),
        )

    def _warnings(self, engine: Engine) -> tuple[str, ...]:
        written = engine.quote_table(self.table)
        found = [self._parent_warning(engine, key) for key in self.made.foreign_keys if key.parent != self.table]
        if self.made.primary_key is None:
            found.append(
                f"{written} has no primary key: no row of it can be told from its twin, replicated by key or backfilled "
                "in batches"
            )
        return tuple(dict.fromkeys(found))

    def _parent_warning(self, engine: Engine, key: ForeignKey) -> str:
        parent = engine.quote_table(key.parent)
        if engine.can(Can.CONCURRENT_WRITES):
            return (
                f"the foreign key in {engine.quote_table(self.table)} locks {parent} against writes until the file has "
                "committed, for milliseconds once it has the lock; keep other statements out of its transaction"
            )
        return (
            f"from here on every DELETE of a row in {parent} looks for its children in {engine.quote_table(self.table)}"
        )


def _require(columns: tuple[str, ...], table: Table) -> None:
    for name in columns:
        if table.column(name) is None:
            raise ddl.DoesNotApply(f"table {table.name} has no column {name}")
