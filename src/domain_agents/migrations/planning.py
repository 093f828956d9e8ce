"""From operations to a plan: steps in order, every file with what its header must say. Pure: same input, same plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import Schema, TableName
from domain_agents.engines import Blocks, Can, CannotSpell, Effect, Engine, TableSize
from domain_agents.migrations._backfill_jobs import backfill_job
from domain_agents.migrations._jobs import OF_WAITING, job_before, waits_knowingly
from domain_agents.migrations.plan import Plan, PlannedDeploy, PlannedMigration, PlannedStep
from domain_agents.operations import CannotPlan, Deploy, Migration, Situation, WorksOn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain_agents.migrations.changes import Asked

_OLD_VERSION_GONE = "no instance of the version before is running any more"
_SECONDS_PER_MINUTE = 60
_SECONDS_PER_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and the schema that was asked for: what the rendered files must arrive at."""

    plan: Plan
    target: Schema


def plan(asked: Sequence[Asked], schema: Schema, engine: Engine, sizes: Mapping[str, TableSize]) -> Planned:
    """The plan for what was asked.

    Raises:
        CannotPlan: with the field to correct and the way out.
    """
    sizes = with_partitions(sizes, schema)
    steps: list[PlannedStep] = []
    warnings: list[str] = []
    questions: list[str] = []
    current = target = schema
    new = NewTables(frozenset(schema.tables))
    for one in asked:
        operation = one.operation
        table = table_of(operation.statement, current) or operation.table
        if isinstance(operation, WorksOn):
            table = operation.worked_on(current)
        size = size_of(table, sizes)
        first = len(steps)
        try:
            target = operation.apply(target)
            found = operation.steps(engine, current, Situation(size, new.holds(table, current)))
        except CannotSpell as error:
            raise CannotPlan(
                f"{one.field}: {error}",
                field=one.field,
                way_out="ask for a change that does not need it, or write this step by hand",
            ) from error
        except ddl.DoesNotApply as error:
            raise CannotPlan(
                f"{one.field}: {error}", field=one.field, way_out=_nearest(operation.table, current)
            ) from error
        for step in (part for whole in found for part in _parts(whole, engine)):
            order = len(steps) + 1
            if isinstance(step, Deploy):
                waits_for = step.wait_for or _OLD_VERSION_GONE
                steps.append(PlannedDeploy(order, step.kind, step.title, step.why, waits_for, step.commands))
                continue
            job = job_before(engine, step, current, lambda atom, at: _size_in(atom, at, sizes, new))
            if job is not None:
                steps.append(PlannedDeploy(order, "job", job.title, job.why, "the tool has ended well", job.commands))
                warnings += job.cautions
            planned, current = _planned(len(steps) + 1, step, current, engine, sizes, new)
            planned = replace(planned, job=order if job else 0)
            rows = size_of(planned.backfill.table, sizes).rows if planned.backfill else None
            outside = backfill_job(planned, rows)
            if outside is not None:
                steps.append(outside)
                planned = replace(planned, order=outside.order + 1, job=outside.order)
            steps.append(planned)
            if "WAIT" in planned.lock_impact:
                warnings.append(f"{step.title}: {planned.lock_impact} ({planned.expected_duration})")
            warnings += [*step.warnings, *(caution for atom in _atoms(step) for caution in engine.cautions(atom))]
            if (planned.backfill is not None or planned.walks is not None) and planned.validations:
                steps.append(_wait_for_backfill(len(steps) + 1, planned))
        if size.rows is None and any(isinstance(s, PlannedMigration) and s.grows for s in steps[first:]):
            questions.append(
                f"How many rows has {table}? Durations below are per million rows until "
                f'"tables": {{"{table.name}": {{"rows": N}}}} is given.'
            )
    return Planned(
        Plan(engine.name, engine.version, tuple(steps), _once(warnings), _once(questions)),
        target,
    )


