"""Add a foreign key: enforced for new rows first, existing rows tested afterwards without holding writers back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final

from domain_agents import ddl
from domain_agents.catalog import ForeignKey
from domain_agents.engines import Can, Engine
from domain_agents.operations import Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request
from domain_agents.operations._keys import has_index_on
from domain_agents.operations._keys import orphans as orphans_of
from domain_agents.operations._partitioned import foreign_key_steps

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName

_ACTIONS: Final = ("NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT")


def _action(change: Change, field: str) -> str:
    action = (change.word(field) or _ACTIONS[0]).upper().replace("_", " ")
    if action not in _ACTIONS:
        raise change.fail(field, "there is no such action", f"one of {', '.join(_ACTIONS)}")
    return action


@dataclass(frozen=True, slots=True)
class AddForeignKey:
    """A new foreign key."""

    kind: ClassVar[str] = "add_foreign_key"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("name", "text"),
        Field("columns", "names"),
        Field("parent", "text"),
        Field("parent_columns", "names"),
        Field("on_delete", "text"),
        Field("on_update", "text"),
    )
    table: TableName
    key: ForeignKey

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.AddConstraint(self.table, replace(self.key, validated=True))

    @classmethod
    def from_change(cls, change: Change) -> AddForeignKey:
        """See Operation."""
        table = change.table()
        columns, parent_columns = change.names("columns", '["user_id"]'), change.optional_names("parent_columns")
        if parent_columns and len(parent_columns) != len(columns):
            way_out = "leave it out for the parent's primary key"
            raise change.fail("parent_columns", "must be as many as columns", way_out)
        key = ForeignKey(
            columns=columns,
            parent=change.table("parent"),
            parent_columns=parent_columns,
            name=change.word("name") or change.request.engine.object_name(table, columns, "fkey"),
            on_delete=_action(change, "on_delete"),
            on_update=_action(change, "on_update"),
        )
        return cls(table, key)

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> AddForeignKey | None:
        """See Operation."""
        if not isinstance(statement, ddl.AddConstraint) or not isinstance(statement.constraint, ForeignKey):
            return None
        key = statement.constraint
        name = key.name or request.engine.object_name(statement.table, key.columns, "fkey")
        return cls(statement.table, replace(key, name=name, validated=True))

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        if schema.table(self.key.parent) is None:
            raise ddl.DoesNotApply(f"there is no table {self.key.parent} to reference")
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        table = schema.table(self.table)
        is_empty = situation.is_new_table or situation.size.rows == 0
        orphans = orphans_of(engine, schema, self.table, self.key)
        undo = self._undo(engine, schema)
        name = self.key.name
        warnings = self._warnings(engine, schema)
        if is_empty or not engine.can(Can.CONSTRAINT_NOT_VALID):
            return (
                Migration(
                    title=f"add foreign key {name}",
                    slug=f"add_{name}",
                    phase=Phase.EXPAND,
                    why="the table is empty" if is_empty else self._why(engine),
                    statements=(self.statement,),
                    transaction=not engine.refuses_transaction(self.statement, schema),
                    prechecks=() if is_empty else orphans,
                    validations=() if is_empty or engine.can(Can.FOREIGN_KEY_TESTS_ROWS) else orphans,
                    undo=undo,
                    warnings=warnings,
                ),
            )
        if table is not None and table.partitioned_by and not engine.can(Can.FOREIGN_KEY_NOT_VALID_ON_PARTITIONED):
            return foreign_key_steps(engine, schema, table, self.key, orphans, warnings)
        return (
            Migration(
                title=f"add foreign key {name}, not yet validated",
                slug=f"add_{name}",
                phase=Phase.EXPAND,
                why=f"new and changed rows are checked from here on; {self.table} and {self.key.parent} are locked "
                "against writes for milliseconds, reads pass",
                statements=(ddl.AddConstraint(self.table, replace(self.key, validated=False)),),
                undo=undo,
                warnings=warnings,
            ),
            Migration(
                title=f"validate foreign key {name}",
                slug=f"validate_{name}",
                phase=Phase.CONTRACT,
                why="existing rows are tested while reads and writes pass, in a transaction of its own",
                statements=(ddl.ValidateConstraint(self.table, name),),
                prechecks=orphans,
                undo="none needed: a validated key enforces nothing that the unvalidated one did not",
            ),
        )

    @staticmethod
    def _why(engine: Engine) -> str:
        if engine.can(Can.FOREIGN_KEY_TESTS_ROWS):
            return "every existing row is tested while the key is added"
        return (
            "new and changed rows are checked from here on; the server does not test the rows that are there, so they "
            "are checked by the query before and once more after"
        )

    def _undo(self, engine: Engine, schema: Schema) -> str:
        if not engine.can(Can.ADD_FOREIGN_KEY):
            return f"a new migration that rebuilds {engine.quote_table(self.table)} without the key {self.key.name}"
        return "; ".join(engine.spell(ddl.DropConstraint(self.table, self.key.name), self.apply(schema)))

    def _warnings(self, engine: Engine, schema: Schema) -> tuple[str, ...]:
        table, columns = schema.table(self.table), self.key.columns
        if table is None or engine.can(Can.FOREIGN_KEY_BRINGS_INDEX):
            return ()
        if has_index_on(schema, table, columns):
            return ()
        names = ", ".join(map(engine.quote, columns))
        warning = (
            f"no index of {engine.quote_table(self.table)} begins with ({names}): every DELETE of a row in "
            f"{engine.quote_table(self.key.parent)} reads the whole table; create the index first"
        )
        return (warning,)
