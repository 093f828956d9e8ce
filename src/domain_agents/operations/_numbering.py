"""What numbers a column: an identity, or a sequence behind a default; and how another column takes it over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.operations import CannotPlan

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Schema, TableName
    from domain_agents.engines import Engine

_NEXT = re.compile(r"\s*nextval\s*\(\s*'((?:[^']|'')+)'\s*(?:::\s*(?:regclass|text)\s*)*\)\s*", re.IGNORECASE)
_INTEGERS = frozenset({"smallint", "int2", "integer", "int", "int4", "bigint", "int8"})


@dataclass(frozen=True, slots=True)
class Numbering:
    """The numbering of one column. `sequence` is the sequence's name as SQL, empty behind an identity.

    `is_owned` says that the sequence goes when the column goes.
    """

    engine: Engine
    table: TableName
    column: Column
    sequence: str
    is_owned: bool

    def widened(self, type_: str) -> tuple[ddl.Statement, ...]:
        """Statements that let the sequence count as far as the type; an identity's follows its column by itself."""
        if not self.sequence or not is_integer(type_):
            return ()
        return (ddl.AlterSequence(self.sequence, type_),)

    def handed_over(self, old: str, stand_in: str, type_: str) -> tuple[ddl.Statement, ...]:
        """Statements that number the column of the new type, which has the column's name by now; `old` is the old one's.

        `stand_in` was the new column's name before, which a name is made of that is free.
        """
        table, name = self.table, self.column.name
        if not self.sequence:
            made = self.engine.sequence_name(table, stand_in)
            return (
                ddl.AddIdentity(table, name, self.column.identity, made),
                ddl.ContinueIdentity(table, name, old),
                ddl.DropIdentity(table, old),
                ddl.AlterSequence(made, new_name=self.engine.object_name(table, (name,), "seq")),
            )
        default = self.column.default or ddl.next_number(self.sequence)
        owner = (table, name) if self.is_owned else None
        kept = ddl.AlterSequence(self.sequence, type_ if is_integer(type_) else "", owner)
        return (
            ddl.SetDefault(table, old, None),
            ddl.SetDefault(table, name, default),
            *((kept,) if kept.type or kept.owned_by else ()),
        )


def numbering_of(engine: Engine, schema: Schema, table: TableName, column: Column) -> Numbering | None:
    """What numbers the column; None when nothing does, or the engine has no sequences."""
    name = engine.sequence_name(table, column.name)
    if not name:
        return None
    if column.identity:
        return Numbering(engine, table, column, "", is_owned=True)
    if ddl.is_serial(column.type):
        return Numbering(engine, table, column, name, is_owned=True)
    found = _NEXT.fullmatch(column.default or "")
    if found is None:
        return None
    sequence = found[1].replace("''", "'")
    is_owned = any(_owns(text, sequence) for text in schema.extras) or sequence == name
    return Numbering(engine, table, column, sequence, is_owned)


def _owns(text: str, sequence: str) -> bool:
    """Whether a statement of the schema gives the sequence to a column."""
    bare = re.escape(sequence.rpartition(".")[2])
    pattern = rf"\s*(?:CREATE|ALTER)\s+SEQUENCE\s[^;]*?{bare}[^;]*\bOWNED\s+BY\s+(?!NONE\b)"
    return re.match(pattern, text, re.IGNORECASE | re.DOTALL) is not None


def is_integer(type_: str) -> bool:
    """Whether a sequence can count in the type."""
    return type_.strip().lower() in _INTEGERS


def require_countable(numbering: Numbering | None, type_: str) -> None:
    """An identity column must stay an integer.

    Raises:
        CannotPlan: the type is none.
    """
    if numbering is not None and not numbering.sequence and not is_integer(type_):
        label = f"{numbering.table.name}.{numbering.column.name}"
        raise CannotPlan(
            f"{label} is an identity column, which counts in integers, not in {type_}",
            field="type",
            way_out="DROP IDENTITY first, or choose bigint",
        )
