"""Two schemas -> the typed changes that lead from one to the other, in an order in which they can be made.

Each change is followed on the model as it is written down (the DDL that it stands for is applied), so what the changes
cannot express is seen at the end and said, never lost. A column or table that was probably renamed is a rename that asks,
never a drop and an add.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import ForeignKey
from domain_agents.engines import Can, CannotSpell
from domain_agents.schemas._diff_columns import column_changes, comment_changes
from domain_agents.schemas._diff_enums import enum_changes, enums_going
from domain_agents.schemas._diff_keys import KeyChanges, bare, dropped_foreign_keys, key_changes
from domain_agents.schemas._diff_partitions import partition_changes
from domain_agents.schemas._diff_views import view_changes
from domain_agents.schemas._renames import Rename, likely_columns, likely_tables
from domain_agents.schemas.change import Change, written
from domain_agents.schemas.comparing import table_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from domain_agents.catalog import Column, Schema, Table, TableName
    from domain_agents.engines import Engine
    from domain_agents.schemas._diff_columns import Followed


@dataclass(frozen=True, slots=True)
class Renames:
    """Names that are known to be new ones: table -> its old name, and (table, column) -> the column's old name.

    Tables stand under their new names.
    """

    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[tuple[str, str], str] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    """Old names that were not renamed: a table's, or "table.column"."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The changes in order, the questions whose answers would change them, and what they leave different."""

    changes: tuple[Change, ...]
    questions: tuple[str, ...]
    not_expressed: tuple[str, ...]


def diff(before: Schema, after: Schema, engine: Engine, renames: Renames | None = None) -> Difference:
    """What leads from one schema to the other.

    `engine` is both schemas' own; `renames` are those that somebody said, the rest is told by shape and asked about.
    """
    run = _Run(engine, _plain_names(before), _plain_names(after), renames or Renames())
    run.walk()
    return Difference(tuple(run.changes), tuple(run.questions), tuple(dict.fromkeys(run.problems)))


def _plain_names(schema: Schema) -> Schema:
    """The schema with every name without the schema that the engine looks in by itself, written or not."""
    tables = {bare(name): _plain_table(table) for name, table in schema.tables.items()}
    indexes = {
        schema_key(bare(index.table), index.name, by_table=schema.indexes_by_table): replace(
            index, table=bare(index.table)
        )
        for index in schema.indexes.values()
    }
    return replace(
        schema,
        tables=tables,
        indexes=indexes,
        enums={bare(name): replace(one, name=bare(name)) for name, one in schema.enums.items()},
        views={bare(name): replace(one, name=bare(name)) for name, one in schema.views.items()},
    )


def schema_key(table: TableName, name: str, *, by_table: bool) -> str:
    """What an index is found by."""
    return f"{table}.{name}" if by_table else name


def _plain_table(table: Table) -> Table:
    keys = tuple(replace(key, parent=bare(key.parent)) for key in table.foreign_keys)
    parts = tuple(replace(one, own=replace(one.own, name=bare(one.own.name))) for one in table.partitions)
    return replace(table, name=bare(table.name), foreign_keys=keys, partitions=parts)


