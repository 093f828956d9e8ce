"""A column, a key or a constraint as MySQL and MariaDB write it, into the catalog's nouns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from domain_agents.catalog import Check, Column, ForeignKey, Index, IndexKey, PrimaryKey, TableName, Unique
from domain_agents.engines._mysql_defaults import is_literal
from domain_agents.engines._mysql_tokens import tokens
from domain_agents.engines._sqlite_tokens import Kind, NotUnderstood

if TYPE_CHECKING:
    from domain_agents.ddl import Constraint
    from domain_agents.engines._mysql_tokens import MysqlCursor

_TYPE_WORDS: Final = (
    "PRECISION", "VARYING", "VARCHAR", "VARBINARY", "CHAR", "UNSIGNED", "SIGNED", "ZEROFILL", "BINARY", "ASCII",
    "UNICODE", "BYTE",
)  # fmt: skip
_PREFIXES: Final = ("DOUBLE", "NATIONAL", "LONG", "CHARACTER", "CHAR", "NCHAR")
_WITH_VALUE: Final = ("COMMENT", "COLUMN_FORMAT", "STORAGE", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE", "SRID")
_BARE: Final = ("INVISIBLE", "VISIBLE", "COMPRESSED")
_KEY_STARTS: Final = ("PRIMARY", "UNIQUE", "INDEX", "KEY", "FULLTEXT", "SPATIAL", "CONSTRAINT", "FOREIGN", "CHECK")
_ACTIONS: Final = (("NO", "ACTION"), ("RESTRICT",), ("CASCADE",), ("SET", "NULL"), ("SET", "DEFAULT"))


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """A column's definition, the constraints written on it, and what neither holds."""

    column: Column
    constraints: tuple[Constraint, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadKey:
    """A key or constraint of a table: one of the two is there."""

    constraint: Constraint | None = None
    index: Index | None = None
    dropped: tuple[str, ...] = ()


def begins_key(cursor: MysqlCursor) -> bool:
    """Whether a key or constraint is written here: these words are reserved, a column of such a name is quoted."""
    return any(cursor.sees(word) for word in _KEY_STARTS)


def read_table(cursor: MysqlCursor) -> TableName:
    """A table's name, with its database if it is written."""
    first = cursor.name("a table")
    return TableName(cursor.name("a table"), first) if cursor.takes(".") else TableName(first)


def read_column(cursor: MysqlCursor, *, check_is_attribute: bool) -> ReadColumn:
    """A column from its name on, up to whatever belongs to it no more.

    `check_is_attribute` says that a CHECK written on a column is a part of its definition (MariaDB), which MODIFY loses.

    Raises:
        NotUnderstood: something in it is not known.
    """
    return _Column(cursor, check_is_attribute=check_is_attribute).read()


class _Column:
    """One column's definition while it is read."""

    def __init__(self, cursor: MysqlCursor, *, check_is_attribute: bool) -> None:
        self.cursor = cursor
        self.check_is_attribute = check_is_attribute
        self.name = cursor.name("a column")
        self.nullable = True
        self.default: str | None = None
        self.identity = ""
        self.generated: str | None = None
        self.virtual = False
        self.collation: str | None = None
        self.attributes: list[str] = []
        self.constraints: list[Constraint] = []
        self.dropped: list[str] = []
        self.charset = ""

    def read(self) -> ReadColumn:
        written = read_type(self.cursor)
        if written.upper() == "SERIAL":
            # An alias in the server's own words: BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE.
            self.nullable, self.identity = False, "by default"
            self.constraints.append(Unique((self.name,), self.name))
        while self._attribute():
            pass
        type_ = f"{written} {self.charset}" if self.charset else written
        if written.lower() == "longtext" and self._takes_json_check():
            # How MariaDB shows its own JSON; written so again, the server calls it a change of type and refuses.
            type_, self.collation = "json", None
        column = Column(
            self.name, type_, self.nullable, self.default, self.identity, self.generated, self.collation,
            self.virtual, tuple(self.attributes),
        )  # fmt: skip
        return ReadColumn(column, tuple(self.constraints), tuple(self.dropped))

    def _takes_json_check(self) -> bool:
        shown = "CHECK (json_valid(`" + self.name.replace("`", "``") + "`))"
        if shown not in self.attributes:
            return False
        self.attributes.remove(shown)
        return True

    def _attribute(self) -> bool:
        cursor, first = self.cursor, self.cursor.place
        if cursor.takes("NOT", "NULL"):
            self.nullable = False
        elif cursor.takes("NULL"):
            self.nullable = True
        elif cursor.takes("DEFAULT"):
            default = read_default(cursor)
            self.default = None if default.upper() == "NULL" else default
        elif cursor.takes("ON", "UPDATE"):
            read_default(cursor)
            self.attributes.append(cursor.text(first))
        elif cursor.takes("AUTO_INCREMENT"):
            self.identity = "by default"
        elif cursor.takes("COLLATE"):
            cursor.takes("=")
            self.collation = cursor.name("a collation")
        elif cursor.takes("CHARACTER", "SET") or cursor.takes("CHARSET"):
            cursor.name("a character set")
            self.charset = cursor.text(first)
        elif self._key() or self._generated():
            pass
        elif any(cursor.takes(word) for word in _BARE):
            self.attributes.append(cursor.text(first))
        elif any(cursor.takes(word) for word in _WITH_VALUE):
            cursor.takes("=")
            cursor.next()
            self.attributes.append(cursor.text(first))
        elif cursor.takes("WITHOUT", "SYSTEM", "VERSIONING") or cursor.takes("WITH", "SYSTEM", "VERSIONING"):
            self.attributes.append(cursor.text(first))
        else:
            return False
        return True

    def _key(self) -> bool:
        cursor, first = self.cursor, self.cursor.place
        if cursor.takes("UNIQUE"):
            cursor.takes("KEY")
            self.constraints.append(Unique((self.name,), self.name))
        elif cursor.takes("PRIMARY", "KEY") or cursor.takes("KEY"):
            self.constraints.append(PrimaryKey((self.name,)))
            self.nullable = False
        elif cursor.takes("REFERENCES"):
            read_reference(cursor, (self.name,), "")
            # InnoDB reads it and makes no key of it before MySQL 9; MariaDB does make one.
            self.dropped.append(cursor.text(first))
        elif cursor.sees("CHECK") or cursor.sees("CONSTRAINT"):
            self._check(first)
        else:
            return False
        return True

    def _check(self, first: int) -> None:
        cursor = self.cursor
        name = ""
        if cursor.takes("CONSTRAINT") and not cursor.sees("CHECK"):
            name = cursor.name("a constraint")
        cursor.expect("CHECK")
        expression = cursor.parenthesised()
        if cursor.takes("NOT", "ENFORCED"):
            raise NotUnderstood("CHECK ... NOT ENFORCED is not read yet")
        cursor.takes("ENFORCED")
        if self.check_is_attribute and not name:
            self.attributes.append(cursor.text(first))
        else:
            self.constraints.append(Check(expression, name))

    def _generated(self) -> bool:
        cursor = self.cursor
        if not cursor.takes("GENERATED", "ALWAYS", "AS") and not cursor.takes("AS"):
            return False
        if cursor.sees("ROW"):
            raise NotUnderstood("the columns of system versioning are not read yet")
        self.generated = cursor.parenthesised()
        stored = cursor.takes("STORED") or cursor.takes("PERSISTENT")
        cursor.takes("VIRTUAL")
        self.virtual = not stored
        return True


def read_type(cursor: MysqlCursor) -> str:
    """A column's type as written, with its length, UNSIGNED, and so on.

    Raises:
        NotUnderstood: there is none.
    """
    first = cursor.place
    token = cursor.next()
    if token.kind is not Kind.WORD:
        raise NotUnderstood(f"expected a type, found {token.text[:40]!r}")
    prefix = token.text.upper() in _PREFIXES
    while True:
        if cursor.sees("("):
            cursor.parenthesised()
        elif (prefix and cursor.takes("CHARACTER", "VARYING")) or any(cursor.takes(word) for word in _TYPE_WORDS):
            prefix = False
        else:
            return cursor.text(first)


def read_default(cursor: MysqlCursor) -> str:
    """The value behind DEFAULT or ON UPDATE as written; an expression without the brackets that it must stand in.

    Raises:
        NotUnderstood: there is none.
    """
    first = cursor.place
    if cursor.sees("("):
        inner = cursor.parenthesised()
        return cursor.text(first) if is_literal(tokens(inner)) else inner
    if cursor.sees("-") or cursor.sees("+"):
        cursor.next()
    token = cursor.next()
    if token.kind in {Kind.SIGN, Kind.BROKEN, Kind.PARAMETER}:
        raise NotUnderstood(f"expected a default, found {token.text[:40]!r}")
    following = cursor.peek()
    if token.kind is Kind.WORD and cursor.sees("("):
        cursor.parenthesised()
    elif token.kind is Kind.WORD and following is not None and following.kind in {Kind.STRING, Kind.BLOB}:
        cursor.next()  # _utf8mb4'text', DATE '2026-01-01'
    elif token.is_word("NEXT") and cursor.takes("VALUE", "FOR"):
        read_table(cursor)
    return cursor.text(first)


def read_key(cursor: MysqlCursor, table: TableName) -> ReadKey:
    """A key or constraint of a table.

    Raises:
        NotUnderstood: something in it is not known.
    """
    name, named = "", False
    if cursor.takes("CONSTRAINT"):
        named = True
        if not any(cursor.sees(word) for word in ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK")):
            name = cursor.name("a constraint")
    if cursor.takes("PRIMARY", "KEY"):
        return _primary_key(cursor, table)
    if cursor.takes("FOREIGN", "KEY"):
        if not cursor.sees("("):
            name = name or cursor.name("an index")
        columns = cursor.names()
        cursor.expect("REFERENCES")
        return ReadKey(read_reference(cursor, columns, name))
    if cursor.takes("CHECK"):
        expression = cursor.parenthesised()
        if cursor.takes("NOT", "ENFORCED"):
            raise NotUnderstood("CHECK ... NOT ENFORCED is not read yet")
        cursor.takes("ENFORCED")
        return ReadKey(Check(expression, name))
    unique = cursor.takes("UNIQUE")
    method = next((word.lower() for word in ("FULLTEXT", "SPATIAL") if not unique and cursor.takes(word)), "")
    said = cursor.takes("KEY") or cursor.takes("INDEX")
    if not unique and not method and not said:
        raise NotUnderstood(f"expected a key, found {cursor.here()}")
    cursor.takes("IF", "NOT", "EXISTS")
    index, dropped = _index(cursor, table, name, unique=unique, method=method)
    if unique and (named or not said) and not any(key.suffix or key.is_expression for key in index.keys):
        return ReadKey(Unique(index.columns, name or index.name), dropped=dropped)
    return ReadKey(index=index, dropped=dropped)


def _primary_key(cursor: MysqlCursor, table: TableName) -> ReadKey:
    index, dropped = _index(cursor, table, "PRIMARY", unique=True, method="")
    if any(key.is_expression for key in index.keys):
        raise NotUnderstood("a primary key of expressions")
    return ReadKey(PrimaryKey(index.columns), dropped=dropped)


def _index(
    cursor: MysqlCursor, table: TableName, name: str, *, unique: bool, method: str
) -> tuple[Index, tuple[str, ...]]:
    """An index from its name on: what ADD INDEX and CREATE TABLE have behind the word."""
    if not cursor.sees("(") and not cursor.sees("USING"):
        name = cursor.name("an index")
    method = _using(cursor) or method
    keys = read_keys(cursor)
    method_behind, dropped = read_index_options(cursor)
    # The server's own rule for an index without a name: its first column.
    fallback = keys[0].text if not keys[0].is_expression else "functional_index"
    return Index(name or fallback, table, keys, unique, method_behind or method), dropped


def _using(cursor: MysqlCursor) -> str:
    if not cursor.takes("USING"):
        return ""
    word = cursor.name("BTREE or HASH").lower()
    return "" if word == "btree" else word


def read_keys(cursor: MysqlCursor) -> tuple[IndexKey, ...]:
    """The keys of an index, in their parentheses.

    Raises:
        NotUnderstood: something in them is not known.
    """
    cursor.expect("(")
    keys = [_index_key(cursor)]
    while cursor.takes(","):
        keys.append(_index_key(cursor))
    cursor.expect(")")
    return tuple(keys)


def _index_key(cursor: MysqlCursor) -> IndexKey:
    is_expression, suffix = cursor.sees("("), ""
    if is_expression:
        text = cursor.parenthesised()
    else:
        text = cursor.name("a column")
        inside = cursor.parenthesised() if cursor.sees("(") else ""
        # Other databases write a function without further brackets, and a request may say it so; a number is a length.
        is_expression = bool(inside) and not inside.strip().isdigit()
        text, suffix = (f"{text}({inside})", "") if is_expression else (text, f"({inside})" if inside else "")
    descending = cursor.takes("DESC")
    cursor.takes("ASC")
    return IndexKey(text, is_expression, descending, suffix)


def read_index_options(cursor: MysqlCursor) -> tuple[str, tuple[str, ...]]:
    """The method and what else is written behind an index's keys."""
    method, dropped = "", []
    while True:
        first = cursor.place
        if cursor.sees("USING"):
            method = _using(cursor)
        elif cursor.takes("KEY_BLOCK_SIZE") or cursor.takes("COMMENT") or cursor.takes("WITH", "PARSER"):
            cursor.takes("=")
            cursor.next()
            dropped.append(cursor.text(first))
        elif cursor.takes("VISIBLE"):
            pass
        elif any(cursor.takes(word) for word in ("INVISIBLE", "IGNORED", "CLUSTERING")) or cursor.takes(
            "NOT", "IGNORED"
        ):
            dropped.append(cursor.text(first))
        else:
            return method, tuple(dropped)


def read_reference(cursor: MysqlCursor, columns: tuple[str, ...], name: str) -> ForeignKey:
    """A foreign key from its parent's name on.

    Raises:
        NotUnderstood: something in it is not known.
    """
    parent = read_table(cursor)
    parent_columns = cursor.names() if cursor.sees("(") else ()
    actions = {"DELETE": "NO ACTION", "UPDATE": "NO ACTION"}
    while True:
        if cursor.takes("MATCH"):
            cursor.name("FULL, PARTIAL or SIMPLE")  # read by the server, and without effect
        elif cursor.sees("ON", "DELETE") or cursor.sees("ON", "UPDATE"):
            cursor.next()
            event = cursor.next().text.upper()
            actions[event] = next((" ".join(words) for words in _ACTIONS if cursor.takes(*words)), "")
            if not actions[event]:
                raise NotUnderstood(f"expected an action, found {cursor.here()}")
        else:
            return ForeignKey(columns, parent, parent_columns, name, actions["DELETE"], actions["UPDATE"])
