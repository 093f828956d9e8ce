"""What hurts in a schema as it stands, one file per rule, named for the harm.

A rule's class is its message, its line in the docs and two tests: `bad` is flagged by exactly this rule, `good` by none.
Core rules are told one by one; style rules are folded to one line each, with a count and examples.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from domain_agents.registry import load_unit, unit_names
from domain_agents.schemas.comparing import plain_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from domain_agents.catalog import Column, ForeignKey, Index, Schema, Table, TableName
    from domain_agents.engines import Engine
    from domain_agents.findings import Severity
    from domain_agents.schemas.change import Change


class Tier(StrEnum):
    """Core findings are told one by one, those of style are counted."""

    CORE = "core"
    STYLE = "style"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule has to say of one place, with the reader's own names.

    `changes` would cure it, as plan_migration takes them; none where a person must decide. `severity` replaces the rule's.
    """

    effect: str
    table: TableName | None = None
    column: str = ""
    name: str = ""
    """The index or constraint it is about."""
    changes: tuple[Change, ...] = ()
    severity: Severity | None = None
    instead: str = ""


@dataclass(frozen=True)
class Subject:
    """A schema as the rules look at it: its tables in their order, with what is looked up again and again at hand.

    `rows` are the tables' sizes where they are known.
    """

    schema: Schema
    engine: Engine
    rows: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """Every table that is one of its own: partitions stand behind their parents."""
        return tuple(table for table in self.schema.tables.values() if table.partition_of is None and table.columns)

    @cached_property
    def _indexes(self) -> dict[TableName, tuple[Index, ...]]:
        found: dict[TableName, list[Index]] = {}
        for _, index in sorted(self.schema.indexes.items()):
            found.setdefault(index.table, []).append(index)
        return {name: tuple(indexes) for name, indexes in found.items()}

    def indexes(self, table: Table) -> tuple[Index, ...]:
        """The indexes of a table, without those of its constraints."""
        return self._indexes.get(table.name, ())

    def own_indexes(self, table: Table) -> tuple[Index, ...]:
        """The indexes that a person made: without those that a foreign key brought."""
        keys = {key.name for key in table.foreign_keys}
        return tuple(one for one in self.indexes(table) if not one.is_brought and one.name not in keys)

    def unique_keys(self, table: Table) -> tuple[tuple[str, ...], ...]:
        """The columns of every key that holds for all rows: primary, unique constraints and plain unique indexes."""
        keys = [table.primary_key.columns] if table.primary_key else []
        keys += [one.columns for one in table.uniques]
        keys += [
            one.columns
            for one in self.indexes(table)
            if one.unique and one.where is None and len(one.columns) == len(one.keys)
        ]
        return tuple(keys)

    def paths(self, table: Table) -> Iterator[tuple[str, ...]]:
        """The columns, in order, that an index or key without a condition can be searched by."""
        yield from (key for key in self.unique_keys(table))
        yield from (_leading(one) for one in self.indexes(table) if one.where is None)

    def type_of(self, column: Column) -> str:
        """The column's type in one spelling, in lower case."""
        return plain_type(self.engine.name, column.type)

    def parent(self, key: ForeignKey) -> Table | None:
        """The table that a foreign key refers to, where it is in the schema."""
        return self.schema.table(key.parent)

    def parent_columns(self, key: ForeignKey) -> tuple[str, ...]:
        """The columns it refers to: those written, else the parent's primary key."""
        parent = self.parent(key)
        if key.parent_columns:
            return key.parent_columns
        return parent.primary_key.columns if parent is not None and parent.primary_key else ()

    def is_nullable(self, table: Table, name: str) -> bool:
        """Whether NULL can stand there."""
        column = table.column(name)
        in_key = table.primary_key is not None and name in table.primary_key.columns
        return column is not None and column.nullable and not in_key and not column.identity

    @cached_property
    def tenant_column(self) -> str:
        """The column that three in five tables carry and that a table is named for; empty where there is none."""
        counted: dict[str, int] = {}
        for table in self.tables:
            for column in table.columns:
                if _TENANT.fullmatch(column.name):
                    counted[column.name] = counted.get(column.name, 0) + 1
        best = max(counted, key=lambda name: (counted[name], name), default="")
        return best if best and counted[best] >= max(3, 0.6 * len(self.tables)) else ""


def _leading(index: Index) -> tuple[str, ...]:
    """The plain columns before the first expression."""
    found: list[str] = []
    for key in index.keys:
        if key.is_expression:
            break
        found.append(key.text)
    return tuple(found)


_TENANT = re.compile(r"(?:tenant|organi[sz]ation|org|account|company|workspace|customer)_?id", re.IGNORECASE)
_NULL_TEST = re.compile(
    r"\(*\s*[\w.\"`]+\s+is\s+not\s+null\s*\)*(?:\s+and\s+\(*\s*[\w.\"`]+\s+is\s+not\s+null\s*\)*)*", re.IGNORECASE
)
_NUMBERS = frozenset({"real", "double precision", "double", "float"})
_MONEY = re.compile(
    r"(?:.*_)?(?:price|amount|cost|balance|salary|wage|fee|fees|revenue|subtotal|total_price|total_amount|discount_amount|"
    r"tax_amount|payment|charge|budget|invoice_total|grand_total|unit_price|rent)(?:_(?:usd|eur|gbp|net|gross|paid|due))?",
    re.IGNORECASE,
)


def is_money(name: str) -> bool:
    """Whether a column is named as money is."""
    return _MONEY.fullmatch(name) is not None


def is_float(type_: str) -> bool:
    """Whether a type, in its one spelling, is a binary floating point number."""
    return type_.partition("(")[0].removesuffix(" unsigned").strip() in _NUMBERS


def only_tests_null(condition: str) -> bool:
    """Whether an index's condition only leaves out NULL."""
    return _NULL_TEST.fullmatch(condition.strip()) is not None


class Rule(ABC):
    """One rule. `engines` empty is all; `severity` is what its findings are unless they say otherwise."""

    tier: ClassVar[Tier] = Tier.CORE
    severity: ClassVar[Severity]
    engines: ClassVar[tuple[str, ...]] = ()
    example_engine: ClassVar[str] = "postgresql"
    harm: ClassVar[str]
    """One sentence for the list of rules, and the folded line of a style rule."""
    instead: ClassVar[str]
    sources: ClassVar[tuple[str, ...]]
    bad: ClassVar[str]
    good: ClassVar[str]

    @property
    def name(self) -> str:
        """The file's name: on the wire and behind "allow:"."""
        return type(self).__module__.rpartition(".")[2]

    @abstractmethod
    def looks(self, at: Subject) -> Iterator[Seen]:
        """What this rule has to say of a schema."""


def rule_names() -> tuple[str, ...]:
    """The rules there are."""
    import domain_agents.schemas.rules as package

    return unit_names(package)


def rule(name: str) -> Rule:
    """The rule of that name.

    Raises:
        LookupError: with the names there are.
    """
    import domain_agents.schemas.rules as package

    made: Rule = load_unit(package, name).RULE
    return made


def rules() -> tuple[Rule, ...]:
    """All rules, in the order of their names."""
    return tuple(rule(name) for name in rule_names())
