"""What MySQL and MariaDB share: names, the spelling of DDL with its ALGORITHM and LOCK, effects from the facts.

The clause is always written. A server that cannot carry the statement out as the plan says then refuses it; without the
clause it would copy the table without a word, with everybody waiting.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from domain_agents import ddl
from domain_agents.catalog import Check, Column, ForeignKey, Index, PrimaryKey, Schema, TableName, Unique
from domain_agents.engines import Blocks, Can, CannotSpell, Effect, Sync, TableSize
from domain_agents.engines._mysql_backfill import backfill_statements
from domain_agents.engines._mysql_defaults import written_default
from domain_agents.engines._mysql_forms import BLOCKING_METHODS, ColumnChange, changed_column, form_of, needs_length
from domain_agents.facts import Fact, locks

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_NAME: Final = 64
"""Characters (https://dev.mysql.com/doc/refman/8.4/en/identifier-length.html)."""

_REPLICAS: Final = (
    "a replica applies a rebuild or an index build only after the primary has finished it, and everything else waits "
    "behind it there: expect replication lag of about its duration"
)
_UNTESTED: Final = (
    "with foreign_key_checks off the server does not look at the rows that are there: what was written without a parent "
    "until then stays, and only the check after this step finds it"
)
_ROUTINES: Final = "the backfill is a stored procedure: whoever runs it needs CREATE ROUTINE, ALTER ROUTINE and EXECUTE"
SHARED_CAPABILITIES: Final = frozenset(
    {
        Can.SET_NOT_NULL,
        Can.ADD_FOREIGN_KEY,
        Can.CONSTANT_DEFAULT_WITHOUT_REWRITE,
        Can.ADD_NOT_NULL_COLUMN,
        Can.CONCURRENT_WRITES,
        Can.PROCEDURES_THAT_COMMIT,
        Can.LOCK_TIMEOUT,
        Can.FOREIGN_KEY_BRINGS_INDEX,
    }
)
_INDEX_BYTES_PER_ROW: Final = 40
_UNKNOWN_ROWS: Final = 1_000_000
_ELSEWHERE: Final = (
    "gh-ost or pt-online-schema-change copies it while writes pass (each with its own limits), or a quiet hour"
)


@dataclass(frozen=True, slots=True)
class MysqlBase(ABC):
    """One of the two servers at one version."""

    version: str
    name: str

    def can(self, capability: Can) -> bool:
        """See Engine."""
        return capability in SHARED_CAPABILITIES

    @abstractmethod
    def clause(self, form: str) -> str:
        """The ALGORITHM and LOCK that this version accepts for the form, the cheapest there is.

        Raises:
            CannotSpell: writers would wait for as long as it takes.
        """

    def opening(self, table: TableName) -> str:
        """How a change of the table begins."""
        return f"ALTER TABLE {self.quote_table(table)}"

    def quote(self, name: str) -> str:
        """See Engine. Always in backticks, as SHOW CREATE TABLE writes names: no list of reserved words can be stale."""
        if not name or len(name) > LONGEST_NAME:
            raise CannotSpell(f"a name has 1 to {LONGEST_NAME} characters: {name[:40]!r}")
        if name[-1].isspace() or any(character == "\0" or ord(character) > 0xFFFF for character in name):
            raise CannotSpell(f"a name cannot end in a space or hold NUL or characters beyond U+FFFF: {name[:40]!r}")
        return "`" + name.replace("`", "``") + "`"

    def quote_table(self, table: TableName) -> str:
        """See Engine."""
        name = self.quote(table.name)
        return f"{self.quote(table.schema)}.{name}" if table.schema else name

    def object_name(self, table: TableName, columns: Sequence[str], kind: str) -> str:
        """See Engine. The longer of table and columns gives way until the whole fits."""
        first, second = table.name, "_".join(columns)
        room = LONGEST_NAME - len(kind) - 1 - (1 if second else 0)
        while len(first) + len(second) > room:
            first, second = (first[:-1], second) if len(first) > len(second) else (first, second[:-1])
        return "_".join(part for part in (first.rstrip(), second.rstrip(), kind) if part)

    def stored_type(self, type_: str) -> str:
        """See Engine."""
        return type_

    def sequence_name(self, table: TableName, column: str) -> str:
        """See Engine."""
        return ""

    def refuses_transaction(self, statement: ddl.Statement, schema: Schema) -> bool:
        """See Engine. Nothing is refused: DDL commits whatever is open, before and after itself."""
        return False

    def index_validity_query(self, index: Index) -> str:
        """See Engine. A build that failed leaves nothing behind."""
        return ""

    def index_usage_query(self, index: Index) -> str:
        """See Engine. Counted in the performance schema, where it is on (MariaDB has it off by default)."""
        return ""

    def table_usage_query(self, table: TableName) -> str:
        """See Engine. Counted in the performance schema, where it is on (MariaDB has it off by default)."""
        return ""

    def sync_triggers(self, sync: Sync, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See Engine."""
        raise CannotSpell(
            f"triggers that keep {sync.table}.{sync.column} and {sync.twin} alike are not written for this engine yet; "
            "let the application write both columns until the old one is dropped"
        )

    def drop_sync_triggers(self, sync: Sync) -> tuple[ddl.Statement, ...]:
        """See Engine."""
        return ()

    def cautions(self, statement: ddl.Statement) -> tuple[str, ...]:
        """See Engine."""
        match statement:
            case ddl.SetNotNull() | ddl.CreateIndex():
                return (_REPLICAS,)
            case ddl.AddConstraint(constraint=ForeignKey()) if not self.can(Can.FOREIGN_KEY_TESTS_ROWS):
                return (_UNTESTED,)
            case ddl.NoCatalogChange(kind="batches"):
                return (
                    "the backfill is a stored procedure: whoever runs it needs CREATE ROUTINE, ALTER ROUTINE and EXECUTE",
                )
        return ()

    def session_guards(self, statements: Sequence[ddl.Statement], *, transaction: bool) -> tuple[str, ...]:
        """See Engine. Whoever waits for a metadata lock holds back everybody behind it; the default is a day or a year."""
        return ("SET SESSION lock_wait_timeout = 2",)

    def spell(self, statement: ddl.Statement, schema: Schema) -> tuple[str, ...]:
        """See Engine."""
        altered = Spelling(self, schema).alter(statement)
        match statement:
            case ddl.SetNotNull():
                # Without strict mode a NULL that slipped in becomes 0 or '' in silence (measured on MariaDB).
                before, during = "@sql_mode_before", "CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES')"
                return (
                    f"SET {before} = @@SESSION.sql_mode",
                    f"SET SESSION sql_mode = {during}",
                    altered,
                    f"SET SESSION sql_mode = {before}",
                )
            case ddl.AddConstraint(constraint=ForeignKey()) if not self.can(Can.FOREIGN_KEY_TESTS_ROWS):
                before = "@foreign_key_checks_before"
                return (
                    f"SET {before} = @@SESSION.foreign_key_checks",
                    "SET SESSION foreign_key_checks = 0",
                    altered,
                    f"SET SESSION foreign_key_checks = {before}",
                )
        return (altered,)

    def spell_backfill(
        self,
        table: TableName,
        column: str,
        expression: str,
        key: tuple[str, ...],
        batch_rows: int,
        pause_seconds: float,
        rows: int | None,
        schema: Schema,
    ) -> tuple[str, ...]:
        """See Engine."""
        found = schema.table(table)
        if found is None:
            raise CannotSpell(f"there is no table {table}")
        return backfill_statements(
            quote=self.quote,
            table=found,
            written_table=self.quote_table(table),
            progress=self.quote_table(TableName(self.object_name(table, (column,), "backfill"), table.schema)),
            procedure=self.quote_table(TableName(self.object_name(table, (column,), "backfill_run"), table.schema)),
            column=column,
            expression=expression,
            key=key,
            batch_rows=batch_rows,
            pause_seconds=pause_seconds,
        )

    def form(self, statement: ddl.Statement, schema: Schema) -> str:
        """The statement's form among the facts."""
        return form_of(statement, schema, fulltext_copies=True)

    def effect(
        self, statement: ddl.Statement, schema: Schema, size: TableSize, *, is_new_table: bool = False
    ) -> Effect:
        """See Engine."""
        form = self.form(statement, schema)
        fact = locks(self.name).form(form, self.version)
        rows = 0 if is_new_table else size.rows
        low, high = fact.seconds(_UNKNOWN_ROWS if rows is None else rows)
        return Effect(
            operation=form,
            lock=fact.lock,
            blocks=Blocks(fact.blocks),
            rewrites_table=fact.rewrites_table,
            scans_table=fact.scans_table,
            builds_index=fact.builds_index,
            seconds=(round(low, 2), round(high, 2)),
            extra_bytes=_extra_bytes(fact, size, is_new_table=is_new_table),
            other_locks=_other_locks(fact, statement),
            sources=fact.sources,
        )


def _extra_bytes(fact: Fact, size: TableSize, *, is_new_table: bool) -> int | None:
    """Free space while it runs: a rebuilt table stands twice, an index is built beside."""
    if is_new_table or not (fact.rewrites_table or fact.builds_index):
        return 0
    if fact.rewrites_table:
        return size.bytes
    return None if size.rows is None else size.rows * _INDEX_BYTES_PER_ROW


def _other_locks(fact: Fact, statement: ddl.Statement) -> tuple[tuple[str, str], ...]:
    modes = dict(fact.other_locks)
    if "referenced" in modes and isinstance(statement, ddl.AddConstraint):
        constraint = statement.constraint
        if isinstance(constraint, ForeignKey):
            return ((str(constraint.parent), modes["referenced"]),)
    return ()


class Spelling:
    """Statements as the two servers write them."""

    def __init__(self, engine: MysqlBase, schema: Schema) -> None:
        self.engine, self.schema = engine, schema
        self.quote, self.table = engine.quote, engine.quote_table

    def alter(self, statement: ddl.Statement) -> str:
        """One statement.

        Raises:
            CannotSpell: with the way out.
        """
        match statement:
            case ddl.CreateTable():
                return self._create_table(statement)
            case ddl.DropTable():
                return f"DROP TABLE {'IF EXISTS ' if statement.if_exists else ''}{self.table(statement.table)}"
            case ddl.CreateIndex():
                table = statement.index.table
            case ddl.DropIndex() | ddl.RenameIndex():
                table = self._indexed(statement)
            case _:
                table = self._altered(statement)
        action = self._action(statement)
        form = self.engine.form(statement, self.schema)
        return f"{self.engine.opening(table)} {action}, {self.engine.clause(form)}"

    def _create_table(self, statement: ddl.CreateTable) -> str:
        table = statement.table
        if table.partitioned_by:
            raise CannotSpell("a partitioned table is not written by a plan for this engine yet")
        parts = [self.column(column) for column in table.columns]
        keys = (table.primary_key,) if table.primary_key else ()
        constraints: tuple[ddl.Constraint, ...] = (*keys, *table.uniques, *table.checks, *table.foreign_keys)
        parts += [self._constraint(one) for one in constraints]
        exists = "IF NOT EXISTS " if statement.if_not_exists else ""
        return f"CREATE TABLE {exists}{self.table(table.name)} (\n    " + ",\n    ".join(parts) + "\n)"

    def _indexed(self, statement: ddl.DropIndex | ddl.RenameIndex) -> TableName:
        """The table of an index; the only index of that name tells it too."""
        if statement.table is not None:
            return statement.table
        owners = [index.table for index in self.schema.indexes.values() if index.name == statement.index]
        if len(owners) != 1:
            raise CannotSpell(
                f"index {statement.index}: its table must be known, names of indexes belong to tables here"
            )
        return owners[0]

    @staticmethod
    def _altered(statement: ddl.Statement) -> TableName:
        table = getattr(statement, "table", None)
        if not isinstance(table, TableName):
            raise CannotSpell(f"{type(statement).__name__} is not written by a plan for this engine yet")
        return table

    def _action(self, statement: ddl.Statement) -> str:  # one line for each kind of statement
        match statement:
            case ddl.AddColumn():
                added = [f"ADD {self._constraint(constraint)}" for constraint in statement.constraints]
                return ", ".join([f"ADD COLUMN {self.column(statement.column)}", *added])
            case ddl.DropColumn():
                return f"DROP COLUMN {self.quote(statement.column)}"
            case ddl.RenameColumn():
                return f"RENAME COLUMN {self.quote(statement.column)} TO {self.quote(statement.new_name)}"
            case ddl.RenameTable():
                return f"RENAME TO {self.table(TableName(statement.new_name, statement.table.schema))}"
            case ddl.SetDefault() if self._has_on_update(statement):
                return f"MODIFY COLUMN {self.column(self._changed(statement))}"
            case ddl.SetDefault(default=None):
                return f"ALTER COLUMN {self.quote(statement.column)} DROP DEFAULT"
            case ddl.SetDefault():
                return (
                    f"ALTER COLUMN {self.quote(statement.column)} SET DEFAULT {written_default(str(statement.default))}"
                )
            case ddl.SetNotNull() | ddl.DropNotNull() | ddl.ChangeType():
                return f"MODIFY COLUMN {self.column(self._changed(statement))}"
            case ddl.CreateIndex(index=index):
                return f"ADD {self._index(index)}"
            case ddl.DropIndex():
                return f"DROP INDEX {self.quote(statement.index)}"
            case ddl.RenameIndex():
                return f"RENAME INDEX {self.quote(statement.index)} TO {self.quote(statement.new_name)}"
            case ddl.AddConstraint(using_index=""):
                return f"ADD {self._constraint(statement.constraint)}"
            case ddl.DropConstraint():
                return self._drop_constraint(statement)
        raise CannotSpell(f"{type(statement).__name__} is not written by a plan for this engine yet")

    def _has_on_update(self, statement: ddl.SetDefault) -> bool:
        """Whether the column follows every UPDATE: ALTER COLUMN ... SET DEFAULT takes that away (seen on MariaDB 10.11)."""
        table = self.schema.table(statement.table)
        column = table.column(statement.column) if table else None
        return column is not None and any(one.upper().startswith("ON UPDATE") for one in column.attributes)

    def _changed(self, statement: ColumnChange) -> Column:
        column = changed_column(statement, self.schema)
        if column is None:
            raise CannotSpell(
                f"{statement.table}.{statement.column}: MODIFY repeats the whole column, and today's definition is not "
                "known; give its CREATE TABLE (SHOW CREATE TABLE) in `schema`"
            )
        return column

    def column(self, column: Column) -> str:
        """A column's definition, whole: what is not repeated in it is lost."""
        parts = [self.quote(column.name), column.type]
        if column.collation:
            parts.append(f"COLLATE {column.collation}")
        if column.generated is not None:
            parts.append(f"GENERATED ALWAYS AS ({column.generated}) {'VIRTUAL' if column.virtual else 'STORED'}")
        if not column.nullable:
            parts.append("NOT NULL")
        elif column.generated is None:
            parts.append("NULL")  # a timestamp without it is NOT NULL on older servers
        if column.default is not None:
            parts.append(f"DEFAULT {written_default(column.default)}")
        if column.identity:
            parts.append("AUTO_INCREMENT")
        return " ".join([*parts, *column.attributes])

    def _index(self, index: Index) -> str:
        if index.where is not None:
            raise CannotSpell(
                "there is no partial index here; add a VIRTUAL generated column that is NULL where the condition does not "
                "hold, and index that"
            )
        if index.include:
            raise CannotSpell("an index has no INCLUDE here; put the columns behind its keys")
        if index.method in BLOCKING_METHODS:
            raise CannotSpell(f"a {index.method} index is built while writes wait (LOCK=SHARED at best); {_ELSEWHERE}")
        for key in index.keys:
            if key.is_expression:
                raise CannotSpell(
                    f"an index of the expression {key.text} is built while writes wait, or not known at all; add the "
                    f"column first (ADD COLUMN name type GENERATED ALWAYS AS ({key.text}) VIRTUAL, at once) and index that"
                )
        short = needs_length(self.schema.table(index.table), index)
        if short:
            raise CannotSpell(
                f"{index.table}.{short} is a text or blob, which is indexed with a length: in `sql`, CREATE INDEX "
                f"{self.quote(index.name)} ON {self.table(index.table)} ({self.quote(short)}(191))"
            )
        using = f" USING {index.method.upper()}" if index.method in {"btree", "hash"} else ""
        if index.method and not using:
            raise CannotSpell(f"there is no index method {index.method} here; leave it out for a B-tree")
        keys = ", ".join(f"{self.quote(k.text)}{k.suffix}{' DESC' if k.descending else ''}" for k in index.keys)
        return f"{'UNIQUE ' if index.unique else ''}INDEX {self.quote(index.name)} ({keys}){using}"

    def _constraint(self, constraint: ddl.Constraint) -> str:
        named = f"CONSTRAINT {self.quote(constraint.name)} " if constraint.name else ""
        match constraint:
            case PrimaryKey():
                return f"PRIMARY KEY ({self._names(constraint.columns)})"
            case Unique():
                return f"{named}UNIQUE ({self._names(constraint.columns)})"
            case Check():
                return f"{named}CHECK ({constraint.expression})"
            case ForeignKey():
                return named + self._foreign_key(constraint)

    def _foreign_key(self, key: ForeignKey) -> str:
        if key.deferrable:
            raise CannotSpell(f"a foreign key cannot be {key.deferrable} here; leave that out")
        if "SET DEFAULT" in {key.on_delete, key.on_update}:
            raise CannotSpell("InnoDB has no SET DEFAULT for a foreign key; use SET NULL, or do it in the application")
        parts = [f"FOREIGN KEY ({self._names(key.columns)}) REFERENCES {self.table(key.parent)}"]
        parts[0] += f" ({self._names(self._parent_columns(key))})"
        written = (("DELETE", key.on_delete), ("UPDATE", key.on_update))
        parts += [f"ON {event} {action}" for event, action in written if action != "NO ACTION"]
        return " ".join(parts)

    def _parent_columns(self, key: ForeignKey) -> tuple[str, ...]:
        """The parent's columns: unlike elsewhere they must be written, and the primary key is meant when none are."""
        if key.parent_columns:
            return key.parent_columns
        parent = self.schema.table(key.parent)
        if parent is None or parent.primary_key is None:
            raise CannotSpell(f"the primary key of {key.parent} is not known; give `parent_columns`, or it in `schema`")
        return parent.primary_key.columns

    def _drop_constraint(self, statement: ddl.DropConstraint) -> str:
        table, name = self.schema.table(statement.table), self.quote(statement.name)
        if table is not None and any(key.name == statement.name for key in table.foreign_keys):
            return f"DROP FOREIGN KEY {name}"
        if table is not None and any(unique.name == statement.name for unique in table.uniques):
            return f"DROP INDEX {name}"
        return f"DROP CONSTRAINT {name}"

    def _names(self, names: Sequence[str]) -> str:
        return ", ".join(map(self.quote, names))


_SAID: Final = {
    "change_type": "a change of a column's type (and NOT NULL on a timestamp whose default is the time)",
    "add_column_copy": "a column that is generated STORED, counts by itself, has a check, key, or default that differs "
    "from row to row, or stands beside a FULLTEXT index,",
    "add_check": "a check",
}


def refused(form: str) -> CannotSpell:
    """The answer for what this version does only while writers wait."""
    said = _SAID.get(form, form.replace("_", " "))
    return CannotSpell(f"{said} copies the table here, and writes wait for as long as it takes; {_ELSEWHERE}")
