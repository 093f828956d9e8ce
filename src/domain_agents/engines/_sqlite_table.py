"""A CREATE TABLE of SQLite's, taken apart: the table it makes, and where in the text each part stands.

The grammar is https://www.sqlite.org/lang_createtable.html (read 2026-11-20).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from domain_agents.catalog import Check, Column, ForeignKey, PrimaryKey, Table, TableName, Unique
from domain_agents.engines._sqlite_tokens import Cursor, Kind, NotUnderstood, tokens

if TYPE_CHECKING:
    from domain_agents.ddl import Constraint

_CONSTRAINT_STARTS: Final = (
    "CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "AS", "DEFERRABLE",
)  # fmt: skip
_TABLE_CONSTRAINTS: Final = ("PRIMARY", "UNIQUE", "CHECK", "FOREIGN")


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a column, or a table constraint: its offsets, and what it says."""

    kind: str
    start: int
    end: int
    constraint: Constraint | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """What stands between two commas of the body.

    A column (then `column` is set, `name_end` is where its name ends and `type_span` where its type stands, empty
    where there is none) or a table constraint.
    """

    start: int
    end: int
    clauses: tuple[Clause, ...]
    column: Column | None = None
    name_end: int = 0
    type_span: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Definition:
    """A CREATE TABLE: the table, its parts, and the offsets of its name and of the body's parentheses."""

    table: Table
    items: tuple[Item, ...]
    name_span: tuple[int, int]
    body: tuple[int, int]
    if_not_exists: bool = False
    strict: bool = False
    without_rowid: bool = False
    autoincrement: bool = False

    @property
    def rowid_alias(self) -> str:
        """The column that is the rowid by another name; empty when none is."""
        key = self.table.primary_key
        if self.without_rowid or key is None or len(key.columns) != 1:
            return ""
        column = self.table.column(key.columns[0])
        if column is None or column.type.upper() != "INTEGER":
            return ""
        # The one exception that SQLite keeps for compatibility: "INTEGER PRIMARY KEY DESC" on the column itself.
        return (
            ""
            if any(clause.kind == "primary key desc" for item in self.items for clause in item.clauses)
            else (column.name)
        )


def read_definition(text: str) -> Definition:
    """The CREATE TABLE that a text is.

    Raises:
        NotUnderstood: the text is something else, or has a clause that SQLite does not have.
    """
    return _Reader(Cursor(text, tokens(text))).read()


def read_table_name(cursor: Cursor) -> TableName:
    """A table's name with its schema; `main`, the schema of a bare name, is left out.

    Raises:
        NotUnderstood: no name stands here.
    """
    first = cursor.name("a table's name")
    if not cursor.takes("."):
        return TableName(first)
    return TableName(cursor.name("a table's name"), "" if first.lower() == "main" else first)


def read_column(cursor: Cursor) -> tuple[Column, tuple[Constraint, ...], tuple[Clause, ...]]:
    """A column as ADD COLUMN takes it.

    Raises:
        NotUnderstood: the text at the cursor is no column.
    """
    item, column = _Reader(cursor).column()
    found = tuple(clause.constraint for clause in item.clauses if clause.constraint is not None)
    return column, found, item.clauses


def read_constraint(cursor: Cursor) -> Constraint:
    """A table constraint, with its CONSTRAINT name if it has one.

    Raises:
        NotUnderstood: the text at the cursor is no table constraint.
    """
    return _Reader(cursor).table_constraint()[1]


@dataclass
class _ColumnParts:
    """What the clauses of one column add up to."""

    nullable: bool = True
    default: str | None = None
    generated: str | None = None
    collation: str | None = None
    identity: str = ""
    clauses: list[Clause] = field(default_factory=list)


