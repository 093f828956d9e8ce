"""A schema while it is designed: each step adds to it, and says why."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from domain_agents.catalog import Check, Column, IndexKey, PrimaryKey, Table, TableName, Unique
from domain_agents.schemas._reading import SpecError, hint
from domain_agents.schemas.names import plural, said, singular, snake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.catalog import ForeignKey, Index
    from domain_agents.findings import Finding
    from domain_agents.schemas.physical import Physical, Search
    from domain_agents.schemas.spec import Entity, Spec


@dataclass(frozen=True, slots=True)
class Question:
    """Something whose answer would change the tables: what was assumed, and what to set instead."""

    asks: str
    assumed: str
    set: str


@dataclass(frozen=True, slots=True)
class Need:
    """Rows that must be found quickly: by these columns, then in this order, then in this range.

    `by` says who needs it: the id of an access path, or the foreign key.
    """

    by: str
    equal: tuple[str, ...]
    order: tuple[tuple[str, bool], ...] = ()
    range: tuple[str, ...] = ()
    where: str = ""
    is_foreign_key: bool = False


@dataclass
class PlannedIndex:
    """An index, and whom it serves."""

    index: Index
    serves: list[str]
    why: str = ""


@dataclass
class DraftTable:
    """One table while it grows."""

    key: str
    """The entity's name, singular: what other steps find it by."""
    table: Table
    entity: Entity | None = None
    ids: str = ""
    """What its `id` is: bigint, uuid7, uuid4; empty for a table without one."""
    tenant: str = ""
    deleted: str = ""
    moment: str = ""
    """When a row happened: what rows are found, partitioned and deleted by, where they are only ever added."""
    alive: str = ""
    meanings: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """What a person calls a column -> its name."""
    folded: dict[str, IndexKey] = field(default_factory=dict)
    """Columns that are compared without case."""
    needs: list[Need] = field(default_factory=list)
    indexes: list[PlannedIndex] = field(default_factory=list)
    searches: dict[str, Search] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    """What comes behind the tables: triggers, policies, rows of a lookup table."""
    reasons: list[str] = field(default_factory=list)
    owner: str = ""
    """The table whose part its rows are: they go with it."""
    pii: list[str] = field(default_factory=list)
    ones: list[str] = field(default_factory=list)
    """Columns that refer to a parent of which each row has one to itself."""
    joins: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Entities that it is many-to-many with -> the table between, and its column for them."""
    apart: bool = False
    """Whether every tenant has this table for itself."""

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name.name

    def add(self, column: Column, *called: str, meaning: str = "") -> None:
        """One more column, and what a person calls it.

        Raises:
            SpecError: it has one of that name already.
        """
        if self.table.column(column.name) is not None:
            place = self.entity.place if self.entity is not None else f"spec: {self.name}"
            fault = (
                f"{place}: {column.name} is also the name of a column that the design makes; give the attribute another"
            )
            raise SpecError([fault])
        self.table = replace(self.table, columns=(*self.table.columns, column))
        self.meanings[column.name] = meaning
        for word in (column.name, *called):
            self.names.setdefault(snake(word), column.name)

    def add_behind(self, before: str, column: Column, *, meaning: str = "") -> None:
        """One more column, behind another one."""
        self.add(column, meaning=meaning)
        columns = [one for one in self.table.columns if one.name != column.name]
        place = [one.name for one in columns].index(before) + 1
        self.table = replace(self.table, columns=(*columns[:place], column, *columns[place:]))

    def change(self, column: Column) -> None:
        """A column as it is now."""
        self.table = self.table.with_column(column)

    def check(self, expression: str, name: str) -> None:
        """One more check; one that says the same is not repeated."""
        taken = {check.name for check in self.table.checks}
        number, free = 0, name
        while free in taken:
            number += 1
            free = f"{name}{number}"
        if expression not in {check.expression for check in self.table.checks}:
            self.table = replace(self.table, checks=(*self.table.checks, Check(expression, free)))

    def unique(self, columns: Sequence[str], name: str) -> None:
        """One more unique constraint; one on the same columns is not repeated."""
        if tuple(columns) not in {one.columns for one in self.table.uniques}:
            self.table = replace(self.table, uniques=(*self.table.uniques, Unique(tuple(columns), name)))

    def refer(self, key: ForeignKey) -> None:
        """One more foreign key."""
        self.table = replace(self.table, foreign_keys=(*self.table.foreign_keys, key))

    def primary(self, columns: Sequence[str], name: str) -> None:
        """The primary key."""
        self.table = replace(self.table, primary_key=PrimaryKey(tuple(columns), name))

    def found(self, word: str, place: str) -> str:
        """The column that a person means.

        Raises:
            SpecError: there is none of that name.
        """
        name = snake(word)
        column = self.names.get(name) or self.names.get(singular(name)) or self.names.get(name.removesuffix("_id"))
        if column is None:
            raise SpecError([f'{place}: {said(self.key)} has no "{word}"; {hint(name, tuple(self.names))}'])
        return column


@dataclass
class Draft:
    """The whole schema while it grows."""

    spec: Spec
    physical: Physical
    tables: dict[str, DraftTable] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)
    """Statements before the tables: types, settings."""
    after: list[str] = field(default_factory=list)
    """Statements behind the tables that belong to none of them: functions that triggers share."""
    assumptions: list[str] = field(default_factory=list)
    conventions: list[str] = field(default_factory=list)
    """What holds for several tables, told once."""
    questions: list[Question] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tenant: str = ""
    """The key of the tenants' table."""

    def of(self, name: str) -> DraftTable:
        """The table of an entity, by any of the ways a person writes its name."""
        return self.tables[singular(snake(name))]

    def start(self, name: str, entity: Entity | None = None) -> DraftTable:
        """A new table for an entity of that name.

        Raises:
            SpecError: there is one already.
        """
        key = singular(snake(name))
        if key in self.tables:
            held = self.tables[key].entity
            place = f"{held.place}.name" if held is not None else "spec.entities"
            raise SpecError(
                [f"{place}: {key} is also the name of a table that the design makes; give the entity another"]
            )
        is_plural = self.spec.settings.table_names == "plural"
        made = DraftTable(key, Table(TableName(plural(key) if is_plural else key), ()), entity)
        self.tables[key] = made
        return made

    def named(self, table: DraftTable, columns: Sequence[str], kind: str) -> str:
        """A name for a constraint or index, in the engine's habit."""
        return self.physical.engine.object_name(table.table.name, tuple(columns), kind)

    def assume(self, says: str) -> None:
        """What was decided without being told."""
        if says not in self.assumptions:
            self.assumptions.append(says)

    def agree(self, says: str) -> None:
        """What holds for several tables."""
        if says not in self.conventions:
            self.conventions.append(says)

    def quote(self, name: str) -> str:
        """A name as SQL."""
        return self.physical.engine.quote(name)