def _nearest(table: TableName, schema: Schema) -> str:
    """The way out when a change does not fit the schema: the table that was probably meant, else the schema itself."""
    near = get_close_matches(str(table), map(str, schema.tables), n=1) if schema.table(table) is None else []
    meant = f"did you mean {near[0]}? Else " if near else ""
    return f"{meant}compare with today's schema, or give it in `schema`"


def _size_in(
    statement: ddl.Statement, schema: Schema, sizes: Mapping[str, TableSize], new: NewTables
) -> TableSize | None:
    """The size of a statement's table; None where the plan makes it, and so nobody waits for it."""
    table = table_of(statement, schema)
    if table is None:
        return TableSize()
    return None if new.holds(table, schema) else size_of(table, sizes)


def _parts(step: Migration | Deploy, engine: Engine) -> tuple[Migration | Deploy, ...]:
    """A step as files. Where each change of the schema commits by itself, each has one of its own: a file that was cut off
    behind the first could neither be run again nor gone on with. What stands under a lock on its tables stays together."""
    if isinstance(step, Deploy) or engine.can(Can.TRANSACTIONAL_DDL) or not step.statements[1:] or step.backfill:
        return (step,)
    if any(isinstance(statement, ddl.LockTables) for statement in step.statements):
        return (step,)
    last = len(step.statements)
    return tuple(
        replace(
            step,
            title=f"{step.title} ({number} of {last})",
            slug=step.slug if number == 1 else f"{step.slug}_{number}",
            statements=(statement,),
            undo=step.undo if number == last else f"that of part {last} of {last}, which takes back all of them",
            prechecks=step.prechecks if number == 1 else (),
            validations=step.validations if number == last else (),
            warnings=step.warnings if number == 1 else (),
        )
        for number, statement in enumerate(step.statements, 1)
    )


def _atoms(step: Migration) -> tuple[ddl.Statement, ...]:
    filled = (ddl.NoCatalogChange("batches", step.backfill.table),) if step.backfill else ()
    return (*step.statements, *filled)


def size_of(table: TableName, sizes: Mapping[str, TableSize]) -> TableSize:
    """What was said of a table's size, by its full name or its own."""
    return sizes.get(str(table)) or sizes.get(table.name) or TableSize()


