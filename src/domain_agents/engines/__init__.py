"""Databases: what each can do by version, how it spells a statement, which locks the statement takes.

One file per engine. Nothing above this floor names an engine in a condition: it asks `can`, and lets the engine spell.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from domain_agents.registry import load_unit, unit_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.catalog import Column, Index, Schema, Table, TableName
    from domain_agents.ddl import Statement


class Can(StrEnum):
    """A capability that changes how a change is made. An engine says yes or no for one of its versions."""

    TRANSACTIONAL_DDL = "DDL inside a transaction rolls back with it"
    CONCURRENT_INDEX_BUILD = "an index can be built while writers pass, outside a transaction"
    CONSTRAINT_NOT_VALID = "a check or foreign key can be added first and validated later"
    SET_NOT_NULL = "a column can be made NOT NULL in place"
    ADD_FOREIGN_KEY = "a foreign key can be added to an existing table"
    CONSTANT_DEFAULT_WITHOUT_REWRITE = "a column with a constant default is added without rewriting the table"
    ADD_NOT_NULL_COLUMN = "a column can be added as NOT NULL with a constant default"
    CONCURRENT_WRITES = "others can write to the database while a change reads or builds"
    TRIGGERS_CHANGE_ROWS = "a trigger can change a row before it is tested and written"
    PROCEDURES_THAT_COMMIT = "a stored procedure can commit between batches"
    CONSTRAINT_USING_INDEX = "a unique constraint or primary key can take over an index that is there"
    UPDATABLE_VIEWS = "a view of one table can be read and written like the table"
    NAMES_CONSTRAINTS = "a constraint that is written without a name gets one"
    LOCK_TIMEOUT = "a statement can give up waiting for a lock"
    FOREIGN_KEY_TESTS_ROWS = "a foreign key that is added tests the rows that are there"
    TRIGGERS_FILL_OMITTED = "a trigger can fill a NOT NULL column that an INSERT leaves out"
    TRIGGERS_ANSWER = "triggers of two tables can keep a column alike in both"
    VACUUM = "the space of dead rows is given back by a statement of its own, while everybody goes on"
    ENUM_TYPES = "an enum type has a name of its own, which several columns may use"
    ENUM_COLUMNS = "a column's own type lists its values"
    MATERIALIZED_VIEWS = "a view can keep the rows of its query until it is refreshed"
    EXCLUSION_CONSTRAINTS = "a constraint can keep rows from overlapping"
    SEQUENCES = "a column can be numbered by a sequence, and by one of its own"
    VIEWS_HOLD_COLUMNS = "a column that a view shows changes its type, or goes, only without the view"
    REPLACE_VIEW = "a view can be replaced in place"
    PARTITIONS_ARE_TABLES = "a partition is a table, which is attached to its parent and detached from it"
    PARTITIONS_IN_TABLE = "a table's own text says its partitions"
    DETACH_CONCURRENTLY = "a partition is detached while readers and writers of its parent pass"
    FOREIGN_KEY_NOT_VALID_ON_PARTITIONED = "a foreign key of a partitioned table can be added first and validated later"
    INDEX_INCLUDES = "an index holds columns that it is not sorted by"
    SET_COMMENT = "a comment is set by a statement of its own"
    SET_COLLATION = "a column gets another collation or character set in place"
    VIEWS_KEEP_NAMES = "a view keeps the names of columns that it was written with, and fails when one is gone"
    FOREIGN_KEY_BRINGS_INDEX = "a foreign key creates the index that it needs"


class Blocks(StrEnum):
    """Whom a statement's lock keeps waiting."""

    NONE = "none"
    WRITES = "writes"
    READS_AND_WRITES = "reads and writes"


