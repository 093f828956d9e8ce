"""Drop an index while the application goes on, after looking whether anything still uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import TableName
from domain_agents.engines import Can, Engine
from domain_agents.operations import CannotPlan, Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._keys import has_index_on, has_unique_on, holder_of

if TYPE_CHECKING:
    from domain_agents.catalog import Index, Schema, Table


@dataclass(frozen=True, slots=True)
class DropIndex:
    """An index that goes. `owner` is its table where the request says it: DDL names the index alone."""

    kind: ClassVar[str] = "drop_index"
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("name", "text"),)
    name: str
    schema: str = ""
    owner: TableName | None = None

    @property
    def table(self) -> TableName:
        """See Operation. Without an owner, planning finds the table by the statement."""
        return self.owner or TableName(self.name, self.schema)

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.DropIndex(self.name, schema=self.schema, table=self.owner)

    @classmethod
    def from_change(cls, change: Change) -> DropIndex:
        """See Operation."""
        table = change.table()
        return cls(change.text("name", '"users_email_idx"'), table.schema, table)

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> DropIndex | None:
        """See Operation. IF EXISTS is left out: an index that is not there has another name."""
        if not isinstance(statement, ddl.DropIndex):
            return None
        return cls(statement.index, statement.schema, statement.table)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        self._found(schema)
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        index, table = self._found(schema)
        after = self.apply(schema)
        self._refuse_what_keys_need(engine, schema, after, index, table)
        is_partitioned = bool(table.partitioned_by)
        concurrently = engine.can(Can.CONCURRENT_INDEX_BUILD) and not situation.is_new_table and not is_partitioned
        # Outside a transaction the file can be cut off between the drop and its entry in a ledger, and is run again then.
        drop = ddl.DropIndex(self.name, concurrently, concurrently, self.schema, self.owner)
        again = ddl.CreateIndex(index, concurrently=concurrently)
        return (
            Migration(
                title=f"drop index {self.name}",
                slug=f"drop_{self.name}",
                phase=Phase.CONTRACT,
                why=self._why(concurrently=concurrently, is_new=situation.is_new_table),
                statements=(drop,),
                transaction=not concurrently,
                prechecks=() if situation.is_new_table else self._prechecks(engine, index),
                undo="; ".join(engine.spell(again, after)),
                warnings=self._warnings(engine, after, index, table),
            ),
        )

    def _found(self, schema: Schema) -> tuple[Index, Table]:
        index = schema.index(self.name, self.owner)
        if index is None:
            holder = holder_of(schema, self.name)
            if holder is not None:
                raise ddl.DoesNotApply(
                    f"{self.name} is the index of a constraint of {holder.name}: drop the constraint, and it goes along"
                )
            raise ddl.DoesNotApply(f"there is no index {self.name}")
        table = schema.table(index.table)
        if table is None:
            raise ddl.DoesNotApply(f"there is no table {index.table}")
        if self.owner is not None and schema.table(self.owner) != table:
            raise ddl.DoesNotApply(f"index {self.name} is on table {index.table}, not on {self.owner}")
        return index, table

    def _refuse_what_keys_need(self, engine: Engine, schema: Schema, after: Schema, index: Index, table: Table) -> None:
        if engine.can(Can.FOREIGN_KEY_BRINGS_INDEX):
            for key in table.foreign_keys:
                if index.columns[: len(key.columns)] == key.columns and not has_index_on(after, table, key.columns):
                    raise CannotPlan(
                        f"the foreign key {key.name or key.columns} of {table.name} needs {self.name}: no other index "
                        "begins with its columns, and the server refuses to drop it (1553)",
                        field="name",
                        way_out="drop that foreign key first, or create another index that begins with its columns",
                    )
        if not index.unique:
            return
        for child in schema.tables.values():
            for key in child.foreign_keys:
                if schema.table(key.parent) != table or set(key.parent_columns) != set(index.columns):
                    continue
                if not has_unique_on(after, table, key.parent_columns):
                    raise CannotPlan(
                        f"the foreign key {key.name or key.columns} of {child.name} needs {self.name}: nothing else keeps "
                        f"the columns that it refers to unique",
                        field="name",
                        way_out="drop that foreign key first, or create another unique index on the same columns",
                    )

    @staticmethod
    def _why(*, concurrently: bool, is_new: bool) -> str:
        if is_new:
            return "nobody uses the table yet"
        if concurrently:
            return "reads and writes pass; queries that have begun end with the index, later ones do without"
        return "the index is gone in milliseconds, once no statement is running on the table"

    @staticmethod
    def _prechecks(engine: Engine, index: Index) -> tuple[Query, ...]:
        sql = engine.index_usage_query(index)
        why = "an index that is still read makes its queries read the whole table once it is gone; ask on every replica too"
        return (Query(sql, "the same number as some days before", why),) if sql else ()

    def _warnings(self, engine: Engine, after: Schema, index: Index, table: Table) -> tuple[str, ...]:
        written = engine.quote_table(self.table if self.owner else index.table)
        found: list[str] = []
        if index.unique:
            keys = ", ".join(f"({key.text})" if key.is_expression else engine.quote(key.text) for key in index.keys)
            found.append(f"nothing keeps ({keys}) of {written} unique from here on, and ON CONFLICT on it fails")
        for key in table.foreign_keys:
            if not has_index_on(after, table, key.columns):
                columns = ", ".join(map(engine.quote, key.columns))
                found.append(
                    f"no index of {written} begins with ({columns}) any more: every DELETE of a row in "
                    f"{engine.quote_table(key.parent)} reads the whole table"
                )
        if table.partitioned_by and engine.can(Can.CONCURRENT_INDEX_BUILD):
            found.append(
                f"{written} is partitioned, where an index cannot be dropped concurrently: the drop waits for every "
                "statement on the table and its partitions, and holds up those that come after it meanwhile"
            )
        return tuple(found)
