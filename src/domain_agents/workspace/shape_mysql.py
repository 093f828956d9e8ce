"""A live MySQL or MariaDB schema as comparable facts, and the contents of its tables as checksums."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from domain_agents.observations import Contents, Shape, TableContents
from domain_agents.workspace.live import LiveTable, quoted
from domain_agents.workspace.live_mysql import read_checks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain_agents.workspace.mysql_session import Session
    from domain_agents.workspace.watch import Watch

_COLUMNS: Final = """
    SELECT TABLE_NAME, COLUMN_NAME, CONCAT_WS(' ', COLUMN_NAME, COLUMN_TYPE, CHARACTER_SET_NAME, COLLATION_NAME,
      IF(IS_NULLABLE = 'NO', 'NOT NULL', NULL), CONCAT('DEFAULT ', COLUMN_DEFAULT), NULLIF(EXTRA, ''),
      CONCAT('AS ', NULLIF(GENERATION_EXPRESSION, '')), CONCAT('COMMENT ', NULLIF(COLUMN_COMMENT, '')))
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()"""
_FOREIGN_KEYS: Final = """
    SELECT k.TABLE_NAME, k.CONSTRAINT_NAME, CONCAT(
      GROUP_CONCAT(k.COLUMN_NAME ORDER BY k.ORDINAL_POSITION), ' -> ', k.REFERENCED_TABLE_NAME, ' ',
      GROUP_CONCAT(k.REFERENCED_COLUMN_NAME ORDER BY k.ORDINAL_POSITION),
      ' ON DELETE ', r.DELETE_RULE, ' ON UPDATE ', r.UPDATE_RULE)
    FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r
      ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME
     AND r.TABLE_NAME = k.TABLE_NAME
    WHERE k.TABLE_SCHEMA = DATABASE()
    GROUP BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.REFERENCED_TABLE_NAME, r.DELETE_RULE, r.UPDATE_RULE"""
_OTHERS: Final = {
    "trigger": """
    SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME, CONCAT_WS(' ', ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT)
    FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()""",
    "view": """
    SELECT TABLE_NAME, TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()""",
    "routine": """
    SELECT '', ROUTINE_NAME, CONCAT_WS(' ', ROUTINE_TYPE, ROUTINE_NAME, ROUTINE_DEFINITION)
    FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()""",
    "table": """
    SELECT TABLE_NAME, TABLE_NAME, CONCAT_WS(' ', TABLE_NAME, ENGINE, TABLE_COLLATION)
    FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE <> 'VIEW'""",
    "partition": """
    SELECT TABLE_NAME, PARTITION_NAME, CONCAT_WS(' ', PARTITION_NAME, PARTITION_METHOD, PARTITION_EXPRESSION,
      PARTITION_DESCRIPTION)
    FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = DATABASE() AND PARTITION_NAME IS NOT NULL""",
}


def read_shape(session: Session) -> frozenset[Shape]:
    """Columns, keys, checks, indexes, triggers, views, routines and partitions; the order of columns is no part of it."""
    database = str(session.execute("SELECT DATABASE()").rows[0][0])
    found = {Shape("column", table, told, name) for table, name, told in session.execute(_COLUMNS).rows}
    found |= {Shape("foreign key", table, told, name) for table, name, told in session.execute(_FOREIGN_KEYS).rows}
    found |= {Shape("check", table, told, name) for table, name, told in read_checks(session)}
    found |= _indexes(session)
    for kind, sql in _OTHERS.items():
        for table, name, told in session.execute(sql).rows:
            found.add(Shape(kind, str(table), _unplaced(str(told), database), str(name)))
    return frozenset(found)


def _indexes(session: Session) -> set[Shape]:
    texts = {row[0].upper() for row in session.execute("SHOW COLUMNS FROM information_schema.STATISTICS").rows}
    told = {"EXPRESSION": "EXPRESSION", "IGNORED": "IGNORED", "IS_VISIBLE": "IS_VISIBLE"}
    extra = ", ".join(told[name] if name in texts else "NULL" for name in told)
    parts: dict[tuple[str, str], list[str]] = {}
    for table, name, unique, kind, column, length, order, expression, ignored, visible in session.execute(
        f"SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, INDEX_TYPE, COLUMN_NAME, SUB_PART, COLLATION, {extra}"
        " FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()"
        " ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX"
    ).rows:
        hidden = " invisible" if ignored == "YES" or visible == "NO" else ""
        head = f"{'PRIMARY ' if name == 'PRIMARY' else ''}{'' if unique else 'UNIQUE '}{kind}{hidden}"
        own = parts.setdefault((str(table), str(name)), [head])
        own.append(f"{column or expression}{f'({length})' if length else ''}{' DESC' if order == 'D' else ''}")
    return {Shape("index", table, " ".join(told), name) for (table, name), told in parts.items()}


def _unplaced(text: str, database: str) -> str:
    """A view's text says in which database its tables are; another database's twin of it is the same view."""
    return re.sub(rf"[`\"]?{re.escape(database)}[`\"]?\.", "", text)


def read_contents(session: Session, tables: Iterable[LiveTable], watch: Watch) -> Contents:
    """Rows, and for each column the number of its values and a checksum that binds each value to its row's key."""
    found: dict[str, TableContents] = {}
    for table in tables:
        key = ", ".join(quoted(name) for name in table.key) or "''"
        names = [column.name for column in table.columns]
        sums = "".join(
            f", CONCAT(COUNT({quoted(name)}), ':', COALESCE(SUM(CRC32(CONCAT({key}, '=', {quoted(name)}))), 0))"
            for name in names
        )
        row = watch.execute(session, f"SELECT COUNT(*){sums} FROM {table.sql}").fetchone()
        told = [value.decode("ascii") if isinstance(value, bytes) else str(value) for value in row[1:]]
        found[table.name] = TableContents(int(row[0]), dict(zip(names, told, strict=True)))
    return found
