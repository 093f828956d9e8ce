"""Checking what was rendered, never the plan: the files are read back, replayed, and weighed with the facts.

A fault in a template, a name that was spelled wrongly, a statement that ended up inside a transaction: all of them show
here, because nothing here knows what was meant except the schema that was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.engines import Blocks, Can, TableSize
from domain_agents.findings import Finding, Severity
from domain_agents.migrations.plan import PlannedMigration, RenderedFile, RenderedStatement
from domain_agents.migrations.planning import NewTables, effect_on, size_of, table_of, with_partitions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain_agents.catalog import Partition, Schema, Table
    from domain_agents.dialects import Dialect, ReadStatement
    from domain_agents.engines import Effect, Engine
    from domain_agents.migrations.formats import FileStatement, Format

_BATCHES = "write_batches"
_BLOCKING_ORDER = (Blocks.NONE, Blocks.WRITES, Blocks.READS_AND_WRITES)


@dataclass(frozen=True, slots=True)
class Checked:
    """The files as they were read back, and what is wrong with them (nothing, or the plan is not ready)."""

    files: tuple[RenderedFile, ...]
    findings: tuple[Finding, ...]


def check(
    contents: Mapping[str, str],
    migrations: Sequence[PlannedMigration],
    *,
    form: Format,
    reader: Dialect,
    engine: Engine,
    schema: Schema,
    target: Schema,
    sizes: Mapping[str, TableSize],
) -> Checked:
    """Read the rendered files back and hold them against the schema that was asked for and against the facts.

    `migrations` say only which table a file's batches walk along (a procedure's body is not read).
    """
    run = _Run(form, reader, engine, sizes, schema)
    files = [
        run.file(path, content, migration)
        for (path, content), migration in zip(contents.items(), migrations, strict=True)
    ]
    for difference in differences(target, run.schema):
        run.find(
            "misses_target", path="", line=0, effect=difference, instead="report this: the plan is not ready to use"
        )
    return Checked(tuple(files), tuple(run.findings))


class _Run:
    """A replay of files in order."""

    def __init__(
        self, form: Format, reader: Dialect, engine: Engine, sizes: Mapping[str, TableSize], schema: Schema
    ) -> None:
        self.form, self.reader, self.engine = form, reader, engine
        self.sizes = with_partitions(sizes, schema)
        self.schema = schema
        self.findings: list[Finding] = []
        self.new = NewTables(frozenset(schema.tables))

    def find(self, rule: str, *, path: str, line: int, effect: str, instead: str, statement: str = "") -> None:
        self.findings.append(Finding(rule, Severity.ERROR, effect, instead, path, line, 1 if line else 0, statement))

    def file(self, path: str, content: str, migration: PlannedMigration) -> RenderedFile:
        read = self.form.read(path, content, self.engine.name)
        for part in read.unread:
            self.find(
                "unread_statement",
                path=path,
                line=part.line,
                effect=part.reason,
                instead="write it as SQL",
                statement=part.text,
            )
        statements = tuple(
            self.statement(path, one, found, migration)
            for one, found in zip(read.statements, self.understood(read.statements), strict=True)
        )
        return RenderedFile(path, content, read.transaction, _shared(statements))

    def understood(self, statements: Sequence[FileStatement]) -> list[tuple[ReadStatement, ...]]:
        """What each statement of a file is. They are read together, because a setting may change what follows it."""
        together = self.reader.read(";\n".join(one.sql for one in statements))
        if [found.sql for found in together] == [one.sql.strip() for one in statements]:
            return [(found,) for found in together]
        return [self.reader.read(one.sql) for one in statements]

    def statement(
        self, path: str, one: FileStatement, read: Sequence[ReadStatement], migration: PlannedMigration
    ) -> RenderedStatement:
        worst: Effect | None = None
        for statement in read:
            if statement.problem:
                self.find(
                    "unread_statement",
                    path=path,
                    line=one.line,
                    effect=statement.problem,
                    instead="report this: the plan is not ready to use",
                    statement=one.sql,
                )
            for atom in ddl.renaming(statement.atoms, self.schema):
                effect = self.atom(path, one, atom, migration)
                worst = effect if worst is None else _worse(worst, effect)
        return RenderedStatement(one.sql, one.line, worst or self.weigh(ddl.NoCatalogChange("session")))

    def atom(self, path: str, one: FileStatement, atom: ddl.Statement, migration: PlannedMigration) -> Effect:
        walked = migration.backfill.table if migration.backfill else migration.walks
        if isinstance(atom, ddl.NoCatalogChange) and walked is not None and _fills(atom, one.sql):
            atom = replace(atom, kind="batches", table=walked)
        effect = self.weigh(atom)
        if one.transaction and self.engine.refuses_transaction(atom, self.schema):
            self.find(
                "refused_in_transaction",
                path=path,
                line=one.line,
                effect="the server refuses this statement inside a transaction",
                instead="a file of its own that runs outside a transaction",
                statement=one.sql,
            )
        blocks_for_long = effect.is_long and effect.blocks is not Blocks.NONE
        if blocks_for_long and self.engine.can(Can.CONCURRENT_WRITES) and not migration.waits:
            self.find(
                "long_blocking_lock",
                path=path,
                line=one.line,
                effect=f"{effect.blocks.value} on {table_of(atom, self.schema)} wait while the table is "
                f"{'rewritten' if effect.rewrites_table else 'scanned'} ({effect.lock})",
                instead="report this: the plan is not ready to use",
                statement=one.sql,
            )
        self.new.learn(atom, self.schema)
        try:
            self.schema = atom.apply(self.schema)
        except ddl.DoesNotApply as error:
            self.find(
                "does_not_apply",
                path=path,
                line=one.line,
                effect=str(error),
                instead="compare with today's schema",
                statement=one.sql,
            )
        return effect

    def weigh(self, atom: ddl.Statement) -> Effect:
        table = table_of(atom, self.schema)
        size = size_of(table, self.sizes) if table else TableSize()
        is_new = table is not None and self.new.lets_nobody_wait(atom, table, self.schema)
        return effect_on(self.engine, atom, self.schema, size, is_new=is_new)


def _fills(atom: ddl.NoCatalogChange, sql: str) -> bool:
    """Whether a statement of a backfill file is one that fills rows: an UPDATE, or the call of the procedure."""
    word = sql.split(None, 1)[0].upper()
    return (atom.kind, word) in {("data", "UPDATE"), ("routine", "CALL")}


def _shared(statements: tuple[RenderedStatement, ...]) -> tuple[RenderedStatement, ...]:
    """Statements that fill a table together share the time it takes."""
    fills = sum(statement.effect.operation == _BATCHES for statement in statements)
    if fills <= 1:
        return statements
    return tuple(_of_several(one, fills) if one.effect.operation == _BATCHES else one for one in statements)


def _of_several(statement: RenderedStatement, count: int) -> RenderedStatement:
    low, high = statement.effect.seconds
    return replace(statement, effect=replace(statement.effect, seconds=(round(low / count, 2), round(high / count, 2))))


def _worse(one: Effect, other: Effect) -> Effect:
    """The effect of a statement with several actions: its worst, for the time of all."""
    first, second = sorted((one, other), key=lambda e: (_BLOCKING_ORDER.index(e.blocks), e.is_long), reverse=True)
    return replace(
        first,
        seconds=(one.seconds[0] + other.seconds[0], one.seconds[1] + other.seconds[1]),
        other_locks=tuple(dict.fromkeys((*first.other_locks, *second.other_locks))),
        rewrites_table=one.rewrites_table or other.rewrites_table,
        scans_table=one.scans_table or other.scans_table,
        builds_index=one.builds_index or other.builds_index,
    )


def differences(asked: Schema, reached: Schema) -> tuple[str, ...]:
    """What the files leave different from what was asked, in words; nothing when they arrive."""
    found: list[str] = []
    for name in sorted({*asked.tables, *reached.tables}):
        ours, theirs = asked.tables.get(name), reached.tables.get(name)
        if ours is None or theirs is None:
            found.append(f"table {name} is {'left over' if ours is None else 'missing'}")
            continue
        one, other = _unordered(_whole(ours, asked)), _unordered(_whole(theirs, reached))
        if one != other:
            found += [f"table {name}: {text}" for text in _table_differences(one, other)]
    for index in sorted({*asked.indexes, *reached.indexes}):
        if asked.indexes.get(index) != reached.indexes.get(index):
            found.append(f"index {index} is not as asked")
    for kind in ("enums", "views"):
        ones, others = getattr(asked, kind), getattr(reached, kind)
        found += [
            f"{kind[:-1]} {name} is not as asked"
            for name in sorted({*ones, *others})
            if ones.get(name) != others.get(name)
        ]
    return tuple(found)


def _whole(table: Table, schema: Schema) -> Table:
    """The table with the columns that a foreign key means when it names none: some engines must have them written."""
    keys = tuple(
        replace(key, parent_columns=parent.primary_key.columns)
        if not key.parent_columns and (parent := schema.table(key.parent)) and parent.primary_key
        else key
        for key in table.foreign_keys
    )
    return replace(table, foreign_keys=keys)


def plain(table: Table) -> Table:
    """The table without the text it was made from: two texts may make the same table."""
    return replace(table, definition="")


def _unordered(table: Table) -> Table:
    """The table as a set of parts: a column that was made anew stands last, and no engine here can move it."""
    return replace(
        plain(table),
        columns=tuple(sorted(table.columns, key=lambda column: column.name)),
        uniques=tuple(sorted(table.uniques, key=repr)),
        checks=tuple(sorted(table.checks, key=repr)),
        exclusions=tuple(sorted(table.exclusions, key=repr)),
        foreign_keys=tuple(sorted(table.foreign_keys, key=repr)),
        partitions=tuple(sorted(map(_partition, table.partitions), key=lambda one: one.name)),
    )


def _partition(partition: Partition) -> Partition:
    """The partition without the names of its parts of the parent's indexes: where the server makes them, it names them."""
    return replace(partition, own=_unordered(partition.own), indexes=())


def _table_differences(asked: Table, reached: Table) -> list[str]:
    parts = (
        "columns",
        "primary_key",
        "uniques",
        "checks",
        "foreign_keys",
        "exclusions",
        "partitioned_by",
        "partitions",
        "unfinished",
    )
    return [f"{part} are not as asked" for part in parts if getattr(asked, part) != getattr(reached, part)]
