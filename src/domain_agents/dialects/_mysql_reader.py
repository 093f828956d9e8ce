"""MySQL's and MariaDB's SQL -> statements with their places -> DDL atoms: the one reader behind both dialects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from domain_agents import ddl
from domain_agents.catalog import Index, PrimaryKey, Table, TableName
from domain_agents.dialects import ReadStatement
from domain_agents.dialects._mysql_alter import Habits, Parts, read_alter_table, read_clause, read_wait, renamed
from domain_agents.dialects._mysql_columns import (
    begins_key,
    read_column,
    read_index_options,
    read_key,
    read_keys,
    read_table,
)
from domain_agents.dialects._mysql_expressions import fault
from domain_agents.dialects._mysql_partitions import partitioned_as
from domain_agents.engines._mysql_tokens import MysqlCursor, Split, split
from domain_agents.engines._sqlite_tokens import Kind, NotUnderstood, Token

_KINDS: Final = {
    "SELECT": "query", "VALUES": "query", "TABLE": "query", "SHOW": "query", "EXPLAIN": "query", "DESCRIBE": "query",
    "DESC": "query", "HELP": "query",
    "INSERT": "data", "REPLACE": "data", "UPDATE": "data", "DELETE": "data", "LOAD": "data", "WITH": "data",
    "TRUNCATE": "data",
    "SET": "session", "USE": "session", "LOCK": "session", "UNLOCK": "session", "DO": "session", "PREPARE": "session",
    "DEALLOCATE": "session",
    "BEGIN": "transaction", "START": "transaction", "COMMIT": "transaction", "ROLLBACK": "transaction",
    "SAVEPOINT": "transaction", "RELEASE": "transaction",
    "CALL": "routine", "EXECUTE": "routine", "GRANT": "privileges", "REVOKE": "privileges",
    "ANALYZE": "maintenance", "CHECK": "maintenance", "CHECKSUM": "maintenance", "FLUSH": "maintenance",
}  # fmt: skip
_ROUTINES: Final = ("PROCEDURE", "FUNCTION", "EVENT", "PACKAGE")
_KEPT: Final = ("VIEW", "TRIGGER", "SEQUENCE")
_ELSEWHERE: Final = ("DATABASE", "SCHEMA", "USER", "ROLE", "SERVER", "TABLESPACE", "LOGFILE", "INSTANCE", "RESOURCE")
_SMALL: Final = 16
"""Words between CREATE and what is made: OR REPLACE, ALGORITHM = MERGE, DEFINER = name@host, SQL SECURITY INVOKER."""


@dataclass(frozen=True, slots=True)
class MysqlDialect:
    """The reader of one of the two."""

    name: str
    habits: Habits

    @property
    def indexes_by_table(self) -> bool:
        """See Dialect."""
        return True

    @property
    def names_ignore_case(self) -> frozenset[str]:
        """See Dialect. Tables are files: taken as on Linux (lower_case_table_names = 0), where case tells them apart."""
        return frozenset({"columns", "indexes"})

    def read(self, sql: str) -> tuple[ReadStatement, ...]:
        """See Dialect."""
        found: list[ReadStatement] = []
        line, seen = 1, 0
        for one in split(sql, self._executes):
            line += sql.count("\n", seen, one.start)
            seen = one.start
            text = sql[one.start : one.end]
            try:
                parts = _Statement(text, _moved(one), self.habits).read()
            except NotUnderstood as error:
                found.append(ReadStatement(text, one.start, line, problem=str(error)))
                continue
            found.append(
                ReadStatement(
                    text,
                    one.start,
                    line,
                    tuple(parts.atoms),
                    dropped=tuple(parts.dropped),
                    clauses=tuple(parts.clauses),
                )
            )
        return tuple(found)

    def is_volatile(self, expression: str) -> bool:
        """See Dialect. The time of the statement is the same for every row."""
        return self.habits.is_volatile(expression)

    def fault(self, expression: str) -> str:
        """See Dialect."""
        return fault(expression)

    def _executes(self, mariadb_only: bool, number: int) -> bool:  # a callback of two plain facts
        if self.name == "mariadb":
            # MariaDB leaves MySQL's 5.7 to 9.x to MySQL.
            return not 50700 <= number <= 99999
        return not mariadb_only and number <= 99999


def _moved(one: Split) -> tuple[Token, ...]:
    return tuple(replace(token, start=token.start - one.start, end=token.end - one.start) for token in one.row)


class _Statement:
    """One statement while it is read."""

    def __init__(self, text: str, row: tuple[Token, ...], habits: Habits) -> None:
        self.text = text
        self.cursor = MysqlCursor(text, row)
        self.habits = habits
        self.parts = Parts()

    def read(self) -> Parts:
        cursor = self.cursor
        broken = next((token for token in cursor.row if token.kind is Kind.BROKEN), None)
        if broken is not None:
            raise NotUnderstood(f"{broken.text[:20]!r} is not closed or has no meaning in SQL")
        first = cursor.peek()
        word = first.text.upper() if first is not None and first.kind is Kind.WORD else ""
        reads = {"CREATE": self._create, "ALTER": self._alter, "DROP": self._drop, "RENAME": self._rename_table}
        if word in reads:
            reads[word]()
        elif word == "BEGIN" and cursor.sees("BEGIN", "NOT"):
            self.parts.atoms.append(ddl.NoCatalogChange("routine"))
        elif word in _KINDS:
            self.parts.atoms.append(ddl.NoCatalogChange(_KINDS[word], self._data_table(word)))
        else:
            raise NotUnderstood(f"{word or cursor.here()}: a statement that is not read yet")
        return self.parts

    def _data_table(self, word: str) -> TableName | None:
        """The table that a change of rows is about, where it is plain to see."""
        cursor = self.cursor
        cursor.next()
        if word in {"INSERT", "REPLACE", "DELETE", "TRUNCATE"}:
            for extra in ("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "QUICK", "IGNORE", "TABLE"):
                cursor.takes(extra)
            cursor.takes("INTO")
            cursor.takes("FROM")
        elif word != "UPDATE":
            return None
        try:
            return read_table(cursor)
        except NotUnderstood:
            return None

    def _what(self, *words: str) -> str:
        """Which of the words says what is made, dropped or changed."""
        near = self.cursor.row[1:_SMALL]
        return next((token.text.upper() for token in near if token.is_word(*words)), "")

    def _create(self) -> None:
        cursor = self.cursor
        cursor.expect("CREATE")
        cursor.takes("OR", "REPLACE")
        temporary = cursor.takes("TEMPORARY")
        if cursor.takes("TABLE"):
            self._create_table()
            if temporary:
                self.parts = Parts([ddl.NoCatalogChange("session")])
            return
        cursor.takes("ONLINE")
        unique = cursor.takes("UNIQUE")
        method = next((word.lower() for word in ("FULLTEXT", "SPATIAL") if cursor.takes(word)), "")
        if cursor.takes("INDEX"):
            self._create_index(unique=unique, method=method)
            return
        what = self._what(*_ROUTINES, *_KEPT, *_ELSEWHERE)
        if what in _ROUTINES:
            self.parts.atoms.append(ddl.NoCatalogChange("routine"))
        elif what == "TRIGGER":
            self._create_trigger()
        elif what in _KEPT:
            self.parts.atoms.append(ddl.kept(self.text))
        elif what:
            self.parts.atoms.append(ddl.NoCatalogChange("settings"))
        else:
            raise NotUnderstood(f"CREATE {cursor.here()} is not read yet")

    def _create_trigger(self) -> None:
        """Its name and its table; the body is kept as it is written."""
        cursor = self.cursor
        while not cursor.takes("TRIGGER"):
            cursor.next()
        cursor.takes("IF", "NOT", "EXISTS")
        name = read_table(cursor)
        for _ in ("BEFORE or AFTER", "the event"):
            cursor.next()
        cursor.expect("ON")
        self.parts.atoms.append(ddl.CreateTrigger(read_table(cursor), name.name, self.text))

    def _create_index(self, *, unique: bool, method: str) -> None:
        cursor = self.cursor
        if_not_exists = cursor.takes("IF", "NOT", "EXISTS")
        name = cursor.name("an index")
        using = "" if not cursor.takes("USING") else cursor.name("BTREE or HASH").lower()
        cursor.expect("ON")
        table = read_table(cursor)
        read_wait(cursor, self.parts)
        keys = read_keys(cursor)
        include, where = self._of_other_databases()
        while not cursor.at_end:
            behind, dropped = read_index_options(cursor)
            using = behind or using
            self.parts.dropped += dropped
            if not read_clause(cursor, self.parts) and not cursor.at_end:
                if behind or dropped:
                    continue
                raise NotUnderstood(f"CREATE INDEX: {cursor.here()} is not read yet")
        kind = method or ("" if using == "btree" else using)
        index = Index(name, table, keys, unique, kind, include, where)
        self.parts.atoms.append(ddl.CreateIndex(index, if_not_exists=if_not_exists))

    def _of_other_databases(self) -> tuple[tuple[str, ...], str | None]:
        """INCLUDE and WHERE, which both servers refuse: a request may say them, and is planned without."""
        cursor = self.cursor
        include = cursor.names() if cursor.takes("INCLUDE") else ()
        if not cursor.takes("WHERE"):
            return include, None
        first = cursor.place
        while not cursor.at_end:
            cursor.next()
        return include, cursor.text(first)

    def _create_table(self) -> None:
        cursor, parts = self.cursor, self.parts
        if_not_exists = cursor.takes("IF", "NOT", "EXISTS")
        name = read_table(cursor)
        if cursor.sees("LIKE") or cursor.sees("(", "LIKE"):
            raise NotUnderstood("CREATE TABLE ... LIKE is not read yet")
        if not cursor.sees("("):
            raise NotUnderstood("a table whose columns come from a query is not read yet")
        table, indexes = self._definitions(name)
        options, partitioned = self._options()
        table = replace(table, options=options)
        if partitioned:
            table = partitioned_as(table, partitioned)
        parts.atoms.append(ddl.CreateTable(table, if_not_exists))
        parts.atoms += [ddl.CreateIndex(index, if_not_exists=if_not_exists) for index in indexes]

    def _definitions(self, name: TableName) -> tuple[Table, list[Index]]:
        cursor = self.cursor
        table, indexes = Table(name, ()), list[Index]()
        constraints: list[ddl.Constraint] = []
        cursor.expect("(")
        while True:
            if cursor.sees("PERIOD", "FOR"):
                raise NotUnderstood("PERIOD FOR is not read yet")
            if begins_key(cursor):
                key = read_key(cursor, name)
                constraints += [key.constraint] if key.constraint is not None else []
                indexes += [_apart(key.index, indexes)] if key.index is not None else []
                self.parts.dropped += key.dropped
            else:
                read = read_column(cursor, check_is_attribute=self.habits.check_is_attribute)
                table = replace(table, columns=(*table.columns, read.column))
                constraints += read.constraints
                self.parts.dropped += read.dropped
            if not cursor.takes(","):
                break
        cursor.expect(")")
        for constraint in constraints:
            try:
                table = ddl.with_constraint(table, _as_declared(constraint, table))
            except ddl.DoesNotApply as error:
                raise NotUnderstood(str(error)) from error
        return table, indexes

    def _options(self) -> tuple[str, str]:
        """What stands behind the definitions: options, and how the table is partitioned; a query that fills it is lost."""
        cursor, options = self.cursor, ""
        first, partitioned = cursor.place, ""
        while not cursor.at_end and not cursor.sees("PARTITION", "BY") and not self._query_begins():
            cursor.next()
        if cursor.place > first:
            options = " ".join(cursor.text(first).split())
        first = cursor.place
        if cursor.takes("PARTITION", "BY"):
            while not cursor.at_end and not self._query_begins():
                cursor.next()
            partitioned = cursor.text(first)
        if not cursor.at_end:
            self.parts.dropped.append(f"{cursor.here()}: the columns and rows that a query gives")
        return options, partitioned

    def _query_begins(self) -> bool:
        return any(self.cursor.sees(word) for word in ("AS", "SELECT", "IGNORE", "REPLACE", "WITH"))

    def _alter(self) -> None:
        cursor = self.cursor
        cursor.expect("ALTER")
        cursor.takes("ONLINE")
        if cursor.takes("IGNORE"):
            raise NotUnderstood("ALTER IGNORE deletes rows that do not fit, without a word: remove them first")
        if cursor.takes("TABLE"):
            self.parts = read_alter_table(cursor, self.habits)
            return
        what = self._what(*_ROUTINES, *_KEPT, *_ELSEWHERE)
        if what in _ROUTINES:
            self.parts.atoms.append(ddl.NoCatalogChange("routine"))
        elif what in _KEPT:
            self.parts.atoms.append(ddl.kept(self.text))
        elif what:
            self.parts.atoms.append(ddl.NoCatalogChange("settings"))
        else:
            raise NotUnderstood(f"ALTER {cursor.here()} is not read yet")

    def _drop(self) -> None:
        cursor, atoms = self.cursor, self.parts.atoms
        cursor.expect("DROP")
        temporary = cursor.takes("TEMPORARY")
        if cursor.takes("TABLE") or cursor.takes("TABLES"):
            if_exists = cursor.takes("IF", "EXISTS")
            tables = [read_table(cursor)]
            while cursor.takes(","):
                tables.append(read_table(cursor))
            read_wait(cursor, self.parts)
            if not cursor.takes("RESTRICT"):
                cursor.takes("CASCADE")
            self._ends()
            dropped = [ddl.DropTable(table, if_exists) for table in tables]
            atoms.extend([ddl.NoCatalogChange("session")] if temporary else dropped)
        elif cursor.takes("INDEX"):
            if_exists = cursor.takes("IF", "EXISTS")
            name = cursor.name("an index")
            cursor.expect("ON")
            table = read_table(cursor)
            read_wait(cursor, self.parts)
            while read_clause(cursor, self.parts):
                pass
            self._ends()
            atoms.append(ddl.DropIndex(name, if_exists=if_exists, schema=table.schema, table=table))
        elif cursor.sees("DATABASE") or cursor.sees("SCHEMA"):
            raise NotUnderstood("DROP DATABASE is not read: everything would go")
        else:
            what = self._what("PREPARE", *_ROUTINES, *_KEPT, *_ELSEWHERE)
            if not what:
                raise NotUnderstood(f"DROP {cursor.here()} is not read yet")
            kind = "routine" if what in _ROUTINES else "session" if what == "PREPARE" else "settings"
            atoms.append(ddl.kept(self.text) if what in _KEPT else ddl.NoCatalogChange(kind))

    def _rename_table(self) -> None:
        cursor = self.cursor
        cursor.expect("RENAME")
        if cursor.takes("USER"):
            self.parts.atoms.append(ddl.NoCatalogChange("settings"))
            return
        if not cursor.takes("TABLE"):
            cursor.expect("TABLES")
        cursor.takes("IF", "EXISTS")
        while True:
            table = read_table(cursor)
            read_wait(cursor, self.parts)
            cursor.expect("TO")
            self.parts.atoms.append(renamed(table, read_table(cursor)))
            if not cursor.takes(","):
                break
        self._ends()

    def _ends(self) -> None:
        if not self.cursor.at_end:
            raise NotUnderstood(f"{self.cursor.here()} is not read yet")


def _as_declared(constraint: ddl.Constraint, table: Table) -> ddl.Constraint:
    """A primary key with its columns' names as they were declared: the server takes them in any case."""
    if not isinstance(constraint, PrimaryKey):
        return constraint
    declared = {column.name.lower(): column.name for column in table.columns}
    return replace(constraint, columns=tuple(declared.get(name.lower(), name) for name in constraint.columns))


def _apart(index: Index, others: list[Index]) -> Index:
    """An index with a name of its own among those of its table, as the server numbers those without one."""
    taken = {other.name.lower() for other in others}
    name, number = index.name, 1
    while name.lower() in taken:
        number += 1
        name = f"{index.name}_{number}"
    return replace(index, name=name)
