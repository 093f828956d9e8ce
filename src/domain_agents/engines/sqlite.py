"""SQLite from 3.35 on: what it can do, how it spells DDL, which lock it takes (there is one: on the whole file)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from domain_agents import ddl
from domain_agents.catalog import Check, ForeignKey, PrimaryKey, Schema, Table, TableName, Unique
from domain_agents.ddl import mentions
from domain_agents.engines import (
    Backfill,
    Blocks,
    Can,
    CannotSpell,
    Derivation,
    Effect,
    Relocation,
    Sync,
    TableSize,
    UnknownEngine,
)
from domain_agents.engines._reshaping import spelled_reshaping
from domain_agents.engines._sqlite_backfill import backfill_statements
from domain_agents.engines._sqlite_derivation import derived, derived_dropped, relocated, relocated_dropped
from domain_agents.engines._sqlite_rebuild import Rebuild, users_of_column
from domain_agents.engines._sqlite_sync import drop_statements, sync_statements
from domain_agents.engines._sqlite_text import (
    definition_of,
    enclosed,
    is_plain_default,
    written_column,
    written_constraint,
    written_create,
    written_index,
    written_name,
    written_table,
)
from domain_agents.engines._sqlite_tokens import tokens
from domain_agents.facts import locks, version_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.catalog import Index

DEFAULT_VERSION: Final = "3.40"
OLDEST_VERSION: Final = "3.35"
"""The first with DROP COLUMN; older ones are out of every distribution that is still maintained."""

_BUSY_TIMEOUT_MILLISECONDS: Final = 5_000
_INDEX_BYTES_PER_ROW: Final = 40
_CAPABILITIES: Final = frozenset(
    {
        Can.TRANSACTIONAL_DDL,
        Can.CONSTANT_DEFAULT_WITHOUT_REWRITE,
        Can.ADD_NOT_NULL_COLUMN,
        Can.LOCK_TIMEOUT,
        Can.TRIGGERS_ANSWER,
        Can.FOREIGN_KEY_TESTS_ROWS,
    }
)
# ALTER COLUMN SET and DROP NOT NULL, ADD and DROP CONSTRAINT for checks: https://www.sqlite.org/changes.html, 3.53.0
# (read 2026-11-20; run on 3.53.4 and 3.54.1).
_ALTERS_CONSTRAINTS: Final = (3, 53)


def at_version(version: str = "") -> SQLite:
    """SQLite at a version such as "3.40" or "3.40.1"; the default one when none is given.

    Raises:
        UnknownEngine: not a version of SQLite 3, or one before DROP COLUMN.
    """
    asked = version.strip() or DEFAULT_VERSION
    try:
        key = version_key(asked)
    except ValueError as error:
        raise UnknownEngine(f"sqlite: {error}") from error
    if key == (3,):
        return SQLite(DEFAULT_VERSION)
    if key[0] != 3 or key < version_key(OLDEST_VERSION):
        raise UnknownEngine(f"no facts for sqlite {asked!r}; there are facts for {OLDEST_VERSION} and newer (3.x)")
    return SQLite(asked)


@dataclass(frozen=True, slots=True)
class SQLite:
    """SQLite at one version."""

    version: str
    name: str = "sqlite"

    def can(self, capability: Can) -> bool:
        """See Engine."""
        if capability is Can.SET_NOT_NULL:
            return self._alters_constraints
        return capability in _CAPABILITIES

    @property
    def _alters_constraints(self) -> bool:
        return version_key(self.version) >= _ALTERS_CONSTRAINTS

    def quote(self, name: str) -> str:
        """See Engine."""
        return written_name(name)

    def quote_table(self, table: TableName) -> str:
        """See Engine."""
        return written_table(table)

    def object_name(self, table: TableName, columns: Sequence[str], kind: str) -> str:
        """See Engine. SQLite has no limit on a name's length."""
        return "_".join([table.name, *columns, kind])

    def stored_type(self, type_: str) -> str:
        """See Engine."""
        return type_

    def sequence_name(self, table: TableName, column: str) -> str:
        """See Engine."""
        return ""

    def refuses_transaction(self, statement: ddl.Statement, schema: Schema) -> bool:
        """See Engine. A rebuild opens its own transaction, because it must switch a pragma off before."""
        return self._rebuilds(statement, schema)

    def index_validity_query(self, index: Index) -> str:
        """See Engine. A build that fails leaves nothing."""
        return ""

    def index_usage_query(self, index: Index) -> str:
        """See Engine. SQLite keeps no such count; EXPLAIN QUERY PLAN of the application's queries tells."""
        return ""

    def sync_triggers(self, sync: Sync, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See Engine."""
        return sync_statements(sync, schema)

    def drop_sync_triggers(self, sync: Sync) -> tuple[ddl.Statement, ...]:
        """See Engine."""
        return drop_statements(sync)

    def reclaiming(self, table: TableName) -> str:
        """See Engine. https://www.sqlite.org/lang_vacuum.html."""
        return (
            "VACUUM writes the whole file anew, outside a transaction, while nobody else writes; it needs up to twice its "
            "space (VACUUM INTO makes a copy and keeps nobody waiting)"
        )

    def derivation_triggers(self, shape: Derivation | Relocation, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See Engine."""
        return derived(shape, schema) if isinstance(shape, Derivation) else relocated(shape)

    def drop_derivation_triggers(self, shape: Derivation | Relocation) -> tuple[ddl.Statement, ...]:
        """See Engine."""
        return derived_dropped(shape) if isinstance(shape, Derivation) else relocated_dropped(shape)

    def table_usage_query(self, table: TableName) -> str:
        """See Engine. SQLite keeps no such count."""
        return ""

    def cautions(self, statement: ddl.Statement) -> tuple[str, ...]:
        """See Engine."""
        return ()

    def session_guards(self, statements: Sequence[ddl.Statement], *, transaction: bool) -> tuple[str, ...]:
        """See Engine. Without it, a writer that meets another one fails at once with SQLITE_BUSY."""
        return (f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MILLISECONDS}",)

    def spell(self, statement: ddl.Statement, schema: Schema) -> tuple[str, ...]:
        """See Engine."""
        if isinstance(statement, ddl.ReshapeColumns | ddl.MoveColumn):
            return spelled_reshaping(self, statement, schema)
        if self._rebuilds(statement, schema):
            return self._rebuild(statement, schema).statements()
        match statement:
            case ddl.CreateTable(table=table, if_not_exists=if_not_exists):
                return (written_create(table, if_not_exists=if_not_exists),)
            case ddl.DropTable(table=name, if_exists=if_exists):
                return (f"DROP TABLE {'IF EXISTS ' if if_exists else ''}{written_table(name)}",)
            case ddl.CreateIndex(index=index, if_not_exists=if_not_exists):
                return (written_index(index, if_not_exists=if_not_exists),)
            case ddl.DropIndex(index=name, if_exists=if_exists, schema=owner):
                return (f"DROP INDEX {'IF EXISTS ' if if_exists else ''}{written_table(TableName(name, owner))}",)
            case ddl.RenameIndex():
                return _renamed_index(statement, schema)
            case ddl.KeepText(text=text) | ddl.Verbatim(text=text):
                return (text,)
            case ddl.DefineView(view=view):
                return (view.definition,)
            case ddl.DropView(table=name, if_exists=if_exists):
                return (f"DROP VIEW {'IF EXISTS ' if if_exists else ''}{written_table(name)}",)
            case ddl.NoCatalogChange():
                raise CannotSpell("the statement's own text is what runs; there is nothing to spell")
            case ddl.ValidateConstraint():
                raise CannotSpell("SQLite has no NOT VALID: a constraint is tested when it is added")
        return self._altered(statement, schema)

    def _altered(self, statement: ddl.Statement, schema: Schema) -> tuple[str, ...]:
        """What ALTER TABLE can do here."""
        name = getattr(statement, "table", None)
        if not isinstance(name, TableName):
            raise CannotSpell(f"SQLite has no statement for {type(statement).__name__}")
        alter = f"ALTER TABLE {written_table(name)}"
        match statement:
            case ddl.RenameTable(new_name=new_name):
                return (f"{alter} RENAME TO {written_name(new_name)}",)
            case ddl.RenameColumn(column=column, new_name=new_name):
                return (f"{alter} RENAME COLUMN {written_name(column)} TO {written_name(new_name)}",)
            case ddl.AddColumn(column=added, constraints=constraints, if_not_exists=if_not_exists):
                found = schema.table(name)
                if if_not_exists and found is not None and found.column(added.name) is not None:
                    return ()
                return (f"{alter} ADD COLUMN {written_column(added, constraints)}",)
            case ddl.DropColumn(column=column, if_exists=if_exists):
                found = schema.table(name)
                if if_exists and found is not None and found.column(column) is None:
                    return ()
                return (f"{alter} DROP COLUMN {written_name(column)}",)
            case ddl.SetNotNull(column=column):
                return (f"{alter} ALTER COLUMN {written_name(column)} SET NOT NULL",)
            case ddl.DropNotNull(column=column):
                return (f"{alter} ALTER COLUMN {written_name(column)} DROP NOT NULL",)
            case ddl.AddConstraint(constraint=constraint):
                return (f"{alter} ADD {written_constraint(constraint)}",)
            case ddl.DropConstraint(name=constraint_name, if_exists=if_exists):
                if if_exists and constraint_name not in _constraint_names(schema.table(name)):
                    return ()
                return (f"{alter} DROP CONSTRAINT {written_name(constraint_name)}",)
        raise CannotSpell(f"SQLite has no statement for {type(statement).__name__}")

    def _rebuilds(self, statement: ddl.Statement, schema: Schema) -> bool:
        """Whether ALTER TABLE cannot do it, so that the table is built anew."""
        name = getattr(statement, "table", None)
        table = schema.table(name) if isinstance(name, TableName) else None
        if table is None:
            return False
        match statement:
            case ddl.SetNotNull() | ddl.DropNotNull():
                return not self._alters_constraints
            case ddl.SetDefault() | ddl.ChangeType() | ddl.RenameConstraint():
                return True
            case ddl.AddConstraint(constraint=constraint):
                return not (self._alters_constraints and isinstance(constraint, Check))
            case ddl.DropConstraint(name=name, if_exists=if_exists):
                if if_exists and name not in _constraint_names(table):
                    return False
                return not (self._alters_constraints and any(check.name == name for check in table.checks))
            case ddl.AddColumn():
                return table.column(statement.column.name) is None and _needs_rows_written(statement)
            case ddl.DropColumn(column=column):
                return table.column(column) is not None and _is_held(table, column, schema)
        return False

    def _rebuild(self, statement: ddl.Statement, schema: Schema) -> Rebuild:
        if isinstance(statement, ddl.AddConstraint):
            self._refuse(statement)
        try:
            after_schema = statement.apply(schema)
        except ddl.DoesNotApply as error:
            raise CannotSpell(str(error)) from error
        before = schema.table(getattr(statement, "table", TableName("")))
        after = None if before is None else after_schema.table(before.name)
        if before is None or after is None:
            raise CannotSpell("the table is not in the schema at hand, and a rebuild starts from its CREATE TABLE")
        computed: dict[str, str] = {}
        if isinstance(statement, ddl.ChangeType) and statement.using is not None:
            computed[statement.column] = enclosed(statement.using)
        if isinstance(statement, ddl.ChangeType):
            _keep_the_rowid(before, statement)
        if isinstance(statement, ddl.DropNotNull):
            now = definition_of(after).table.column(statement.column)
            if now is not None and not now.nullable:
                name = f"{before.name}.{statement.column}"
                raise CannotSpell(
                    f"{name} is part of a key that never holds NULL: the rowid, or a STRICT or WITHOUT ROWID table's"
                )
        if isinstance(statement, ddl.DropColumn):
            users = users_of_column(before.name, statement.column, schema)
            users += tuple(c.name for c in after.columns if c.generated and mentions(c.generated, statement.column))
            if users:
                column = f"{before.name}.{statement.column}"
                raise CannotSpell(f"{', '.join(users)}: uses {column}; drop or change it first")
        return Rebuild(schema, after_schema, before, after, computed)

    @staticmethod
    def _refuse(statement: ddl.AddConstraint) -> None:
        constraint = statement.constraint
        if statement.using_index:
            raise CannotSpell(
                "SQLite cannot make a constraint from an index: the unique index alone does the same work"
            )
        if isinstance(constraint, Check | ForeignKey) and not constraint.validated:
            raise CannotSpell("SQLite has no NOT VALID: a constraint is tested when it is added")

    def spell_backfill(self, fill: Backfill, rows: int | None, schema: Schema) -> tuple[str, ...]:
        """See Engine."""
        found = schema.table(fill.table)
        if found is None:
            raise CannotSpell(f"there is no table {fill.table}")
        return backfill_statements(fill, found, rows, schema)

    def effect(
        self, statement: ddl.Statement, schema: Schema, size: TableSize, *, is_new_table: bool = False
    ) -> Effect:
        """See Engine."""
        form = self._form(statement, schema)
        fact = locks(self.name).form(form, self.version)
        rows = 0 if is_new_table else size.rows
        low, high = fact.seconds(rows)
        extra: int | None = 0
        if fact.rewrites_table and not is_new_table:
            # The copy in the file, and the same pages once more in the journal or the WAL.
            extra = None if size.bytes is None else 2 * size.bytes
        elif fact.builds_index and not is_new_table:
            extra = None if size.rows is None else size.rows * _INDEX_BYTES_PER_ROW
        return Effect(
            operation=form,
            lock=fact.lock,
            blocks=Blocks(fact.blocks),
            rewrites_table=fact.rewrites_table,
            scans_table=fact.scans_table,
            builds_index=fact.builds_index,
            seconds=(round(low, 2), round(high, 1)),
            extra_bytes=extra,
            sources=fact.sources,
        )

    def _form(self, statement: ddl.Statement, schema: Schema) -> str:
        """The statement's form among the facts."""
        if self._rebuilds(statement, schema):
            return "rebuild"
        match statement:
            case ddl.AddColumn(column=column, constraints=constraints):
                tests_rows = any(isinstance(constraint, Check) for constraint in constraints) or (
                    column.generated is not None and not column.nullable
                )
                return "add_column_check" if tests_rows else "add_column"
            case ddl.NoCatalogChange(kind=kind):
                return {"data": "write_rows", "batches": "write_batches", "copy": "rebuild"}.get(kind, "no_lock")
        return _FORMS.get(type(statement), "no_table_lock")


_FORMS: Final[dict[type, str]] = {
    ddl.CreateTable: "create_table",
    ddl.DropTable: "drop_table",
    ddl.RenameTable: "rename",
    ddl.RenameColumn: "rename",
    ddl.RenameIndex: "create_index",
    ddl.DropColumn: "drop_column",
    ddl.SetNotNull: "set_not_null",
    ddl.DropNotNull: "drop_not_null",
    ddl.AddConstraint: "add_check",
    ddl.DropConstraint: "drop_constraint",
    ddl.CreateIndex: "create_index",
    ddl.DropIndex: "drop_index",
    ddl.KeepText: "no_table_lock",
}


def _renamed_index(statement: ddl.RenameIndex, schema: Schema) -> tuple[str, ...]:
    index = schema.indexes.get(statement.index)
    if index is None:
        raise CannotSpell(
            f"there is no index {statement.index} in the schema at hand, and SQLite can only build it anew"
        )
    after = statement.apply(schema).indexes[statement.new_name]
    return (f"DROP INDEX {written_table(TableName(index.name, index.table.schema))}", written_index(after))


def _constraint_names(table: Table | None) -> set[str]:
    if table is None:
        return set()
    constraints: list[ddl.Constraint] = [*table.uniques, *table.checks, *table.foreign_keys]
    if table.primary_key:
        constraints.append(table.primary_key)
    return {constraint.name for constraint in constraints if constraint.name}


def _keep_the_rowid(before: Table, statement: ddl.ChangeType) -> None:
    """An INTEGER PRIMARY KEY of that very word is the rowid: 64 bits wide, and numbered where no value is given.

    https://www.sqlite.org/lang_createtable.html#rowid

    Raises:
        CannotSpell: its type would be another word.
    """
    key, column = before.primary_key, before.column(statement.column)
    is_rowid = key is not None and key.columns == (statement.column,) and column is not None
    if is_rowid and column is not None and column.type.upper() == "INTEGER" and statement.type.upper() != "INTEGER":
        raise CannotSpell(
            f"{before.name}.{statement.column} is an INTEGER PRIMARY KEY, which holds 64 bits already and numbers rows; "
            f"as {statement.type} it would do neither: leave it"
        )


def _needs_rows_written(statement: ddl.AddColumn) -> bool:
    """Whether ADD COLUMN refuses it on a table with rows (https://www.sqlite.org/lang_altertable.html, section 4)."""
    column, constraints = statement.column, statement.constraints
    if column.identity or any(isinstance(constraint, PrimaryKey | Unique) for constraint in constraints):
        return True
    if column.default is None:
        return False
    row = tokens(column.default)
    is_null = len(row) == 1 and row[0].is_word("NULL")
    is_now = any(token.is_word("CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME") for token in row)
    references = any(isinstance(constraint, ForeignKey) for constraint in constraints)
    return is_now or not is_plain_default(column.default) or (references and not is_null)


def _is_held(table: Table, column: str, schema: Schema) -> bool:
    """Whether DROP COLUMN refuses it, because a key, an index, a check or a generated column needs it (section 5)."""
    key = table.primary_key
    lists = [*([key.columns] if key else []), *(u.columns for u in table.uniques)]
    lists += [foreign_key.columns for foreign_key in table.foreign_keys]
    if any(column in columns for columns in lists):
        return True
    expressions = [check.expression for check in table.checks]
    expressions += [other.generated for other in table.columns if other.generated is not None and other.name != column]
    for index in schema.indexes_of(table.name):
        if column in index.columns:
            return True
        expressions += [one.text for one in index.keys if one.is_expression] + ([index.where] if index.where else [])
    return any(mentions(expression, column) for expression in expressions)
