"""The tables of a live database, as its catalog shows them: what seeding and the application's load need."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents.ddl import mentions

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """One column; `kind` is the plain type behind domains ("varchar", "int4"; in SQLite the declared one), `length` and
    `scale` its modifiers."""

    name: str
    number: int
    type: str
    kind: str
    category: str
    nullable: bool
    default: str
    identity: str
    generated: bool
    length: int
    scale: int
    labels: tuple[str, ...]
    element: str

    @property
    def fills_itself(self) -> bool:
        """Whether an INSERT that leaves the column out gets a fresh value (a sequence)."""
        return bool(self.identity) or "nextval(" in self.default


@dataclass(frozen=True, slots=True)
class LiveForeignKey:
    """A foreign key by column names; `parent` is the parent's name as SQL."""

    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LiveTable:
    """One table. `name` is what people read, `sql` the quoted name with its schema."""

    name: str
    sql: str
    columns: tuple[LiveColumn, ...]
    key: tuple[str, ...] = ()
    uniques: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[LiveForeignKey, ...] = ()
    checks: tuple[str, ...] = ()
    fires_triggers: bool = False

    def column(self, name: str) -> LiveColumn | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def without(self, going: Collection[tuple[str, str]]) -> LiveTable:
        """The table as an application sees it that has nothing more to do with some columns (table, column)."""
        bare = self.name.rpartition(".")[2]
        gone = {column for table, column in going if table in (self.name, bare) or table.rpartition(".")[2] == bare}
        if not gone:
            return self
        return replace(
            self,
            columns=tuple(column for column in self.columns if column.name not in gone),
            uniques=tuple(columns for columns in self.uniques if not gone & set(columns)),
            foreign_keys=tuple(key for key in self.foreign_keys if not gone & set(key.columns)),
            checks=tuple(check for check in self.checks if not any(mentions(check, column) for column in gone)),
        )


def quoted(name: str) -> str:
    """A name as SQL, always in quotes."""
    return '"' + name.replace('"', '""') + '"'
