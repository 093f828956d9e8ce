"""Give a table a primary key: its columns made NOT NULL and its index built while writers pass, then taken over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import Index, IndexKey, PrimaryKey
from domain_agents.engines import Can, Engine
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._keys import duplicates
from domain_agents.operations._not_null import not_null_steps
from domain_agents.operations._unique_index import build_unique

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, Table, TableName


@dataclass(frozen=True, slots=True)
class AddPrimaryKey:
    """No two rows may agree in these columns, and none may hold NULL. `using_index` names an index that is there."""

    kind: ClassVar[str] = "add_primary_key"
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("name", "text"), Field("columns", "names"))
    table: TableName
    key: PrimaryKey
    using_index: str = ""

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.AddConstraint(self.table, self.key, self.using_index)

    @classmethod
    def from_change(cls, change: Change) -> AddPrimaryKey:
        """See Operation."""
        table, engine = change.table(), change.request.engine
        # Where no constraint takes over an index, a primary key has no name that anybody uses.
        default = engine.object_name(table, (), "pkey") if engine.can(Can.CONSTRAINT_USING_INDEX) else ""
        return cls(table, PrimaryKey(change.names("columns", '["id"]'), change.word("name") or default))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> AddPrimaryKey | None:
        """See Operation."""
        if not isinstance(statement, ddl.AddConstraint) or not isinstance(statement.constraint, PrimaryKey):
            return None
        return cls(statement.table, statement.constraint, statement.using_index)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        table = schema.table(self.table)
        if table is not None and table.primary_key is not None:
            raise CannotPlan(
                f"table {table.name} has a primary key already: ({', '.join(table.primary_key.columns)})",
                field="columns",
                way_out="change_primary_key exchanges it for another one",
            )
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        after = self.apply(schema)
        table = schema.table(self.table)
        if table is None:
            raise ddl.DoesNotApply(f"there is no table {self.table}")
        columns = self.key.columns
        if self.using_index:
            found = schema.index(self.using_index, self.table)
            columns = found.columns if found else ()
        if situation.is_new_table or situation.size.rows == 0:
            return (self._direct(engine, schema, after, "there is no row to compare yet"),)
        if table.partitioned_by and engine.can(Can.CONSTRAINT_USING_INDEX):
            raise CannotPlan(
                f"{self.table} is partitioned, where no index is built on the parent while writers pass",
                field="columns",
                way_out="add_unique on these columns and the partition key does the same for foreign keys and queries",
            )
        steps: list[Step] = [self._deploy(columns)]
        tightening = tightened(engine, schema, table, columns)
        steps += tightening
        current = ddl.apply_all([one for step in tightening for one in step.statements], schema)
        if self.using_index:
            return (*steps, self._take_over(engine, after, self.using_index))
        if not engine.can(Can.CONSTRAINT_USING_INDEX):
            why = "no row holds NULL or the key of another: the table is built anew along the key"
            return (*steps, self._direct(engine, current, after, why))
        index = Index(self.key.name, self.table, tuple(IndexKey(column) for column in columns), unique=True)
        return (*steps, build_unique(engine, current, index), self._take_over(engine, after, index.name))

    def _deploy(self, columns: tuple[str, ...]) -> Deploy:
        names = ", ".join(columns)
        return Deploy(
            title=f"every application version writes ({names}) of {self.table.name}, and lives with a refused duplicate",
            why="a row without a value, and one that repeats another's, are refused from the next steps on",
        )

    def _direct(self, engine: Engine, schema: Schema, after: Schema, why: str) -> Migration:
        columns = ", ".join(self.key.columns)
        rebuilds = engine.refuses_transaction(self.statement, schema)
        return Migration(
            title=f"make ({columns}) the primary key of {self.table.name}",
            slug=f"add_primary_key_{self.table.name}",
            phase=Phase.EXPAND,
            why=why,
            statements=(self.statement,),
            transaction=not rebuilds,
            prechecks=(duplicates(engine, self.table, self.key.columns), *nulls(engine, self.table, self.key.columns)),
            undo=self._undo(engine, after),
        )

    def _undo(self, engine: Engine, after: Schema) -> str:
        if self.key.name and engine.can(Can.CONSTRAINT_USING_INDEX):
            return "; ".join(engine.spell(ddl.DropConstraint(self.table, self.key.name), after))
        if engine.can(Can.CONCURRENT_WRITES):
            return (
                f"ALTER TABLE {engine.quote_table(self.table)} DROP PRIMARY KEY (copies the table while writers wait)"
            )
        return f"a new migration that rebuilds {engine.quote_table(self.table)} without the primary key"

    def _take_over(self, engine: Engine, after: Schema, index: str) -> Migration:
        return Migration(
            title=f"make the index {index} the primary key of {self.table.name}",
            slug=f"add_primary_key_{self.table.name}",
            phase=Phase.EXPAND,
            why="the index is there and valid and the columns are NOT NULL, so nothing is read or built",
            statements=(replace(self, using_index=index).statement,),
            undo=f"{self._undo(engine, after)} (the index goes with it)",
        )


def nulls(engine: Engine, table: TableName, columns: tuple[str, ...]) -> tuple[Query, ...]:
    """The rows that a key refuses for what they lack."""
    missing = " OR ".join(f"{engine.quote(column)} IS NULL" for column in columns)
    sql = f"SELECT count(*) FROM {engine.quote_table(table)} WHERE {missing}"
    return (Query(sql, "0", "a row without a value cannot be told by a primary key: fill it first"),)


def tightened(engine: Engine, schema: Schema, table: Table, columns: tuple[str, ...]) -> list[Migration]:
    """The steps that make the columns NOT NULL which are not yet, where the engine has a road of its own for that."""
    if not engine.can(Can.SET_NOT_NULL):
        return []
    found: list[Migration] = []
    for name in columns:
        column = table.column(name)
        if column is not None and column.nullable:
            steps = not_null_steps(engine, schema, table.name, name)
            found += [replace(step, phase=Phase.EXPAND) for step in steps if isinstance(step, Migration)]
    return found
