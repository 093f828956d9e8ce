"""Columns computed from each other, or kept alike in two tables, while two versions of an application are alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain_agents.catalog import TableName
    from domain_agents.engines import Derivation, Relocation


class Names:
    """How names are written."""

    def __init__(self, quote: Callable[[str], str], quote_table: Callable[[TableName], str]) -> None:
        self.quote = quote
        self.table = quote_table


def derived(
    derivation: Derivation, function: TableName, trigger: str, names: Names
) -> tuple[ddl.Statement, ddl.Statement]:
    """The function and its trigger; BEFORE triggers run in the order of their names, so the name should come last.

    Whoever wrote the new columns is the newer version, and its values win. A row that is written without a change of
    either keeps what it has: the old value need not give the new ones again exactly.
    """
    coming = [names.quote(name) for name, _ in derivation.coming]
    given = " OR ".join(f"NEW.{name} IS NOT NULL" for name in coming)
    # As text: not every type has an equality.
    new_written = " OR ".join(f"NEW.{name}::text IS DISTINCT FROM OLD.{name}::text" for name in coming)
    old_written = " OR ".join(
        f"NEW.{name}::text IS DISTINCT FROM OLD.{name}::text" for name in map(names.quote, dict(derivation.going))
    )
    empty = " AND ".join(f"NEW.{name} IS NULL" for name in coming)
    back = _assigned(derivation, derivation.going, names, " " * 12)
    unknown = "\n".join(f"            NEW.{names.quote(name)} := NULL;" for name, _ in derivation.going)
    forth = _assigned(derivation, derivation.coming, names, " " * 12)
    nothing = "\n".join(f"            NEW.{name} := NULL;" for name in coming)
    body = f"""#variable_conflict use_column
BEGIN
    IF (TG_OP = 'INSERT' AND ({given})) OR (TG_OP = 'UPDATE' AND ({new_written})) THEN
        BEGIN
{back}
        EXCEPTION WHEN data_exception THEN
{unknown}
        END;
    ELSIF TG_OP = 'INSERT' OR {old_written} OR ({empty}) THEN
        BEGIN
{forth}
        EXCEPTION WHEN data_exception THEN
{nothing}
        END;
    END IF;
    RETURN NEW;
END
"""
    return (
        ddl.KeepText(_function(names.table(function), body)),
        _trigger(derivation.table, trigger, names.table(function), names, "BEFORE INSERT OR UPDATE"),
    )


def relocated(
    relocation: Relocation, made: tuple[tuple[TableName, str], tuple[TableName, str]], names: Names
) -> tuple[ddl.Statement, ...]:
    """For either table a function and its two triggers, `made` of those names.

    Before a row comes it takes the value that the other table has for it; behind a write the value goes to the other table,
    where it differs, so that the two never set each other off for long.
    """
    here = (relocation.table, relocation.column, relocation.to, relocation.new_name, relocation.keys)
    there = (
        relocation.to,
        relocation.new_name,
        relocation.table,
        relocation.column,
        tuple((mine, theirs) for theirs, mine in relocation.keys),
    )
    found: list[ddl.Statement] = []
    for (own, column, other, twin, keys), (function, trigger) in zip((here, there), made, strict=True):
        mine, theirs = names.quote(column), names.quote(twin)
        matched = " AND ".join(f"{names.quote(key)} = NEW.{names.quote(one)}" for one, key in keys)
        body = f"""#variable_conflict use_column
BEGIN
    IF TG_WHEN = 'BEFORE' THEN
        IF NEW.{mine} IS NULL THEN
            NEW.{mine} := (SELECT {theirs} FROM {names.table(other)} WHERE {matched} LIMIT 1);
        END IF;
    ELSIF TG_OP = 'INSERT' AND NEW.{mine} IS NOT NULL THEN
        UPDATE {names.table(other)} SET {theirs} = NEW.{mine}
         WHERE {matched} AND {theirs}::text IS DISTINCT FROM NEW.{mine}::text;
    ELSIF TG_OP = 'UPDATE' AND NEW.{mine}::text IS DISTINCT FROM OLD.{mine}::text THEN
        UPDATE {names.table(other)} SET {theirs} = NEW.{mine}
         WHERE {matched} AND {theirs}::text IS DISTINCT FROM NEW.{mine}::text;
    END IF;
    RETURN NEW;
END
"""
        found += [
            ddl.KeepText(_function(names.table(function), body)),
            _trigger(own, f"{trigger}_in", names.table(function), names, "BEFORE INSERT"),
            _trigger(own, f"{trigger}_out", names.table(function), names, "AFTER INSERT OR UPDATE"),
        ]
    return tuple(found)


def dropped(
    table: TableName, triggers: tuple[str, ...], function: TableName, names: Names
) -> tuple[ddl.Statement, ...]:
    """Triggers and their function away again."""
    return (
        *(
            ddl.DropTrigger(table, trigger, f"DROP TRIGGER {names.quote(trigger)} ON {names.table(table)}")
            for trigger in triggers
        ),
        ddl.KeepText(f"DROP FUNCTION {names.table(function)}()"),
    )


def _assigned(derivation: Derivation, columns: tuple[tuple[str, str], ...], names: Names, indent: str) -> str:
    """Each expression over the row as it will be, under the table's own name, as a backfill would compute it."""
    row = f"(SELECT NEW.*) AS {names.quote(derivation.table.name)}"
    return "\n".join(
        f"{indent}NEW.{names.quote(name)} := (SELECT {expression} FROM {row});" for name, expression in columns
    )


def _function(name: str, body: str) -> str:
    tag, number = "$sync$", 0
    while tag in body:
        number += 1
        tag = f"$sync_{number}$"
    return f"CREATE FUNCTION {name}() RETURNS trigger\nLANGUAGE plpgsql AS {tag}\n{body}{tag}"


def _trigger(table: TableName, trigger: str, function: str, names: Names, event: str) -> ddl.CreateTrigger:
    return ddl.CreateTrigger(
        table,
        trigger,
        f"CREATE TRIGGER {names.quote(trigger)} {event} ON {names.table(table)}\n"
        f"FOR EACH ROW EXECUTE FUNCTION {function}()",
    )