class _Reader:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def read(self) -> Definition:
        cursor = self.cursor
        cursor.expect("CREATE")
        temporary = cursor.takes("TEMP") or cursor.takes("TEMPORARY")
        cursor.expect("TABLE")
        if_not_exists = cursor.takes("IF", "NOT", "EXISTS")
        name_start = cursor.place
        name = read_table_name(cursor)
        name_span = (cursor.row[name_start].start, cursor.row[cursor.place - 1].end)
        if temporary:
            name = TableName(name.name, "temp")
        if cursor.sees("AS"):
            raise NotUnderstood("CREATE TABLE ... AS SELECT: its columns are known only when it runs; write them out")
        cursor.expect("(")
        body_start = cursor.row[cursor.place - 1].end
        items = self.items()
        body_end = cursor.row[cursor.place - 1].start
        strict = without_rowid = False
        while not cursor.at_end:
            if cursor.takes("STRICT"):
                strict = True
            else:
                cursor.expect("WITHOUT", "ROWID")
                without_rowid = True
            if not cursor.takes(","):
                break
        if not cursor.at_end:
            raise NotUnderstood(f"expected the end of the table, found {cursor.here()}")
        return _assembled(
            Definition(
                Table(name, tuple(item.column for item in items if item.column is not None)),
                items, name_span, (body_start, body_end), if_not_exists, strict, without_rowid,
                any(clause.kind == "autoincrement" for item in items for clause in item.clauses),
            ),
            cursor.source,
        )  # fmt: skip

    def items(self) -> tuple[Item, ...]:
        cursor = self.cursor
        items = [self.column()[0]]
        in_constraints = False
        while not cursor.takes(")"):
            # SQLite does not ask for commas between table constraints.
            comma = cursor.takes(",")
            if cursor.sees("CONSTRAINT") or any(cursor.sees(word) for word in _TABLE_CONSTRAINTS):
                in_constraints = True
                items.append(self.table_constraint()[0])
            elif comma and not in_constraints:
                items.append(self.column()[0])
            else:
                raise NotUnderstood(f"expected a comma, a table constraint or ')', found {cursor.here()}")
        return tuple(items)

    def column(self) -> tuple[Item, Column]:
        cursor = self.cursor
        first = cursor.place
        name = cursor.name("a column's name")
        name_end = cursor.row[first].end
        type_first = cursor.place
        self.type_name()
        type_text = cursor.text(type_first)
        type_span = (
            (cursor.row[type_first].start, cursor.row[cursor.place - 1].end) if type_text else (name_end, name_end)
        )
        parts = _ColumnParts()
        while self.clause(name, parts):
            pass
        end = cursor.row[cursor.place - 1].end
        made = Column(name, type_text, parts.nullable, parts.default, parts.identity, parts.generated, parts.collation)
        return Item(cursor.row[first].start, end, tuple(parts.clauses), made, name_end, type_span), made

    def type_name(self) -> None:
        cursor = self.cursor
        while (token := cursor.peek()) is not None and token.kind in {Kind.WORD, Kind.NAME, Kind.STRING}:
            if token.is_word(*_CONSTRAINT_STARTS) or cursor.sees("GENERATED", "ALWAYS"):
                return
            cursor.place += 1
        if cursor.takes("("):
            for number in range(2):
                if not cursor.takes("+"):
                    cursor.takes("-")
                if cursor.next().kind not in {Kind.NUMBER, Kind.WORD}:
                    raise NotUnderstood("a type's size must be a number")
                if number or not cursor.takes(","):
                    break
            cursor.expect(")")

    def clause(self, column: str, parts: _ColumnParts) -> bool:
        """Read one clause of a column; whether there was one."""
        cursor = self.cursor
        first = cursor.place
        name = cursor.name("a constraint's name") if cursor.takes("CONSTRAINT") else ""
        kind = "name"
        constraint: Constraint | None = None
        if cursor.takes("PRIMARY", "KEY"):
            kind, constraint = self._inline_key(column, name, parts)
        elif cursor.takes("NOT", "NULL"):
            kind, parts.nullable = "not null", False
        elif cursor.takes("NULL"):
            kind = "null"
        elif cursor.takes("UNIQUE"):
            kind, constraint = "unique", Unique((column,), name)
        elif cursor.takes("CHECK"):
            kind, constraint = "check", Check(cursor.parenthesised(), name)
        elif cursor.takes("DEFAULT"):
            kind, parts.default = "default", self._default()
        elif cursor.takes("COLLATE"):
            kind, parts.collation = "collate", cursor.name("a collation")
        elif cursor.takes("REFERENCES"):
            kind, constraint = "references", self._references((column,), name)
        elif cursor.takes("GENERATED", "ALWAYS", "AS") or cursor.takes("AS"):
            kind, parts.generated = "generated", cursor.parenthesised()
            kind = "stored" if cursor.takes("STORED") else kind
            cursor.takes("VIRTUAL")
        elif not name:
            return False
        self._on_conflict()
        parts.clauses.append(Clause(kind, cursor.row[first].start, cursor.row[cursor.place - 1].end, constraint))
        return True

    def _inline_key(self, column: str, name: str, parts: _ColumnParts) -> tuple[str, PrimaryKey]:
        cursor = self.cursor
        kind = "primary key"
        if cursor.takes("DESC"):
            kind = "primary key desc"
        else:
            cursor.takes("ASC")
        self._on_conflict()
        if cursor.takes("AUTOINCREMENT"):
            kind, parts.identity = "autoincrement", "by default"
        return kind, PrimaryKey((column,), name)

    def _on_conflict(self) -> None:
        words = ("ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE")
        if self.cursor.takes("ON", "CONFLICT") and not any(self.cursor.takes(word) for word in words):
            raise NotUnderstood(f"ON CONFLICT: expected what to do, found {self.cursor.here()}")

    def _default(self) -> str:
        cursor = self.cursor
        if cursor.sees("("):
            return cursor.parenthesised()
        first = cursor.place
        signed = cursor.takes("+") or cursor.takes("-")
        token = cursor.next()
        allowed = {Kind.NUMBER, Kind.WORD} if signed else {Kind.NUMBER, Kind.WORD, Kind.NAME, Kind.STRING, Kind.BLOB}
        if token.kind not in allowed:
            raise NotUnderstood(
                f"DEFAULT: expected a literal or an expression in parentheses, found {token.text[:40]!r}"
            )
        return cursor.text(first)

    def _references(self, columns: tuple[str, ...], name: str) -> ForeignKey:
        cursor = self.cursor
        parent = read_table_name(cursor)
        key = ForeignKey(columns, parent, cursor.names() if cursor.sees("(") else (), name)
        while True:
            if cursor.takes("ON", "DELETE"):
                key = replace(key, on_delete=self._action())
            elif cursor.takes("ON", "UPDATE"):
                key = replace(key, on_update=self._action())
            elif cursor.takes("ON", "INSERT"):
                self._action()
            elif cursor.takes("MATCH"):
                cursor.name()
            elif cursor.takes("NOT", "DEFERRABLE"):
                self._initially()
            elif cursor.takes("DEFERRABLE"):
                key = replace(key, deferrable=f"DEFERRABLE{self._initially()}")
            else:
                return key

    def _action(self) -> str:
        for words in (("SET", "NULL"), ("SET", "DEFAULT"), ("CASCADE",), ("RESTRICT",), ("NO", "ACTION")):
            if self.cursor.takes(*words):
                return " ".join(words)
        raise NotUnderstood(f"expected what to do with the child rows, found {self.cursor.here()}")

    def _initially(self) -> str:
        for word in ("DEFERRED", "IMMEDIATE"):
            if self.cursor.takes("INITIALLY", word):
                return f" INITIALLY {word}"
        return ""

    def table_constraint(self) -> tuple[Item, Constraint]:
        cursor = self.cursor
        first = cursor.place
        name = cursor.name("a constraint's name") if cursor.takes("CONSTRAINT") else ""
        constraint: Constraint
        kind = "table constraint"
        if cursor.takes("PRIMARY", "KEY"):
            columns, autoincrement = self._key_columns()
            kind, constraint = "autoincrement" if autoincrement else kind, PrimaryKey(columns, name)
        elif cursor.takes("UNIQUE"):
            constraint = Unique(self._key_columns()[0], name)
        elif cursor.takes("CHECK"):
            constraint = Check(cursor.parenthesised(), name)
        else:
            cursor.expect("FOREIGN", "KEY")
            columns = cursor.names()
            cursor.expect("REFERENCES")
            constraint = self._references(columns, name)
        self._on_conflict()
        start, end = cursor.row[first].start, cursor.row[cursor.place - 1].end
        return Item(start, end, (Clause(kind, start, end, constraint),)), constraint

    def _key_columns(self) -> tuple[tuple[str, ...], bool]:
        cursor = self.cursor
        cursor.expect("(")
        columns: list[str] = []
        autoincrement = False
        while True:
            columns.append(cursor.name("a column"))
            if cursor.takes("COLLATE"):
                cursor.name("a collation")
            if not cursor.takes("ASC"):
                cursor.takes("DESC")
            autoincrement = cursor.takes("AUTOINCREMENT") or autoincrement
            if not cursor.takes(","):
                break
        cursor.expect(")")
        return tuple(columns), autoincrement


