"""Two columns kept the same while application versions that write one and that write the other are both alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain_agents.catalog import TableName
    from domain_agents.engines import Sync


def sync_statements(
    sync: Sync, function: TableName, trigger: str, quote: Callable[[str], str], quote_table: Callable[[TableName], str]
) -> tuple[ddl.Statement, ...]:
    """The trigger function and its trigger; triggers run in the order of their names, so the name should come last."""
    body = _both_ways(sync, quote) if sync.both_ways else _one_way(sync, quote)
    tag, number = "$sync$", 0
    while tag in body:
        number += 1
        tag = f"$sync_{number}$"
    return (
        ddl.KeepText(
            f"CREATE FUNCTION {quote_table(function)}() RETURNS trigger\nLANGUAGE plpgsql AS {tag}\n"
            f"#variable_conflict use_column\nBEGIN\n{body}    RETURN NEW;\nEND\n{tag}"
        ),
        ddl.CreateTrigger(
            sync.table,
            trigger,
            f"CREATE TRIGGER {quote(trigger)} BEFORE INSERT OR UPDATE ON {quote_table(sync.table)}\n"
            f"FOR EACH ROW EXECUTE FUNCTION {quote_table(function)}()",
        ),
    )


def drop_statements(
    sync: Sync, function: TableName, trigger: str, quote: Callable[[str], str], quote_table: Callable[[TableName], str]
) -> tuple[ddl.Statement, ...]:
    """Both of them away again."""
    return (
        ddl.DropTrigger(sync.table, trigger, f"DROP TRIGGER {quote(trigger)} ON {quote_table(sync.table)}"),
        ddl.KeepText(f"DROP FUNCTION {quote_table(function)}()"),
    )


def _both_ways(sync: Sync, quote: Callable[[str], str]) -> str:
    """Whichever was written goes to the other; when both were, the twin wins, because only the newer version knows it.

    Compared as text: not every type has an equality.
    """
    column, twin = quote(sync.column), quote(sync.twin)
    return f"""    IF TG_OP = 'INSERT' THEN
        IF NEW.{twin} IS NOT NULL THEN
            NEW.{column} := NEW.{twin};
        ELSE
            NEW.{twin} := NEW.{column};
        END IF;
    ELSIF NEW.{twin}::text IS DISTINCT FROM OLD.{twin}::text THEN
        NEW.{column} := NEW.{twin};
    ELSE
        NEW.{twin} := NEW.{column};
    END IF;
"""


def _one_way(sync: Sync, quote: Callable[[str], str]) -> str:
    """The expression is computed over the row as it will be, under the table's own name, as a backfill would."""
    value = f"(SELECT {sync.expression} FROM (SELECT NEW.*) AS {quote(sync.table.name)})"
    assigned = f"NEW.{quote(sync.twin)} := {value};"
    if not sync.is_optional:
        return f"    {assigned}\n"
    computed = (
        f"    BEGIN\n        {assigned}\n    EXCEPTION WHEN data_exception THEN\n"
        f"        NEW.{quote(sync.twin)} := NULL;\n    END;\n"
    )
    if not sync.on_change:
        return computed
    column = quote(sync.column)
    return (
        f"    IF TG_OP = 'UPDATE' AND NEW.{column}::text IS NOT DISTINCT FROM OLD.{column}::text THEN\n"
        f"        RETURN NEW;\n    END IF;\n{computed}"
    )
