"""SQL text -> statements with their places -> DDL atoms: one reader per engine behind one seam.

What is not understood is said with its text and line, and is never taken for safe. Text is never normalised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from domain_agents.catalog import Schema
from domain_agents.ddl import DoesNotApply, as_declared
from domain_agents.registry import load_unit

if TYPE_CHECKING:
    from domain_agents.ddl import Statement


@dataclass(frozen=True, slots=True)
class ReadStatement:
    """One statement of a text: as written (without the closing semicolon), where, and what it is.

    `start` is the offset in characters of its first token, `line` counts from 1. `atoms` is empty and `problem` says why
    when the statement was not understood. `dropped` names clauses that the atoms do not hold: enough is known for today's
    schema, but whoever writes the statement anew would lose them.
    """

    sql: str
    start: int
    line: int
    atoms: tuple[Statement, ...] = ()
    problem: str = ""
    dropped: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    """How it asks to be carried out, which changes nothing that it makes: ALGORITHM=INPLACE, LOCK=NONE."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A statement that could not be read or does not apply, and why."""

    sql: str
    line: int
    reason: str


class Dialect(Protocol):
    """The reader of one engine's SQL."""

    @property
    def indexes_by_table(self) -> bool:
        """Whether an index's name belongs to its table, so that two tables may have indexes of one name."""
        ...

    @property
    def names_ignore_case(self) -> frozenset[str]:
        """Which names are the same in upper and lower case: "columns", "indexes", "tables"."""
        ...

    def read(self, sql: str) -> tuple[ReadStatement, ...]:
        """Every statement of the text, in order. Never raises: what cannot be read says so in `problem`."""
        ...

    def is_volatile(self, expression: str) -> bool:
        """Whether an expression may give another value for each row (unknown functions count as volatile)."""
        ...

    def fault(self, expression: str) -> str:
        """Why a text is not exactly one scalar expression of this dialect; empty when it is."""
        ...


def dialect(engine: str) -> Dialect:
    """The reader of that engine's SQL.

    Raises:
        LookupError: with the engines there are readers for.
    """
    import domain_agents.dialects as package

    made: Dialect = load_unit(package, engine).DIALECT
    return made


def empty_schema(reader: Dialect) -> Schema:
    """A schema without anything, whose names belong and compare as the engine has it."""
    return Schema(indexes_by_table=reader.indexes_by_table, names_ignore_case=reader.names_ignore_case)


def replay(sql: str, reader: Dialect, schema: Schema | None = None) -> tuple[Schema, tuple[Unread, ...]]:
    """The schema that a text arrives at, statement by statement; one that fails costs itself only."""
    current = empty_schema(reader) if schema is None else schema
    unread: list[Unread] = []
    for statement in reader.read(sql):
        if statement.problem:
            unread.append(Unread(statement.sql, statement.line, statement.problem))
            continue
        try:
            after = current
            for atom in statement.atoms:
                after = as_declared(atom, after).apply(after)
            current = after
        except DoesNotApply as error:
            unread.append(Unread(statement.sql, statement.line, str(error)))
    return current, tuple(unread)
