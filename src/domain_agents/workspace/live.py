"""The tables of a live database, as its catalog shows them: what seeding and the application's load need."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents.ddl import mentions, renamed_in

if TYPE_CHECKING:
    from collections.abc import Mapping


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
class LivePartition:
    """A partition that holds rows itself; `columns` are its parent's partition key, `bound` what the catalog says of it."""

    name: str
    parent: str
    columns: tuple[str, ...]
    bound: str


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
    partitions: tuple[LivePartition, ...] = ()
    part_of: str = ""
    """The table at the top, where it is a partition."""

    def column(self, name: str) -> LiveColumn | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def stand_ins(self, going: Mapping[tuple[str, str], str]) -> dict[str, str]:
        """Those of the columns (table, column) that are this table's, each with what stands in for it."""
        return _of_table(self.name, going)

    def with_shared_values(self, live: LiveTable) -> LiveTable:
        """An enum column with those of its values only that a narrower enum beside it in `live` has too: while a value is
        removed, the application that comes writes what the type of before and the one of after both hold.
        """

        def shared(column: LiveColumn) -> LiveColumn:
            narrower = [one.labels for one in live.columns if one.labels and set(one.labels) < set(column.labels)]
            return replace(column, labels=min(narrower, key=len)) if narrower else column

        return replace(self, columns=tuple(map(shared, self.columns)))

    def without(self, going: Mapping[tuple[str, str], str]) -> LiveTable:
        """The table as an application sees it that has nothing more to do with some columns (table, column).

        Each has the column that stands in for it, and then bears its keys and checks, or "". A partition that it has
        nothing to do with any more is the column "" of its name.
        """
        leaving = {table for table, column in going if not column}
        if any(one.name in leaving for one in self.partitions):
            left = tuple(one for one in self.partitions if one.name not in leaving)
            return replace(self, partitions=left).without(going)
        gone = self.stand_ins(going)
        foreign_keys = tuple(
            replace(
                key,
                columns=_standing_in(key.columns, gone),
                parent_columns=_standing_in(key.parent_columns, _of_table(key.parent.replace('"', ""), going)),
            )
            for key in self.foreign_keys
        )
        foreign_keys = tuple(key for key in foreign_keys if key.columns and key.parent_columns)
        if not gone and foreign_keys == self.foreign_keys:
            return self
        return replace(
            self,
            columns=tuple(column for column in self.columns if column.name not in gone),
            key=_standing_in(self.key, gone),
            uniques=tuple(names for names in (_standing_in(names, gone) for names in self.uniques) if names),
            foreign_keys=tuple(dict.fromkeys(foreign_keys)),
            checks=tuple(text for text in (_checked(check, gone) for check in self.checks) if text),
        )


def keyed_as(tables: Mapping[str, LiveTable], start: Mapping[str, LiveTable]) -> list[LiveTable]:
    """The tables by the keys that they had at the start, where these are still there: so rows can be told by them."""
    found: list[LiveTable] = []
    for sql, table in tables.items():
        before = start.get(sql)
        kept = before is not None and all(table.column(name) for name in before.key)
        found.append(replace(table, key=before.key) if before is not None and kept else table)
    return found


def _of_table(name: str, going: Mapping[tuple[str, str], str]) -> dict[str, str]:
    bare = name.rpartition(".")[2]
    return {
        column: stand_in
        for (table, column), stand_in in going.items()
        if table == name or table.rpartition(".")[2] == bare
    }


def _standing_in(columns: tuple[str, ...], gone: Mapping[str, str]) -> tuple[str, ...]:
    """The columns with their stand-ins; nothing when one has none."""
    found = tuple(gone.get(column, column) for column in columns)
    return found if all(found) else ()


def _checked(check: str, gone: Mapping[str, str]) -> str:
    for column, stand_in in gone.items():
        if mentions(check, column):
            check = renamed_in(check, column, stand_in) if stand_in else ""
    return check


def quoted(name: str) -> str:
    """A name as SQL, always in quotes."""
    return '"' + name.replace('"', '""') + '"'
