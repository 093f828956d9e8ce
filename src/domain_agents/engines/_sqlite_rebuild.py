"""Changing what ALTER TABLE cannot: the table is built anew beside the old one, in one transaction.

The procedure is that of https://www.sqlite.org/lang_altertable.html, section 7 (read 2026-11-20), made safe for a runner
that goes on after an error, as `sqlite3 app.db < file.sql` does:

* The old table is renamed first, under legacy_alter_table=ON, so that no foreign key, view or trigger follows it
  (measured on 3.40.1, 3.53.4 and 3.54.1). The statement that drops it names a table that exists only inside the
  transaction: once anything has rolled back, it fails and nothing is lost. In the order "create new, drop old, rename
  new", a copy that fails is followed by a DROP that works. Everything else that could do harm alone is written so that
  it finds nothing to do after a rollback.
* PRAGMA foreign_key_check only returns rows. Its count goes into a table with a CHECK, by INSERT OR ROLLBACK, so that a
  violation ends the transaction. The same guards that all rows were copied, and that the table had no index or trigger
  which this file does not make again. The last guard counts the others: one that could not run counts as failed.
* BEGIN, not BEGIN IMMEDIATE, which fails when the file is busy and leaves the rest to run without a transaction. The
  RENAME that follows takes the write lock, or fails, and then everything behind it does.
* foreign_keys is switched off before BEGIN: inside a transaction the pragma does nothing, and with foreign_keys=ON the
  DROP deletes the rows of ON DELETE CASCADE children (measured: 2 -> 0).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from domain_agents.catalog import TableName
from domain_agents.engines._sqlite_table import read_table_name
from domain_agents.engines._sqlite_text import definition_of, written_index, written_name, written_table
from domain_agents.engines._sqlite_tokens import Cursor, Kind, NotUnderstood, literal, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from domain_agents.catalog import Schema, Table
    from domain_agents.engines._sqlite_table import Definition

GUARD: Final = "domain_agents_guard"
"""The temporary table whose checks end the transaction; dropped before it commits."""

_ROWID_NAMES: Final = ("rowid", "_rowid_", "oid")


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One table as it is and as it is to be; `computed` gives the expression a column is copied with, if not itself."""

    schema: Schema
    after_schema: Schema
    before: Table
    after: Table
    computed: Mapping[str, str] = field(default_factory=dict)

    def statements(self) -> tuple[str, ...]:
        """The whole procedure, pragmas and transaction included.

        Raises:
            CannotSpell: the table's text cannot be read.
        """
        old = TableName(self._free_name(), self.before.name.schema)
        was, now = definition_of(self.before), definition_of(self.after)
        written, written_old = written_table(self.before.name), written_table(old)
        not_copied = f"SELECT (SELECT count(*) FROM {written_old}) - (SELECT count(*) FROM {written})"
        guards = (self._objects_guard(old), _guard("rows_not_copied", not_copied))
        last_guards = (self._existence_guard(), *self._orphans_guard())
        return (
            "PRAGMA foreign_keys = OFF",
            "PRAGMA legacy_alter_table = ON",
            "BEGIN",
            _CREATE_GUARD,
            f"ALTER TABLE {written} RENAME TO {written_name(old.name)}",
            now.table.definition,
            self._copy(written, written_old, was, now),
            *guards,
            *(self._sequence(old) if was.autoincrement and now.autoincrement else ()),
            f"DROP TABLE {written_old}",
            *(written_index(index) for index in self.after_schema.indexes_of(self.after.name)),
            *triggers_on(self.before.name, self.schema),
            *last_guards,
            _guard("guards_not_passed", f"SELECT count(*) - {len(guards + last_guards)} FROM temp.{GUARD}"),
            f"DROP TABLE temp.{GUARD}",
            "COMMIT",
            "PRAGMA legacy_alter_table = OFF",
            "PRAGMA foreign_keys = ON",
        )

    def _free_name(self) -> str:
        taken = {name.name.lower() for name in self.schema.tables} | {name.lower() for name in self.schema.indexes}
        name = f"{self.before.name.name}_before_rebuild"
        while name.lower() in taken:
            name += "_"
        return name

    @property
    def _catalog(self) -> str:
        schema = self.before.name.schema
        return f"{written_name(schema)}.sqlite_schema" if schema else "sqlite_schema"

    def _objects_guard(self, old: TableName) -> str:
        """The table has exactly the indexes and triggers that are made again (a constraint's have no text)."""
        known = len(self.schema.indexes_of(self.before.name)) + len(triggers_on(self.before.name, self.schema))
        return _guard(
            "unknown_indexes_or_triggers",
            f"SELECT count(*) - {known} FROM {self._catalog}\n WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
            f" AND tbl_name = {literal(old.name)} COLLATE NOCASE",
        )

    def _existence_guard(self) -> str:
        return _guard(
            "table_is_missing",
            f"SELECT count(*) - 1 FROM {self._catalog}\n WHERE type = 'table'"
            f" AND name = {literal(self.after.name.name)} COLLATE NOCASE",
        )

    def _orphans_guard(self) -> Iterator[str]:
        own = self.before.name
        children = [
            table.name
            for table in self.after_schema.tables.values()
            if table.name.schema == own.schema
            and (
                (table.name == own and self.after.foreign_keys)
                or any(key.parent.name.lower() == own.name.lower() for key in table.foreign_keys)
            )
        ]
        for child in children:
            arguments = literal(child.name) + (f", {literal(child.schema)}" if child.schema else "")
            yield _guard("rows_without_parent", f"SELECT count(*) FROM pragma_foreign_key_check({arguments})")

    def _copy(self, written: str, written_old: str, was: Definition, now: Definition) -> str:
        """INSERT ... SELECT of every column that both have and that is not computed by SQLite itself."""
        known = {column.name for column in self.before.columns}
        known.update(self.computed)
        columns = [c.name for c in self.after.columns if c.generated is None and c.name in known]
        values = [self.computed.get(name, written_name(name)) for name in columns]
        names = [written_name(name) for name in columns]
        rowid = self._rowid(was, now)
        if rowid:
            names.insert(0, rowid)
            values.insert(0, rowid)
        into = f"INSERT OR ROLLBACK INTO {written} ({', '.join(names)})"
        return f"{into}\nSELECT {', '.join(values)}\n  FROM {written_old}"

    def _rowid(self, was: Definition, now: Definition) -> str:
        """A name for the rowid where rows have one that no column shows: full-text indexes and others refer to it."""
        if any(definition.without_rowid or definition.rowid_alias for definition in (was, now)):
            return ""
        taken = {c.name.lower() for table in (self.before, self.after) for c in table.columns}
        return next((name for name in _ROWID_NAMES if name not in taken), "")

    def _sequence(self, old: TableName) -> tuple[str, str]:
        """AUTOINCREMENT never gives a number twice, so its counter moves over."""
        counters = f"{written_name(old.schema)}.sqlite_sequence" if old.schema else "sqlite_sequence"
        name, old_name = literal(self.after.name.name), literal(old.name)
        return (
            f"DELETE FROM {counters} WHERE name = {name} AND EXISTS (SELECT 1 FROM {counters} WHERE name = {old_name})",
            f"UPDATE {counters} SET name = {name} WHERE name = {old_name}",
        )


