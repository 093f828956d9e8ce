"""What a proof must know of migration files before it runs them: tables, columns, deploys."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from domain_agents import ddl
from domain_agents.catalog import Check, ForeignKey, PrimaryKey, Unique
from domain_agents.dialects import dialect, replay
from domain_agents.observations import Assumptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from domain_agents.catalog import Index, Schema, Table
    from domain_agents.dialects import Dialect
    from domain_agents.engines import Effect

_WRITES_ROWS: Final = re.compile(
    r"^\s*(?:WITH\b.*\b)?(?:UPDATE|MERGE|DELETE|TRUNCATE|CALL|DO|INSERT)\b", re.IGNORECASE | re.DOTALL
)
_BACKFILLS: Final = re.compile(r"^\s*(?:WITH\b.*\b)?(?:UPDATE|MERGE|CALL|DO)\b", re.IGNORECASE | re.DOTALL)
_ROUTINE: Final = re.compile(
    r"^\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:PROCEDURE|FUNCTION)\b", re.IGNORECASE
)
_QUALIFIER: Final = r'(?:"[^"]+"|\w+)'
_NOT_NULL: Final = re.compile(r'\(?\s*("[^"]+"|`[^`]+`|[\w$]+)\s+IS\s+NOT\s+NULL\s*\)?', re.IGNORECASE)
_VOLATILE: Final = re.compile(
    r"\b(?:rand(?:om\w*)?|gen_random_uuid|uuid\w*|randomblob|now|clock_timestamp|statement_timestamp|nextval|"
    r"current_timestamp|sysdate|utc_\w+|curdate|curtime)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ProofStatement:
    """One statement to run. `transaction` counts a file's transactions from 1; 0 commits by itself. `effect` is what was
    declared, None when nobody did."""

    sql: str
    line: int = 0
    transaction: int = 0
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class ProofFile:
    """One migration file to run."""

    path: str
    statements: tuple[ProofStatement, ...]
    undo: tuple[str, ...] | None = None
    """What takes it back, as statements; none when that is said in words, None when nothing is said of it."""
    waits: bool = False
    """Whether its plan says aloud that it keeps writers waiting, because the server has no other way."""

    @property
    def is_backfill(self) -> bool:
        """Whether it changes rows and commits as it goes, so that it must bear being cut off and run again.

        What happens in one transaction happens whole or not at all, and a runner's ledger keeps it from happening twice.
        """
        return any(_BACKFILLS.match(one.sql) and not one.transaction for one in self.statements)

    @property
    def plain(self) -> tuple[tuple[str, int], ...]:
        """(sql, transaction) in order."""
        return tuple((one.sql, one.transaction) for one in self.statements)

    def without_ledger(self, ledger: str) -> tuple[tuple[str, int], ...]:
        """The same without the entry in the ledger: a file that was cut off has none, which is why it runs again."""
        if not ledger:
            return self.plain
        entry = re.compile(rf'\s*INSERT\s+INTO\s+["`]?{re.escape(ledger)}["`]?[\s(]', re.IGNORECASE)
        return tuple(statement for statement in self.plain if not entry.match(statement[0]))


@dataclass(frozen=True, slots=True)
class Reading:
    """What the files say together.

    `tables` are those they name. `assumed`: columns that become NOT NULL without being filled hold no NULL, and rows obey
    the keys and checks that are put on them; the plan takes that for granted, as its prechecks say.
    `going` are columns (table, column) that the files take away in the end, each with the column that stands in for it
    or "" (a partition that is detached is the column "" of its name), `renamed` those that were asked to have another
    name: their values must be found under it. `dropped` are the tables that were asked to go, `moved` those that were
    asked to have another name, with that name.
    `rewritten` (table, column) are old columns whose values the files mean to change. `new_application_from` is the first
    file that needs the new application, None when none does. `added` are the columns the files add, `refilled` the tables
    to which they add rows.
    """

    tables: frozenset[str]
    assumed: Assumptions
    going: Mapping[tuple[str, str], str]
    renamed: Mapping[tuple[str, str], str]
    rewritten: frozenset[tuple[str, str]]
    added: frozenset[tuple[str, str]]
    refilled: frozenset[str]
    new_application_from: int | None
    is_volatile: bool
    dropped: frozenset[str] = frozenset()
    moved: Mapping[str, str] = field(default_factory=dict)


def read_files(
    files: Sequence[ProofFile], engine: str, schema: Sequence[str] = (), asked: Sequence[str] = ()
) -> Reading:
    """What the files say, read by the dialect; what it does not understand is searched for names.

    `schema` are the statements that make the schema before them, `asked` the change as it was asked for.
    """
    reader = dialect(engine)
    tables: set[str] = set()
    added: dict[tuple[str, str], int] = {}
    tightened: dict[tuple[str, str], int] = {}
    lost: dict[tuple[str, str], int] = {}
    changed: set[tuple[str, str]] = set()
    atoms = [atom for sql in asked for read in reader.read(sql) for atom in read.atoms]
    dropped = frozenset(str(atom.table) for atom in atoms if isinstance(atom, ddl.DropTable))
    renames = [atom for atom in atoms if isinstance(atom, ddl.RenameTable)]
    # A name that another table takes over is the application's as before.
    kept = {atom.new_name for atom in renames}
    moved = {str(atom.table): atom.new_name for atom in renames if atom.table.name not in kept}
    going = _going(files, reader, schema, dropped.union(moved))
    for position, file in enumerate(files):
        for statement in file.statements:
            for atom in (atom for read in reader.read(statement.sql) for atom in read.atoms):
                _collect(atom, position, tables, added, tightened, lost, changed)
    writes = [
        # A backtick is not a character of a statement anywhere but around MySQL's names.
        one.sql.replace("`", '"')
        for file in files
        for one in file.statements
        if _WRITES_ROWS.match(one.sql) or _ROUTINE.match(one.sql)
    ]
    named = {name for _, name in (*added, *tightened)} | _assigned(writes)
    written = {name for name in named if any(_assigns(sql, name) for sql in writes)}
    tables |= _named_behind("UPDATE", writes)
    never_null = frozenset(c for c in tightened if c not in added and c[1] not in written)
    rewritten = frozenset(
        changed
        | _relabelled(files, reader, schema)
        | {(table, name) for table in tables for name in written if (table, name) not in added}
        | set(lost)
        | going
    )
    renamed = {(str(atom.table), atom.column): atom.new_name for atom in atoms if isinstance(atom, ddl.RenameColumn)}
    # A column that the files add and then give another's name holds what that one holds, before and after.
    taking = {
        (str(atom.table), atom.column): atom.new_name
        for file in files
        for one in file.statements
        for read in reader.read(one.sql)
        for atom in read.atoms
        if isinstance(atom, ddl.RenameColumn) and (str(atom.table), atom.column) in added
    }
    return Reading(
        tables=frozenset(tables),
        assumed=_assumed(files, reader, schema, added, never_null),
        going={column: renamed.get(column, taking.get(column, "")) for column in (*going, *_detached(atoms))},
        renamed=renamed,
        rewritten=rewritten,
        added=frozenset(added),
        refilled=frozenset(_named_behind(r"INSERT\s+INTO|COPY", writes)),
        new_application_from=_new_application_from(added, tightened, lost),
        is_volatile=any(_VOLATILE.search(sql) for sql in writes),
        dropped=dropped,
        moved=moved,
    )


def _assumed(
    files: Sequence[ProofFile],
    reader: Dialect,
    schema: Sequence[str],
    added: Mapping[tuple[str, str], int],
    never_null: frozenset[tuple[str, str]],
) -> Assumptions:
    """What the files put on columns which were there before: keys, unique indexes and conditions that rows must obey.

    It is told from the statements, and from the schema before and after each of them: a table that is built anew has its
    new constraints in a CREATE TABLE.
    """
    put: set[tuple[str, ddl.Constraint]] = set()
    start, _ = replay(";\n".join(schema), reader)
    current = start
    for sql in (one.sql for file in files for one in file.statements):
        for atom in (atom for read in reader.read(sql) for atom in read.atoms):
            match atom:
                case ddl.AddConstraint(using_index=""):
                    # One made of an index does not say its columns: the schema after it does.
                    put.add((str(atom.table), atom.constraint))
                case ddl.CreateIndex(index=index) if index.unique and index.where is None and _is_plain(index):
                    put.add((str(index.table), Unique(index.columns)))
        now, _ = replay(sql, reader, current)
        changed = {name for name in start.tables if now.tables.get(name) is not current.tables.get(name)}
        current = now
        for name in changed:
            before = start.tables[name]
            put |= {(str(name), one) for one in _constraints(current.tables.get(name)) - _constraints(before)}
    names = {column for _, column in added}
    old = [(table, one) for table, one in put if not any((table, column) in added for column in _columns_of(one))]
    return Assumptions(
        never_null,
        frozenset(
            (t, one.columns, str(one.parent), one.parent_columns) for t, one in old if isinstance(one, ForeignKey)
        ),
        frozenset((t, one.columns) for t, one in old if isinstance(one, Unique | PrimaryKey)),
        frozenset(
            (t, one.expression)
            for t, one in old
            if isinstance(one, Check)
            and not _NOT_NULL.fullmatch(one.expression.strip())
            and not any(ddl.mentions(one.expression, column) for column in names)
        ),
        _numbered_no_more(files, reader, current),
    )


def _numbered_no_more(files: Sequence[ProofFile], reader: Dialect, reached: Schema) -> frozenset[tuple[str, str]]:
    """The columns that lose their identity and get nothing in its place."""
    lost = {
        atom
        for file in files
        for one in file.statements
        for read in reader.read(one.sql)
        for atom in read.atoms
        if isinstance(atom, ddl.DropIdentity)
    }
    found = [(atom, table.column(atom.column)) for atom in lost if (table := reached.table(atom.table)) is not None]
    return frozenset(
        (str(atom.table), atom.column)
        for atom, column in found
        if column is not None and not column.identity and column.default is None and not column.nullable
    )


def _relabelled(files: Sequence[ProofFile], reader: Dialect, schema: Sequence[str]) -> set[tuple[str, str]]:
    """The columns whose type gets another name for one of its values: their rows show it, though none is touched."""
    start, _ = replay(";\n".join(schema), reader)
    enums = [
        start.enum(atom.enum)
        for file in files
        for one in file.statements
        for read in reader.read(one.sql)
        for atom in read.atoms
        if isinstance(atom, ddl.RenameEnumValue)
    ]
    return {
        (str(table.name), column.name)
        for enum in enums
        if enum is not None
        for table, column in ddl.enum_columns(start, enum)
    }


def _constraints(table: Table | None) -> set[ddl.Constraint]:
    """A table's constraints by what they say; their names are left out."""
    if table is None:
        return set()
    keys = (table.primary_key,) if table.primary_key else ()
    checks = (replace(check, validated=True) for check in table.checks)
    foreign_keys = (replace(key, validated=True) for key in table.foreign_keys)
    return {replace(one, name="") for one in (*keys, *table.uniques, *checks, *foreign_keys)}


