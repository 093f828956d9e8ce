"""Two columns kept alike by triggers, while application versions that write one and that write the other are both alive.

Each trigger is one SET, whose assignments are carried out in order. Only a conversion that may fail needs a body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import TableName
from domain_agents.engines._mysql_tokens import tokens
from domain_agents.engines._sqlite_tokens import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain_agents.catalog import Table
    from domain_agents.engines import Sync


def trigger_statements(
    sync: Sync,
    table: Table,
    names: tuple[str, str],
    quote: Callable[[str], str],
    quote_table: Callable[[TableName], str],
) -> tuple[ddl.Statement, ...]:
    """A trigger before UPDATE and one before INSERT, by these names; several may stand on one event.

    The one for UPDATE comes first: a row that is inserted before the other is there has no twin yet, and the backfill sees
    it; a row whose twin is there already must never be changed without it.
    """
    insert, update = _both_ways(sync, quote) if sync.both_ways else _one_way(sync, table, quote)
    return tuple(
        ddl.CreateTrigger(
            sync.table,
            name,
            f"CREATE TRIGGER {quote_table(TableName(name, sync.table.schema))} BEFORE {event} ON "
            f"{quote_table(sync.table)}\nFOR EACH ROW {body}",
        )
        for name, event, body in zip(names, ("UPDATE", "INSERT"), (update, insert), strict=True)
    )


def triggers_dropped(
    sync: Sync, names: tuple[str, str], quote_table: Callable[[TableName], str]
) -> tuple[ddl.Statement, ...]:
    """Both of them away again."""
    return tuple(
        ddl.DropTrigger(sync.table, name, f"DROP TRIGGER IF EXISTS {quote_table(TableName(name, sync.table.schema))}")
        for name in names
    )


def _both_ways(sync: Sync, quote: Callable[[str], str]) -> tuple[str, str]:
    """Whichever was written goes to the other; when both were, the twin wins, because only the newer version knows it.

    Compared byte for byte: to most collations A is a, and the change from one to the other would be lost.
    """
    column, twin = quote(sync.column), quote(sync.twin)
    same = f"CAST(NEW.{twin} AS BINARY) <=> CAST(OLD.{twin} AS BINARY)"
    return (
        f"SET NEW.{column} = COALESCE(NEW.{twin}, NEW.{column}), NEW.{twin} = NEW.{column}",
        f"SET NEW.{column} = IF({same}, NEW.{column}, NEW.{twin}), NEW.{twin} = NEW.{column}",
    )


def _one_way(sync: Sync, table: Table, quote: Callable[[str], str]) -> tuple[str, str]:
    set_ = f"SET NEW.{quote(sync.twin)} = {of_new_row(sync.expression, table)}"
    if not sync.is_optional:
        return set_, set_
    handler = f"DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET NEW.{quote(sync.twin)} = NULL"
    body = f"BEGIN\n    {handler};\n    {set_};\nEND"
    return body, body


def of_new_row(expression: str, table: Table) -> str:
    """An expression over a row's columns as a trigger says it: every column of the table behind NEW."""
    columns = {column.name.lower() for column in table.columns}
    row = tokens(expression)
    parts, place = list[str](), 0
    for number, token in enumerate(row):
        before = row[number - 1] if number else None
        following = row[number + 1] if number + 1 < len(row) else None
        is_column = token.kind in {Kind.WORD, Kind.NAME} and token.value.lower() in columns
        is_call = following is not None and following.is_sign("(") and token.kind is Kind.WORD
        qualified = before is not None and before.is_sign(".")
        if is_column and not is_call and not qualified:
            parts += [expression[place : token.start], "NEW."]
            place = token.start
    return "".join([*parts, expression[place:]])
