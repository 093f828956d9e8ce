"""Sequences, and the locks under which a column's numbering changes hands, as PostgreSQL writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.engines._postgresql_objects import literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain_agents.catalog import TableName


def numbering_sql(
    statement: ddl.Statement, quote: Callable[[str], str], quote_table: Callable[[TableName], str]
) -> tuple[str, ...] | None:
    """The statement as SQL; None when it is about something else."""
    match statement:
        case ddl.LockTables():
            return (_locked(statement, quote_table),)
        case ddl.ContinueIdentity():
            return (_continued(statement, quote_table(statement.table), quote(statement.column)),)
        case ddl.CreateSequence(sequence=sequence, type=type_):
            return (f"CREATE SEQUENCE {sequence} AS {type_}",)
        case ddl.DropSequence(sequence=sequence):
            return (f"DROP SEQUENCE {sequence}",)
        case ddl.AlterSequence():
            return (_altered(statement, quote, quote_table),)
        case ddl.AddIdentity(identity=identity, sequence=sequence):
            named = f" (SEQUENCE NAME {sequence})" if sequence else ""
            action = f"ADD GENERATED {identity.upper()} AS IDENTITY{named}"
        case ddl.SetIdentity(identity=identity):
            action = f"SET GENERATED {identity.upper()}"
        case ddl.DropIdentity(if_exists=if_exists):
            action = "DROP IDENTITY IF EXISTS" if if_exists else "DROP IDENTITY"
        case _:
            return None
    return (f"ALTER TABLE {quote_table(statement.table)} ALTER COLUMN {quote(statement.column)} {action}",)


def _altered(statement: ddl.AlterSequence, quote: Callable[[str], str], quote_table: Callable[[TableName], str]) -> str:
    if statement.new_name:
        return f"ALTER SEQUENCE {statement.sequence} RENAME TO {quote(statement.new_name)}"
    words = ["ALTER SEQUENCE", statement.sequence]
    words += [f"AS {statement.type}"] if statement.type else []
    if statement.owned_by:
        table, column = statement.owned_by
        words.append(f"OWNED BY {quote_table(table)}.{quote(column)}")
    return " ".join(words)


def _continued(statement: ddl.ContinueIdentity, table: str, column: str) -> str:
    """setval, from the other sequence's place; nextval would fail where that one has come to its end."""
    new = f"pg_get_serial_sequence({literal(table)}, {literal(statement.column)})"
    new = literal(statement.sequence) if statement.sequence else new
    if not statement.after and not statement.after_sequence:
        # A sequence that was never asked gives 1 first; a table without rows leaves it at that.
        room = f" + {statement.room}" if statement.room else ""
        return f"SELECT setval({new}, max({column}){room}) FROM {table} HAVING max({column}) > 0"
    old = literal(statement.after_sequence)
    if statement.after:
        old = f"pg_get_serial_sequence({literal(table)}, {literal(statement.after)})"
    return (
        f"SELECT setval({new}, coalesce(pg_sequence_last_value(seqrelid::regclass) + seqincrement, seqstart), false)\n"
        f"  FROM pg_sequence WHERE seqrelid = {old}::regclass"
    )


def _locked(statement: ddl.LockTables, quote_table: Callable[[TableName], str]) -> str:
    """A block that asks again: an attempt that timed out is a subtransaction, which lets go of what it had got.

    https://www.postgresql.org/docs/18/plpgsql-control-structures.html#PLPGSQL-ERROR-TRAPPING
    """
    tables = ", ".join(map(quote_table, statement.tables))
    body = f"""
BEGIN
    FOR attempt IN 1..{statement.attempts} LOOP
        BEGIN
            LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE;
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            PERFORM pg_sleep({statement.pause_seconds:g});
        END;
    END LOOP;
    RAISE EXCEPTION 'no lock after {statement.attempts} attempts: run this file again' USING ERRCODE = 'lock_not_available';
END
"""
    tag, number = "$lock$", 0
    while tag in body:
        number += 1
        tag = f"$lock_{number}$"
    return f"DO {tag}{body}{tag}"