def _columns_of(constraint: ddl.Constraint) -> tuple[str, ...]:
    return () if isinstance(constraint, Check) else constraint.columns


def _is_plain(index: Index) -> bool:
    return not any(key.is_expression for key in index.keys)


def _collect(
    atom: ddl.Statement,
    position: int,
    tables: set[str],
    added: dict[tuple[str, str], int],
    tightened: dict[tuple[str, str], int],
    lost: dict[tuple[str, str], int],
    changed: set[tuple[str, str]],
) -> None:
    table = getattr(atom, "table", None)
    match atom:
        case ddl.CreateIndex():
            tables.add(str(atom.index.table))
        case ddl.CreateTable():
            tables.update(str(fk.parent) for fk in atom.table.foreign_keys)
        case ddl.AddColumn():
            added.setdefault((str(atom.table), atom.column.name), position)
            tables.update(str(fk.parent) for fk in atom.constraints if hasattr(fk, "parent"))
        case ddl.SetNotNull():
            tightened.setdefault((str(atom.table), atom.column), position)
        case ddl.AddConstraint(constraint=Check() as check):
            told = _NOT_NULL.fullmatch(check.expression.strip())
            if told:
                tightened.setdefault((str(atom.table), told.group(1).strip('"`')), position)
        case ddl.AddConstraint():
            parent = getattr(atom.constraint, "parent", None)
            tables.update([str(parent)] if parent else [])
        case ddl.RenameTable():
            tables.add(str(replace(atom.table, name=atom.new_name)))
        case ddl.ChangeType():
            changed.add((str(atom.table), atom.column))
        case ddl.DropColumn() | ddl.RenameColumn():
            lost.setdefault((str(atom.table), atom.column), position)
        case _:
            pass
    if table is not None and not isinstance(atom, ddl.CreateTable | ddl.NoCatalogChange):
        tables.add(str(table))


