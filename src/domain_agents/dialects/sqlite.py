"""SQLite's SQL -> statements with their places -> DDL atoms.

Besides what SQLite itself accepts, the forms that other databases have for the same change are read (ALTER COLUMN ...
SET DEFAULT, ADD CONSTRAINT ... FOREIGN KEY): a request may be written in them, and the engine spells it as SQLite can.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from domain_agents.catalog import Index, IndexKey, TableName
from domain_agents.ddl import (
    AddColumn,
    AddConstraint,
    ChangeType,
    CreateIndex,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropNotNull,
    DropTable,
    NoCatalogChange,
    RenameColumn,
    RenameTable,
    SetDefault,
    SetNotNull,
    Statement,
    kept,
)
from domain_agents.dialects import ReadStatement
from domain_agents.engines._sqlite_table import read_column, read_constraint, read_definition, read_table_name
from domain_agents.engines._sqlite_tokens import Cursor, Kind, NotUnderstood, Token, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NO_CATALOG_CHANGE: Final = {
    "SELECT": "query", "VALUES": "query", "EXPLAIN": "query", "WITH": "query",
    "INSERT": "data", "REPLACE": "data", "UPDATE": "data", "DELETE": "data",
    "PRAGMA": "session", "ATTACH": "session", "DETACH": "session", "ANALYZE": "session", "VACUUM": "session",
    "REINDEX": "session",
    "BEGIN": "transaction", "COMMIT": "transaction", "END": "transaction", "ROLLBACK": "transaction",
    "SAVEPOINT": "transaction", "RELEASE": "transaction",
}  # fmt: skip


class SqliteDialect:
    """The reader."""

    indexes_by_table = False
    names_ignore_case = frozenset({"columns", "indexes", "tables"})

    def read(self, sql: str) -> tuple[ReadStatement, ...]:
        """Every statement of the text, in order; one that cannot be read says why in `problem`."""
        legacy_renames = False
        found: list[ReadStatement] = []
        for row in _split(tokens(sql)):
            text = sql[row[0].start : row[-1].end]
            start = row[0].start
            line = sql.count("\n", 0, start) + 1
            try:
                atoms = _atoms(Cursor(text, _moved(row, start)), follow_references=not legacy_renames)
            except NotUnderstood as error:
                found.append(ReadStatement(text, start, line, problem=str(error)))
                continue
            legacy_renames = _legacy_renames(row, now=legacy_renames)
            found.append(ReadStatement(text, start, line, atoms))
        return tuple(found)

    def is_volatile(self, expression: str) -> bool:
        """Whether an expression may give another value for each row.

        CURRENT_TIMESTAMP and its like count as volatile: SQLite does not add a column with such a default to a table
        that has rows.
        """
        row = tokens(expression)
        for place, token in enumerate(row):
            if token.is_word("CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "SELECT", "RAISE"):
                return True
            if token.kind is Kind.STRING and token.value.strip().lower() in {"now", "localtime"}:
                return True
            behind = row[place + 1 : place + 3]
            if token.kind in {Kind.WORD, Kind.NAME} and behind and behind[0].is_sign("("):
                # A date function without arguments means now.
                without_arguments = len(behind) > 1 and behind[1].is_sign(")")
                known = token.is_word(*_NOT_CALLS) or token.value.lower() in _DETERMINISTIC
                if without_arguments or not known:
                    return True
        return False

    def fault(self, expression: str) -> str:
        """Why a text is not exactly one scalar expression; empty when it is. SQLite's own parser decides."""
        row = tokens(expression)
        if not row:
            return "there is no expression"
        depth = 0
        for token in row:
            if token.kind is Kind.BROKEN:
                return f"{token.text[:20]!r} is not closed or has no meaning in SQL"
            if token.kind is Kind.PARAMETER:
                return f"{token.text!r} is a parameter: write the value itself"
            depth += token.is_sign("(") - token.is_sign(")")
            if token.is_sign(";") or depth < 0 or (depth == 0 and token.is_sign(",")):
                return f"{token.text!r} ends the expression"
        return "a parenthesis is not closed" if depth else _refused(expression, row)


DIALECT: Final = SqliteDialect()