def _assembled(definition: Definition, source: str) -> Definition:
    """The definition with the table's keys and constraints, each column named as the column itself is written."""
    table = definition.table
    spelled = {column.name.lower(): column.name for column in table.columns}
    if len(spelled) < len(table.columns):
        raise NotUnderstood(f"table {table.name} has two columns of the same name")

    def own(columns: tuple[str, ...]) -> tuple[str, ...]:
        for column in columns:
            if column.lower() not in spelled:
                raise NotUnderstood(f"table {table.name} has no column {column}")
        return tuple(spelled[column.lower()] for column in columns)

    items = []
    for item in definition.items:
        clauses = []
        for clause in item.clauses:
            constraint = clause.constraint
            if isinstance(constraint, PrimaryKey | Unique | ForeignKey):
                clauses.append(replace(clause, constraint=replace(constraint, columns=own(constraint.columns))))
            else:
                clauses.append(clause)
        items.append(replace(item, clauses=tuple(clauses)))
    found = [clause.constraint for item in items for clause in item.clauses if clause.constraint is not None]
    keys = [one for one in found if isinstance(one, PrimaryKey)]
    if len(keys) > 1:
        raise NotUnderstood(f"table {table.name} has two primary keys")
    table = replace(
        table,
        primary_key=keys[0] if keys else None,
        uniques=tuple(one for one in found if isinstance(one, Unique)),
        checks=tuple(one for one in found if isinstance(one, Check)),
        foreign_keys=tuple(one for one in found if isinstance(one, ForeignKey)),
        definition=source,
    )
    definition = replace(definition, table=table, items=tuple(items))
    # A key's columns may hold NULL in SQLite, except the rowid itself and where the table is STRICT or WITHOUT ROWID.
    never_null = keys[0].columns if keys and (definition.strict or definition.without_rowid) else ()
    alias = definition.rowid_alias
    columns = tuple(
        replace(column, nullable=False) if column.name == alias or column.name in never_null else column
        for column in table.columns
    )
    if definition.autoincrement:
        columns = tuple(replace(c, identity="by default") if c.name == alias else c for c in columns)
    return replace(definition, table=replace(table, columns=columns))
