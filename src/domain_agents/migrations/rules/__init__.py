"""What hurts in production, one file per rule, named for the harm. A rule looks at one statement in its context.

A rule's class is its message, its line in the docs and two tests: `bad` is flagged by exactly this rule, `good` by none.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import ForeignKey, PrimaryKey, Unique
from domain_agents.engines import Blocks, Can
from domain_agents.registry import load_unit, unit_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain_agents.catalog import Column, Schema, Table, TableName
    from domain_agents.engines import Effect, Engine, TableSize
    from domain_agents.findings import Severity

_LONG_SECONDS = 1.0
"""A lock held for less is not told from the traffic's own pauses; our own choice, under the guards' lock_timeout."""

_CHANGES_NO_SCHEMA = (ddl.NoCatalogChange, ddl.Verbatim, ddl.Reindex, ddl.Vacuum, ddl.RefreshView)
"""What a schema says nothing of, and is done all the same."""
_ELSEWHERE = (
    "what plan_migration writes for this change on this version; where it refuses, an online schema change tool "
    "(gh-ost, pt-online-schema-change), or a moment without writers"
)


class Tier(StrEnum):
    """What a rule is about: a hazard hurts when it runs, hygiene when something else goes wrong too, style never."""

    HAZARD = "hazard"
    HYGIENE = "hygiene"
    STYLE = "style"


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule says of one place, with the reader's own names; `severity` and `instead` replace the rule's own."""

    effect: str
    severity: Severity | None = None
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """One change in a set of files.

    `schema` is as it is just before; `unknown` names the tables that were only assumed, because nothing said what is in
    them. `transaction` counts the file's transactions from 1, 0 is none.
    """

    number: int
    """Its place in the set, from 0."""
    file: str
    line: int
    sql: str
    statement: ddl.Statement
    transaction: int
    table: TableName | None
    size: TableSize
    is_alone: bool
    """Whether nobody else uses the table yet, or it is empty."""
    effect: Effect
    schema: Schema
    unknown: frozenset[TableName]
    dropped: tuple[str, ...]
    """Clauses that the statement's atom does not hold."""
    clauses: tuple[str, ...] = ()
    """How it asks to be carried out: ALGORITHM=INPLACE, LOCK=NONE."""
    column: int = 1

    @property
    def blocks(self) -> bool:
        """Whether others wait for its lock."""
        return self.effect.blocks is not Blocks.NONE

    @property
    def blocks_for_long(self) -> bool:
        """Whether others wait while it reads, writes or builds, and that takes long as far as is known."""
        takes_long = self.size.rows is None or self.effect.seconds[1] >= _LONG_SECONDS
        return self.blocks and self.effect.is_long and takes_long and not self.refused_clause

    @property
    def refused_clause(self) -> str:
        """The clause for which the server refuses the statement, because it cannot carry it out so; else empty.

        A column of which nothing is known is not judged: the server may be able to.
        """
        changed = getattr(self.statement, "column", None)
        name = changed if isinstance(changed, str) else getattr(changed, "name", "")
        if not self.effect.is_long or not self.clauses:
            return ""
        if not isinstance(self.statement, ddl.AddColumn) and name and self.column_of(name) is None:
            return ""
        told = {clause.replace(" ", "").upper(): clause for clause in self.clauses}
        refused = ["ALGORITHM=INSTANT"]
        if self.effect.blocks is Blocks.WRITES:
            refused += ["LOCK=NONE"]
            refused += ["ALGORITHM=INPLACE", "ALGORITHM=NOCOPY"] if self.effect.rewrites_table else []
        return next((told[one] for one in refused if one in told), "")

    @property
    def is_without_effect(self) -> bool:
        """Whether what it makes is there already: IF NOT EXISTS, IF EXISTS."""
        if isinstance(self.statement, _CHANGES_NO_SCHEMA):
            return False
        try:
            return self.statement.apply(self.schema) is self.schema
        except ddl.DoesNotApply:
            return False

    def known(self, name: TableName) -> Table | None:
        """The table, where something said what is in it."""
        found = self.schema.table(name)
        return None if found is None or found.name in self.unknown else found

    def column_of(self, name: str) -> Column | None:
        """A column of the statement's table, where something said what it is."""
        table = self.schema.table(self.table) if self.table else None
        found = table.column(name) if table else None
        return found if found is not None and found.type else None


@dataclass(frozen=True, slots=True)
class History:
    """Everything a set of files does, in order, and where it arrives."""

    engine: Engine
    places: tuple[Place, ...]
    before: Schema
    target: Schema

    def earlier(self, at: Place, *, same_transaction: bool = False) -> Iterator[Place]:
        """The places before one, the nearest first."""
        for place in reversed(self.places[: at.number]):
            together = place.file == at.file and place.transaction == at.transaction and at.transaction > 0
            if together or not same_transaction:
                yield place

    def together(self, at: Place) -> Iterator[Place]:
        """The places of one's own transaction, itself among them; itself alone outside any."""
        for place in self.places:
            if place is at or (place.file == at.file and place.transaction == at.transaction > 0):
                yield place

    def later(self, at: Place) -> Sequence[Place]:
        """The places behind one."""
        return self.places[at.number + 1 :]

    @property
    def lets_writers_pass(self) -> bool:
        """Whether this engine knows another way than that all writers wait for each change."""
        return self.engine.can(Can.CONCURRENT_WRITES)