_NOT_CALLS: Final = (
    "IN", "AND", "OR", "NOT", "CASE", "WHEN", "THEN", "ELSE", "CAST", "AS", "LIKE", "GLOB", "BETWEEN", "IS", "EXISTS",
    "ESCAPE", "COLLATE",
)  # fmt: skip
# https://www.sqlite.org/lang_corefunc.html, json1.html and lang_datefunc.html (read 2026-11-20), without random,
# randomblob, changes, total_changes, last_insert_rowid, and strftime, whose second argument is now when left out.
_DETERMINISTIC_LIST: Final = """
abs ceil ceiling char coalesce concat concat_ws floor format glob hex ifnull iif if instr json json_array json_extract
json_insert json_object json_patch json_quote json_remove json_replace json_set json_type json_valid json_array_length
length like likely lower ltrim max min mod nullif octet_length pow power printf quote replace round rtrim sign soundex
sqrt substr substring trim trunc typeof unhex unicode unlikely upper zeroblob date time datetime julianday unixepoch
"""
_DETERMINISTIC: Final = frozenset(_DETERMINISTIC_LIST.split())
_UNKNOWN_NAMES: Final = ("no such column", "no such function", "no such table")
_MOST_COLUMNS: Final = 500


def _refused(expression: str, row: tuple[Token, ...]) -> str:
    """What SQLite's parser says against an expression over a row; names it does not know are no fault of the text."""
    if "\0" in expression:
        return "a NUL character ends an SQL text"
    names = {token.value.lower(): token.value for token in row if token.kind in {Kind.WORD, Kind.NAME} and token.value}
    columns = ['"' + name.replace('"', '""') + '"' for name in names.values()] or ['"nothing"']
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        # With columns of these names the resolver gets as far as refusing an aggregate behind WHERE. In parentheses an
        # alias or a FROM is refused, bare a whole SELECT is. EXPLAIN compiles and does not run: a request cannot make us
        # compute.
        connection.execute(f"CREATE TABLE asked ({', '.join(columns[:_MOST_COLUMNS])})")
        query = f"SELECT ({expression}\n), {expression}\n FROM asked WHERE ({expression}\n)"
        connection.execute(f"EXPLAIN {query}").close()
    except (sqlite3.Error, sqlite3.Warning, UnicodeEncodeError) as error:
        said = str(error)
        if not said.startswith(_UNKNOWN_NAMES):
            return f"SQLite says: {said}"
    finally:
        connection.close()
    return ""


def _split(row: tuple[Token, ...]) -> Iterator[tuple[Token, ...]]:
    """The tokens of each statement, without its semicolon. A trigger ends at the semicolon behind `; END`."""
    first = 0
    for place, token in enumerate(row):
        if not token.is_sign(";"):
            continue
        statement = row[first:place]
        if _is_trigger(statement) and not (
            len(statement) > 1 and statement[-1].is_word("END") and statement[-2].is_sign(";")
        ):
            continue
        if statement:
            yield statement
        first = place + 1
    if first < len(row):
        yield row[first:]


def _is_trigger(statement: tuple[Token, ...]) -> bool:
    words = iter(statement[:6])
    first = next(words, None)
    if first is not None and first.is_word("EXPLAIN"):
        first = next(words, None)
    if first is None or not first.is_word("CREATE"):
        return False
    second = next(words, None)
    if second is not None and second.is_word("TEMP", "TEMPORARY"):
        second = next(words, None)
    return second is not None and second.is_word("TRIGGER")


def _moved(row: tuple[Token, ...], start: int) -> tuple[Token, ...]:
    return tuple(Token(token.kind, token.text, token.start - start, token.end - start, token.value) for token in row)


def _legacy_renames(row: tuple[Token, ...], *, now: bool) -> bool:
    """Whether RENAME leaves other tables' references alone after this statement (PRAGMA legacy_alter_table)."""
    words = [token.value.lower() for token in row]
    if words[:2] != ["pragma", "legacy_alter_table"] or len(words) < 4:
        return now
    return words[3] in {"on", "1", "true", "yes"}


def _atoms(cursor: Cursor, *, follow_references: bool) -> tuple[Statement, ...]:
    broken = next((token for token in cursor.row if token.kind is Kind.BROKEN), None)
    if broken is not None:
        what = "a quote is not closed" if broken.text[0] in "'\"`[" else "no such character in SQL"
        raise NotUnderstood(f"{what}: {broken.text[:40]!r}")
    if cursor.sees("CREATE"):
        return _created(cursor)
    if cursor.sees("ALTER", "TABLE"):
        return _altered(cursor, follow_references=follow_references)
    if cursor.sees("DROP"):
        return _dropped(cursor)
    word = cursor.next()
    kind = _NO_CATALOG_CHANGE.get(word.text.upper()) if word.kind is Kind.WORD else None
    if kind is None:
        raise NotUnderstood(f"not a statement of SQLite's that is read here: it begins with {word.text[:40]!r}")
    if word.is_word("WITH") and any(token.is_word("INSERT", "UPDATE", "DELETE", "REPLACE") for token in cursor.row):
        kind = "data"
    if word.is_word("INSERT", "REPLACE") and _copies(cursor):
        kind = "copy"
    return (NoCatalogChange(kind, _data_table(cursor, word)),)


