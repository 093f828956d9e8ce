"""Add a column: nullable, with a default, or NOT NULL with the existing rows filled in batches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import Column
from domain_agents.engines import Can, Engine
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._backfill import backfill_step
from domain_agents.operations._not_null import not_null_steps
from domain_agents.operations._numbered_column import as_stored, numbered_steps, sequence_first, sequence_owned
from domain_agents.operations.set_identity import require_sequences

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName


@dataclass(frozen=True, slots=True)
class AddColumn:
    """A new column.

    `backfill` is the SQL expression that existing rows get; `default_is_volatile` says that the default may differ from
    row to row, which on a big table means writing every row.
    """

    kind: ClassVar[str] = "add_column"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("column", "text"),
        Field("type", "text"),
        Field("nullable", "flag"),
        Field("default", "expression"),
        Field("backfill", "expression", "value of existing rows"),
        Field("identity", "text", '"by default" or "always": numbered by the server'),
    )
    table: TableName
    column: Column
    backfill: str | None = None
    default_is_volatile: bool = False
    stored: Column | None = None
    """What the server makes of the column, where its type is a shorthand (serial)."""

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return self.column.name

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.AddColumn(self.table, self.column, default_is_volatile=self.default_is_volatile)

    @classmethod
    def from_change(cls, change: Change) -> AddColumn:
        """See Operation."""
        table, default = change.table(), change.expression("default")
        identity = (change.word("identity")).strip().lower()
        if identity:
            require_sequences(change.request.engine)
        if identity not in ("", "by default", "always"):
            raise change.fail("identity", f"{identity!r} is no kind of identity", 'one of "by default", "always"')
        column = Column(
            name=change.text("column", '"locale"'),
            type=change.text("type", '"text"').strip(),
            nullable=change.flag("nullable", default=not identity) and not identity,
            default=default,
            identity=identity,
        )
        volatile = default is not None and change.request.expressions.is_volatile(default)
        stored = as_stored(change.request.engine, table, column)
        return cls(table, column, change.backfill(table, column.name), volatile, stored)

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> AddColumn | None:
        """See Operation."""
        if not isinstance(statement, ddl.AddColumn) or statement.constraints:
            return None
        backfill = request.backfill_for(statement.table, statement.column.name)
        stored = as_stored(request.engine, statement.table, statement.column)
        return cls(statement.table, statement.column, backfill, statement.default_is_volatile, stored)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return ddl.AddColumn(self.table, self.stored or self.column).apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        if engine.can(Can.SEQUENCES) and (self.column.identity or ddl.is_serial(self.column.type)):
            return self._numbered(engine, schema, situation)
        if self._is_one_statement(engine, schema, situation):
            return (self._direct(engine, schema),)
        column = self.column
        if self._filled_with is None:
            raise CannotPlan(
                f"{self.table}.{column.name} is NOT NULL without a default: existing rows need a value",
                field="backfill",
                way_out=f'give "backfill": {{"{self.table.name}.{column.name}": "<SQL expression>"}} (or a default)',
            )
        steps: list[Step] = [self._expand(engine, schema)]
        if column.default is None or not column.nullable:
            steps.append(self._deploy())
        steps.append(self._fill(engine, schema))
        if not column.nullable:
            with_column = ddl.AddColumn(self.table, replace(column, nullable=True)).apply(schema)
            steps += not_null_steps(engine, with_column, self.table, column.name)
        return tuple(steps)

    def _numbered(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """A column that the server numbers: with rows there, each gets its number in batches."""
        if self.backfill is not None:
            raise CannotPlan(
                f"{self.table}.{self.column.name} is numbered by the server, and `backfill` would number it otherwise",
                field="backfill",
                way_out="leave `backfill` out; or add a plain bigint column with it, and set_identity afterwards",
            )
        if not (situation.is_new_table or situation.size.rows == 0):
            return numbered_steps(engine, schema, self.table, self.column)
        direct = self._direct(engine, schema)
        stored = ddl.AddColumn(self.table, self.stored or self.column, default_is_volatile=not self.column.identity)
        first = sequence_first(engine, self.table, self.column)
        return (replace(direct, statements=(*first, stored, *sequence_owned(engine, self.table, self.column))),)

    @property
    def _filled_with(self) -> str | None:
        """What existing rows get: the backfill, or a default that must be computed row by row."""
        return self.backfill or self.column.default

    def _is_one_statement(self, engine: Engine, schema: Schema, situation: Situation) -> bool:
        """Whether one ADD COLUMN does it without touching the rows, or the engine builds the table anew in any case."""
        if situation.is_new_table or situation.size.rows == 0:
            return True
        if self.backfill is not None:
            return False
        default = self.column.default
        if default is None:
            return self.column.nullable
        if engine.refuses_transaction(self.statement, schema):
            return True
        return not self.default_is_volatile and engine.can(Can.CONSTANT_DEFAULT_WITHOUT_REWRITE)

    def _name(self, engine: Engine) -> str:
        return f"{engine.quote_table(self.table)}.{engine.quote(self.column.name)}"

    def _undo(self, engine: Engine, schema: Schema) -> str:
        return "; ".join(engine.spell(ddl.DropColumn(self.table, self.column.name), self.apply(schema)))

    def _direct(self, engine: Engine, schema: Schema) -> Migration:
        kind = "nullable" if self.column.nullable else "NOT NULL"
        return Migration(
            title=f"add {self.table.name}.{self.column.name}",
            slug=f"add_{self.table.name}_{self.column.name}",
            phase=Phase.EXPAND,
            why=f"{self._name(engine)} is added as {kind}; existing rows are not touched",
            statements=(self.statement,),
            transaction=not engine.refuses_transaction(self.statement, schema),
            undo=self._undo(engine, schema),
            undo_loses_data=True,
        )

    def _expand(self, engine: Engine, schema: Schema) -> Migration:
        """The column as the old application can live with it; the default goes on apart, so that no row is written."""
        bare = replace(self.column, nullable=True, default=None)
        statements: list[ddl.Statement] = [ddl.AddColumn(self.table, bare)]
        if self.column.default is not None:
            statements.append(ddl.SetDefault(self.table, self.column.name, self.column.default))
        return Migration(
            title=f"add {self.table.name}.{self.column.name}, nullable for now",
            slug=f"add_{self.table.name}_{self.column.name}",
            phase=Phase.EXPAND,
            why=f"{self._name(engine)} is added without touching a row; the running application does not notice",
            statements=tuple(statements),
            undo=self._undo(engine, schema),
            undo_loses_data=True,
        )

    def _deploy(self) -> Deploy:
        column = f"{self.table.name}.{self.column.name}"
        if self.column.default is not None:
            why = f"new rows get the default; no code may write NULL to {column} from here on"
        else:
            why = f"every INSERT and UPDATE that makes a row must set {column}, or the last step fails on its rows"
        return Deploy(title=f"the application that writes {column} is live everywhere", why=why)

    def _fill(self, engine: Engine, schema: Schema) -> Migration:
        return backfill_step(
            engine,
            schema,
            self.table,
            self.column.name,
            str(self._filled_with),
            expect="0, or the rows whose value is NULL on purpose" if self.column.nullable else "0",
            undo=self._undo(engine, schema),
        )
