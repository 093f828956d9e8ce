"""Another collation or character set: of a column, or of a whole table with all its texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.engines import Can, CannotSpell, Engine
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._undo import undone

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Schema, Table, TableName


@dataclass(frozen=True, slots=True)
class SetCollation:
    """How texts are compared, sorted and stored; without a column, of every text of the table and of those to come.

    `type` is a column's type where the request says it; empty keeps the one it has, but for the character set.
    """

    kind: ClassVar[str] = "set_collation"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("column", "text", "all texts of the table when left out"),
        Field("collation", "text"),
        Field("character_set", "text"),
    )
    table: TableName
    column: str
    collation: str | None
    character_set: str = ""
    type: str = ""

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        if not self.column:
            return ddl.ConvertTable(self.table, self.character_set, self.collation)
        return ddl.SetCollation(self.table, self.column, self.collation, self.type, self.character_set)

    @classmethod
    def from_change(cls, change: Change) -> SetCollation:
        """See Operation."""
        collation, charset = change.word("collation"), change.word("character_set")
        for field, name in (("collation", collation), ("character_set", charset)):
            if name and not name.replace("_", "").replace("-", "").replace(".", "").isalnum():
                raise change.fail(field, f"{name!r} is no name of one", "for example utf8mb4_bin")
        if not collation and not charset:
            raise change.fail(
                "collation", "is missing", 'for example "utf8mb4_bin"; or character_set, such as "utf8mb4"'
            )
        if not charset and not change.word("column"):
            charset = collation.partition("_")[0]
        return cls(change.table(), change.word("column"), collation or None, charset)

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> SetCollation | None:
        """See Operation."""
        match statement:
            case ddl.ConvertTable():
                return cls(statement.table, "", statement.collation, statement.character_set)
            case ddl.SetCollation():
                return cls(
                    statement.table, statement.column, statement.collation, statement.character_set, statement.type
                )
        return None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        table = schema.table(self.table)
        column = table.column(self.column) if table and self.column else None
        if column is not None and not ddl.is_text(self.type or column.type):
            raise ddl.DoesNotApply(f"{self.table}.{self.column} is {column.type}, which has no collation")
        after = self.statement.apply(schema)
        if after == schema:
            raise ddl.DoesNotApply(f"{self._label} has that collation already")
        return after

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        if not engine.can(Can.SET_COLLATION):
            raise CannotPlan(
                f"a collation of {self._label} is not changed in place here",
                field="collation",
                way_out="create an index whose keys say COLLATE, and say COLLATE in the queries; or a new column beside it",
            )
        after = self.apply(schema)
        table = schema.table(self.table)
        self._refuse_keys(engine, schema, table)
        is_empty = situation.is_new_table or situation.size.rows == 0
        effect = engine.effect(self.statement, schema, situation.size)
        change = Migration(
            title=f"set the collation of {self._label}",
            slug=f"collate_{self.table.name}_{self.column or 'table'}",
            phase=Phase.EXPAND if is_empty else Phase.CONTRACT,
            why=self._why(is_empty=is_empty, is_long=effect.is_long, rewrites=effect.rewrites_table),
            statements=(self.statement,),
            transaction=not engine.refuses_transaction(self.statement, schema),
            prechecks=() if is_empty or table is None else self._prechecks(engine, schema, table),
            undo=self._undo(engine, schema, after),
        )
        return (change,) if is_empty else (self._deploy(), change)

    @property
    def _label(self) -> str:
        return f"{self.table.name}.{self.column}" if self.column else f"all texts of {self.table.name}"

    @property
    def _words(self) -> str:
        return self.collation or self.character_set

    @staticmethod
    def _why(*, is_empty: bool, is_long: bool, rewrites: bool) -> str:
        if is_empty:
            return "there is no row to convert"
        if rewrites:
            return "every text is converted as the table is copied"
        if is_long:
            return "the rows stay as they are; the indexes on them are sorted anew while reads and writes pass"
        return "the rows stay as they are: the change is noted in the catalog"

    def _deploy(self) -> Deploy:
        return Deploy(
            title=f"every application version copes with {self._label} compared and sorted by {self._words}",
            why="what counts as equal, what a unique index refuses, and the order of results change in the next step; a "
            "comparison with a column of another collation may be refused (1267) or stop using its index",
        )

    def _refuse_keys(self, engine: Engine, schema: Schema, table: Table | None) -> None:
        """Foreign keys join columns of one collation.

        Raises:
            CannotPlan: one holds a column that would change.
        """
        if table is None:
            return
        names = {column.name for column in self._columns(table)}
        for child in schema.tables.values():
            for key in child.foreign_keys:
                parent = schema.table(key.parent)
                theirs = key.parent_columns or (parent.primary_key.columns if parent and parent.primary_key else ())
                if (child == table and names & set(key.columns)) or (parent == table and names & set(theirs)):
                    raise CannotPlan(
                        f"the foreign key {key.name or key.columns} of {child.name} joins texts of one collation, and "
                        f"holds {self._label}",
                        field="column" if self.column else "table",
                        way_out="drop it first, change both tables, and add it again: all in one request if you like",
                    )

    def _columns(self, table: Table) -> tuple[Column, ...]:
        if not self.column:
            return tuple(column for column in table.columns if ddl.is_text(column.type))
        column = table.column(self.column)
        return (column,) if column is not None else ()

    def _prechecks(self, engine: Engine, schema: Schema, table: Table) -> tuple[Query, ...]:
        """Texts that a unique key takes for equal from then on."""
        if not self.collation:
            return ()
        names = {column.name for column in self._columns(table)}
        keys = [unique.columns for unique in table.uniques]
        keys += [index.columns for index in schema.indexes_of(table.name) if index.unique and index.columns]
        keys += [table.primary_key.columns] if table.primary_key else []
        found: list[Query] = []
        for columns in dict.fromkeys(keys):
            if not names & set(columns):
                continue
            said = [self._collated(engine, table, one) if one in names else engine.quote(one) for one in columns]
            listed = ", ".join(said)
            sql = (
                f"SELECT {listed}, count(*) FROM {engine.quote_table(self.table)} GROUP BY {listed} HAVING count(*) > 1 "
                "LIMIT 20"
            )
            found.append(Query(sql, "no rows", f"texts that {self.collation} takes for equal stop the change (1062)"))
        return tuple(found)

    def _collated(self, engine: Engine, table: Table, name: str) -> str:
        charset = (self.collation or "").partition("_")[0]
        return f"CONVERT({engine.quote(name)} USING {charset}) COLLATE {self.collation}"

    def _undo(self, engine: Engine, schema: Schema, after: Schema) -> str:
        table = schema.table(self.table)
        column = table.column(self.column) if table and self.column else None
        if column is None:
            return f"a new change of {self._label} back; texts that the old character set does not have are lost"
        back = ddl.SetCollation(self.table, self.column, column.collation, column.type)
        try:
            return undone(engine, back, after, f"with the old collation of {self.column}")
        except CannotSpell:
            return f"a new change of {self._label} back"