def _going(
    files: Sequence[ProofFile], reader: Dialect, schema: Sequence[str], leaving: frozenset[str]
) -> frozenset[tuple[str, str]]:
    """The columns that there are now or in between, and in the end no more, of tables that stay or leave on purpose."""
    current, _ = replay(";\n".join(schema), reader)
    seen: set[tuple[str, str]] = set()
    for sql in ("", *(one.sql for file in files for one in file.statements)):
        current, _ = replay(sql, reader, current)
        seen |= _columns(current)
    tables = {str(name) for name in current.tables} | leaving
    return frozenset((table, column) for table, column in seen - _columns(current) if table in tables)


def _detached(atoms: Sequence[ddl.Statement]) -> set[tuple[str, str]]:
    """The partitions whose rows leave their table, each as the column "" of its name; an exchanged one leaves no gap."""
    attached = {atom.table for atom in atoms if isinstance(atom, ddl.AttachPartition)}
    return {
        (str(atom.partition), "")
        for atom in atoms
        if isinstance(atom, ddl.DetachPartition) and atom.table not in attached
    } | {(str(atom.table), "") for atom in atoms if isinstance(atom, ddl.DropTable)}


def _columns(schema: Schema) -> set[tuple[str, str]]:
    return {(str(table.name), column.name) for table in schema.tables.values() for column in table.columns}


