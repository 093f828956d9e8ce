"""How each engine holds a meaning: one file per engine. Types, defaults, keys, and what it has no form for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from domain_agents.registry import load_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.catalog import Column, ForeignKey, Index, IndexKey, Schema, Table, TableName
    from domain_agents.engines import Engine
    from domain_agents.schemas.spec import Attribute


@dataclass(frozen=True, slots=True)
class Typed:
    """A type for one column. `checks` are over `{column}`, the column's name as SQL; `note` goes into the comment."""

    type: str
    checks: tuple[str, ...] = ()
    default: str | None = None
    collation: str | None = None
    note: str = ""


class Physical(Protocol):
    """One engine, as a design asks it."""

    @property
    def engine(self) -> Engine:
        """Its names and quoting."""
        ...

    @property
    def has_partial_indexes(self) -> bool:
        """Whether an index can hold some of the rows only."""
        ...

    @property
    def has_row_security(self) -> bool:
        """Whether the server can hide other tenants' rows."""
        ...

    @property
    def has_partitions(self) -> bool:
        """Whether a table can be partitioned and keep its foreign keys."""
        ...

    @property
    def indexes_foreign_keys(self) -> bool:
        """Whether a foreign key makes the index it needs, so that a second one would be waste."""
        ...

    @property
    def comments(self) -> bool:
        """Whether a comment is kept in the catalog."""
        ...

    @property
    def has_exclusion(self) -> bool:
        """Whether the server can keep spans of time apart."""
        ...

    @property
    def longest_key(self) -> int:
        """How many characters of one text a unique key can hold; 0 is without limit."""
        ...

    def key(self, ids: str) -> Column:
        """The column `id` for bigint, uuid7 or uuid4."""
        ...

    def reference(self, ids: str) -> Typed:
        """The type of a column that refers to such a key."""
        ...

    def typed(self, attribute: Attribute, *, money: str, enums: str) -> Typed:
        """The type for a meaning."""
        ...

    def literal(self, value: Any, kind: str) -> str:
        """A value as SQL; the word "now" for a moment is the time of the statement."""
        ...

    def length(self, column: str) -> str:
        """The number of characters of a column."""
        ...

    def can_set_null(self, columns: int) -> bool:
        """Whether ON DELETE SET NULL can empty one column of a key of that many."""
        ...

    def folded(self, column: str) -> IndexKey:
        """A key under which case makes no difference."""
        ...

    def case_insensitive(self, column: Column) -> Column:
        """The column as it must be so that `folded` works."""
        ...

    def alive(self, deleted: str) -> Column | None:
        """The column that stands for "not deleted" in a unique key; None where an index can be partial instead."""
        ...

    def search(self, table: Table, columns: Sequence[str], name: str) -> Search:
        """What finds words in text."""
        ...

    def indexable(self, index: Index, table: Table) -> Index:
        """The index as the engine can hold it: of a long text only the beginning, where there is a limit."""
        ...

    def document(self, table: TableName, column: str, name: str) -> Index | None:
        """An index for what a JSON document contains; None where there is none."""
        ...

    def touched(self, table: Table, column: str) -> tuple[Column, tuple[str, ...], tuple[str, ...]]:
        """The column that says when a row was last changed; statements for the whole schema, and for this table."""
        ...

    def history(self, tables: Sequence[Table], log: Table) -> tuple[str, ...]:
        """Statements that make every change of the tables a row of the log."""
        ...

    def row_security(self, table: Table, tenant: str) -> tuple[str, ...]:
        """Statements that hide the rows of other tenants."""
        ...

    def partitions(self, table: Table, moment: str, *, keep_days: int | None) -> tuple[str, ...]:
        """Statements that make the partitions of a table by time, and take old ones away after so many days."""
        ...

    def write_table(self, table: Table, indexes: Sequence[Index], schema: Schema, later: Sequence[ForeignKey]) -> str:
        """CREATE TABLE as a person would like to read it; `later` are foreign keys that come after all tables."""
        ...

    def write_index(self, index: Index) -> str:
        """CREATE INDEX, empty where it stands in the table."""
        ...

    def write_foreign_key(self, table: Table, key: ForeignKey) -> str:
        """ALTER TABLE ... ADD, for a table that comes before its parent; empty where the table can say it at once."""
        ...

    def write_comments(self, table: Table) -> tuple[str, ...]:
        """COMMENT ON, where it is a statement."""
        ...

    def preamble(self) -> tuple[str, ...]:
        """What a session must say before the tables."""
        ...


@dataclass(frozen=True, slots=True)
class Search:
    """What finds words in text: an index, or statements of the engine's own; `condition` is what a query says."""

    name: str
    condition: str
    index: Index | None = None
    statements: tuple[str, ...] = ()
    source: str = ""
    """What the query reads from, where that is not the table."""


def physical(engine: Engine) -> Physical:
    """How that engine holds meanings."""
    import domain_agents.schemas.physical as package

    made: Physical = load_unit(package, engine.name).on(engine)
    return made
