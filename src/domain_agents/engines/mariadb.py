"""MariaDB 10.5 to 11.8: what it can do, how it spells DDL, which locks it takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from domain_agents import ddl
from domain_agents.engines import Can, UnknownEngine
from domain_agents.engines._mysql_base import BLOCKING_CLAUSES, COPY, MysqlBase
from domain_agents.engines._mysql_forms import form_of
from domain_agents.engines._mysql_types import Conversions
from domain_agents.facts import version_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.catalog import Schema, TableName

VERSIONS: Final = ("10.5", "10.6", "10.11", "11.4", "11.8")
DEFAULT_VERSION: Final = "10.11"
"""The oldest release still maintained on 2026-11-20 (https://mariadb.org/about/#maintenance-policy): 10.6 ended in July."""

_FIRST: Final = (10, 5)
_BEHIND_LAST: Final = (11, 9)
_COPIES_ONLINE: Final = (11, 2)
_WITHOUT_WAIT: Final = (ddl.DropTable, ddl.CreateTable, ddl.CreateTrigger, ddl.DropTrigger, ddl.LockTables)
"""Statements that say nothing of how long they wait: the session does."""
_GROWS_INDEXED: Final = (10, 6)
_SORTS_DOWN: Final = (10, 8)
_INSTANT: Final = "ALGORITHM=INSTANT, LOCK=NONE"
_NOCOPY: Final = "ALGORITHM=NOCOPY, LOCK=NONE"
_INPLACE: Final = "ALGORITHM=INPLACE, LOCK=NONE"
_ONLINE_COPY: Final = "ALGORITHM=COPY, LOCK=NONE"
_CLAUSES: Final = {
    "add_column": _INSTANT,
    "drop_column": _INSTANT,
    # Of the table: LOCK=NONE is refused (1845, measured on 10.11.19).
    "rename": "ALGORITHM=INSTANT",
    "rename_index": _INSTANT,
    "set_default": _INSTANT,
    "change_type_instant": _INSTANT,
    "change_type_index": _NOCOPY,
    "rename_foreign_key": _INSTANT,
    "drop_constraint": _INSTANT,
    "drop_column_indexed": _NOCOPY,
    "create_index": _NOCOPY,
    "drop_index": _NOCOPY,
    "add_unique": _NOCOPY,
    "add_foreign_key": _NOCOPY,
    "add_foreign_key_index": _NOCOPY,
    "set_not_null": _INPLACE,
    "drop_not_null": _INPLACE,
    "add_column_unique": _INPLACE,
    "add_primary_key": _INPLACE,
}
_COPIED_ONLINE: Final = frozenset(
    {"add_foreign_key", "add_foreign_key_index", "add_check", "add_column_copy", "change_type", "rename_check"}
)


def at_version(version: str = "") -> MariaDB:
    """MariaDB at a version such as "10.11" or "11.4.7"; the default one when none is given.

    Raises:
        UnknownEngine: with the versions there are facts for.
    """
    found = re.match(r"\d+\.\d+(?:\.\d+)*", (version or DEFAULT_VERSION).strip())
    if found is None or not _FIRST <= version_key(found.group()) < _BEHIND_LAST:
        raise UnknownEngine(f"no facts for mariadb {version!r}; there are: {', '.join(VERSIONS)} and what lies between")
    return MariaDB(".".join(found.group().split(".")[:2]))


@dataclass(frozen=True, slots=True)
class MariaDB(MysqlBase):
    """MariaDB at one version."""

    name: str = "mariadb"

    @property
    def _copies_online(self) -> bool:
        return version_key(self.version) >= _COPIES_ONLINE

    def can(self, capability: Can) -> bool:
        """See Engine."""
        if capability is Can.FOREIGN_KEY_TESTS_ROWS:
            return self._copies_online
        return MysqlBase.can(self, capability)

    def clause(self, form: str) -> str:
        """See MysqlBase."""
        if self._copies_online and form in _COPIED_ONLINE:
            return _ONLINE_COPY
        return _CLAUSES.get(form, BLOCKING_CLAUSES.get(form, COPY))

    def opening(self, table: TableName) -> str:
        """See MysqlBase. The bound on waiting is part of the statement, whatever connection it runs on."""
        return f"ALTER TABLE {self.quote_table(table)} WAIT 2"

    def form(self, statement: ddl.Statement, schema: Schema) -> str:
        """See MysqlBase."""
        grows_indexed = version_key(self.version) >= _GROWS_INDEXED
        return form_of(statement, schema, by=Conversions(widens_far=True, grows_indexed=grows_indexed))

    def cautions(self, statement: ddl.Statement) -> tuple[str, ...]:
        """See Engine."""
        shared = MysqlBase.cautions(self, statement)
        if not isinstance(statement, ddl.CreateIndex) or version_key(self.version) >= _SORTS_DOWN:
            return shared
        if not any(key.descending for key in statement.index.keys):
            return shared
        return (*shared, f"MariaDB {self.version} reads DESC in an index and ignores it; from 10.8 on it sorts so")

    def session_guards(self, statements: Sequence[ddl.Statement], *, transaction: bool) -> tuple[str, ...]:
        """See Engine. A limit on statements would cut a build or a rebuild off half way."""
        guard = "SET SESSION max_statement_time = 0"
        if not statements or any(isinstance(one, _WITHOUT_WAIT) for one in statements):
            return (*MysqlBase.session_guards(self, statements, transaction=transaction), guard)
        return (guard,)
