"""MySQL 8.0 to 9: what it can do, how it spells DDL, which locks it takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from domain_agents import ddl
from domain_agents.engines import CannotSpell, UnknownEngine
from domain_agents.engines._mysql_base import BLOCKING_CLAUSES, COPY, MysqlBase
from domain_agents.facts import version_key

if TYPE_CHECKING:
    from domain_agents.catalog import Index, Schema

VERSIONS: Final = ("8.0", "8.4", "9")
DEFAULT_VERSION: Final = "8.4"
"""The oldest release still maintained on 2026-11-20 (https://endoflife.date/mysql): 8.0 ended in April 2026."""

_OLDEST: Final = (8, 0, 16)
"""Enforced CHECK, and DEFAULT with an expression; nothing older was measured or read about."""
_NEWEST_8_0: Final = "8.0.46"
_INPLACE: Final = "ALGORITHM=INPLACE, LOCK=NONE"
_CLAUSES: Final = {
    # INSTANT takes no other LOCK than its own (https://dev.mysql.com/doc/refman/8.4/en/alter-table.html#alter-table-concurrency).
    "add_column": "ALGORITHM=INSTANT",
    "drop_column": "ALGORITHM=INSTANT",
    "rename": "ALGORITHM=INSTANT",
    "set_default": "ALGORITHM=INSTANT",
    "change_type_instant": "ALGORITHM=INSTANT",
    "change_type_inplace": _INPLACE,
    "rename_foreign_key": _INPLACE,
    "add_column_unique": _INPLACE,
    "drop_column_indexed": _INPLACE,
    "rename_index": _INPLACE,
    "set_not_null": _INPLACE,
    "drop_not_null": _INPLACE,
    "create_index": _INPLACE,
    "drop_index": _INPLACE,
    "add_unique": _INPLACE,
    "add_primary_key": _INPLACE,
    "add_foreign_key": _INPLACE,
    "add_foreign_key_index": _INPLACE,
    "drop_constraint": _INPLACE,
}


def at_version(version: str = "") -> MySQL:
    """MySQL at a version such as "8.4", "8.0.36" or "9.7"; the default one when none is given.

    Raises:
        UnknownEngine: with the versions there are facts for.
    """
    text = re.match(r"\d+(?:\.\d+)*", (version or DEFAULT_VERSION).strip())
    numbers = version_key(text.group()) if text else (0,)
    series = numbers[:2] in {(8,), (8, 4)} or numbers[0] == 9 or (8, 0, 16) <= numbers < (8, 1)
    if text is None or not series:
        raise UnknownEngine(f"no facts for mysql {version!r}; there are: {', '.join(VERSIONS)} (8.0 from 8.0.16 on)")
    return MySQL(_NEWEST_8_0 if text.group() in {"8", "8.0"} else text.group())


@dataclass(frozen=True, slots=True)
class MySQL(MysqlBase):
    """MySQL at one version."""

    name: str = "mysql"

    @property
    def hides_columns(self) -> bool:
        """See MysqlBase."""
        return version_key(self.version) >= (8, 0, 23)

    def clause(self, form: str) -> str:
        """See MysqlBase."""
        numbers = version_key(self.version)
        if (form == "drop_column" and numbers < (8, 0, 29)) or (form == "rename" and numbers < (8, 0, 28)):
            return _INPLACE
        return _CLAUSES.get(form, BLOCKING_CLAUSES.get(form, COPY))

    @property
    def partition_clause(self) -> str:
        """See MysqlBase."""
        return _INPLACE

    def index_usage_query(self, index: Index) -> str:
        """See Engine."""
        table, name = (text.replace("'", "''").replace("\\", "\\\\") for text in (index.table.name, index.name))
        schema = f"'{index.table.schema}'" if index.table.schema else "DATABASE()"
        return (
            "SELECT COUNT_READ FROM performance_schema.table_io_waits_summary_by_index_usage "
            f"WHERE OBJECT_SCHEMA = {schema} AND OBJECT_NAME = '{table}' AND INDEX_NAME = '{name}'"
        )

    def refuse_rename(self, statement: ddl.RenameColumn, schema: Schema) -> None:
        """See MysqlBase. Measured: 3959 and 3108, also for a check on that column alone."""
        table = schema.table(statement.table)
        if table is None:
            return
        reading = [f"check {one.name}" for one in table.checks if ddl.mentions(one.expression, statement.column)]
        reading += [
            f"generated column {one.name}"
            for one in table.columns
            if one.generated is not None and ddl.mentions(one.generated, statement.column)
        ]
        if reading:
            raise CannotSpell(
                f"{statement.table}.{statement.column} is read by {', '.join(reading)}, and MySQL refuses to rename it "
                "then (3959, 3108); drop that first and add it again with the new name afterwards, each a change of its own"
            )

    def cautions(self, statement: ddl.Statement) -> tuple[str, ...]:
        """See Engine."""
        shared = MysqlBase.cautions(self, statement)
        if isinstance(statement, ddl.AddColumn | ddl.DropColumn):
            most = 255 if version_key(self.version) >= (9,) else 64
            limit = (
                f"a table takes {most} INSTANT changes of its columns, then error 4092: TOTAL_ROW_VERSIONS in "
                "INFORMATION_SCHEMA.INNODB_TABLES counts them, and a rebuild (ALTER TABLE ... FORCE) sets them to 0"
            )
            return (*shared, limit)
        return shared
