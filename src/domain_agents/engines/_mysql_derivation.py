"""Columns computed from each other while two versions of an application are alive, by triggers before each write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import TableName
from domain_agents.engines._mysql_sync import of_new_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain_agents.catalog import Table
    from domain_agents.engines import Derivation


def derived(
    derivation: Derivation,
    table: Table,
    names: tuple[str, str],
    quote: Callable[[str], str],
    quote_table: Callable[[TableName], str],
) -> tuple[ddl.Statement, ...]:
    """A trigger before INSERT and one before UPDATE. Compared byte for byte: to most collations A is a."""

    def changed(columns: tuple[tuple[str, str], ...]) -> str:
        return " OR ".join(
            f"NOT (CAST(NEW.{quote(name)} AS BINARY) <=> CAST(OLD.{quote(name)} AS BINARY))" for name, _ in columns
        )

    def assigned(columns: tuple[tuple[str, str], ...]) -> str:
        return ", ".join(f"NEW.{quote(name)} = {of_new_row(expression, table)}" for name, expression in columns)

    coming, going = derivation.coming, derivation.going
    given = " OR ".join(f"NEW.{quote(name)} IS NOT NULL" for name, _ in coming)
    conditions = {"INSERT": (given, "TRUE"), "UPDATE": (changed(coming), f"{changed(going)} OR NOT ({given})")}
    found: list[ddl.Statement] = []
    for name, (event, (new_written, old_written)) in zip(names, conditions.items(), strict=True):
        body = f"""BEGIN
    IF {new_written} THEN
        SET {assigned(going)};
    ELSEIF {old_written} THEN
        BEGIN
            -- A value that does not fit is left out; the write itself is not refused for it.
            DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END;
            SET {assigned(coming)};
        END;
    END IF;
END"""
        written = quote_table(TableName(name, derivation.table.schema))
        text = f"CREATE TRIGGER {written} BEFORE {event} ON {quote_table(derivation.table)}\nFOR EACH ROW {body}"
        found.append(ddl.CreateTrigger(derivation.table, name, text))
    return tuple(found)
