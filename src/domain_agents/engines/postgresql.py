"""PostgreSQL 13 to 18: what it can do, how it spells DDL, which locks it takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from domain_agents import ddl
from domain_agents.catalog import ForeignKey, Index, Schema, TableName
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
from domain_agents.engines._postgresql_backfill import backfill_statements
from domain_agents.engines._postgresql_derivation import Names, derived, dropped, relocated
from domain_agents.engines._postgresql_forms import form_of
from domain_agents.engines._postgresql_mirror import spelled_mirror
from domain_agents.engines._postgresql_numbering import numbering_sql
from domain_agents.engines._postgresql_objects import spelled_object
from domain_agents.engines._postgresql_partitions import (
    detaches_concurrently,
    partition_form,
    partition_locks,
    spelled_partition,
)
from domain_agents.engines._postgresql_spelling import Spelling, changed_key
from domain_agents.engines._postgresql_sync import drop_statements, sync_statements
from domain_agents.engines._postgresql_types import stored_type
from domain_agents.engines._postgresql_views import stand_in_view
from domain_agents.engines._reshaping import spelled_reshaping
from domain_agents.facts import Fact, locks

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSIONS: Final = ("13", "14", "15", "16", "17", "18")
DEFAULT_VERSION: Final = "15"
"""The oldest release still maintained on 2026-11-20 (https://www.postgresql.org/support/versioning/): a plan for it holds
on every newer one."""

_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_$]*\Z", re.ASCII)
_SINCE = {Can.DETACH_CONCURRENTLY: 14, Can.FOREIGN_KEY_NOT_VALID_ON_PARTITIONED: 18}
_CAPABILITIES = frozenset(Can) - {
    Can.ENUM_COLUMNS,
    Can.FOREIGN_KEY_BRINGS_INDEX,
    Can.PARTITIONS_IN_TABLE,
    Can.VIEWS_KEEP_NAMES,
    Can.SET_COLLATION,
}
_INDEX_BYTES_PER_ROW = 40
_UNKNOWN_ROWS = 1_000_000
_SECURITY_INVOKER = 15


def object_name(table: TableName, columns: Sequence[str], kind: str) -> str:
    """The name PostgreSQL gives a constraint or index that was written without one (63 bytes at most).

    Source: `makeObjectName` in the server's src/backend/commands/indexcmds.c; the two parts are shortened, the longer
    first, until the whole fits.
    """
    first, second = table.name, "_".join(columns)
    room = 63 - len(kind.encode()) - 1 - (1 if second else 0)
    a, b = len(first.encode()), len(second.encode())
    while a + b > room:
        if a > b:
            a -= 1
        else:
            b -= 1
    parts = [first.encode()[:a].decode("utf-8", "ignore"), second.encode()[:b].decode("utf-8", "ignore"), kind]
    return "_".join(part for part in parts if part)


def at_version(version: str = "") -> PostgreSQL:
    """PostgreSQL at a version such as "16" or "16.3"; the default one when none is given.

    Raises:
        UnknownEngine: with the versions there are facts for.
    """
    major = (version or DEFAULT_VERSION).strip().split(".")[0]
    if major not in VERSIONS:
        raise UnknownEngine(f"no facts for postgresql {version!r}; there are: {', '.join(VERSIONS)}")
    return PostgreSQL(major)


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """PostgreSQL at one major version."""

    version: str
    name: str = "postgresql"

    def can(self, capability: Can) -> bool:
        """See Engine. PostgreSQL has these since 11."""
        return capability in _CAPABILITIES and int(self.version) >= _SINCE.get(capability, 0)

    def quote(self, name: str) -> str:
        """See Engine."""
        if _PLAIN_NAME.match(name) and not _is_keyword(name):
            return name
        if "\0" in name:
            raise CannotSpell("a name cannot hold a NUL character")
        return '"' + name.replace('"', '""') + '"'

    @property
    def _quoting(self) -> ddl.Quoting:
        return ddl.Quoting(self.quote, self.quote_table)

    def quote_table(self, table: TableName) -> str:
        """See Engine."""
        name = self.quote(table.name)
        return f"{self.quote(table.schema)}.{name}" if table.schema else name

    def object_name(self, table: TableName, columns: Sequence[str], kind: str) -> str:
        """See Engine."""
        return object_name(table, columns, kind)

    def stored_type(self, type_: str) -> str:
        """See Engine."""
        return stored_type(type_)

    def sequence_name(self, table: TableName, column: str) -> str:
        """See Engine."""
        return self.quote_table(TableName(object_name(table, (column,), "seq"), table.schema))

    def refuses_transaction(self, statement: ddl.Statement, schema: Schema) -> bool:
        """See Engine."""
        if isinstance(statement, ddl.DetachPartition):
            return detaches_concurrently(statement, schema)
        if isinstance(statement, ddl.CreateIndex | ddl.DropIndex | ddl.Reindex):
            return statement.concurrently
        return isinstance(statement, ddl.Vacuum)

    def sync_triggers(self, sync: Sync, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See Engine."""
        return sync_statements(sync, *self._sync_names(sync), self.quote, self.quote_table)

    def drop_sync_triggers(self, sync: Sync) -> tuple[ddl.Statement, ...]:
        """See Engine."""
        return drop_statements(sync, *self._sync_names(sync), self.quote, self.quote_table)

    def reclaiming(self, table: TableName) -> str:
        """See Engine."""
        return (
            f"VACUUM (FULL) {self.quote_table(table)}, which keeps every reader and writer waiting until it is copied"
        )

    def derivation_triggers(self, shape: Derivation | Relocation, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See Engine."""
        names = Names(self.quote, self.quote_table)
        made = tuple((function, trigger) for _, function, trigger in self._derivation_names(shape))
        if isinstance(shape, Derivation):
            return derived(shape, *made[0], names)
        return relocated(shape, (made[0], made[1]), names)

    def drop_derivation_triggers(self, shape: Derivation | Relocation) -> tuple[ddl.Statement, ...]:
        """See Engine."""
        names = Names(self.quote, self.quote_table)
        ends = ("",) if isinstance(shape, Derivation) else ("_in", "_out")
        return tuple(
            statement
            for table, function, trigger in self._derivation_names(shape)
            for statement in dropped(table, tuple(f"{trigger}{end}" for end in ends), function, names)
        )

    @staticmethod
    def _derivation_names(shape: Derivation | Relocation) -> tuple[tuple[TableName, TableName, str], ...]:
        """Table, function and trigger, for each trigger."""
        if isinstance(shape, Derivation):
            made = [(shape.table, tuple(dict(shape.going)))]
        else:
            made = [(shape.table, (shape.column, "sent")), (shape.to, (shape.new_name, "fetched"))]
        return tuple(
            (
                table,
                TableName(object_name(table, columns, "sync"), table.schema),
                object_name(TableName(f"zz_{table.name}"), columns, "sync"),
            )
            for table, columns in made
        )

    def _sync_names(self, sync: Sync) -> tuple[TableName, str]:
        function = object_name(sync.table, (sync.column,), "sync")
        # BEFORE triggers run in the order of their names: what another one changes must be copied too.
        return TableName(function, sync.table.schema), object_name(
            TableName(f"zz_{sync.table.name}"), (sync.column,), "sync"
        )

    def cautions(self, statement: ddl.Statement) -> tuple[str, ...]:
        """See Engine.

        Sources: https://www.postgresql.org/docs/18/sql-prepare.html, Notes, measured on 14, 17 and 18;
        https://www.postgresql.org/docs/18/routine-vacuuming.html#VACUUM-FOR-SPACE-RECOVERY.
        """
        if isinstance(statement, ddl.AddColumn):
            caution = (
                "prepared `SELECT *` statements fail once after ADD COLUMN (0A000, cached plan must not change result "
                "type): name the columns, or let the driver prepare again"
            )
            return (caution,)
        if isinstance(statement, ddl.ChangeType):
            caution = (
                "prepared statements that return the column fail once after its type changes (0A000, cached plan must not "
                "change result type): let the driver prepare again, or restart its sessions"
            )
            return (caution,)
        if isinstance(statement, ddl.NoCatalogChange) and statement.kind == "batches":
            return ("the backfill leaves one dead version of every filled row: VACUUM (ANALYZE) the table after it",)
        return ()

    def session_guards(self, statements: Sequence[ddl.Statement], *, transaction: bool) -> tuple[str, ...]:
        """See Engine.

        CONCURRENTLY waits for older transactions by design, and giving up leaves an INVALID index (measured on 14, 17
        and 18), so there the timeouts are switched off. SET LOCAL outside a transaction is a warning and nothing else.
        """
        setting = "SET LOCAL" if transaction else "SET"
        if any(self.refuses_transaction(statement, Schema()) for statement in statements):
            return (f"{setting} lock_timeout = 0", f"{setting} statement_timeout = 0")
        if not statements or any(isinstance(statement, ddl.CopyRows) for statement in statements):
            return (f"{setting} statement_timeout = 0",)
        if any(isinstance(statement, ddl.LockTables) for statement in statements):
            # Shorter than deadlock_timeout (1s): in a circle of waiters it is this transaction that gives up, not theirs.
            return (f"{setting} lock_timeout = '500ms'",)
        if any(isinstance(statement, ddl.ValidateConstraint) for statement in statements):
            return (f"{setting} lock_timeout = '2s'", f"{setting} statement_timeout = 0")
        return (f"{setting} lock_timeout = '2s'",)

    def index_validity_query(self, index: Index) -> str:
        """See Engine."""
        name = self.quote_table(TableName(index.name, index.table.schema)).replace("'", "''")
        return f"SELECT indisvalid FROM pg_index WHERE indexrelid = '{name}'::regclass"

    def index_usage_query(self, index: Index) -> str:
        """See Engine. https://www.postgresql.org/docs/18/monitoring-stats.html#MONITORING-PG-STAT-ALL-INDEXES-VIEW"""
        name = self.quote_table(TableName(index.name, index.table.schema)).replace("'", "''")
        return f"SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelid = '{name}'::regclass"

    def table_usage_query(self, table: TableName) -> str:
        """See Engine. https://www.postgresql.org/docs/18/monitoring-stats.html#MONITORING-PG-STAT-ALL-TABLES-VIEW"""
        name = self.quote_table(table).replace("'", "''")
        return (
            "SELECT seq_scan, idx_scan, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables "
            f"WHERE relid = '{name}'::regclass"
        )

    def spell(self, statement: ddl.Statement, schema: Schema) -> tuple[str, ...]:
        """See Engine."""
        if isinstance(statement, ddl.ReshapeColumns | ddl.MoveColumn):
            return spelled_reshaping(self, statement, schema)
        if isinstance(statement, ddl.CreateView):
            columns = tuple(map(self.quote, statement.columns))
            view, table = self.quote_table(statement.view), self.quote_table(statement.table)
            return stand_in_view(view, table, columns, as_invoker=int(self.version) >= _SECURITY_INVOKER)
        if isinstance(statement, ddl.ChangePrimaryKey):
            return changed_key(statement, schema, self.quote, self.quote_table)
        other = spelled_object(statement, schema, self.quote, self.quote_table)
        other = other or spelled_partition(statement, self._quoting, schema)
        other = other or spelled_mirror(statement, self._quoting, object_name, schema)
        if isinstance(statement, ddl.PartitionedNow):
            return other or ()
        other = other or numbering_sql(statement, self.quote, self.quote_table)
        return other or (Spelling(self.quote, self.quote_table).statement(statement),)

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
        return self.quote_table(TableName(object_name(fill.table, (fill.column,), kind), fill.table.schema))

    def effect(
        self, statement: ddl.Statement, schema: Schema, size: TableSize, *, is_new_table: bool = False
    ) -> Effect:
        """See Engine."""
        form = partition_form(statement, schema, self._quoting) or form_of(statement, schema)
        fact = locks(self.name).form(form, self.version)
        rows = 0 if is_new_table else size.rows
        return Effect(
            operation=form,
            lock=fact.lock,
            blocks=Blocks(fact.blocks),
            rewrites_table=fact.rewrites_table,
            scans_table=fact.scans_table,
            builds_index=fact.builds_index,
            seconds=_rounded(fact.seconds(_UNKNOWN_ROWS if rows is None else rows)),
            extra_bytes=_extra_bytes(fact, size, is_new_table=is_new_table),
            other_locks=_other_locks(fact, statement, schema),
            sources=fact.sources,
        )


def _rounded(seconds: tuple[float, float]) -> tuple[float, float]:
    return round(seconds[0], 2), round(seconds[1], 2)


def _is_keyword(name: str) -> bool:
    """Whether the word means something to the grammar, so that it needs quotes to be a name everywhere."""
    import postgast

    kinds = postgast.pg_query_pb2.KeywordKind
    token = postgast.scan(name).tokens[0]
    return token.keyword_kind not in (kinds.Value("NO_KEYWORD"), kinds.Value("UNRESERVED_KEYWORD"))


def _extra_bytes(fact: Fact, size: TableSize, *, is_new_table: bool) -> int | None:
    """Free space needed while it runs: a rewritten table stands twice with its indexes, an index is built beside."""
    if is_new_table or not (fact.rewrites_table or fact.builds_index):
        return 0
    if fact.rewrites_table:
        return size.bytes
    return None if size.rows is None else size.rows * _INDEX_BYTES_PER_ROW


def _other_locks(fact: Fact, statement: ddl.Statement, schema: Schema) -> tuple[tuple[str, str], ...]:
    modes = dict(fact.other_locks)
    if {"partition", "default"} & set(modes):
        return partition_locks(modes, statement, schema)
    if "referenced" not in modes:
        return ()
    return tuple((str(parent), modes["referenced"]) for parent in _parents(statement, schema))


def _parents(statement: ddl.Statement, schema: Schema) -> tuple[TableName, ...]:
    match statement:
        case ddl.AddConstraint(constraint=ForeignKey() as key):
            return (key.parent,)
        case ddl.AddColumn(constraints=constraints):
            return tuple(c.parent for c in constraints if isinstance(c, ForeignKey))
        case ddl.CreateTable(table=table):
            return tuple(key.parent for key in table.foreign_keys)
        case ddl.ValidateConstraint() | ddl.DropConstraint():
            found = schema.table(statement.table)
            return tuple(key.parent for key in found.foreign_keys if key.name == statement.name) if found else ()
        case ddl.DropColumn(column=column):
            found = schema.table(statement.table)
            return tuple(key.parent for key in found.foreign_keys if column in key.columns) if found else ()
        case ddl.DropTable():
            found = schema.table(statement.table)
            return tuple(key.parent for key in found.foreign_keys) if found else ()
        case ddl.LockTables(tables=tables):
            return tables[1:]
    return ()
