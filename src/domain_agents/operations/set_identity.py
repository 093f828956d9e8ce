"""Make a column an identity column, or one of the other kind: its numbers go on from where they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.engines import Can, Engine
from domain_agents.operations import CannotPlan, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._keys import has_index_on
from domain_agents.operations._not_null import not_null_steps
from domain_agents.operations._numbering import Numbering, is_integer, numbering_of

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Schema, Table, TableName

_KINDS = ("by default", "always")


@dataclass(frozen=True, slots=True)
class SetIdentity:
    """The server numbers the column: "always", or "by default" when a row does not say its number."""

    kind: ClassVar[str] = "set_identity"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("column", "text"),
        Field("generated", "text", '"by default" (when left out), or "always"'),
    )
    table: TableName
    column: str
    generated: str = "by default"

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.AddIdentity(self.table, self.column, self.generated)

    @classmethod
    def from_change(cls, change: Change) -> SetIdentity:
        """See Operation."""
        require_sequences(change.request.engine)
        generated = (change.word("generated") or "by default").strip().lower()
        if generated not in _KINDS:
            raise change.fail("generated", f"{generated!r} is no kind of identity", 'one of "by default", "always"')
        return cls(change.table(), change.text("column", '"id"'), generated)

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> SetIdentity | None:
        """See Operation."""
        if not isinstance(statement, ddl.AddIdentity | ddl.SetIdentity):
            return None
        return cls(statement.table, statement.column, statement.identity)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        table, column = self._found(schema)
        if column.identity == self.generated:
            raise ddl.DoesNotApply(f"{table.name}.{column.name} is generated {self.generated} as identity already")
        now = replace(column, identity=self.generated, nullable=False, default=None)
        return schema.with_table(table.with_column(now))

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        require_sequences(engine)
        self.apply(schema)
        table, column = self._found(schema)
        if column.identity:
            other = ddl.SetIdentity(self.table, self.column, self.generated)
            back = ddl.SetIdentity(self.table, self.column, column.identity)
            return (self._made(engine, schema, (other,), "; ".join(engine.spell(back, schema))),)
        numbering = numbering_of(engine, schema, table.name, column)
        self._refuse(schema, table, column, numbering, is_empty=situation.is_new_table or situation.size.rows == 0)
        tightening: list[Step] = []
        if column.nullable and not ddl.is_serial(column.type):
            tightening = list(not_null_steps(engine, schema, table.name, column.name))
            done = [one for step in tightening if isinstance(step, Migration) for one in step.statements]
            schema = ddl.apply_all(done, schema)
        undo = f"ALTER TABLE {engine.quote_table(table.name)} ALTER COLUMN {engine.quote(column.name)} DROP IDENTITY"
        statements = self._numbered(engine, table, column, numbering)
        told: tuple[str, ...] = ()
        if numbering is None and not situation.is_new_table:
            room = f"{_room(engine, column):,}"
            warning = (
                f"application versions that still number {table.name}.{column.name} themselves have room for {room} rows "
                "before they meet the identity's numbers: let the last of them end by then"
            )
            told = (warning,)
        made = self._made(engine, schema, statements, undo)
        return (*tightening, replace(made, warnings=(*made.warnings, *told)))

    def _found(self, schema: Schema) -> tuple[Table, Column]:
        table = schema.table(self.table)
        column = table.column(self.column) if table else None
        if table is None or column is None:
            raise ddl.DoesNotApply(f"table {self.table} has no column {self.column}")
        return table, column

    def _refuse(
        self, schema: Schema, table: Table, column: Column, numbering: Numbering | None, *, is_empty: bool
    ) -> None:
        label = f"{table.name}.{column.name}"
        if numbering is None and column.default is not None:
            raise CannotPlan(
                f"{label} has the default {column.default}, which an identity column cannot have besides",
                field="column",
                way_out="set_default without a default takes it away first",
            )
        if not is_integer(column.type) and not ddl.is_serial(column.type):
            raise CannotPlan(
                f"{label} is of type {column.type}; an identity counts in smallint, integer or bigint",
                field="column",
                way_out="change_type to bigint first",
            )
        if numbering is None and not is_empty and not has_index_on(schema, table, (column.name,)):
            raise CannotPlan(
                f"the numbers must go on behind the greatest one, and without an index on {label} that reads the whole "
                "table while nobody can use it",
                field="column",
                way_out=f"create_index on ({column.name}) first",
            )

    def _numbered(
        self, engine: Engine, table: Table, column: Column, numbering: Numbering | None
    ) -> tuple[ddl.Statement, ...]:
        own = engine.sequence_name(table.name, column.name)
        locked = ddl.LockTables((table.name,))
        if numbering is None:
            return (
                locked,
                ddl.AddIdentity(table.name, column.name, self.generated, own),
                ddl.ContinueIdentity(table.name, column.name, room=_room(engine, column)),
            )
        fresh = engine.sequence_name(table.name, f"{column.name}_new")
        # A sequence that other tables count with stays; the column's own one goes, and leaves its name.
        gone: tuple[ddl.Statement, ...] = ()
        if numbering.is_owned:
            name = engine.object_name(table.name, (column.name,), "seq")
            gone = (ddl.DropSequence(numbering.sequence), ddl.AlterSequence(fresh, new_name=name))
        return (
            locked,
            ddl.SetDefault(table.name, column.name, None),
            ddl.AddIdentity(table.name, column.name, self.generated, fresh),
            ddl.ContinueIdentity(table.name, column.name, after_sequence=numbering.sequence, sequence=fresh),
            *gone,
        )

    def _made(self, engine: Engine, schema: Schema, statements: tuple[ddl.Statement, ...], undo: str) -> Migration:
        warnings: tuple[str, ...] = ()
        if self.generated == "always":
            name = f"{engine.quote_table(self.table)}.{engine.quote(self.column)}"
            warnings = (f"an INSERT that says its own {name} is refused from here on, unless OVERRIDING SYSTEM VALUE",)
        return Migration(
            title=f"generate {self.table.name}.{self.column} {self.generated} as identity",
            slug=f"identity_{self.table.name}_{self.column}",
            phase=Phase.CONTRACT if self.generated == "always" else Phase.EXPAND,
            why="a note in the catalog: the values that there are stay, and the numbers go on behind them",
            statements=statements,
            transaction=not any(engine.refuses_transaction(one, schema) for one in statements),
            undo=undo,
            warnings=warnings,
        )


def _room(engine: Engine, column: Column) -> int:
    return 1_000 if engine.stored_type(column.type).lower() in ("smallint", "int2") else 1_000_000


def require_sequences(engine: Engine) -> None:
    """Refuse where a column has no sequence.

    Raises:
        CannotPlan: with what numbers rows there.
    """
    if not engine.can(Can.SEQUENCES):
        raise CannotPlan(
            f"{engine.name} has no GENERATED ... AS IDENTITY",
            field="kind",
            way_out="the primary key numbers rows there: AUTO_INCREMENT, or an INTEGER PRIMARY KEY",
        )
