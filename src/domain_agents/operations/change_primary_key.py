"""Exchange a table's primary key for another one: the old one stays unique as long as something refers to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import ForeignKey, Index, IndexKey, PrimaryKey, Unique
from domain_agents.engines import Can, Engine
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._keys import duplicates, has_unique_on
from domain_agents.operations._unique_index import build_unique
from domain_agents.operations.add_primary_key import nulls, tightened

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, Table, TableName


@dataclass(frozen=True, slots=True)
class ChangePrimaryKey:
    """Other columns for the primary key. `keep_unique` keeps the old ones unique, as foreign keys to them must have it."""

    kind: ClassVar[str] = "change_primary_key"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("columns", "names", "of the new key"),
        Field("keep_unique", "flag", "the old key's columns stay unique; true where foreign keys refer to them"),
    )
    table: TableName
    columns: tuple[str, ...]
    engine: Engine = field(repr=False, compare=False)
    keep_unique: bool = False

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.ChangePrimaryKey(self.table, self.columns)

    @classmethod
    def from_change(cls, change: Change) -> ChangePrimaryKey:
        """See Operation."""
        columns = change.names("columns", '["tenant_id", "id"]')
        return cls(change.table(), columns, change.request.engine, change.flag("keep_unique", default=False))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> ChangePrimaryKey | None:
        """See Operation."""
        if not isinstance(statement, ddl.ChangePrimaryKey):
            return None
        if not statement.columns:
            raise CannotPlan(
                f"without a primary key {statement.table} is copied while writers wait, and replicas look for its rows by "
                "reading all of them",
                field="sql",
                way_out="name the next key in the same statement: DROP PRIMARY KEY, ADD PRIMARY KEY (...)",
            )
        return cls(statement.table, statement.columns, request.engine)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        table = self._table(schema)
        old = table.primary_key
        if old is not None and old.columns == self.columns:
            raise ddl.DoesNotApply(f"({', '.join(self.columns)}) is the primary key of {table.name} already")
        return ddl.apply_all((*self.making_way(schema), self.statement, *self.putting_back(schema)), schema)

    def making_way(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See MakesWay: foreign keys to the old key, which the server holds the index for."""
        if not self.engine.can(Can.CONSTRAINT_USING_INDEX):
            return self._kept(schema)
        return tuple(ddl.DropConstraint(child.name, key.name) for child, key in self._references(schema))

    def putting_back(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See PutsBack: the old key as a unique one, and the foreign keys to it."""
        if not self.engine.can(Can.CONSTRAINT_USING_INDEX):
            return ()
        again = tuple(ddl.AddConstraint(child.name, key) for child, key in self._references(schema))
        return (*self._kept(schema), *again)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        table = self._table(schema)
        if not engine.can(Can.CONCURRENT_WRITES):
            raise CannotPlan(
                f"the rows of {table.name} lie along their key: {engine.name} has no statement that changes it",
                field="kind",
                way_out="create_table with the new key, copy the rows with a backfill, drop_table and rename_table",
            )
        if table.partitioned_by:
            raise CannotPlan(
                f"{table.name} is partitioned: its key holds the partition key, and is one index for each partition",
                field="columns",
                way_out="add_unique on the new columns keeps them unique without touching the key",
            )
        if situation.is_new_table or situation.size.rows == 0:
            statements = self._exchange(schema, ()) if engine.can(Can.CONSTRAINT_USING_INDEX) else self._plain(schema)
            return (self._swapped(engine, table, statements, "there is no row to compare yet"),)
        steps: list[Step] = [self._deploy(table), *tightened(engine, schema, table, self.columns)]
        if not engine.can(Can.CONSTRAINT_USING_INDEX):
            return (*steps, *self._in_place(engine, schema, table))
        current = ddl.apply_all(
            [one for step in steps if isinstance(step, Migration) for one in step.statements], schema
        )
        new, kept = self._indexes(current, table)
        builds = [build_unique(engine, current, index) for index in (new, kept) if index is not None]
        swap = self._swapped(
            engine,
            table,
            self._exchange(current, tuple(index for index in (new, kept) if index is not None)),
            "the indexes are there and valid, so nothing is read or built; foreign keys are tested again by the next step",
        )
        return (*steps, *builds, swap, *self._validation(engine, schema))

    def _table(self, schema: Schema) -> Table:
        table = schema.table(self.table)
        if table is None:
            raise ddl.DoesNotApply(f"there is no table {self.table}")
        if table.primary_key is None:
            raise CannotPlan(
                f"table {table.name} has no primary key to exchange",
                field="table",
                way_out="add_primary_key gives it one",
            )
        return table

    def _old(self, schema: Schema) -> PrimaryKey:
        key = self._table(schema).primary_key
        assert key is not None  # noqa: S101 - _table refuses a table without
        return key

    def _references(self, schema: Schema) -> tuple[tuple[Table, ForeignKey], ...]:
        """The foreign keys to the old key, with the columns written that they mean."""
        table, old = self._table(schema), self._old(schema)
        return tuple(
            (child, replace(key, parent_columns=told))
            for child in schema.tables.values()
            for key in child.foreign_keys
            if schema.table(key.parent) == table and set(told := key.parent_columns or old.columns) == set(old.columns)
        )

    def _kept(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        """The old key's columns, unique from here on, unless something else keeps them so."""
        table, old = self._table(schema), self._old(schema)
        bare = schema.with_table(replace(table, primary_key=None))
        found = bare.table(table.name)
        if not (self.keep_unique or self._references(schema)) or (
            found is not None and has_unique_on(bare, found, old.columns)
        ):
            return ()
        name = self.engine.object_name(table.name, old.columns, "key")
        if self.engine.can(Can.CONSTRAINT_USING_INDEX):
            return (ddl.AddConstraint(table.name, Unique(old.columns, name)),)
        keys = tuple(IndexKey(column) for column in old.columns)
        return (ddl.CreateIndex(Index(name, table.name, keys, unique=True)),)

    def _indexes(self, schema: Schema, table: Table) -> tuple[Index, Index | None]:
        """The indexes to build: the new key's, and that of the old key where it stays unique."""

        def unique(columns: tuple[str, ...], name: str) -> Index:
            return Index(name, table.name, tuple(IndexKey(column) for column in columns), unique=True)

        new = unique(self.columns, self.engine.object_name(table.name, self.columns, "new_pkey"))
        kept = next((one for one in self._kept(schema) if isinstance(one, ddl.AddConstraint)), None)
        if kept is None or not isinstance(kept.constraint, Unique):
            return new, None
        return new, unique(kept.constraint.columns, kept.constraint.name)

    def _exchange(self, schema: Schema, indexes: tuple[Index, ...]) -> tuple[ddl.Statement, ...]:
        """The key for the other one, taking the indexes over where there are any; foreign keys are tested later then."""
        table, old = self._table(schema), self._old(schema)
        references = self._references(schema)
        locked = (table.name, *dict.fromkeys(child.name for child, _ in references if child.name != table.name))
        key = PrimaryKey(self.columns, old.name)
        statements: list[ddl.Statement] = [ddl.LockTables(locked)] if indexes else []
        statements += [ddl.DropConstraint(child.name, one.name) for child, one in references]
        statements.append(ddl.DropConstraint(table.name, old.name))
        statements.append(ddl.AddConstraint(table.name, key, indexes[0].name if indexes else ""))
        for kept in self._kept(schema):
            taken = indexes[1].name if len(indexes) > 1 else ""
            statements.append(replace(kept, using_index=taken) if isinstance(kept, ddl.AddConstraint) else kept)
        statements += [
            ddl.AddConstraint(child.name, replace(one, validated=not indexes and one.validated))
            for child, one in references
        ]
        return tuple(statements)

    def _plain(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        return (*self._kept(schema), self.statement)

    def _in_place(self, engine: Engine, schema: Schema, table: Table) -> tuple[Step, ...]:
        kept = self._kept(schema)
        first = [
            Migration(
                title=f"keep the old key of {table.name} unique",
                slug=f"keep_{table.name}_key_unique",
                phase=Phase.EXPAND,
                why="foreign keys refer to it, or it was asked for; the index is built while writers pass",
                statements=kept,
                undo="; ".join(
                    sql
                    for one in kept
                    if isinstance(one, ddl.CreateIndex)
                    for sql in engine.spell(
                        ddl.DropIndex(one.index.name, schema=table.name.schema, table=table.name),
                        ddl.apply_all(kept, schema),
                    )
                ),
            )
        ]
        why = "one statement drops the key and adds the other; the table is built anew while writers pass"
        return (*(first if kept else ()), self._swapped(engine, table, (self.statement,), why))

    def _deploy(self, table: Table) -> Deploy:
        names = ", ".join(self.columns)
        return Deploy(
            title=f"every application version writes ({names}) of {table.name.name}, and finds its rows by either key",
            why="a row without a value there, and one that repeats another's, are refused from the next steps on",
        )

    def _swapped(self, engine: Engine, table: Table, statements: tuple[ddl.Statement, ...], why: str) -> Migration:
        old = table.primary_key.columns if table.primary_key else ()
        written, names = engine.quote_table(table.name), ", ".join(map(engine.quote, old))
        return Migration(
            title=f"make ({', '.join(self.columns)}) the primary key of {table.name.name} instead of ({', '.join(old)})",
            slug=f"change_primary_key_{table.name.name}",
            phase=Phase.CONTRACT,
            why=why,
            statements=statements,
            prechecks=(duplicates(engine, table.name, self.columns), *nulls(engine, table.name, self.columns)),
            undo=f"the same change back: change_primary_key of {written} to ({names})",
            warnings=(
                f"logical replication tells rows of {written} by the primary key: subscribers need the new one before this",
            ),
        )

    def _validation(self, engine: Engine, schema: Schema) -> tuple[Migration, ...]:
        references = tuple((child, key) for child, key in self._references(schema) if key.validated)
        if not references:
            return ()
        names = ", ".join(key.name for _, key in references)
        return (
            Migration(
                title=f"validate {names} again",
                slug=f"validate_{self.table.name}_references",
                phase=Phase.CONTRACT,
                why="rows that were there are tested while reads and writes pass; new ones were tested all the time",
                statements=tuple(ddl.ValidateConstraint(child.name, key.name) for child, key in references),
                transaction=False,
                undo="none needed: a validated constraint enforces nothing that the unvalidated one did not",
            ),
        )