def with_partitions(sizes: Mapping[str, TableSize], schema: Schema) -> Mapping[str, TableSize]:
    """The sizes, with an equal share of a table's for each of its partitions whose own is not given."""
    found = dict(sizes)
    for table in schema.tables.values():
        size = size_of(table.name, sizes)
        for partition in table.partitions:
            if size_of(partition.name, found) == TableSize() and size.rows is not None:
                share = replace(size, rows=-(-size.rows // len(table.partitions)), bytes=None)
                found[str(partition.name)] = share
    return found


def _once(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _wait_for_backfill(order: int, migration: PlannedMigration) -> PlannedDeploy:
    query = migration.validations[0]
    return PlannedDeploy(
        order, "check", f"{migration.title} is complete", query.why, f"{query.sql} gives {query.expect}"
    )


def _planned(
    order: int,
    step: Migration,
    schema: Schema,
    engine: Engine,
    sizes: Mapping[str, TableSize],
    new: NewTables,
) -> tuple[PlannedMigration, Schema]:
    """One file, spelled, and the schema behind it."""
    # Where DDL commits by itself, a transaction around it would promise what does not hold.
    transaction = step.transaction and engine.can(Can.TRANSACTIONAL_DDL)
    effects: list[tuple[TableName | None, Effect]] = []
    statements: list[str] = []
    current = schema
    for statement in step.statements:
        table = table_of(statement, current)
        size = size_of(table, sizes) if table else TableSize()
        is_new = table is not None and new.lets_nobody_wait(statement, table, current)
        effects.append((table, effect_on(engine, statement, current, size, is_new=is_new)))
        statements += _spelled(engine, statement, current)
        new.learn(statement, current)
        current = statement.apply(current)
    if step.backfill is not None:
        fill = step.backfill
        size = size_of(fill.table, sizes)
        effects.append((fill.table, engine.effect(ddl.NoCatalogChange("batches", fill.table), current, size)))
        try:
            statements += engine.spell_backfill(fill, size.rows, current)
        except CannotSpell as error:
            raise CannotPlan(str(error), field="schema", way_out="give today's schema in `schema`") from error
    waits = step.waits or waits_knowingly(engine, tuple(effect for _, effect in effects))
    planned = PlannedMigration(
        order=order,
        title=step.title,
        slug=_slug(step.slug),
        phase=step.phase,
        why=step.why,
        guards=engine.session_guards(step.statements, transaction=transaction),
        statements=tuple(statements),
        backfill=step.backfill,
        transaction=transaction,
        affected_rows=_affected_rows(step, effects, sizes),
        expected_duration=_duration(effects, sizes),
        lock_impact=_lock_impact(effects),
        free_space=_free_space(effects),
        undo=step.undo,
        undo_loses_data=step.undo_loses_data,
        prechecks=step.prechecks,
        validations=step.validations,
        grows=any(_grows(effect) for _, effect in effects),
        walks=next((one.table for one in step.statements if isinstance(one, ddl.CopyRows)), None),
        waits=waits,
        accepts=(*step.accepts, *(OF_WAITING if waits else ())),
    )
    return planned, current


def _spelled(engine: Engine, statement: ddl.Statement, schema: Schema) -> tuple[str, ...]:
    try:
        return engine.spell(statement, schema)
    except CannotSpell as error:
        raise CannotPlan(
            str(error), field="sql", way_out="change the request so that this statement is not needed"
        ) from error


class NewTables:
    """The tables that a sequence of statements makes: nobody else uses them yet, so nobody waits for them.

    A table that was there before is not new, however often it is built anew.
    """

    def __init__(self, existed: frozenset[TableName]) -> None:
        self._existed = existed
        self._created: set[TableName] = set()

    def learn(self, statement: ddl.Statement, schema: Schema) -> None:
        """Note what a statement makes of `schema`, which is as it is just before."""
        match statement:
            case ddl.CreateTable(table=table) if table.name not in self._existed:
                self._created.add(table.name)
            case ddl.CreateTableLike(table=name) if name not in self._existed:
                self._created.add(name)
            case ddl.DefineView(view=view) if view.materialized and schema.view(view.name) is None:
                self._created.add(view.name)
            case ddl.RenameTable(table=name, new_name=new_name) if self.holds(name, schema):
                self._created.add(TableName(new_name, name.schema))

    def lets_nobody_wait(self, statement: ddl.Statement, table: TableName, schema: Schema) -> bool:
        """Whether a statement works on new tables alone; a new partition is one, where no default one is read for it."""
        if isinstance(statement, ddl.AttachPartition) and self.holds(statement.partition, schema):
            parent = schema.table(table)
            return parent is not None and not any(one.bound.kind == "default" for one in parent.partitions)
        return self.holds(table, schema)

    def holds(self, name: TableName, schema: Schema) -> bool:
        """Whether a table is new."""
        found = schema.table(name)
        return (found.name if found else name) in self._created


def effect_on(
    engine: Engine, statement: ddl.Statement, schema: Schema, size: TableSize, *, is_new: bool = False
) -> Effect:
    """What a statement does; on a table that nobody else knows yet, or that is empty, nothing takes long.

    Its locks keep nobody waiting then, unless the engine's lock is on more than the table.
    """
    if isinstance(statement, ddl.Verbatim) and statement.yields:
        statement = statement.yields[0]
    alone = is_new or size.rows == 0
    effect = engine.effect(statement, schema, size, is_new_table=alone)
    if not alone:
        return effect
    blocks = Blocks.NONE if engine.can(Can.CONCURRENT_WRITES) else effect.blocks
    return replace(effect, blocks=blocks, rewrites_table=False, scans_table=False, builds_index=False)


def table_of(statement: ddl.Statement, schema: Schema) -> TableName | None:
    """The table that a statement works on, if it is one."""
    match statement:
        case ddl.DropIndex(index=name, table=table):
            dropped = schema.index(name, table)
            return dropped.table if dropped else table
        case ddl.CreateIndex(index=index):
            return index.table
        case ddl.Reindex(index=name) if name:
            return _owner_of_index(name, schema)
        case ddl.DefineView(view=view):
            return view.name
        case ddl.CreateTable(table=table):
            return table.name
    found = getattr(statement, "table", None)
    return found if isinstance(found, TableName) else None


def _owner_of_index(name: str, schema: Schema) -> TableName | None:
    """The table of an index, which a constraint may have made under its own name."""
    index = schema.index(name)
    if index is not None:
        return index.table
    for table in schema.tables.values():
        keys = (*table.uniques, *((table.primary_key,) if table.primary_key else ()))
        if any(key.name == name for key in keys):
            return table.name
    return None


def _slug(text: str) -> str:
    """Letters, digits and underscores: fit for a file's name on every system, whatever the names in it were."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in text.lower())
    return "_".join(part for part in kept.split("_") if part)[:80] or "change"


def _affected_rows(
    step: Migration, effects: Sequence[tuple[TableName | None, Effect]], sizes: Mapping[str, TableSize]
) -> str:
    for table, effect in effects:
        rows = size_of(table, sizes).rows if table else None
        known = f"about {rows:,}" if rows is not None else "not known"
        if step.backfill is not None:
            return f"{known} (those without a value)"
        if effect.operation == "write_batches":
            return f"{known} (copied)"
        if effect.rewrites_table:
            return f"{known} (the table is rewritten)"
        if effect.is_long:
            return f"none changed ({known} read)"
    return "none (catalog only)"


def _grows(effect: Effect) -> bool:
    return effect.is_long or effect.operation == "write_batches"


def _duration(effects: Sequence[tuple[TableName | None, Effect]], sizes: Mapping[str, TableSize]) -> str:
    low = sum(effect.seconds[0] for _, effect in effects)
    high = sum(effect.seconds[1] for _, effect in effects)
    grows = [table for table, effect in effects if _grows(effect)]
    if not grows:
        return "milliseconds, whatever the table's size"
    known = all(table is not None and size_of(table, sizes).rows is not None for table in grows)
    return f"{_time(low)} to {_time(high)}" + ("" if known else " per million rows (row count not given)")


def _time(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds:.1g} s"
    if seconds < 2 * _SECONDS_PER_MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _SECONDS_PER_HOUR:
        return f"{seconds / _SECONDS_PER_MINUTE:.0f} min"
    return f"{seconds / _SECONDS_PER_HOUR:.1f} h"


def _lock_impact(effects: Sequence[tuple[TableName | None, Effect]]) -> str:
    parts: dict[str, None] = {}
    for table, effect in effects:
        parts[_lock(str(table), effect.lock, effect)] = None
        for other, mode in effect.other_locks:
            parts[f"{mode} on {other}"] = None
    return "; ".join(part for part in parts if part) or "none"


def _lock(table: str, lock: str, effect: Effect) -> str:
    if lock == "none":
        return ""
    if effect.blocks is Blocks.NONE:
        return f"{lock} on {table}: reads and writes pass"
    if effect.is_long:
        return f"{lock} on {table}: {effect.blocks.value} WAIT for as long as it runs"
    return f"{lock} on {table}: {effect.blocks.value} wait for milliseconds"


def _free_space(effects: Sequence[tuple[TableName | None, Effect]]) -> str:
    if any(effect.extra_bytes is None for _, effect in effects):
        return "grows with the table (size not given)"
    total = sum(effect.extra_bytes or 0 for _, effect in effects)
    if any(effect.operation == "write_batches" for _, effect in effects):
        return "up to the size of the rows filled, until vacuumed"
    return "none" if total == 0 else f"about {_bytes(total)}"


def _bytes(count: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1_000:
            return f"{count:.0f} {unit}"
        count /= 1_000
    return f"{count:.1f} TB"