class _Run:
    """One comparison: `current` is `before` with every change so far made to it."""

    def __init__(self, engine: Engine, before: Schema, after: Schema, renames: Renames) -> None:
        self.engine, self.current, self.after, self.renames = engine, before, after, renames
        self.changes: list[Change] = []
        self.questions: list[str] = []
        self.problems: list[str] = []

    def walk(self) -> None:
        self._renamed_tables()
        self._take(enum_changes(self.engine.name, self.current, self.after))
        gone = [table for name, table in self.current.tables.items() if name not in self.after.tables]
        views = view_changes(self.engine.name, self.current, self.after)
        self._take(views.going)
        keys: list[tuple[Table, KeyChanges]] = []
        for name, wanted in self.after.tables.items():
            table = self.current.tables.get(name)
            if table is not None:
                keys.append((table, self._table(table, wanted)))
        # Behind the columns: a new table may refer to one whose type has just changed.
        self._new_tables()
        for _, changes in keys:
            self._take(changes.coming)
        for table, changes in keys:
            self._take(changes.going)
            self._dropped_columns(table.name)
        self._take(dropped_foreign_keys(gone) if len(gone) > 1 else [])
        for table in gone:
            loss = f"every row of {table.name}"
            self._do(Change("drop_table", table.name, loss=loss), (ddl.DropTable(table.name),))
        self._take(enums_going(self.current, self.after))
        self._take(views.coming)
        self.problems += views.problems
        self._left_over()

    def _take(self, found: Iterable[Followed]) -> None:
        for change, statements in found:
            self._do(change, statements)

    def _do(self, change: Change, statements: Iterable[ddl.Statement]) -> None:
        statements = tuple(statements)
        if any(_says_more(statement) for statement in statements):
            change = self._defined(change, statements[0])
        try:
            for statement in statements:
                self.current = statement.apply(self.current)
        except ddl.DoesNotApply as error:
            self.problems.append(f"{change.kind}: {error}")
            return
        self.changes.append(change)

    def _defined(self, change: Change, statement: ddl.Statement) -> Change:
        """The change with its own DDL, where its fields do not say all of it."""
        try:
            definition = ";\n".join(self.engine.spell(statement, self.current))
        except (CannotSpell, ddl.DoesNotApply):
            return change
        return replace(change, fields={**change.fields, "definition": definition})

    # Renames.

    def _renamed_tables(self) -> None:
        for new, old in self.renames.tables.items():
            self._rename_table(Rename(old, new, 1.0))
        gone = [table for name, table in self.current.tables.items() if name not in self.after.tables]
        came = [table for name, table in self.after.tables.items() if name not in self.current.tables]
        for likely in likely_tables(self.engine.name, gone, came):
            if likely.old not in self.renames.refused:
                self._rename_table(likely)

    def _rename_table(self, rename: Rename) -> None:
        found = {str(name): name for name in (*self.current.tables, *self.after.tables)}
        old, new = found.get(rename.old), found.get(rename.new)
        if old is None or new is None or old not in self.current.tables or new in self.current.tables:
            return
        change = Change("rename_table", old, {"new_name": new.name}, rename_of=rename.old, confidence=rename.confidence)
        self._do(change, (ddl.RenameTable(old, new.name),))
        self._ask(rename, "table", "")

    def _rename_columns(self, table: Table, wanted: Table) -> None:
        known = [
            Rename(old, new, 1.0)
            for (name, new), old in self.renames.columns.items()
            if name == str(wanted.name) and table.column(old) and not table.column(new) and wanted.column(new)
        ]
        for rename in known:
            self._rename_column(table, rename)
        now = self.current.tables[table.name]
        for likely in likely_columns(self.engine.name, now, wanted):
            if f"{table.name}.{likely.old}" not in self.renames.refused:
                self._rename_column(table, likely)

    def _rename_column(self, table: Table, rename: Rename) -> None:
        change = Change(
            "rename_column",
            table.name,
            {"column": rename.old, "new_name": rename.new},
            rename_of=rename.old,
            confidence=rename.confidence,
        )
        self._do(change, (ddl.RenameColumn(table.name, rename.old, rename.new),))
        self._ask(rename, "column", f"{table.name}.")

    def _ask(self, rename: Rename, kind: str, place: str) -> None:
        if rename.confidence < 1:
            self.questions.append(
                f"Is {kind} {place}{rename.new} the new name of {place}{rename.old} ({rename.confidence:.0%} sure)? "
                f'If not, call again with "not_renamed": ["{place}{rename.old}"]: it is then dropped, with its values.'
            )

    # Tables.

    def _new_tables(self) -> None:
        waiting = [table for name, table in self.after.tables.items() if name not in self.current.tables]
        names = {table.name for table in waiting}
        circular: list[tuple[Table, ForeignKey]] = []
        while waiting:
            ready = [table for table in waiting if not _parents(table) & (names - {table.name})]
            table = (ready or waiting)[0]
            waiting.remove(table)
            names.discard(table.name)
            later = tuple(key for key in table.foreign_keys if key.parent in names)
            self._create(table, later)
            circular += [(table, key) for key in later]
        for table, key in circular:
            now = self.current.tables[table.name]
            wanted = replace(now, foreign_keys=(*now.foreign_keys, key))
            self._take(key_changes(self.engine.name, self.current, self.after, now, wanted).coming)

    def _create(self, table: Table, later: tuple[ForeignKey, ...]) -> None:
        made = replace(table, foreign_keys=tuple(key for key in table.foreign_keys if key not in later), definition="")
        silent = tuple(replace(column, comment="") for column in made.columns)
        plain = replace(made, columns=silent, comment="", partitions=())
        try:
            definition = ";\n".join(self.engine.spell(ddl.CreateTable(plain), self.current))
        except CannotSpell as error:
            self.problems.append(f"create_table {table.name}: {error}")
            return
        columns = [
            {"name": one.name, "type": one.type, "nullable": one.nullable, **_defaulted(one.default)}
            for one in plain.columns
        ]
        key = {"primary_key": list(plain.primary_key.columns)} if plain.primary_key else {}
        change = Change("create_table", table.name, {"columns": columns, **key, "definition": definition})
        self._do(change, (ddl.CreateTable(plain),))
        now = self.current.tables.get(table.name)
        if now is None:
            return
        self._take(partition_changes(now, table))
        self._take(key_changes(self.engine.name, self.current, self.after, now, made).coming)
        self._comments(table)

    def _table(self, table: Table, wanted: Table) -> KeyChanges:
        self._rename_columns(table, wanted)
        self._take(column_changes(self.engine.name, self.current.tables[table.name], wanted))
        self._take(partition_changes(self.current.tables[table.name], wanted))
        self._comments(wanted)
        now = self.current.tables[table.name]
        changes = key_changes(self.engine.name, self.current, self.after, now, wanted)
        self._take(changes.first)
        self.problems += changes.problems
        return changes

    def _comments(self, wanted: Table) -> None:
        if self.engine.can(Can.SET_COMMENT):
            self._take(comment_changes(self.current.tables[wanted.name], wanted))

    def _dropped_columns(self, name: TableName) -> None:
        wanted = self.after.tables[name]
        for column in self.current.tables[name].columns:
            if wanted.column(column.name) is None:
                loss = "" if column.generated is not None else f"every value of {name}.{column.name}"
                change = Change("drop_column", name, {"column": column.name}, loss)
                self._do(change, (ddl.DropColumn(name, column.name),))

    # What is left.

    def _left_over(self) -> None:
        """What a second comparison, of where the changes arrive, still finds."""
        for name, wanted in self.after.tables.items():
            table = self.current.tables.get(name)
            if table is None:
                continue
            self.problems += _words_of(self.engine.name, self.current, self.after, table, wanted)


