"""Reading the tables of a live MySQL or MariaDB database from its information schema.

The session that reads has ANSI_QUOTES on, so that names stand in double quotes as everywhere else in the workspace.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from domain_agents.ddl import mentions
from domain_agents.workspace.live import LiveColumn, LiveForeignKey, LiveTable, quoted

if TYPE_CHECKING:
    from domain_agents.workspace.mysql_session import Session

NUMBERS: Final = frozenset(
    {"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "year", "bit"}
)
_TEXTS: Final = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"})
_JSON: Final = re.compile(r"\(?\s*json_valid\((?:`([^`]+)`|\"([^\"]+)\")\)\s*\)?", re.IGNORECASE)
_TABLES: Final = ("BASE TABLE", "SYSTEM VERSIONED")


def read_tables(session: Session) -> dict[str, LiveTable]:
    """Every table, by its quoted name."""
    names = _rows(
        session,
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
        f" AND TABLE_TYPE IN {_TABLES!r} ORDER BY 1",
    )
    columns, keys = _columns(session), _keys(session)
    foreign, checks = _foreign_keys(session), read_checks(session)
    fired = {
        row[0]
        for row in _rows(
            session,
            "SELECT EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = DATABASE()",
        )
    }
    found: dict[str, LiveTable] = {}
    for (name,) in names:
        own = columns.get(name, ())
        told = [clause for table, _, clause in checks if table == name]
        json = {match.group(1) or match.group(2) for match in map(_JSON.fullmatch, told) if match}
        table = LiveTable(
            name=name,
            sql=quoted(name),
            columns=tuple(replace(one, kind="json", length=0) if one.name in json else one for one in own),
            key=keys.get(name, {}).get("PRIMARY", ()),
            uniques=tuple(dict.fromkeys(_written(cols, own, session) for cols in keys.get(name, {}).values())),
            foreign_keys=tuple(foreign.get(name, ())),
            checks=tuple(clause for clause in told if not _JSON.fullmatch(clause)),
            fires_triggers=name in fired,
        )
        found[table.sql] = table
    return found


def _rows(session: Session, sql: str) -> list[tuple[Any, ...]]:
    return session.execute(sql).rows


def _columns(session: Session) -> dict[str, tuple[LiveColumn, ...]]:
    found: dict[str, list[LiveColumn]] = {}
    for table, name, number, type_, kind, nullable, default, extra, generated, characters, digits, scale in _rows(
        session,
        "SELECT TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, COLUMN_TYPE, LOWER(DATA_TYPE), IS_NULLABLE, COLUMN_DEFAULT,"
        " EXTRA, GENERATION_EXPRESSION, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE"
        " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION",
    ):
        found.setdefault(table, []).append(
            LiveColumn(
                name=name,
                number=int(number),
                type=str(type_),
                kind=str(kind),
                category="N" if kind in NUMBERS else "S" if kind in _TEXTS else "D",
                nullable=nullable == "YES",
                default="" if default is None or default == "NULL" else str(default),
                identity="auto_increment" if "auto_increment" in str(extra).lower() else "",
                generated=bool(generated) or "GENERATED" in _not_by_default(str(extra)),
                length=int(characters or digits or 0),
                scale=int(scale or 0),
                labels=_labels(str(type_)) if kind in ("enum", "set") else (),
                element="",
            )
        )
    return {table: tuple(columns) for table, columns in found.items()}


def _not_by_default(extra: str) -> str:
    # MySQL says DEFAULT_GENERATED of a default that is an expression: such a column can be written.
    return extra.upper().replace("DEFAULT_GENERATED", "")


def _labels(type_: str) -> tuple[str, ...]:
    return tuple(label.replace("''", "'") for label in re.findall(r"'((?:[^']|'')*)'", type_))


def _keys(session: Session) -> dict[str, dict[str, tuple[str, ...]]]:
    """Unique indexes: table -> index -> columns. An expression's place is taken by the columns it names."""
    texts = {row[0].upper() for row in _rows(session, "SHOW COLUMNS FROM information_schema.STATISTICS")}
    expression = "EXPRESSION" if "EXPRESSION" in texts else "NULL"
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for table, index, column, text in _rows(
        session,
        f"SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, {expression} FROM information_schema.STATISTICS"
        " WHERE TABLE_SCHEMA = DATABASE() AND NON_UNIQUE = 0 ORDER BY TABLE_NAME, INDEX_NAME <> 'PRIMARY', INDEX_NAME,"
        " SEQ_IN_INDEX",
    ):
        own = found.setdefault(table, {})
        names = (column,) if column is not None else tuple(re.findall(r"`([^`]+)`", str(text)))
        own[index] = (*own.get(index, ()), *names)
    return found


def _written(columns: tuple[str, ...], own: tuple[LiveColumn, ...], session: Session) -> tuple[str, ...]:
    """The columns with those that a generated one is computed from in its place: nobody writes that one itself."""
    generated = {column.name for column in own if column.generated}
    if not generated.intersection(columns):
        return columns
    texts = dict(
        _rows(
            session,
            "SELECT COLUMN_NAME, GENERATION_EXPRESSION FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()"
            " AND GENERATION_EXPRESSION <> ''",
        )
    )
    found: list[str] = []
    for name in columns:
        within = [c.name for c in own if not c.generated and mentions(str(texts.get(name, "")), c.name)]
        found += within if name in generated else [name]
    return tuple(dict.fromkeys(found)) or columns


def _foreign_keys(session: Session) -> dict[str, list[LiveForeignKey]]:
    grouped: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for table, name, column, parent, parent_column in _rows(
        session,
        "SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME"
        " FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL"
        " ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION",
    ):
        grouped.setdefault((table, name), []).append((column, parent, parent_column))
    found: dict[str, list[LiveForeignKey]] = {}
    for (table, _), parts in grouped.items():
        found.setdefault(table, []).append(
            LiveForeignKey(tuple(p[0] for p in parts), quoted(parts[0][1]), tuple(p[2] for p in parts))
        )
    return found


def read_checks(session: Session) -> list[tuple[str, str, str]]:
    """Enforced checks: (table, name, condition)."""
    told = {row[0].upper() for row in _rows(session, "SHOW COLUMNS FROM information_schema.CHECK_CONSTRAINTS")}
    if "TABLE_NAME" in told:
        sql = (
            "SELECT TABLE_NAME, CONSTRAINT_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS"
            " WHERE CONSTRAINT_SCHEMA = DATABASE()"
        )
    else:
        sql = (
            "SELECT t.TABLE_NAME, c.CONSTRAINT_NAME, c.CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS c"
            " JOIN information_schema.TABLE_CONSTRAINTS t ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA"
            " AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME AND t.CONSTRAINT_TYPE = 'CHECK' AND t.ENFORCED = 'YES'"
            " WHERE c.CONSTRAINT_SCHEMA = DATABASE()"
        )
    return [(table, name, _plain(str(clause))) for table, name, clause in _rows(session, sql)]


def _plain(clause: str) -> str:
    """MySQL writes a condition's literals with backslashes before their quotes, and with their character set."""
    return re.sub(r"_utf8mb[34](?=')", "", clause.replace("\\'", "'"))