def _copies(cursor: Cursor) -> bool:
    """Whether an INSERT takes its rows from a table, not an aggregate of one: as many rows as that table has."""
    words = [token.text.upper() for token in cursor.row if token.kind is Kind.WORD]
    return "SELECT" in words and "FROM" in words and not {"LIMIT", "COUNT"} & set(words)


def _data_table(cursor: Cursor, word: Token) -> TableName | None:
    """The table that INSERT, UPDATE or DELETE names, where it stands right behind the words."""
    if not word.is_word("INSERT", "REPLACE", "UPDATE", "DELETE"):
        return None
    if cursor.takes("OR"):
        cursor.next()
    if not cursor.takes("INTO"):
        cursor.takes("FROM")
    try:
        return read_table_name(cursor)
    except NotUnderstood:
        return None


def _created(cursor: Cursor) -> tuple[Statement, ...]:
    temporary = 1 if cursor.sees("CREATE", "TEMP") or cursor.sees("CREATE", "TEMPORARY") else 0
    second = cursor.peek(1 + temporary)
    if second is None:
        raise NotUnderstood("CREATE what?")
    if second.is_word("TABLE"):
        definition = read_definition(cursor.source)
        return (CreateTable(definition.table, definition.if_not_exists),)
    if second.is_word("INDEX", "UNIQUE") and not temporary:
        return (_index(cursor),)
    if second.is_word("VIEW", "TRIGGER", "VIRTUAL"):
        # What is temporary belongs to the session, not to the schema.
        return (NoCatalogChange("session") if temporary else kept(cursor.source),)
    raise NotUnderstood(f"CREATE {second.text[:40]} is not read here")


def _index(cursor: Cursor) -> CreateIndex:
    cursor.expect("CREATE")
    unique = cursor.takes("UNIQUE")
    cursor.expect("INDEX")
    concurrently = cursor.takes("CONCURRENTLY")
    if_not_exists = cursor.takes("IF", "NOT", "EXISTS")
    name = read_table_name(cursor)
    cursor.expect("ON")
    table = TableName(cursor.name("a table's name"), name.schema)
    method = cursor.name("a method") if cursor.takes("USING") else ""
    cursor.expect("(")
    keys = [_key(cursor)]
    while cursor.takes(","):
        keys.append(_key(cursor))
    cursor.expect(")")
    where = None
    if cursor.takes("WHERE"):
        first = cursor.place
        cursor.place = len(cursor.row)
        where = cursor.text(first)
        if not where:
            raise NotUnderstood("WHERE needs a condition")
    _expect_end(cursor)
    if method.lower() not in {"", "btree"}:
        raise NotUnderstood(f"SQLite has no index method {method}; its indexes are B-trees: leave USING out")
    return CreateIndex(Index(name.name, table, tuple(keys), unique, where=where), concurrently, if_not_exists)


def _key(cursor: Cursor) -> IndexKey:
    """One key of an index: up to the comma or the parenthesis that ends it."""
    first = cursor.place
    depth = 0
    suffix_at = None
    while (token := cursor.peek()) is not None:
        if depth == 0 and (token.is_sign(",") or token.is_sign(")")):
            break
        if (
            depth == 0
            and suffix_at is None
            and cursor.place > first
            and token.is_word("COLLATE", "ASC", "DESC", "NULLS")
        ):
            suffix_at = cursor.place
        depth += token.is_sign("(") - token.is_sign(")")
        cursor.place += 1
    last = cursor.place
    ends = last if suffix_at is None else suffix_at
    if ends == first:
        raise NotUnderstood(f"expected a key of the index, found {cursor.here()}")
    suffix, descending = _suffix(cursor, ends, last)
    token = cursor.row[first]
    if ends == first + 1 and token.kind in {Kind.WORD, Kind.NAME, Kind.STRING}:
        return IndexKey(token.value, descending=descending, suffix=suffix)
    return IndexKey(cursor.text(first, ends), is_expression=True, descending=descending, suffix=suffix)


def _suffix(cursor: Cursor, first: int, last: int) -> tuple[str, bool]:
    direction = next((p for p in range(first, last) if cursor.row[p].is_word("ASC", "DESC")), None)
    if direction is None:
        return cursor.text(first, last), False
    parts = (cursor.text(first, direction), cursor.text(direction + 1, last))
    return " ".join(part for part in parts if part), cursor.row[direction].is_word("DESC")