@dataclass(frozen=True, slots=True)
class Effect:
    """What one statement does to a running system.

    `lock` is the engine's own word for the strongest lock on the statement's table, `other_locks` those on other tables
    by name. `blocks` says whom that lock stops while it is held; `held_for_scan` whether it is held for as long as a scan
    or a rewrite lasts (else for milliseconds). `seconds` is a range (low, high) for the rows at hand; `extra_bytes` the
    free space needed, None when the table's size is not known.
    """

    operation: str
    lock: str
    blocks: Blocks
    rewrites_table: bool = False
    scans_table: bool = False
    builds_index: bool = False
    seconds: tuple[float, float] = (0.0, 0.0)
    extra_bytes: int | None = None
    other_locks: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def is_long(self) -> bool:
        """Whether the time depends on the table's size."""
        return self.rewrites_table or self.scans_table or self.builds_index


@dataclass(frozen=True, slots=True)
class TableSize:
    """What is known of a table's size; None is unknown."""

    rows: int | None = None
    bytes: int | None = None
    writes_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Sync:
    """A column whose twin holds the same, kept so by triggers.

    `both_ways` copies whichever was written. Else the twin is computed: `expression` over the row; `is_optional` makes a
    value that does not fit NULL, instead of refusing the row, and `on_change` leaves the twin of a row alone until the
    column itself is written.
    """

    table: TableName
    column: str
    twin: str
    both_ways: bool = True
    expression: str = ""
    is_optional: bool = False
    on_change: bool = False


@dataclass(frozen=True, slots=True)
class Derivation:
    """Columns of a row that are computed from each other while both are in use: each with its expression over the row.

    `going` are known to the application of today, `coming` to the next one, whose values win where both were written.
    """

    table: TableName
    going: tuple[tuple[str, str], ...]
    coming: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Relocation:
    """A column that moves to another table, and is kept alike in both; `keys` pair the columns by which rows belong."""

    table: TableName
    column: str
    to: TableName
    new_name: str
    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Backfill:
    """Fill `column` with `expression` for the rows where it is NULL, in batches along the key."""

    table: TableName
    column: str
    expression: str
    key: tuple[str, ...]
    batch_rows: int = 5_000
    pause_seconds: float = 0.1


class Engine(Protocol):
    """One database at one version."""

    @property
    def name(self) -> str:
        """The name on the wire: postgresql, sqlite, ..."""
        ...

    @property
    def version(self) -> str:
        """The version planned for, such as "16"."""
        ...

    def can(self, capability: Can) -> bool:
        """Whether this version can."""
        ...

    def quote(self, name: str) -> str:
        """The name as SQL: quoted where the engine would read it as something else without quotes."""
        ...

    def quote_table(self, table: TableName) -> str:
        """A table's name as SQL, with its schema if it has one."""
        ...

    def object_name(self, table: TableName, columns: Sequence[str], kind: str) -> str:
        """A name for an index or constraint on those columns, within the engine's limit, in the engine's own habit.

        `kind` is its ending: idx, key, fkey, check, not_null, backfill.
        """
        ...

    def stored_type(self, type_: str) -> str:
        """What a column written with that type holds: another word where the type is a shorthand (serial)."""
        ...

    def sequence_name(self, table: TableName, column: str) -> str:
        """The name, as SQL, that the sequence of a numbered column gets; empty where columns have no sequences."""
        ...

    def refuses_transaction(self, statement: Statement, schema: Schema) -> bool:
        """Whether the statement must run outside a transaction that somebody else opened."""
        ...

    def index_validity_query(self, index: Index) -> str:
        """A query that gives true when the index is complete and in use; empty where a build cannot leave half of one."""
        ...

    def index_usage_query(self, index: Index) -> str:
        """A query that gives how often the index was read; empty where the engine does not count it."""
        ...

    def table_usage_query(self, table: TableName) -> str:
        """A query that gives how often the table was read and written; empty where the engine does not count it."""
        ...

    def spell(self, statement: Statement, schema: Schema) -> tuple[str, ...]:
        """The statement as SQL, without the closing semicolons; several where the engine needs several.

        Raises:
            CannotSpell: this engine has no such statement.
        """
        ...

    def effect(self, statement: Statement, schema: Schema, size: TableSize, *, is_new_table: bool = False) -> Effect:
        """What the statement does on a table of that size, from the measured facts. `schema` is as it is just before."""
        ...

    def spell_backfill(self, fill: Backfill, rows: int | None, schema: Schema) -> tuple[str, ...]:
        """SQL that fills the column where it is NULL, in batches along the key, resumable and safe to run twice.

        Runs outside a transaction: every batch commits. `rows` is the table's size where it is known.

        Raises:
            CannotSpell: the table or its key does not allow it.
        """
        ...

    def sync_triggers(self, sync: Sync, schema: Schema) -> tuple[Statement, ...]:
        """Statements that make the triggers of a sync.

        Raises:
            CannotSpell: the engine cannot keep these columns so.
        """
        ...

    def drop_sync_triggers(self, sync: Sync) -> tuple[Statement, ...]:
        """Statements that take them away."""
        ...

    def derivation_triggers(self, shape: Derivation | Relocation, schema: Schema) -> tuple[Statement, ...]:
        """Statements that make the triggers which keep columns computed from each other, or alike in two tables.

        Raises:
            CannotSpell: the engine cannot keep these columns so.
        """
        ...

    def drop_derivation_triggers(self, shape: Derivation | Relocation) -> tuple[Statement, ...]:
        """Statements that take them away."""
        ...

    def reclaiming(self, table: TableName) -> str:
        """The command that makes a table's files smaller, with what it keeps waiting, in words for a person."""
        ...

    def cautions(self, statement: Statement) -> tuple[str, ...]:
        """What surprises people about this statement on this engine, beyond its locks; each one sentence."""
        ...

    def session_guards(self, statements: Sequence[Statement], *, transaction: bool) -> tuple[str, ...]:
        """What a migration file says first, so that waiting for a lock cannot take the application down.

        `transaction` says whether the file runs inside one, which changes how a setting is made to last.
        """
        ...