_CHECKS: Final = (
    "unknown_indexes_or_triggers",
    "rows_not_copied",
    "table_is_missing",
    "rows_without_parent",
    "guards_not_passed",
)
_CREATE_GUARD: Final = "\n".join(
    (f"CREATE TEMP TABLE {GUARD} (", ",\n".join(f"    {check} CHECK ({check} = 0)" for check in _CHECKS), ")")
)


def _guard(check: str, query: str) -> str:
    """End the transaction, undoing all of it, unless the query gives 0."""
    return f"INSERT OR ROLLBACK INTO temp.{GUARD} ({check})\n{query}"


@dataclass(frozen=True, slots=True)
class _Kept:
    """A view or trigger among the schema's texts; `table` is what a trigger stands on."""

    text: str
    table: TableName | None = None


def triggers_on(table: TableName, schema: Schema) -> tuple[str, ...]:
    """The texts of the triggers that stand on a table."""
    return tuple(kept.text for kept in _kept(schema).values() if kept.table is not None and _same(kept.table, table))


def users_of_column(table: TableName, column: str, schema: Schema) -> tuple[str, ...]:
    """Views and triggers whose text names both the table and the column: a change of the column may break them."""
    used = {table.name.lower(), column.lower()}
    return tuple(name for name, kept in _kept(schema).items() if _names(kept.text) >= used)


def _kept(schema: Schema) -> dict[str, _Kept]:
    """The views and triggers that the schema's texts make and do not drop again, by name in lower case."""
    found: dict[str, _Kept] = {}
    for text in schema.extras:
        cursor = Cursor(text, tokens(text))
        try:
            if cursor.takes("DROP", "TRIGGER") or cursor.takes("DROP", "VIEW"):
                cursor.takes("IF", "EXISTS")
                found.pop(str(read_table_name(cursor)).lower(), None)
            elif cursor.takes("CREATE", "VIEW"):
                cursor.takes("IF", "NOT", "EXISTS")
                found[str(read_table_name(cursor)).lower()] = _Kept(text)
            elif cursor.takes("CREATE", "TRIGGER"):
                cursor.takes("IF", "NOT", "EXISTS")
                name = read_table_name(cursor)
                while not cursor.takes("ON"):
                    cursor.next()
                found[str(name).lower()] = _Kept(text, TableName(cursor.name(), name.schema))
        except NotUnderstood:
            continue
    return found


def _same(one: TableName, other: TableName) -> bool:
    return one.name.lower() == other.name.lower() and one.schema.lower() == other.schema.lower()


def _names(text: str) -> set[str]:
    return {token.value.lower() for token in tokens(text) if token.kind in {Kind.WORD, Kind.NAME}}
