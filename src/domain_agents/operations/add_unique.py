"""Add a unique constraint: its index is built while writers pass, then taken over in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import Index, IndexKey, Unique
from domain_agents.engines import Can, Engine
from domain_agents.operations import Deploy, Migration, Operation, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request, index_key
from domain_agents.operations._keys import duplicates
from domain_agents.operations._partitioned import require_partition_key, unique_steps
from domain_agents.operations._unique_index import build_unique
from domain_agents.operations.create_index import CreateIndex

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName


@dataclass(frozen=True, slots=True)
class AddUnique:
    """No two rows may agree in these columns; a row with a NULL among them agrees with none.

    Where an engine cannot make a constraint of an index, `as_index` says that the unique index is all there will be: it
    refuses the same rows, and foreign keys may refer to it. `using_index` names an index that is there already.
    """

    kind: ClassVar[str] = "add_unique"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("name", "text"),
        Field("columns", "names", "column or (expression)"),
        Field("where", "expression", "among these rows only"),
    )
    table: TableName
    unique: Unique
    as_index: bool = False
    using_index: str = ""

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        if self.as_index:
            return ddl.CreateIndex(self._index)
        return ddl.AddConstraint(self.table, self.unique, self.using_index)

    @classmethod
    def from_change(cls, change: Change) -> Operation:
        """See Operation. No constraint takes expressions or a condition: a unique index does."""
        table, engine = change.table(), change.request.engine
        columns = change.names("columns", '["email"]')
        keys = tuple(map(index_key, columns))
        if change.word("where") or any(key.is_expression or key.suffix for key in keys):
            name = change.word("name") or engine.object_name(table, tuple(key.label for key in keys), "key")
            return CreateIndex.from_change(change.with_fields(unique=True, name=name))
        name = change.word("name") or engine.object_name(table, columns, "key")
        return cls(table, Unique(columns, name), not engine.can(Can.CONSTRAINT_USING_INDEX))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> AddUnique | None:
        """See Operation."""
        if not isinstance(statement, ddl.AddConstraint) or not isinstance(statement.constraint, Unique):
            return None
        unique, engine = statement.constraint, request.engine
        name = unique.name or engine.object_name(statement.table, unique.columns, "key")
        as_index = not engine.can(Can.CONSTRAINT_USING_INDEX)
        return cls(statement.table, replace(unique, name=name), as_index, statement.using_index)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        table = schema.table(self.table)
        if table is not None and any(one.name == self.unique.name for one in table.uniques):
            raise ddl.DoesNotApply(f"table {table.name} has a constraint {self.unique.name} already")
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        table = schema.table(self.table)
        if table is not None:
            require_partition_key(table, self.unique.columns, f"unique constraint {self.unique.name}", "columns")
        after = self.apply(schema)
        if self.using_index:
            return (self._take_over(engine, schema, after, self.using_index),)
        is_empty = situation.is_new_table or situation.size.rows == 0
        if is_empty or self.as_index:
            return (
                *(() if situation.is_new_table else (self._deploy(),)),
                self._direct(engine, after, is_empty=is_empty),
            )
        if table is not None and table.partitioned_by:
            first, *later = unique_steps(engine, schema, table, self.unique)
            return (self._deploy(), replace(first, prechecks=self._prechecks(engine)), *later)
        built = ddl.CreateIndex(self._index).apply(schema)
        return (
            self._deploy(),
            build_unique(engine, schema, self._index),
            self._take_over(engine, built, after, self.unique.name),
        )

    @property
    def _index(self) -> Index:
        """The index, by the constraint's own name: the server gives it that name in the end anyway."""
        keys = tuple(IndexKey(column) for column in self.unique.columns)
        return Index(self.unique.name, self.table, keys, unique=True)

    def _deploy(self) -> Deploy:
        columns = ", ".join(self.unique.columns)
        return Deploy(
            title=f"every application version can live with a refused duplicate of ({columns}) in {self.table.name}",
            why="an INSERT or UPDATE that makes a duplicate fails as soon as the index is being built, not only when it is "
            "complete",
        )

    def _prechecks(self, engine: Engine) -> tuple[Query, ...]:
        return (duplicates(engine, self.table, self.unique.columns),)

    def _direct(self, engine: Engine, after: Schema, *, is_empty: bool) -> Migration:
        undo: ddl.Statement = ddl.DropConstraint(self.table, self.unique.name)
        if self.as_index:
            undo = ddl.DropIndex(self.unique.name, schema=self.table.schema, table=self.table)
        return Migration(
            title=f"add unique {'index' if self.as_index else 'constraint'} {self.unique.name}",
            slug=f"add_unique_{self.unique.name}",
            phase=Phase.EXPAND,
            why="there is no row to compare yet" if is_empty else "the build holds back writes for as long as it takes",
            statements=(self.statement,),
            prechecks=() if is_empty else self._prechecks(engine),
            undo="; ".join(engine.spell(undo, after)),
            warnings=self._said_of_the_index(engine) if self.as_index else (),
        )

    def _said_of_the_index(self, engine: Engine) -> tuple[str, ...]:
        warning = (
            f"{self.unique.name} becomes a unique index, not a constraint in the table's text: it refuses the same rows, "
            f"and a constraint would have {engine.quote_table(self.table)} built anew"
        )
        return (warning,)

    def _take_over(self, engine: Engine, built: Schema, after: Schema, index: str) -> Migration:
        renamed = f"; the index {index} gets the constraint's name" if index != self.unique.name else ""
        return Migration(
            title=f"make the index {index} the constraint {self.unique.name}",
            slug=f"add_unique_{self.unique.name}",
            phase=Phase.EXPAND,
            why=f"the index is there and valid, so nothing is read or built{renamed}",
            statements=(ddl.AddConstraint(self.table, self.unique, using_index=index),),
            prechecks=() if not self.using_index else self._validations_of(engine, built),
            undo="; ".join(engine.spell(ddl.DropConstraint(self.table, self.unique.name), after))
            + " (the index goes with it)",
        )

    def _validations_of(self, engine: Engine, built: Schema) -> tuple[Query, ...]:
        found = built.index(self.using_index, self.table)
        sql = engine.index_validity_query(found) if found else ""
        return (Query(sql, "true", "an INVALID index is refused: build it again first"),) if sql else ()
