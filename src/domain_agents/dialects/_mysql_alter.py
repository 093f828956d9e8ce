"""ALTER TABLE as MySQL and MariaDB write it: several actions, and how they are to be carried out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from domain_agents import ddl
from domain_agents.catalog import PrimaryKey
from domain_agents.dialects._mysql_columns import (
    begins_key,
    read_column,
    read_default,
    read_key,
    read_table,
    read_type,
)
from domain_agents.dialects._mysql_partitions import read_partitions
from domain_agents.engines._mysql_defaults import is_deterministic, is_plain
from domain_agents.engines._sqlite_tokens import NotUnderstood

if TYPE_CHECKING:
    from domain_agents.catalog import TableName
    from domain_agents.engines._mysql_tokens import MysqlCursor

_METADATA_OPTIONS: Final = (
    ("AUTO_INCREMENT",), ("COMMENT",), ("STATS_PERSISTENT",), ("STATS_AUTO_RECALC",), ("STATS_SAMPLE_PAGES",),
    ("DEFAULT", "CHARSET"), ("DEFAULT", "CHARACTER", "SET"), ("CHARSET",), ("CHARACTER", "SET"), ("DEFAULT", "COLLATE"),
    ("COLLATE",),
)  # fmt: skip


@dataclass(slots=True)
class Parts:
    """What a statement is read into."""

    atoms: list[ddl.Statement] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    clauses: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Habits:
    """Where the two servers read the same words differently.

    `default_rewrites` says that a default which is no plain literal is computed row by row, deterministic or not.
    """

    check_is_attribute: bool
    default_rewrites: bool

    def is_volatile(self, default: str) -> bool:
        """Whether adding a column with that default costs a copy of the table."""
        return not is_plain(default) and (self.default_rewrites or not is_deterministic(default))


def read_alter_table(cursor: MysqlCursor, habits: Habits) -> Parts:
    """The statement from the table's name on.

    Raises:
        NotUnderstood: an action is not known.
    """
    cursor.takes("IF", "EXISTS")
    table = read_table(cursor)
    alter = _Alter(cursor, table, habits)
    read_wait(cursor, alter.parts)
    while not cursor.at_end:
        alter.action()
        if not cursor.takes(","):
            break
    if not cursor.at_end:
        raise NotUnderstood(f"ALTER TABLE: {cursor.here()} is not read yet")
    if not alter.parts.atoms:
        raise NotUnderstood("ALTER TABLE without an action")
    alter.parts.atoms = _with_one_key(alter.parts.atoms)
    return alter.parts


def _with_one_key(atoms: list[ddl.Statement]) -> list[ddl.Statement]:
    """A key that goes and one that comes in the same statement are one change: the table is never without."""
    gone = next((one for one in atoms if isinstance(one, ddl.ChangePrimaryKey)), None)
    for one in atoms:
        if gone is not None and isinstance(one, ddl.AddConstraint) and isinstance(one.constraint, PrimaryKey):
            changed = ddl.ChangePrimaryKey(gone.table, one.constraint.columns)
            return [changed if other is gone else other for other in atoms if other is not one]
    return atoms


def read_clause(cursor: MysqlCursor, parts: Parts) -> bool:
    """ALGORITHM=... or LOCK=..., if one stands here."""
    first = cursor.place
    for word in ("ALGORITHM", "LOCK"):
        if cursor.sees(word):
            cursor.next()
            cursor.takes("=")
            value = cursor.name("a value").upper()
            parts.clauses.append(f"{word}={value}")
            return True
    if cursor.takes("WITH", "VALIDATION") or cursor.takes("WITHOUT", "VALIDATION"):
        parts.clauses.append(cursor.text(first).upper())
        return True
    return False


def read_wait(cursor: MysqlCursor, parts: Parts) -> None:
    """MariaDB's WAIT n or NOWAIT, if it stands here."""
    first = cursor.place
    if cursor.takes("NOWAIT"):
        parts.clauses.append("NOWAIT")
    elif cursor.takes("WAIT"):
        cursor.next()
        parts.clauses.append(cursor.text(first))


