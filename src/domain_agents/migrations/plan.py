"""A plan as plain data: what is decided before a word of it is rendered.

The same request gives the same plan, byte for byte: nothing here reads a file, a clock or an environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain_agents.catalog import TableName
    from domain_agents.engines import Backfill, Effect
    from domain_agents.operations import Phase, Query


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why something is believed of a project. `line` counts from 1; 0 is the whole file."""

    file: str
    line: int
    says: str


@dataclass(frozen=True, slots=True)
class ModelField:
    """A field of a framework's model: its name, its column, and the source that makes it."""

    name: str
    column: str
    source: str


@dataclass(frozen=True, slots=True)
class Model:
    """A framework's own name for a table; `keys` are the names of the indexes and constraints that it declares."""

    table: str
    name: str
    fields: tuple[ModelField, ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class App:
    """One of several histories in a project, such as a Django app's: its label, and how it goes on."""

    label: str
    directory: str
    heads: tuple[str, ...] = ()
    next_number: str = ""
    models: tuple[Model, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """What a project's own files say of its migrations. Empty text is "not recognised".

    `numbering` describes the style ("0001", "1", "YYYYMMDDHHMMSS", "YYYYMMDD", "seconds", "milliseconds", "alembic"),
    `next_number` is the first free one (Alembic: empty unless its revisions are counted; a time: one past the newest),
    `head` the newest migration (its revision in Alembic, its file's stem elsewhere), with `heads` naming all of them where
    a history has several ends. `file_template` is the framework's own: "{number}_{slug}.sql", "%(rev)s_%(slug)s".

    `ledger` is the table that records applied migrations. `ledger_insert` is the statement with which the project's own
    files record themselves, its varying parts as {stem}, {file}, {number}, {integer}, {slug}, {title}, {date}; empty when
    they don't. `transactions` is "own" when the project's files say BEGIN and COMMIT themselves, "runner" when it has
    files and none does, else empty.

    `schema_sql` is today's schema as DDL where the project says it, with `schema_from` naming the files and `unread`
    what in them could not be understood.
    """

    engine: str = ""
    version: str = ""
    framework: str = ""
    directory: str = ""
    numbering: str = ""
    next_number: str = ""
    head: str = ""
    ledger: str = ""
    ledger_insert: str = ""
    file_template: str = ""
    schema_sql: str = ""
    schema_from: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    heads: tuple[str, ...] = ()
    transactions: str = ""
    unread: tuple[Evidence, ...] = ()
    framework_version: str = ""
    """The framework's own version where the project says it: "5.2"."""
    apps: tuple[App, ...] = ()
    """Where a framework keeps a history for each part of the project: all of them."""
    slugs: tuple[str, ...] = ()
    """The names of the migrations there are, without their numbers."""
    state: str = ""
    """What a framework keeps beside its migrations, as JSON: Drizzle's journal and newest snapshot."""
    habits: tuple[str, ...] = ()
    """What of the project decides how a file is written: "strong_migrations", "typescript", "esm"."""


@dataclass(frozen=True, slots=True)
class RenderedStatement:
    """One statement as it stands in a rendered file, with what it will do."""

    sql: str
    line: int
    effect: Effect


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """One migration file: where it goes, what it says, and what was read back out of it."""

    path: str
    content: str
    transaction: bool
    statements: tuple[RenderedStatement, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedMigration:
    """One file to be rendered: what its header says and what it does, spelled for the engine."""

    order: int
    title: str
    slug: str
    phase: Phase
    why: str
    guards: tuple[str, ...]
    statements: tuple[str, ...]
    backfill: Backfill | None
    transaction: bool
    affected_rows: str
    expected_duration: str
    lock_impact: str
    free_space: str
    undo: str
    undo_loses_data: bool
    prechecks: tuple[Query, ...] = ()
    validations: tuple[Query, ...] = ()
    depends_on: tuple[str, ...] = ()
    """What must be done first besides the steps before this one, which its header names anyway."""
    grows: bool = False
    """Whether its time grows with the table."""
    walks: TableName | None = None
    """The table whose rows it copies in batches."""
    waits: bool = False
    """Whether it keeps writers waiting for long, knowingly: the server has no other way, and the plan says so aloud."""
    accepts: tuple[str, ...] = ()
    """Rules of lint_migration whose harm was asked for, or has no other way, and is said aloud."""
    job: int = 0
    """The step that does the same on a large table while writers pass: there the file is recorded, not run; 0 is none."""


@dataclass(frozen=True, slots=True)
class PlannedDeploy:
    """A deploy, check or job between files."""

    order: int
    kind: str
    title: str
    why: str
    wait_for: str = ""
    commands: tuple[tuple[str, str], ...] = ()
    """Of a job: what to run in a shell, each with its title."""


PlannedStep = PlannedMigration | PlannedDeploy


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided."""

    engine: str
    version: str
    steps: tuple[PlannedStep, ...]
    warnings: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()

    @property
    def migrations(self) -> tuple[PlannedMigration, ...]:
        """The files among the steps, in order."""
        return tuple(step for step in self.steps if isinstance(step, PlannedMigration))
