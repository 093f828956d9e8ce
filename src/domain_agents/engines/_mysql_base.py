"""What MySQL and MariaDB share: names, the spelling of DDL with its ALGORITHM and LOCK, effects from the facts.

The clause is always written. A server that cannot carry the statement out as the plan says then refuses it; without the
clause it would copy the table without a word, with everybody waiting. Where there is nothing but a copy it is written too,
and the plan says so: beside a job that copies the table while writers pass, unless the table is small (`copy_job`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from domain_agents import ddl
from domain_agents.catalog import Check, Column, ForeignKey, Index, Schema, Table, TableName
from domain_agents.engines import (
    Backfill,
    Blocks,
    Can,
    CannotSpell,
    CopyJob,
    Derivation,
    Effect,
    Relocation,
    Sync,
    TableSize,
)
from domain_agents.engines._mysql_backfill import backfill_statements
from domain_agents.engines._mysql_computed import compares_without_case, computed_column
from domain_agents.engines._mysql_derivation import derived
from domain_agents.engines._mysql_fitting import unfit_condition
from domain_agents.engines._mysql_forms import form_of
from domain_agents.engines._mysql_jobs import job_for
from domain_agents.engines._mysql_spelling import Spelling
from domain_agents.engines._mysql_sync import trigger_statements, triggers_dropped
from domain_agents.engines._mysql_types import Conversions
from domain_agents.engines._reshaping import spelled_reshaping
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
_TRIGGERS: Final = (
    "where the binary log is on, CREATE TRIGGER needs SUPER or log_bin_trust_function_creators = 1 besides TRIGGER (1419); "
    "rows that an ON DELETE or ON UPDATE action of a foreign key changes fire no trigger"
)
_ROUTINES: Final = "the backfill is a stored procedure: whoever runs it needs CREATE ROUTINE, ALTER ROUTINE and EXECUTE"
SHARED_CAPABILITIES: Final = frozenset(
    {
        Can.PARTITIONS_IN_TABLE,
        Can.SET_NOT_NULL,
        Can.ADD_FOREIGN_KEY,
        Can.CONSTANT_DEFAULT_WITHOUT_REWRITE,
        Can.ADD_NOT_NULL_COLUMN,
        Can.CONCURRENT_WRITES,
        Can.PROCEDURES_THAT_COMMIT,
        Can.LOCK_TIMEOUT,
        Can.FOREIGN_KEY_BRINGS_INDEX,
        Can.VIEWS_KEEP_NAMES,
        Can.SET_COLLATION,
        Can.TRIGGERS_CHANGE_ROWS,
        Can.ENUM_COLUMNS,
        Can.REPLACE_VIEW,
    }
)
COPY: Final = "ALGORITHM=COPY, LOCK=SHARED"
BLOCKING_CLAUSES: Final = {"create_index_blocking": "ALGORITHM=INPLACE, LOCK=SHARED"}
"""What keeps writers waiting and is no copy. Every other form without a clause of its own is one."""
_STRICT: Final = frozenset({"change_type", "set_not_null"})
"""The forms that write values anew: without strict mode what does not fit is cut, or becomes 0 or '', in silence."""
_INDEX_BYTES_PER_ROW: Final = 40
_UNKNOWN_ROWS: Final = 1_000_000


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
        """The ALGORITHM and LOCK that this version accepts for the form, the cheapest there is."""

    def refuse_rename(self, statement: ddl.RenameColumn, schema: Schema) -> None:
        """Refuse to rename a column where the server would.

        Raises:
            CannotSpell: with the way out.
        """
        return

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

    @property
    def partition_clause(self) -> str:
        """The ALGORITHM and LOCK with which partitions are added and dropped; empty where the server takes none."""
        return ""

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
        found = schema.table(sync.table)
        if found is None:
            raise CannotSpell(f"there is no table {sync.table}")
        return trigger_statements(sync, found, self._trigger_names(sync), self.quote, self.quote_table)

    def drop_sync_triggers(self, sync: Sync) -> tuple[ddl.Statement, ...]:
        """See Engine."""
        return triggers_dropped(sync, self._trigger_names(sync), self.quote_table)

    def reclaiming(self, table: TableName) -> str:
        """See Engine. https://dev.mysql.com/doc/refman/8.4/en/optimize-table.html; FORCE measured on both servers."""
        return (
            f"OPTIMIZE TABLE {self.quote_table(table)}: InnoDB rebuilds it in place, writes pass but at its start and "
            "end, and replicas wait as long again; a table with a FULLTEXT index is copied while writers wait"
        )

    def derivation_triggers(self, shape: Derivation | Relocation, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See Engine."""
        if isinstance(shape, Relocation):
            raise CannotSpell(
                "a trigger here cannot write to the table whose trigger set it off (1442), so triggers cannot keep "
                "two tables "
                "alike; let the application write both columns until the old one is dropped"
            )
        found = schema.table(shape.table)
        if found is None:
            raise CannotSpell(f"there is no table {shape.table}")
        return derived(shape, found, self._derivation_names(shape), self.quote, self.quote_table)

    def drop_derivation_triggers(self, shape: Derivation | Relocation) -> tuple[ddl.Statement, ...]:
        """See Engine."""
        if isinstance(shape, Relocation):
            return ()
        return tuple(
            ddl.DropTrigger(shape.table, name, f"DROP TRIGGER {self.quote_table(TableName(name, shape.table.schema))}")
            for name in self._derivation_names(shape)
        )

    def _derivation_names(self, shape: Derivation) -> tuple[str, str]:
        columns = tuple(dict(shape.going))
        insert, update = (self.object_name(shape.table, columns, kind) for kind in ("insert", "update"))
        return insert, update

    def _trigger_names(self, sync: Sync) -> tuple[str, str]:
        columns = (sync.column, sync.twin)
        return self.object_name(sync.table, columns, "update"), self.object_name(sync.table, columns, "insert")

    def computed_column(self, table: Table, expression: str, *, is_condition: bool) -> Column:
        """See ComputesKeys."""
        return computed_column(table, expression, is_condition=is_condition, is_hidden=self.hides_columns)

    def compares_without_case(self, table: Table, expression: str) -> str:
        """See ComputesKeys."""
        return compares_without_case(table, expression)

    @property
    def hides_columns(self) -> bool:
        """Whether a column can be INVISIBLE, so that neither SELECT * nor INSERT without a list of columns sees it."""
        return True

    def unfit_values(self, table: Table, column: Column, type_: str) -> str:
        """See CopiesTables."""
        name = self.quote(column.name)
        condition = unfit_condition(column, type_, name)
        if not condition:
            return ""
        key = table.primary_key.columns if table.primary_key else ()
        shown = ", ".join(dict.fromkeys((*map(self.quote, key), name)))
        return f"SELECT {shown} FROM {self.quote_table(table.name)} WHERE {condition} LIMIT 20"

    def under_lock(self, table: TableName, statements: Sequence[ddl.Statement]) -> tuple[ddl.Statement, ...]:
        """See HoldsLocks. DROP TRIGGER and ALTER TABLE keep a lock that LOCK TABLES took."""
        return (ddl.LockTables((table,)), *statements, ddl.UnlockTables())

    def copy_job(self, statement: ddl.Statement, schema: Schema, size: TableSize) -> CopyJob | None:
        """See CopiesTables."""
        return job_for(self, statement, schema, size)

    def cautions(self, statement: ddl.Statement) -> tuple[str, ...]:
        """See Engine."""
        match statement:
            case ddl.SetNotNull() | ddl.CreateIndex() | ddl.ChangeType() | ddl.AddConstraint(constraint=Check()):
                return (_REPLICAS,)
            case ddl.CreateTrigger():
                return (_TRIGGERS,)
            case ddl.AddConstraint(constraint=ForeignKey()) if not self.can(Can.FOREIGN_KEY_TESTS_ROWS):
                return (_UNTESTED,)
            case ddl.NoCatalogChange(kind="batches"):
                return (_ROUTINES,)
        return ()

    def session_guards(self, statements: Sequence[ddl.Statement], *, transaction: bool) -> tuple[str, ...]:
        """See Engine. Whoever waits for a metadata lock holds back everybody behind it; the default is a day or a year."""
        return ("SET SESSION lock_wait_timeout = 2",)

    def spell(self, statement: ddl.Statement, schema: Schema) -> tuple[str, ...]:
        """See Engine."""
        if isinstance(statement, ddl.CreateTrigger | ddl.DropTrigger | ddl.KeepText | ddl.Verbatim):
            return (statement.text,)
        if isinstance(statement, ddl.AddEnumValue):
            try:
                statement = statement.as_change(schema)
            except ddl.DoesNotApply as error:
                raise CannotSpell(str(error)) from error
        if isinstance(statement, ddl.DefineView):
            return (statement.view.definition,)
        if isinstance(statement, ddl.DropView):
            return (f"DROP VIEW {'IF EXISTS ' if statement.if_exists else ''}{self.quote_table(statement.table)}",)
        if isinstance(statement, ddl.ReshapeColumns | ddl.MoveColumn):
            return spelled_reshaping(self, statement, schema)
        if isinstance(statement, ddl.LockTables):
            return (f"LOCK TABLES {', '.join(f'{self.quote_table(one)} WRITE' for one in statement.tables)}",)
        if isinstance(statement, ddl.UnlockTables):
            return ("UNLOCK TABLES",)
        altered = Spelling(self, schema).alter(statement)
        if not altered.startswith("ALTER"):
            return (altered,)
        if self.form(statement, schema) in _STRICT and not isinstance(statement, ddl.AddColumn):
            mode = "CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES')"
            return _with_setting("sql_mode", mode, altered)
        return _with_setting("foreign_key_checks", "0", altered) if self._unchecked(statement, schema) else (altered,)

    def _unchecked(self, statement: ddl.Statement, schema: Schema) -> bool:
        """Whether a foreign key is added without testing the rows: there is no other way, or they were tested before."""
        match statement:
            case ddl.AddConstraint(constraint=ForeignKey()):
                return not self.can(Can.FOREIGN_KEY_TESTS_ROWS)
            case ddl.RenameConstraint():
                table = schema.table(statement.table)
                return table is not None and any(key.name == statement.name for key in table.foreign_keys)
        return False

    def spell_backfill(self, fill: Backfill, rows: int | None, schema: Schema) -> tuple[str, ...]:
        """See Engine."""
        found = schema.table(fill.table)
        if found is None:
            raise CannotSpell(f"there is no table {fill.table}")
        return backfill_statements(
            fill,
            quote=self.quote,
            table=found,
            written_table=self.quote_table(fill.table),
            progress=self._beside(fill, "backfill"),
            procedure=self._beside(fill, "backfill_run"),
        )

    def _beside(self, fill: Backfill, kind: str) -> str:
        return self.quote_table(TableName(self.object_name(fill.table, (fill.column,), kind), fill.table.schema))

    def form(self, statement: ddl.Statement, schema: Schema) -> str:
        """The statement's form among the facts."""
        return form_of(statement, schema, by=Conversions())

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


def _with_setting(name: str, value: str, altered: str) -> tuple[str, ...]:
    """A statement with a setting of the session around it, which is as before afterwards."""
    before = f"@{name}_before"
    return (
        f"SET {before} = @@SESSION.{name}",
        f"SET SESSION {name} = {value}",
        altered,
        f"SET SESSION {name} = {before}",
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