def _assigns(sql: str, column: str) -> bool:
    return re.search(rf'(?:\bSET|,)\s*(?:{_QUALIFIER}\.)?"?{re.escape(column)}"?\s*=', sql, re.IGNORECASE) is not None


def _assigned(writes: Iterable[str]) -> set[str]:
    pattern = re.compile(rf'(?:\bSET|,)\s*(?:{_QUALIFIER}\.)?"?(\w+)"?\s*=', re.IGNORECASE)
    return {name for sql in writes for name in pattern.findall(sql)}


def _named_behind(words: str, statements: Iterable[str]) -> set[str]:
    """The tables that stand behind some words."""
    name = r'((?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?)'
    pattern = re.compile(rf"\b(?:{words})\s+(?:ONLY\s+)?{name}", re.IGNORECASE)
    return {found.replace('"', "") for sql in statements for found in pattern.findall(sql)}


def _new_application_from(
    added: dict[tuple[str, str], int], tightened: dict[tuple[str, str], int], lost: dict[tuple[str, str], int]
) -> int | None:
    """Who adds a column and later makes it NOT NULL has the application that writes it deployed in between: right after the
    file that adds it. Who drops or renames a column has the application that does without it deployed before."""
    candidates = [
        added[column] + 1 for column, position in tightened.items() if column in added and position > added[column]
    ]
    candidates += [position for column, position in tightened.items() if column not in added]
    candidates += list(lost.values())
    return min(candidates) if candidates else None
