"""What was seen while migrations ran on a scratch server: frozen facts, no judgement in them.

The workspace sees, the migrations floor judges; these are the words they share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class How(StrEnum):
    """Where a scratch server came from."""

    EMBEDDED = "embedded"
    LOCAL = "local"
    CONFIGURED = "configured"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """The server that was used; `version` is what it says of itself, major version first ("18.4", "3.40.1")."""

    engine: str
    version: str
    how: How


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock on one relation that others could see. `held_seconds` runs from the statement's start to the lock's release,
    so it is an upper bound."""

    relation: str
    mode: str
    held_seconds: float


@dataclass(frozen=True, slots=True)
class Observation:
    """One statement as it ran.

    `rewrote` and `scanned` name tables read or written whole (an index build and the check of a foreign key are scans).
    `reads_ms` and `writes_ms` are the longest waits of an application statement while it ran; `made_wait` is true when the
    server itself was seen to hold such a statement back behind this one, which tells a lock from a busy machine.
    """

    file: str
    sql: str
    seconds: float = 0.0
    locks: tuple[HeldLock, ...] = ()
    rewrote: tuple[str, ...] = ()
    scanned: tuple[str, ...] = ()
    rows_changed: int = 0
    reads_ms: float = 0.0
    writes_ms: float = 0.0
    made_wait: bool = False
    in_transaction: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What made-up rows must hold besides the schema, because the migration takes it for granted of the real ones.

    `never_null` are (table, column); `references` are (table, columns, parent, parent's columns; none are its primary key);
    `uniques` are (table, columns), `checks` are (table, condition).
    """

    never_null: frozenset[tuple[str, str]] = frozenset()
    references: frozenset[tuple[str, tuple[str, ...], str, tuple[str, ...]]] = frozenset()
    uniques: frozenset[tuple[str, tuple[str, ...]]] = frozenset()
    checks: frozenset[tuple[str, str]] = frozenset()
    numbered_no_more: frozenset[tuple[str, str]] = frozenset()
    """Columns (table, column) that the server numbers now, and that the new application must say itself."""


@dataclass(frozen=True, slots=True)
class Seeding:
    """Rows that were made, by table, and why the other tables stayed empty."""

    rows: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableContents:
    """What a table holds: its rows, and for each column a checksum over the rows in which it is not NULL.

    `part_of` is the table at the top, where it is a partition: its rows are counted there too.
    """

    rows: int
    columns: Mapping[str, str] = field(default_factory=dict)
    part_of: str = ""


Contents = Mapping[str, TableContents]
"""Table -> what it holds."""


@dataclass(frozen=True, slots=True, order=True)
class Shape:
    """One object of a live schema: `definition` is equal when the objects are, whatever their `name`."""

    kind: str
    table: str
    definition: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Undoing:
    """A file that was taken back: the schemas before it and after its undo; what failed in the undo, or in the file again.

    `before` is the schema before an earlier file, where the undo led back as far as that.
    """

    file: str
    before: frozenset[Shape]
    after: frozenset[Shape]
    error: str = ""
    again: str = ""


@dataclass(frozen=True, slots=True)
class AppFailure:
    """An application statement that failed: of which application ("old", "new"), during which file, and why."""

    app: str
    file: str
    sql: str
    error: str


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """What the application did meanwhile: statements that succeeded by application, failures, rows it left in by table."""

    reads: Mapping[str, int] = field(default_factory=dict)
    writes: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[AppFailure, ...] = ()
    inserted: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Interruption:
    """What became of a file that was killed in the middle and run again, beside a twin that ran undisturbed.

    `caught` is false when the file ended before it could be killed. `resumed_error` is empty when the second run worked.
    """

    caught: bool
    resumed_error: str = ""
    interrupted: Contents = field(default_factory=dict)
    undisturbed: Contents = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HalfApplied:
    """A file that was cut off behind the statement `after` and run again from its beginning: the error, if any, and whether
    it then arrived at the schema that it reaches undisturbed."""

    after: str
    error: str
    arrived: bool


class ScratchProblem(Exception):
    """A scratch server cannot do what is asked; the message is for the person and names the way out."""


class SchemaProblem(ScratchProblem):
    """The schema to start from does not apply; the message names the statement."""


class OutOfTime(ScratchProblem):
    """The proof was given a time, and it is over."""