@dataclass(frozen=True, slots=True)
class CopyJob:
    """What changes a large table while writers pass, where the server itself can only copy it while they wait.

    `commands` are for a shell, each with a title; `cautions` what the tools do not do, each one sentence.
    """

    title: str
    why: str
    commands: tuple[tuple[str, str], ...]
    cautions: tuple[str, ...] = ()


@runtime_checkable
class CopiesTables(Protocol):
    """An engine that carries some changes out only as a copy of the table, with writers waiting."""

    def copy_job(self, statement: Statement, schema: Schema, size: TableSize) -> CopyJob | None:
        """The job to run instead; None where the statement keeps nobody waiting for long, or the table is small."""
        ...

    def unfit_values(self, table: Table, column: Column, type_: str) -> str:
        """A query that lists values which do not fit another type; empty where all do, or nothing can be told."""
        ...


@runtime_checkable
class ComputesKeys(Engine, Protocol):
    """An engine whose indexes take columns of all rows only: a column computed by the server stands for anything else."""

    def computed_column(self, table: Table, expression: str, *, is_condition: bool) -> Column:
        """The column that holds the expression, or 1 where the condition holds and else NULL; one that is there or new.

        Raises:
            CannotSpell: no column can.
        """
        ...

    def compares_without_case(self, table: Table, expression: str) -> str:
        """The column that is only put in one case in an expression, and compares so by itself; else empty."""
        ...


@runtime_checkable
class HoldsLocks(Engine, Protocol):
    """An engine whose statements commit one by one, and which can keep others out from the first to the last."""

    def under_lock(self, table: TableName, statements: Sequence[Statement]) -> tuple[Statement, ...]:
        """The statements, with nobody else at the table in between."""
        ...


class CannotSpell(Exception):
    """This engine has no such statement; the message names the way out."""


class UnknownEngine(LookupError):
    """No engine of that name, or a version that it never had."""


def engine_names() -> tuple[str, ...]:
    """The engines that there are."""
    import domain_agents.engines as package

    return unit_names(package)


def engine(name: str, version: str = "") -> Engine:
    """The engine of that name, at that version (its default version when none is given).

    Raises:
        UnknownEngine: with the names or versions there are.
    """
    import domain_agents.engines as package

    try:
        unit = load_unit(package, name)
    except LookupError as error:
        raise UnknownEngine(str(error)) from error
    made: Engine = unit.at_version(version)
    return made
