"""Changes that a person asks for, one file each: the fields, the effect on the catalog, the undo, the steps.

An operation never names an engine. It asks what the engine can do, and composes DDL atoms that the engine spells.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from domain_agents.registry import load_unit, unit_names

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName
    from domain_agents.ddl import Statement
    from domain_agents.engines import Backfill, Engine, TableSize
    from domain_agents.operations._asking import Change, Field, Request


class Phase(StrEnum):
    """Expand, migrate, contract: the old application keeps working until the contract."""

    EXPAND = "expand"
    MIGRATE = "migrate"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class Query:
    """A query a person runs, with the answer to expect and the reason."""

    sql: str
    expect: str
    why: str


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration file to be: statements that belong together, or one backfill.

    `transaction` False means that the file must not run inside one.
    """

    title: str
    slug: str
    phase: Phase
    why: str
    statements: tuple[Statement, ...] = ()
    backfill: Backfill | None = None
    transaction: bool = True
    prechecks: tuple[Query, ...] = ()
    validations: tuple[Query, ...] = ()
    undo: str = ""
    undo_loses_data: bool = False
    warnings: tuple[str, ...] = ()
    waits: bool = False
    """Whether somebody waits for as long as it takes, because nothing else makes the change: said aloud."""
    accepts: tuple[str, ...] = ()
    """Rules of lint_migration whose harm was asked for, and is said aloud."""


@dataclass(frozen=True, slots=True)
class Deploy:
    """Something that must be live before the next migration runs."""

    title: str
    why: str
    kind: str = "deploy"
    """Or "job": something that a person runs by hand, with its `commands`, each with its title."""
    wait_for: str = ""
    commands: tuple[tuple[str, str], ...] = ()


Step = Migration | Deploy


@dataclass(frozen=True, slots=True)
class Situation:
    """What an operation knows besides the catalog: the size of its table."""

    size: TableSize
    is_new_table: bool = False


class CannotPlan(Exception):
    """The change cannot be planned as asked.

    `field` names what to give or correct, `way_out` what to write there.
    """

    def __init__(self, message: str, *, field: str, way_out: str) -> None:
        super().__init__(message)
        self.field = field
        self.way_out = way_out


class Operation(Protocol):
    """One change. A class also says how it is asked for: `FIELDS`, `from_change` and `from_statement`."""

    kind: ClassVar[str]
    FIELDS: ClassVar[tuple[Field, ...]]

    @property
    def table(self) -> TableName:
        """The table that changes."""
        ...

    @property
    def filled_column(self) -> str:
        """The column whose existing rows may need a value; empty when there is none."""
        ...

    @property
    def statement(self) -> Statement:
        """The change as one DDL statement, as if nobody else used the database."""
        ...

    @classmethod
    def from_change(cls, change: Change) -> Operation:
        """The operation that a change given as data asks for.

        Raises:
            CannotPlan: a field is missing, or not what it must be.
        """
        ...

    @classmethod
    def from_statement(cls, statement: Statement, request: Request) -> Operation | None:
        """The operation that a DDL statement asks for; None when it is another one's."""
        ...

    def apply(self, schema: Schema) -> Schema:
        """The schema asked for.

        Raises:
            DoesNotApply: the schema does not have what the change needs, or has it already.
        """
        ...

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """Migrations and deploys, in order, that bring `schema` there without stopping the application.

        Raises:
            CannotPlan: something must be known or corrected first.
        """
        ...


@runtime_checkable
class MakesWay(Protocol):
    """An operation whose one statement others stand in the way of, such as foreign keys to a table that goes."""

    def making_way(self, schema: Schema) -> tuple[Statement, ...]:
        """The statements that come before it."""
        ...


@runtime_checkable
class WorksOn(Protocol):
    """An operation whose table shows only in the schema, such as that of a type's columns."""

    def worked_on(self, schema: Schema) -> TableName:
        """The table whose size matters."""
        ...


@runtime_checkable
class PutsBack(Protocol):
    """An operation whose one statement needs something taken away first that is there again afterwards, such as a view."""

    def putting_back(self, schema: Schema) -> tuple[Statement, ...]:
        """The statements that come after it; `schema` is as it is before all of them."""
        ...


def operation_kinds() -> tuple[str, ...]:
    """The changes that there are, by name."""
    import domain_agents.operations as package

    return unit_names(package)


def operation_class(kind: str) -> type[Operation]:
    """The class of one kind of change (a frozen dataclass, named in CamelCase after its file).

    Raises:
        LookupError: with the kinds there are.
    """
    import domain_agents.operations as package

    unit = load_unit(package, kind)
    found: type[Operation] = getattr(unit, "".join(part.capitalize() for part in kind.split("_")))
    return found