class _Alter:
    """One ALTER TABLE while its actions are read."""

    def __init__(self, cursor: MysqlCursor, table: TableName, habits: Habits) -> None:
        self.cursor, self.table, self.habits = cursor, table, habits
        self.parts = Parts()

    def action(self) -> None:
        cursor = self.cursor
        if read_clause(cursor, self.parts) or self._option():
            return
        for word, read in (
            ("ADD", self._add),
            ("DROP", self._drop),
            ("ALTER", self._alter),
            ("MODIFY", self._modify),
            ("CHANGE", self._change),
            ("RENAME", self._rename),
            ("CONVERT", self._convert),
        ):
            if cursor.takes(word):
                read()
                return
        raise NotUnderstood(f"ALTER TABLE: {cursor.here()} is not read yet")

    def _convert(self) -> None:
        cursor = self.cursor
        cursor.expect("TO")
        if not cursor.takes("CHARSET"):
            cursor.expect("CHARACTER")
            cursor.expect("SET")
        charset = cursor.name("a character set")
        collation = cursor.name("a collation") if cursor.takes("COLLATE") else None
        self.parts.atoms.append(ddl.ConvertTable(self.table, charset, collation))

    def _option(self) -> bool:
        cursor = self.cursor
        for words in _METADATA_OPTIONS:
            if cursor.takes(*words):
                cursor.takes("=")
                cursor.next()
                self.parts.atoms.append(ddl.NoCatalogChange("settings", self.table))
                return True
        if cursor.takes("ENABLE", "KEYS") or cursor.takes("DISABLE", "KEYS"):
            self.parts.atoms.append(ddl.NoCatalogChange("settings", self.table))
            return True
        return False

    def _add(self) -> None:
        cursor, table = self.cursor, self.table
        if cursor.sees("PARTITION", "("):
            cursor.next()
            self.parts.atoms += [ddl.AddPartition(table, one.name.name, one.bound) for one in read_partitions(cursor)]
            return
        if any(cursor.sees(word) for word in ("PARTITION", "SYSTEM", "PERIOD")):
            raise NotUnderstood(f"ADD {cursor.here()} is not read yet")
        if begins_key(cursor):
            key = read_key(cursor, table)
            if key.constraint is not None:
                self.parts.atoms.append(ddl.AddConstraint(table, key.constraint))
            if key.index is not None:
                self.parts.atoms.append(ddl.CreateIndex(key.index))
            self.parts.dropped += key.dropped
            return
        cursor.takes("COLUMN")
        if_not_exists = cursor.takes("IF", "NOT", "EXISTS")
        if cursor.takes("("):
            self._add_column(if_not_exists=if_not_exists)
            while cursor.takes(","):
                self._add_column(if_not_exists=if_not_exists)
            cursor.expect(")")
            return
        self._add_column(if_not_exists=if_not_exists)

    def _add_column(self, *, if_not_exists: bool) -> None:
        read = read_column(self.cursor, check_is_attribute=self.habits.check_is_attribute)
        default = read.column.default
        volatile = default is not None and self.habits.is_volatile(default)
        self.parts.atoms.append(ddl.AddColumn(self.table, read.column, read.constraints, if_not_exists, volatile))
        self.parts.dropped += read.dropped
        self._position()

    def _position(self) -> None:
        cursor, first = self.cursor, self.cursor.place
        if cursor.takes("FIRST"):
            self.parts.dropped.append("FIRST")
        elif cursor.takes("AFTER"):
            cursor.name("a column")
            self.parts.dropped.append(cursor.text(first))

    def _drop(self) -> None:
        cursor, table = self.cursor, self.table
        if cursor.takes("PRIMARY", "KEY"):
            self.parts.atoms.append(ddl.ChangePrimaryKey(table))
            return
        if cursor.takes("PARTITION"):
            self.parts.dropped += ["IF EXISTS"] if cursor.takes("IF", "EXISTS") else []
            named = [cursor.name("a partition")]
            while cursor.takes(","):
                named.append(cursor.name("a partition"))
            self.parts.atoms += [ddl.DropPartition(table, name) for name in named]
            return
        if any(cursor.sees(word) for word in ("SYSTEM", "PERIOD")):
            raise NotUnderstood(f"DROP {cursor.here()} is not read yet")
        if cursor.takes("INDEX") or cursor.takes("KEY"):
            if_exists = cursor.takes("IF", "EXISTS")
            name = cursor.name("an index")
            self.parts.atoms.append(ddl.DropIndex(name, if_exists=if_exists, schema=table.schema, table=table))
        elif cursor.takes("FOREIGN", "KEY") or cursor.takes("CONSTRAINT") or cursor.takes("CHECK"):
            if_exists = cursor.takes("IF", "EXISTS")
            self.parts.atoms.append(ddl.DropConstraint(table, cursor.name("a constraint"), if_exists))
        else:
            cursor.takes("COLUMN")
            if_exists = cursor.takes("IF", "EXISTS")
            self.parts.atoms.append(ddl.DropColumn(table, cursor.name("a column"), if_exists))
            cursor.takes("RESTRICT")

    def _alter(self) -> None:
        cursor, table = self.cursor, self.table
        if cursor.takes("INDEX") or cursor.takes("KEY"):
            cursor.name("an index")
            if not any(cursor.takes(*w) for w in (("VISIBLE",), ("INVISIBLE",), ("IGNORED",), ("NOT", "IGNORED"))):
                raise NotUnderstood(f"ALTER INDEX: {cursor.here()} is not read yet")
            self.parts.atoms.append(ddl.NoCatalogChange("settings", table))
            return
        if cursor.sees("CHECK") or cursor.sees("CONSTRAINT"):
            raise NotUnderstood("ALTER CHECK is not read yet")
        cursor.takes("COLUMN")
        column = cursor.name("a column")
        if cursor.takes("SET", "DEFAULT"):
            default = read_default(cursor)
            self.parts.atoms.append(ddl.SetDefault(table, column, None if default.upper() == "NULL" else default))
        elif cursor.takes("DROP", "DEFAULT"):
            self.parts.atoms.append(ddl.SetDefault(table, column, None))
        # What other databases write, and these refuse: a request may say it, and is written as MODIFY.
        elif cursor.takes("SET", "NOT", "NULL"):
            self.parts.atoms.append(ddl.SetNotNull(table, column))
        elif cursor.takes("DROP", "NOT", "NULL"):
            self.parts.atoms.append(ddl.DropNotNull(table, column))
        elif cursor.takes("TYPE") or cursor.takes("SET", "DATA", "TYPE"):
            self.parts.atoms.append(ddl.ChangeType(table, column, read_type(cursor)))
        else:
            raise NotUnderstood(f"ALTER COLUMN: {cursor.here()} is not read yet")

    def _modify(self, old_name: str = "") -> None:
        cursor = self.cursor
        if not old_name:
            cursor.takes("COLUMN")
            cursor.takes("IF", "EXISTS")
        read = read_column(cursor, check_is_attribute=self.habits.check_is_attribute)
        self.parts.atoms.append(ddl.ModifyColumn(self.table, read.column, read.constraints, old_name))
        self.parts.dropped += read.dropped
        self._position()

    def _change(self) -> None:
        self.cursor.takes("COLUMN")
        self.cursor.takes("IF", "EXISTS")
        self._modify(self.cursor.name("a column"))

    def _rename(self) -> None:
        cursor, table = self.cursor, self.table
        if cursor.takes("COLUMN"):
            column = cursor.name("a column")
            cursor.expect("TO")
            self.parts.atoms.append(ddl.RenameColumn(table, column, cursor.name("a column")))
        elif cursor.takes("INDEX") or cursor.takes("KEY"):
            index = cursor.name("an index")
            cursor.expect("TO")
            self.parts.atoms.append(ddl.RenameIndex(index, cursor.name("an index"), table))
        else:
            if not cursor.takes("TO"):
                cursor.takes("AS")
            self.parts.atoms.append(renamed(table, read_table(cursor)))


def renamed(table: TableName, new: TableName) -> ddl.RenameTable:
    """A table's new name.

    Raises:
        NotUnderstood: it moves to another database.
    """
    if new.schema and new.schema != table.schema:
        raise NotUnderstood("a table that moves to another database")
    return ddl.RenameTable(table, new.name)