def _dropped(cursor: Cursor) -> tuple[Statement, ...]:
    cursor.expect("DROP")
    what = cursor.next()
    concurrently = what.is_word("INDEX") and cursor.takes("CONCURRENTLY")
    if_exists = cursor.takes("IF", "EXISTS")
    name = read_table_name(cursor)
    if what.is_word("VIEW", "TRIGGER"):
        return (NoCatalogChange("session") if name.schema.lower() == "temp" else kept(cursor.source),)
    if not cursor.takes("CASCADE"):
        cursor.takes("RESTRICT")
    _expect_end(cursor)
    if what.is_word("TABLE"):
        return (DropTable(name, if_exists),)
    if what.is_word("INDEX"):
        return (DropIndex(name.name, concurrently, if_exists, name.schema),)
    raise NotUnderstood(f"DROP {what.text[:40]} is not read here")


def _altered(cursor: Cursor, *, follow_references: bool) -> tuple[Statement, ...]:
    cursor.expect("ALTER", "TABLE")
    cursor.takes("IF", "EXISTS")
    cursor.takes("ONLY")
    table = read_table_name(cursor)
    atoms = [_alteration(cursor, table, follow_references=follow_references)]
    while cursor.takes(","):
        atoms.append(_alteration(cursor, table, follow_references=follow_references))
    _expect_end(cursor)
    return tuple(atoms)


def _alteration(cursor: Cursor, table: TableName, *, follow_references: bool) -> Statement:
    if cursor.takes("RENAME", "TO"):
        new_name = cursor.name("the new name")
        return RenameTable(table, new_name, follow_references=follow_references)
    if cursor.takes("RENAME"):
        cursor.takes("COLUMN")
        old = cursor.name("a column")
        cursor.expect("TO")
        return RenameColumn(table, old, cursor.name("the new name"))
    if cursor.takes("ADD"):
        return _addition(cursor, table)
    if cursor.takes("DROP", "CONSTRAINT"):
        if_exists = cursor.takes("IF", "EXISTS")
        found: Statement = DropConstraint(table, cursor.name("a constraint's name"), if_exists)
    elif cursor.takes("DROP"):
        cursor.takes("COLUMN")
        if_exists = cursor.takes("IF", "EXISTS")
        found = DropColumn(table, cursor.name("a column"), if_exists)
    else:
        cursor.expect("ALTER")
        cursor.takes("COLUMN")
        found = _column_change(cursor, table)
    if not cursor.takes("CASCADE"):
        cursor.takes("RESTRICT")
    return found


def _addition(cursor: Cursor, table: TableName) -> Statement:
    starts = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")
    if any(cursor.sees(word) for word in starts):
        constraint = read_constraint(cursor)
        if cursor.takes("NOT", "VALID"):
            raise NotUnderstood("SQLite has no NOT VALID: a constraint is tested against every row when it is added")
        return AddConstraint(table, constraint)
    cursor.takes("COLUMN")
    if_not_exists = cursor.takes("IF", "NOT", "EXISTS")
    column, constraints, clauses = read_column(cursor)
    if any(clause.kind == "stored" for clause in clauses):
        raise NotUnderstood("SQLite cannot add a STORED generated column to a table with rows; write VIRTUAL")
    volatile = column.default is not None and DIALECT.is_volatile(column.default)
    return AddColumn(table, column, constraints, if_not_exists, default_is_volatile=volatile)


def _column_change(cursor: Cursor, table: TableName) -> Statement:
    column = cursor.name("a column")
    if cursor.takes("SET", "NOT", "NULL"):
        return SetNotNull(table, column)
    if cursor.takes("DROP", "NOT", "NULL"):
        return DropNotNull(table, column)
    if cursor.takes("DROP", "DEFAULT"):
        return SetDefault(table, column, None)
    if cursor.takes("SET", "DEFAULT"):
        return SetDefault(table, column, _rest(cursor, "an expression", lambda _: False))
    if cursor.takes("SET", "DATA", "TYPE") or cursor.takes("TYPE"):
        new_type = _rest(cursor, "a type", lambda token: token.is_word("USING"))
        using = _rest(cursor, "an expression", lambda _: False) if cursor.takes("USING") else None
        return ChangeType(table, column, new_type, using)
    raise NotUnderstood(f"ALTER COLUMN: expected SET, DROP or TYPE, found {cursor.here()}")


def _rest(cursor: Cursor, what: str, ends: Callable[[Token], bool]) -> str:
    """The text up to the comma (outside parentheses) or the token that ends it."""
    first = cursor.place
    depth = 0
    while (token := cursor.peek()) is not None and not (depth == 0 and (token.is_sign(",") or ends(token))):
        depth += token.is_sign("(") - token.is_sign(")")
        cursor.place += 1
    if cursor.place == first:
        raise NotUnderstood(f"expected {what}, found {cursor.here()}")
    return cursor.text(first)


def _expect_end(cursor: Cursor) -> None:
    if not cursor.at_end:
        raise NotUnderstood(f"expected the end of the statement, found {cursor.here()}")