def _words_of(engine: str, current: Schema, after: Schema, table: Table, wanted: Table) -> list[str]:
    keys = key_changes(engine, current, after, table, wanted)
    left = [*column_changes(engine, table, wanted), *keys.first, *keys.coming, *keys.going]
    found = [f"{change.kind} on {written(table.name)} is still needed after these changes" for change, _ in left]
    if table.partitioned_by != wanted.partitioned_by:
        found.append(
            f"{table.name} is to be partitioned by {wanted.partitioned_by or 'nothing'}, no change here does that"
        )
    found += [
        f"the comment of {table.name}.{column.name} differs, no change here sets it"
        for column in wanted.columns
        if (old := table.column(column.name)) is not None and _note(old) != _note(column)
    ]
    was, is_to_be = table_options(table), table_options(wanted)
    found += [
        f"{name} of {table.name}: {was[name]} -> {is_to_be[name]}"
        for name in sorted(was.keys() & is_to_be.keys())
        if was[name] != is_to_be[name]
    ]
    return found


def _note(column: Column) -> str:
    """The comment, where it is a part of the column's definition."""
    notes = [one[len("COMMENT") :].strip(" =")[1:-1] for one in column.attributes if one.upper().startswith("COMMENT")]
    return notes[0] if notes else ""


def _says_more(statement: ddl.Statement) -> bool:
    """Whether DDL says what the fields of its change do not."""
    match statement:
        case ddl.AddColumn(column=column):
            return bool(column.identity or column.generated is not None or column.collation or column.attributes)
        case ddl.AddConstraint(constraint=ForeignKey() as key):
            return bool(key.deferrable or key.set_columns)
        case ddl.CreateIndex(index=index):
            return any(key.suffix for key in index.keys)
    return False


def _parents(table: Table) -> set[TableName]:
    return {key.parent for key in table.foreign_keys}


def _defaulted(default: str | None) -> dict[str, str]:
    return {} if default is None else {"default": default}
