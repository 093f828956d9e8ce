"""Drop a constraint: unique, check, foreign key or primary key, by its name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import Check, ForeignKey, Index, IndexKey, PrimaryKey, Unique
from domain_agents.engines import Can, Engine
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._keys import constraint_of, has_unique_on

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, Table, TableName


@dataclass(frozen=True, slots=True)
class DropConstraint:
    """A constraint that nothing enforces any more."""

    kind: ClassVar[str] = "drop_constraint"
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("name", "text"),)
    table: TableName
    name: str

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.DropConstraint(self.table, self.name)

    @classmethod
    def from_change(cls, change: Change) -> DropConstraint:
        """See Operation."""
        return cls(change.table(), change.text("name", '"orders_user_id_fkey"'))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> DropConstraint | None:
        """See Operation. IF EXISTS is left out: a constraint that is not there has another name."""
        return cls(statement.table, statement.name) if isinstance(statement, ddl.DropConstraint) else None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        after = self.apply(schema)
        table = schema.table(self.table)
        constraint = constraint_of(table, self.name) if table else None
        if table is None or constraint is None:
            raise ddl.DoesNotApply(f"table {self.table} has no constraint {self.name}")
        self._refuse_what_keys_need(schema, after, table, constraint)
        rebuilds = engine.refuses_transaction(self.statement, schema)
        drop = Migration(
            title=f"drop constraint {self.name}",
            slug=f"drop_constraint_{self.name}",
            phase=Phase.CONTRACT,
            why="the table is built anew without it" if rebuilds else "a change of the catalog: no row is read",
            statements=(self.statement,),
            transaction=not rebuilds,
            undo=self._undo(engine, schema, after, constraint),
            warnings=() if situation.is_new_table else self._warnings(engine, constraint),
        )
        deploy = None if situation.is_new_table else self._deploy(constraint)
        return (deploy, drop) if deploy else (drop,)

    def _refuse_what_keys_need(self, schema: Schema, after: Schema, table: Table, constraint: ddl.Constraint) -> None:
        if not isinstance(constraint, PrimaryKey | Unique):
            return
        left = after.table(table.name)
        for child in schema.tables.values():
            for key in child.foreign_keys:
                if schema.table(key.parent) != table or left is None:
                    continue
                columns = key.parent_columns or (table.primary_key.columns if table.primary_key else ())
                if set(columns) == set(constraint.columns) and not has_unique_on(after, left, columns):
                    raise CannotPlan(
                        f"the foreign key {key.name or key.columns} of {child.name} refers to {self.name}",
                        field="name",
                        way_out="drop that foreign key first, in the same request if you like",
                    )

    def _deploy(self, constraint: ddl.Constraint) -> Deploy | None:
        match constraint:
            case PrimaryKey() | Unique():
                columns = ", ".join(constraint.columns)
                return Deploy(
                    title=f"no application version relies on ({columns}) of {self.table.name} being unique",
                    why="ON CONFLICT on these columns, and code that expects a duplicate to be refused, fail from the next "
                    "step on",
                )
            case ForeignKey(on_delete=action) if action != "NO ACTION":
                return Deploy(
                    title=f"the application deletes or changes the rows of {self.table.name} itself",
                    why=f"ON DELETE {action} goes with the key: nothing happens to these rows when their parent is deleted",
                )
        return None

    def _warnings(self, engine: Engine, constraint: ddl.Constraint) -> tuple[str, ...]:
        return (self._warning(engine, engine.quote_table(self.table), constraint),)

    @staticmethod
    def _warning(engine: Engine, written: str, constraint: ddl.Constraint) -> str:
        match constraint:
            case PrimaryKey():
                return (
                    f"{written} has no primary key from here on: logical replication refuses its UPDATE and DELETE, and no "
                    "backfill can walk along it"
                )
            case Unique(columns=columns):
                return (
                    f"nothing keeps ({', '.join(map(engine.quote, columns))}) of {written} unique from here on; the index "
                    "goes with the constraint, and queries by it read the whole table unless another one serves them"
                )
            case ForeignKey(parent=parent):
                stays = "; the index that it made for itself stays" if engine.can(Can.FOREIGN_KEY_BRINGS_INDEX) else ""
                of = engine.quote_table(parent)
                return f"nobody refuses rows of {written} without a parent in {of} from here on{stays}"
            case Check(expression=expression):
                return f"nobody refuses rows of {written} that break {expression} from here on"

    def _undo(self, engine: Engine, schema: Schema, after: Schema, constraint: ddl.Constraint) -> str:
        again = ddl.AddConstraint(self.table, constraint)
        if engine.refuses_transaction(again, after):
            return f"a new migration that rebuilds {engine.quote_table(self.table)} with {self.name} again"
        statements: list[ddl.Statement] = [again]
        if isinstance(constraint, PrimaryKey | Unique) and engine.can(Can.CONSTRAINT_USING_INDEX):
            keys = tuple(IndexKey(column) for column in constraint.columns)
            index = Index(self.name, self.table, keys, unique=True)
            statements = [ddl.CreateIndex(index, concurrently=engine.can(Can.CONCURRENT_INDEX_BUILD)), again]
            statements[1] = replace(again, using_index=self.name)
        elif isinstance(constraint, Check | ForeignKey) and engine.can(Can.CONSTRAINT_NOT_VALID):
            statements = [ddl.AddConstraint(self.table, replace(constraint, validated=False))]
            statements += [ddl.ValidateConstraint(self.table, self.name)] if constraint.validated else []
        spelled: list[str] = []
        for statement in statements:
            spelled += engine.spell(statement, after)
            after = statement.apply(after)
        return "; ".join(spelled) + " (each by itself)" if len(spelled) > 1 else spelled[0]
