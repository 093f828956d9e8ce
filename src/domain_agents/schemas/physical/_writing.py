"""CREATE TABLE as a person would like to read it: names, types and clauses each in their own column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.catalog import Check, ForeignKey, PrimaryKey, Unique

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from domain_agents.catalog import Column, Table, TableName
    from domain_agents.ddl import Constraint

_WIDEST = 34
"""A name or type longer than this does not push everybody else's column to the right."""


def text_literal(value: str) -> str:
    """A text as standard SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def aligned(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    """Name, type, clauses: three columns."""
    name = max((len(row[0]) for row in rows if len(row[0]) <= _WIDEST), default=0)
    kind = max((len(row[1]) for row in rows if len(row[1]) <= _WIDEST), default=0)
    return [f"{row[0]:<{name}}  {row[1]:<{kind}}  {row[2]}".rstrip() for row in rows]


def constraint_text(
    constraint: Constraint, quote: Callable[[str], str], quote_table: Callable[[TableName], str]
) -> str:
    """A table constraint."""
    named = f"CONSTRAINT {quote(constraint.name)} " if constraint.name else ""

    def names(columns: Sequence[str]) -> str:
        return ", ".join(map(quote, columns))

    match constraint:
        case PrimaryKey():
            return f"{named}PRIMARY KEY ({names(constraint.columns)})"
        case Unique():
            return f"{named}UNIQUE ({names(constraint.columns)})"
        case Check():
            return f"{named}CHECK ({constraint.expression})"
        case ForeignKey():
            text = f"{named}FOREIGN KEY ({names(constraint.columns)})"
            text += f" REFERENCES {quote_table(constraint.parent)} ({names(constraint.parent_columns)})"
            if constraint.on_delete != "NO ACTION":
                text += f" ON DELETE {constraint.on_delete}"
            return text + (f" ({names(constraint.set_columns)})" if constraint.set_columns else "")


def constraints_of(table: Table, later: Sequence[ForeignKey] = ()) -> list[Constraint]:
    """The table's constraints in the order in which they are read: keys, rules, references."""
    key: list[Constraint] = [table.primary_key] if table.primary_key else []
    references = [one for one in table.foreign_keys if one not in later]
    return [*key, *table.uniques, *table.checks, *references]


def body(columns: Sequence[str], rest: Sequence[str], notes: Sequence[str] = ()) -> str:
    """What stands between the parentheses: the columns, each with its note as a comment, a blank line, the rules."""
    lines = []
    for number, column in enumerate(columns):
        comma = "," if rest or number < len(columns) - 1 else ""
        note = " ".join(notes[number].split()) if notes else ""
        lines.append(f"    {column}{comma}{f'  -- {note}' if note else ''}")
    first = "\n".join(lines)
    second = ",\n    ".join(rest)
    return f"(\n{first}" + (f"\n\n    {second}" if second else "") + "\n)"


def nullness(column: Column) -> str:
    """NOT NULL, or nothing."""
    return "" if column.nullable else "NOT NULL"


def clauses(*parts: str) -> str:
    """The clauses of a column that there are."""
    return " ".join(part for part in parts if part)
