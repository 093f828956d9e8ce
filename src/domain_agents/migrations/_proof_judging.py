"""Judging what was seen on a scratch server: pure functions from observations to checks and reasons."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from domain_agents.migrations._proof_locks import head

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from domain_agents.migrations._proof_reading import Reading
    from domain_agents.observations import (
        AppFailure,
        Contents,
        HalfApplied,
        Interruption,
        LoadSummary,
        Observation,
        Seeding,
        Shape,
        TableContents,
    )


class Verdict(StrEnum):
    """What became of the claim."""

    PROVED = "proved"
    REFUTED = "refuted"
    NOT_RUN = "not_run"


class Outcome(StrEnum):
    """What became of one check."""

    OK = "ok"
    FAILED = "failed"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True)
class Check:
    """One check and the reason for its outcome."""

    outcome: Outcome
    why: str


def applies(observations: Sequence[Observation]) -> Check:
    """Whether every statement ran."""
    failed = next((seen for seen in observations if seen.error), None)
    if failed is not None:
        return Check(Outcome.FAILED, f"{failed.file}: {head(failed.sql)} failed: {failed.error}")
    return Check(Outcome.OK, f"all {len(observations)} statements ran")


def data_kept(
    before: Contents,
    after: Contents,
    counts: Mapping[str, int],
    application: LoadSummary,
    reading: Reading,
) -> Check:
    """Whether every row, and every value of an old column, is what it was.

    `counts` are the rows with those the application inserted still among them; `reading` names the columns whose
    values, and the tables whose rows, the files mean to change, and the names that columns have afterwards.
    """
    problems: list[str] = []
    exempt: set[str] = set()
    dealt = _dealt(before, after)
    renamed = tuple(reading.renamed.items())
    for table, old in before.items():
        if any(_same_table(name, table) for name in reading.dropped):
            exempt.add(table)
            continue
        there, top = _now_named(table, after, reading), old.part_of or table
        new = after.get(there)
        if new is None:
            problems.append(f"table {table} is gone")
            continue
        if any(_same_table(name, top) for name in reading.refilled):
            exempt.add(table)
            if new.rows < old.rows:
                problems.append(f"{table} had {old.rows:,} rows and has {new.rows:,}")
            continue
        if old.part_of and not new.part_of and new.rows >= old.rows:
            # Rows that the application wrote to the parent left it with this partition.
            exempt.add(table)
            continue
        inserted = sum(count for name, count in application.inserted.items() if _same_table(name, table))
        expected = old.rows + inserted
        if table in dealt or old.part_of or new.part_of:
            # The application's rows lie in whichever partition takes them; without them the numbers must fit.
            problems += _miscounted(table, new, old.rows + dealt.get(table, 0))
        elif counts and counts.get(there, 0) != expected:
            problems.append(f"{table} has {counts.get(there, 0):,} rows, {expected:,} were written")
        elif new.rows != old.rows:
            problems.append(f"{table} had {old.rows:,} rows and has {new.rows:,}")
        for column, checksum in old.columns.items() if table not in dealt else ():
            later = next((new for (name, told), new in renamed if _same_table(name, top) and column == told), column)
            if later == column and any(_same_table(name, top) and column == told for name, told in reading.rewritten):
                # A column that was made anew may still hold what it held.
                exempt |= {f"{table}.{column}"} if new.columns.get(column) != checksum else set()
            elif new.columns.get(later) != checksum:
                problems.append(
                    f"{table}.{later} is gone" if later not in new.columns else f"values of {table}.{later} changed"
                )
    if problems:
        return Check(Outcome.FAILED, "; ".join(problems[:10]))
    rows = sum(contents.rows for contents in before.values() if not contents.part_of)
    apart = f"; values not compared, for the files change them: {', '.join(sorted(exempt))}" if exempt else ""
    return Check(Outcome.OK, f"{rows:,} rows and the checksums of their columns are the same{apart}")


def _miscounted(table: str, new: TableContents, expected: int) -> list[str]:
    return [f"{table} has {new.rows:,} rows, {expected:,} belong there"] if new.rows != expected else []


def _dealt(before: Contents, after: Contents) -> Mapping[str, int]:
    """How many rows partitioned tables win and lose by what is attached to them and detached or dropped from them."""
    found: Counter[str] = Counter()
    for table, old in before.items():
        now = after[table].part_of if table in after else ""
        if now != old.part_of:
            found[old.part_of] -= old.rows
            found[now] += old.rows
    del found[""]
    return found


def _now_named(table: str, after: Contents, reading: Reading) -> str:
    """The name of a table afterwards."""
    schema = table.rpartition(".")[0]
    new_name = next((new for old, new in reading.moved.items() if _same_table(old, table)), "")
    there = f"{schema}.{new_name}" if schema else new_name
    return there if new_name and there in after else table


def _same_table(name: str, table: str) -> bool:
    parts = re.findall(r'"((?:[^"]|"")*)"', name) if name.startswith('"') else []
    bare = ".".join(part.replace('""', '"') for part in parts) or name
    return bare == table or bare.rpartition(".")[2] == table.rpartition(".")[2]


def applications(application: LoadSummary, *, load: bool, deployed: bool, complete: bool) -> tuple[Check, Check]:
    """The old application until the new one was deployed, and the new one from then on."""
    if not load:
        idle = Check(Outcome.NOT_RUN, "the proof ran without load")
        return idle, idle
    return (
        _application("old", application),
        _application("new", application)
        if deployed
        else Check(Outcome.NOT_RUN, "it was never deployed" if complete else "the files did not apply"),
    )


def _application(name: str, application: LoadSummary) -> Check:
    failures: list[AppFailure] = [failure for failure in application.failures if failure.app == name]
    if failures:
        first = failures[0]
        during = f" during {first.file}" if first.file else ""
        more = f" (and {len(failures) - 1} other ways)" if len(failures) > 1 else ""
        return Check(
            Outcome.FAILED,
            f"a statement of the {name} application failed{during}: {first.error}: {head(first.sql)}{more}",
        )
    reads, writes = application.reads.get(name, 0), application.writes.get(name, 0)
    if not reads + writes:
        return Check(Outcome.NOT_RUN, f"the {name} application found no table with rows")
    return Check(Outcome.OK, f"{reads:,} reads and {writes:,} writes, none failed")


def rerun(file: str, once: Contents, twice: Contents, error: str) -> Check:
    """Whether a second run of a backfill changed nothing."""
    if error:
        return Check(Outcome.FAILED, f"{file} fails when it is run again: {error}")
    changed = _changed(once, twice)
    if changed:
        return Check(Outcome.FAILED, f"{file} changes {', '.join(changed)} when it is run again")
    return Check(Outcome.OK, f"a second run of {file} changed nothing")


def crash_resume(file: str, seen: Interruption, *, volatile: bool) -> Check:
    """Whether a backfill that was killed and run again arrived where an undisturbed one does."""
    if not seen.caught:
        return Check(Outcome.NOT_RUN, f"{file} ended before it could be killed")
    if seen.resumed_error:
        return Check(Outcome.FAILED, f"{file} fails when it is run again after it was killed: {seen.resumed_error}")
    changed = _changed(seen.undisturbed, seen.interrupted)
    compared = "the same rows and values"
    if changed and volatile:
        # Two runs of a random expression cannot be compared by value.
        changed = _changed(_counted(seen.undisturbed), _counted(seen.interrupted))
        compared = "as many rows and values"
    if changed:
        return Check(Outcome.FAILED, f"{file} was killed and run again, and left {', '.join(changed)} different")
    return Check(Outcome.OK, f"{file} was killed in the middle and run again: {compared} as without the accident")


def half_applied(file: str, halves: Sequence[HalfApplied]) -> Check:
    """Whether a file whose changes commit one by one can be gone on with."""
    for half in halves:
        if half.error:
            return Check(
                Outcome.FAILED,
                f"{file} can be left half applied, for each change of the schema commits by itself: cut off after "
                f"{head(half.after)} it fails when it is run again: {half.error}. Give each change a file of its own",
            )
        if not half.arrived:
            return Check(
                Outcome.FAILED,
                f"{file} was cut off after {head(half.after)} and run again, and the schema is not the one of a whole run",
            )
    return Check(Outcome.OK, f"{file} was cut off between its changes and run again: it arrived at the same schema")


def _counted(contents: Contents) -> dict[str, object]:
    return {
        table: (held.rows, {column: sums.partition(":")[0] for column, sums in held.columns.items()})
        for table, held in contents.items()
    }


def _changed(one: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    return sorted(table for table in {*one, *other} if one.get(table) != other.get(table))


def all_of(checks: Sequence[Check]) -> Check:
    """One check for several: the first failure, else the first that did not run, else all their reasons."""
    for outcome in (Outcome.FAILED, Outcome.NOT_RUN):
        for check in checks:
            if check.outcome is outcome:
                return check
    return Check(Outcome.OK, "; ".join(check.why for check in checks))


def converges(asked: frozenset[Shape], arrived: frozenset[Shape]) -> Check:
    """Whether the schema is the one asked for; names may differ, and are told."""
    missing, extra = sorted(asked - arrived), sorted(arrived - asked)
    unmatched: list[Shape] = []
    renamed: list[str] = []
    for shape in missing:
        twin = next(
            (
                one
                for one in extra
                if (one.kind, one.table, one.definition) == (shape.kind, shape.table, shape.definition)
            ),
            None,
        )
        if twin is None:
            unmatched.append(shape)
        else:
            extra.remove(twin)
            renamed.append(f"{shape.kind} {shape.name} is named {twin.name}")
    if unmatched or extra:
        told = [f"missing: {one.kind} {one.table} {one.definition}" for one in unmatched]
        told += [f"too much: {one.kind} {one.table} {one.definition}" for one in extra]
        return Check(Outcome.FAILED, "; ".join(told[:10]))
    apart = f", except names: {'; '.join(renamed)}" if renamed else ""
    return Check(
        Outcome.OK, f"columns, constraints and indexes are those of the change applied to an empty database{apart}"
    )


def empty_tables(seeding: Seeding, touched: Collection[str]) -> list[str]:
    """Why a proof is none: tables that the migration touches and that could not be filled."""
    return [
        f"table {table} could not be filled ({why}), and a migration of an empty table proves little"
        for table, why in sorted(seeding.failed.items())
        if any(_same_table(name, table) for name in touched)
    ]


def grounds(checks: Mapping[str, Check], seeding: Seeding, statements: int, declared: int) -> list[str]:
    """Why a proof is one."""
    passed = [name for name, check in checks.items() if check.outcome is Outcome.OK]
    rows = f" at {sum(seeding.rows.values()):,} rows" if seeding.rows else ""
    ran = f"{statements} {'statement' if statements == 1 else 'statements'} ran{rows}"
    locks = ", the locks were those declared" if declared else ""
    return [f"{ran}{locks}, and these checks passed: {', '.join(passed)}"]
