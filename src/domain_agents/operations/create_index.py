"""Create an index while the application goes on writing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import Index
from domain_agents.engines import Blocks, Can, CannotSpell, ComputesKeys, Engine
from domain_agents.operations import CannotPlan, Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request, index_key
from domain_agents.operations._computed_keys import ComputedIndex, column_steps, computed
from domain_agents.operations._partitioned import index_steps, require_partition_key

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """A new index."""

    kind: ClassVar[str] = "create_index"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("name", "text"),
        Field("columns", "names", "column, column DESC or (expression)"),
        Field("unique", "flag"),
        Field("method", "text"),
        Field("include", "names"),
        Field("where", "expression"),
    )
    index: Index
    engine: Engine | None = field(default=None, repr=False, compare=False)

    @property
    def table(self) -> TableName:
        """See Operation."""
        return self.index.table

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.CreateIndex(self.index)

    @classmethod
    def from_change(cls, change: Change) -> CreateIndex:
        """See Operation."""
        table = change.table()
        keys = tuple(index_key(text) for text in change.names("columns", '["email"] or ["lower(email)"]'))
        for key in keys:
            if key.is_expression:
                change.checked("columns", key.text)
        labels = tuple(key.label for key in keys)
        return cls._for(
            Index(
                name=change.word("name") or change.request.engine.object_name(table, labels, "idx"),
                table=table,
                keys=keys,
                unique=change.flag("unique", default=False),
                method=change.word("method"),
                include=change.optional_names("include"),
                where=change.expression("where"),
            ),
            change.request.engine,
        )

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> CreateIndex | None:
        """See Operation."""
        return cls._for(statement.index, request.engine) if isinstance(statement, ddl.CreateIndex) else None

    @classmethod
    def _for(cls, index: Index, engine: Engine) -> CreateIndex:
        needs_columns = index.where is not None or any(key.is_expression for key in index.keys)
        made = _OverColumns if needs_columns and isinstance(engine, ComputesKeys) else cls
        return made(index, engine)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        made = self._computed(schema)
        return ddl.apply_all((*made.adding, ddl.CreateIndex(made.index)), schema)

    def _computed(self, schema: Schema) -> ComputedIndex:
        """The index as the engine can have it.

        Raises:
            DoesNotApply: no column can hold an expression of it.
        """
        try:
            return computed(self.engine, schema, self.index)
        except CannotSpell as error:
            raise ddl.DoesNotApply(str(error)) from error

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        if self.index.unique and self.index.include and not engine.can(Can.INDEX_INCLUDES):
            raise CannotPlan(
                "an index has no INCLUDE here, and columns among the keys of a unique index would be kept unique too",
                field="include",
                way_out="leave it out, and create a second index, not unique, with all columns as keys",
            )
        self.apply(schema)
        made = self._computed(schema)
        if made.index != self.index:
            plain = replace(self, index=made.index)
            steps = plain.steps(engine, ddl.apply_all(made.adding, schema), situation)
            checked = tuple(
                replace(one, prechecks=self._prechecks(engine)) if isinstance(one, Migration) else one for one in steps
            )
            return (*column_steps(engine, schema, made), *checked)
        table = schema.table(self.table)
        is_empty = situation.is_new_table or situation.size.rows == 0
        concurrently = engine.can(Can.CONCURRENT_INDEX_BUILD) and not is_empty
        if self.index.unique and table is not None:
            require_partition_key(table, self.index.columns, f"unique index {self.index.name}", "columns")
        if concurrently and table is not None and table.partitioned_by:
            return index_steps(engine, schema, self.index, self._prechecks(engine))
        create = ddl.CreateIndex(self.index, concurrently=concurrently)
        writes_pass = engine.effect(create, schema, situation.size).blocks is Blocks.NONE
        statements: tuple[ddl.Statement, ...] = (create,)
        drop = ddl.DropIndex(
            self.index.name,
            concurrently=concurrently,
            if_exists=concurrently,
            schema=self.table.schema,
            table=self.table,
        )
        if concurrently:
            # A build that failed leaves an INVALID index under this name; IF NOT EXISTS would take it for the real one.
            statements = (drop, create)
        return (
            Migration(
                title=f"create {'unique ' if self.index.unique else ''}index {self.index.name}",
                slug=f"create_{self.index.name}",
                phase=Phase.EXPAND,
                why=self._why(concurrently=concurrently, is_empty=is_empty, writes_pass=writes_pass),
                statements=statements,
                transaction=not concurrently,
                prechecks=self._prechecks(engine),
                validations=self._validations(engine),
                undo="; ".join(engine.spell(drop, schema)),
            ),
        )

    def _why(self, *, concurrently: bool, is_empty: bool, writes_pass: bool) -> str:
        if is_empty:
            return "there is no row to build it from yet"
        if concurrently:
            return (
                "reads and writes pass while the index is built; the leftover of a failed build is dropped first, "
                "so the file can simply be run again"
            )
        if writes_pass:
            return "reads and writes pass while the index is built; a build that fails leaves nothing behind"
        return "the build holds back writes to the table for as long as it takes"

    def _prechecks(self, engine: Engine) -> tuple[Query, ...]:
        if not self.index.unique:
            return ()
        keys = ", ".join(f"({k.text})" if k.is_expression else engine.quote(k.text) for k in self.index.keys)
        where = f" WHERE {self.index.where}" if self.index.where is not None else ""
        sql = (
            f"SELECT {keys}, count(*) FROM {engine.quote_table(self.table)}{where} "
            f"GROUP BY {keys} HAVING count(*) > 1 LIMIT 20"
        )
        return (Query(sql, "no rows", "duplicates make the build fail (rows with a NULL key do not count)"),)

    def _validations(self, engine: Engine) -> tuple[Query, ...]:
        sql = engine.index_validity_query(self.index)
        why = "a build that failed leaves an INVALID index: run the file again"
        return (Query(sql, "true", why),) if sql else ()


class _OverColumns(CreateIndex):
    """One whose expressions and condition stand in columns of their own, which come first."""

    __slots__ = ()

    def making_way(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See MakesWay."""
        return self._computed(schema).adding
