"""Migration frameworks, one folder each: how to name and split the files, its Jinja template, and how to read one back.

What a file says about transactions belongs to its framework: `ReadFile` keeps it for every statement, so that whoever runs
or checks the file does as the framework would.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from domain_agents.registry import load_unit, unit_names

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.plan import Plan, Project


class OutsideTransaction(StrEnum):
    """What a framework lets run outside a transaction."""

    STATEMENTS = "any of a file's statements"
    WHOLE_FILES = "a whole file"
    ONE_STATEMENT = "a file of one statement"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class FileStatement:
    """One statement of a file: its SQL as the server gets it, where it begins (lines count from 1), how it runs.

    `transaction` counts the transactions of a file from 1; statements of the same number commit together. 0 is outside
    any: the statement commits by itself.
    """

    sql: str
    line: int
    transaction: int = 0


@dataclass(frozen=True, slots=True)
class UnreadPart:
    """A part of a file that could not be turned into SQL, and why."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a migration file does: the statements in order (guards and ledger too, BEGIN and COMMIT not)."""

    statements: tuple[FileStatement, ...]
    unread: tuple[UnreadPart, ...] = ()

    @property
    def transaction(self) -> bool:
        """Whether everything the file changes commits together."""
        changes = [one for one in self.statements if not is_setting(one.sql)]
        return bool(changes) and all(one.transaction for one in changes) and len({c.transaction for c in changes}) == 1


def is_setting(sql: str) -> bool:
    """Whether a statement only sets up the session."""
    return sql.split(None, 1)[0].upper() in {"SET", "RESET", "PRAGMA"} if sql.strip() else False


class Format(Protocol):
    """One framework."""

    @property
    def name(self) -> str:
        """The framework's name on the wire."""
        ...

    @property
    def directory(self) -> str:
        """Where the migrations lie in a project that has none yet."""
        return "migrations"

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The endings of the files that it runs, and `read` understands."""
        return (".sql",)

    @property
    def tried_on(self) -> frozenset[str]:
        """The engines that its files have been run on, or whose form of them is from its manual."""
        return frozenset({"postgresql", "sqlite"})

    @property
    def outside_transaction(self) -> OutsideTransaction:
        """What the framework lets run outside a transaction; a plan that needs more cannot be rendered."""
        ...

    def home(self, project: Project, tables: Collection[str]) -> Project:
        """The project with the history that is continued, where it has several: the one whose `tables` change.

        Raises:
            CannotPlan: several could be meant.
        """
        return project

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        """Path -> content for every migration of the plan, in order, numbered after the project's newest.

        `date` is ISO 8601 (a day, or a moment); `author` may be empty.

        Raises:
            CannotPlan: the project's history cannot be continued, such as one with two heads.
        """
        ...

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        """The SQL of one rendered (or existing) file. Never raises: what is not understood is in `unread`."""
        ...

    def texts(self, path: str, content: str, engine: str) -> tuple[tuple[str, ...], tuple[UnreadPart, ...]]:
        """The SQL that `read` would tell apart, as it stands: for whoever reads a long history as a whole."""
        read = self.read(path, content, engine)
        return tuple(one.sql for one in read.statements), read.unread

    def arrange(self, plan: Plan, project: Project, engine: Engine) -> Plan:
        """The plan as this framework can run it: some take only one statement in a file outside a transaction.

        Raises:
            CannotPlan: it cannot run the plan at all.
        """
        return plan

    def is_companion(self, path: str) -> bool:
        """Whether a rendered file only goes with a migration: its way back, or how the framework is to run it."""
        return False

    def beside(self, contents: Mapping[str, str]) -> Format:
        """The format for reading these files, where what one does is said in another."""
        return self

    def notes(self, project: Project) -> tuple[str, ...]:
        """What whoever runs the files must do besides, or know of the way back."""
        return ()


def framework_names() -> tuple[str, ...]:
    """The frameworks that can be rendered. A folder's name is the framework's, with underscores for its hyphens."""
    import domain_agents.migrations.formats as package

    return tuple(name.replace("_", "-") for name in unit_names(package))


def framework(name: str) -> Format:
    """The framework of that name.

    Raises:
        LookupError: with the names there are.
    """
    import domain_agents.migrations.formats as package

    made: Format = load_unit(package, name.replace("-", "_")).FORMAT
    return made