class Rule(ABC):
    """One rule. `given` is what an example needs to be there before it runs."""

    tier: ClassVar[Tier] = Tier.HAZARD
    severity: ClassVar[Severity]
    engines: ClassVar[tuple[str, ...]] = ()
    """Those it was decided for, where it is not told by what an engine can; empty is all."""
    example_engine: ClassVar[str] = "postgresql"
    harm: ClassVar[str]
    """One sentence for the list of rules."""
    instead: ClassVar[str]
    way: ClassVar[Can | None] = None
    """What an engine must be able to do for `instead`; of another one it is only said where to look."""
    sources: ClassVar[tuple[str, ...]]
    plans: ClassVar[bool] = True
    """Whether the plan for the very change that a statement makes is what to write instead."""
    given: ClassVar[str] = ""
    bad: ClassVar[str]
    good: ClassVar[str]

    @property
    def name(self) -> str:
        """The file's name: on the wire and behind "allow:"."""
        return type(self).__module__.rpartition(".")[2]

    def instead_on(self, engine: Engine) -> str:
        """What to write instead, on this engine."""
        return self.instead if self.way is None or engine.can(self.way) else _ELSEWHERE

    @abstractmethod
    def looks(self, at: Place, history: History) -> Said | None:
        """What this rule has to say of a place, if anything."""


def rule_names() -> tuple[str, ...]:
    """The rules there are."""
    import domain_agents.migrations.rules as package

    return unit_names(package)


def rule(name: str) -> Rule:
    """The rule of that name.

    Raises:
        LookupError: with the names there are.
    """
    import domain_agents.migrations.rules as package

    made: Rule = load_unit(package, name).RULE
    return made


def rules() -> tuple[Rule, ...]:
    """All rules, in the order of their names."""
    return tuple(rule(name) for name in rule_names())


def written_constraints(statement: ddl.Statement) -> tuple[ddl.Constraint, ...]:
    """The constraints that a statement adds to a table that is there."""
    match statement:
        case ddl.AddConstraint(constraint=constraint):
            return (constraint,)
        case ddl.AddColumn(constraints=constraints):
            return constraints
    return ()


def written_columns(statement: ddl.Statement) -> tuple[Column, ...]:
    """The columns that a statement makes, of a new table or of one that is there."""
    match statement:
        case ddl.CreateTable(table=table):
            return table.columns
        case ddl.AddColumn(column=column):
            return (column,)
    return ()


def adds(statement: ddl.Statement, *kinds: type) -> bool:
    """Whether a statement adds a constraint of one of these kinds, with the work that goes with it."""
    if getattr(statement, "using_index", ""):
        return False
    return any(isinstance(constraint, kinds) for constraint in written_constraints(statement))


def key_words(constraint: ddl.Constraint) -> str:
    """What a constraint is, for a sentence."""
    kinds = {PrimaryKey: "primary key", Unique: "unique constraint", ForeignKey: "foreign key"}
    return kinds.get(type(constraint), "check")


_LITERALS = re.compile(
    r"""'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/""",
    re.DOTALL,
)
_NULL_TESTS = re.compile(
    r"""\(*\s*[\w."`]+\s+IS\s+(?:NOT\s+)?NULL\s*\)*(?:\s+(?:AND|OR)\s+\(*\s*[\w."`]+\s+IS\s+(?:NOT\s+)?NULL\s*\)*)*\s*\Z""",
    re.IGNORECASE,
)
_ONE_VALUE = re.compile(r"""[\w."`]+\s*=\s*(?:''|-?\d+)\s*\Z""")
_VERB = re.compile(
    r"\s*(?:WITH\b.*?\)\s*)?(UPDATE|DELETE|INSERT|REPLACE|MERGE|COPY|TRUNCATE)\b", re.IGNORECASE | re.DOTALL
)


def verb(sql: str) -> str:
    """What a data statement does: UPDATE, DELETE, INSERT, ...; empty where that cannot be told."""
    found = _VERB.match(_bare(sql))
    return found[1].upper() if found else ""


def condition(sql: str) -> str:
    """The WHERE of a statement, without strings and comments; empty when it has none of its own."""
    bare = _bare(sql)
    depth = 0
    for found in re.finditer(r"[()]|\bWHERE\b", bare, re.IGNORECASE):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0 and found[0].upper() == "WHERE":
            return re.split(r"\bRETURNING\b", bare[found.end() :], flags=re.IGNORECASE)[0].strip()
    return ""


def takes_whole_table(sql: str) -> bool:
    """Whether an UPDATE or DELETE goes through the table: no condition, or only whether something is NULL."""
    if verb(sql) not in {"UPDATE", "DELETE"} or re.search(r"\bLIMIT\b", _bare(sql), re.IGNORECASE):
        return False
    where = condition(sql)
    return not where or _NULL_TESTS.match(where) is not None


def takes_one_value(sql: str) -> bool:
    """Whether a condition is one comparison with one literal, as that of a ledger's row is."""
    return _ONE_VALUE.match(condition(sql)) is not None


def _bare(sql: str) -> str:
    return _LITERALS.sub(lambda found: "''" if found[0][0] in "'$" else " ", sql)
